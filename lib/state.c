/* SPDX-License-Identifier: MIT */
/*
 * state.c - keeps what exporters have told of themselves
 */
#include "state.h"

#include "decoder.h"
#include "hash.h"
#include "limits.h"

#include <stdlib.h>
#include <string.h>

enum { STATES_FIRST = 64, ENTRIES_FIRST = 8 };

int state_table_init(struct state_table *table, struct peer_table *peers, uint64_t seed)
{
    *table = (struct state_table){
        .peers = peers,
        .buckets = calloc(STATES_FIRST, sizeof *table->buckets),
        .bucket_count = STATES_FIRST,
        .bytes_max = LIMIT_STATE_BYTES,
        .seed = seed,
    };
    return table->buckets == NULL ? -1 : 0;
}

static void free_state(struct state *state)
{
    for (struct state_entry *entry = state->newest, *older; entry != NULL; entry = older) {
        older = entry->older;
        free(entry);
    }
    free(state->buckets);
    free(state);
}

void state_table_done(struct state_table *table)
{
    for (struct state *state = table->newest, *older; state != NULL; state = older) {
        older = state->older;
        free_state(state);
    }
    free(table->buckets);
    *table = (struct state_table){0};
}

/* --------------------------------------------------------------------------------------------------- states */

static struct state **bucket_of(const struct state_table *table, const struct weir_address *address, uint32_t domain)
{
    uint64_t halves[2];
    memcpy(halves, address->octets, sizeof halves);
    const uint64_t hash =
        hash_mix(hash_mix(halves[0] ^ table->seed, halves[1] ^ address->family), domain ^ table->seed);
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static struct state *find(const struct state_table *table, const struct weir_address *address, uint32_t domain)
{
    struct state *state = *bucket_of(table, address, domain);
    while (state != NULL && !(state->domain == domain && state->peer->address.family == address->family &&
                              memcmp(state->peer->address.octets, address->octets, sizeof address->octets) == 0))
        state = state->hash_next;
    return state;
}

const struct state *state_find(const struct weir_decoder *decoder, const struct weir_address *address, uint32_t domain)
{
    const struct state_table *table = &decoder->states;
    if (table->count == 0)
        return NULL;
    const struct state *state = find(table, address, domain);
    return state != NULL || domain == 0 ? state : find(table, address, 0);
}

static void append(struct state_table *table, struct state *state)
{
    state->newer = NULL;
    state->older = table->newest;
    if (table->newest != NULL)
        table->newest->newer = state;
    else
        table->oldest = state;
    table->newest = state;
}

static void take_out(struct state_table *table, struct state *state)
{
    if (state->newer != NULL)
        state->newer->older = state->older;
    else
        table->newest = state->older;
    if (state->older != NULL)
        state->older->newer = state->newer;
    else
        table->oldest = state->newer;
}

static void touch(struct state_table *table, struct state *state)
{
    if (table->newest == state)
        return;
    take_out(table, state);
    append(table, state);
}

static void count_bytes(struct state_table *table, struct state *state, size_t more, size_t less)
{
    state->bytes += more - less;
    state->peer->state_bytes += more - less;
    table->bytes += more - less;
}

static void remove_state(struct state_table *table, struct state *state)
{
    struct peer *peer = state->peer;
    struct state **at = bucket_of(table, &peer->address, state->domain);
    while (*at != state)
        at = &(*at)->hash_next;
    *at = state->hash_next;
    for (at = &peer->states; *at != state; at = &(*at)->peer_next)
        ;
    *at = state->peer_next;
    if (peer->whole == state)
        peer->whole = NULL;
    take_out(table, state);
    count_bytes(table, state, 0, state->bytes);
    table->count--;
    free_state(state);
    peer_drop_unused(table->peers, peer);
}

void state_clear(struct state_table *table)
{
    while (table->oldest != NULL)
        remove_state(table, table->oldest);
}

void state_forget(struct state_table *table, struct state *state)
{
    remove_state(table, state);
}

struct state *state_of(const struct state_table *table, const struct weir_address *address, uint32_t domain)
{
    return find(table, address, domain);
}

/* The state that is to go. Those of addresses whose data is decoded are passed over, and come to the end of the line;
 * only one of the same kind may take their place. */
static struct state *victim_for(struct state_table *table, const struct peer *asking)
{
    for (uint32_t passed = 0; table->oldest != NULL && passed < LIMIT_STATES_PASSED; passed++) {
        struct state *state = table->oldest;
        if (state->peer != asking && state->peer->useful_count == 0)
            return state;
        touch(table, state);
    }
    return asking->useful_count > 0 && table->oldest != NULL && table->oldest->peer != asking ? table->oldest : NULL;
}

static bool make_room(struct state_table *table, const struct peer *peer, size_t bytes)
{
    if (!table->loading && !peer_may_take(peer->state_bytes, table->bytes, table->bytes_max))
        return false;
    while (bytes > table->bytes_max - table->bytes) {
        struct state *victim = victim_for(table, peer);
        if (victim == NULL)
            return false;
        remove_state(table, victim);
    }
    return true;
}

static void grow_table(struct state_table *table)
{
    if (table->count < table->bucket_count)
        return;
    struct state **buckets = calloc((size_t)table->bucket_count * 2, sizeof *buckets);
    if (buckets == NULL)
        return;
    free(table->buckets);
    table->buckets = buckets;
    table->bucket_count *= 2;
    for (struct state *state = table->newest; state != NULL; state = state->older) {
        struct state **bucket = bucket_of(table, &state->peer->address, state->domain);
        state->hash_next = *bucket;
        *bucket = state;
    }
}

static struct state *make_state(struct state_table *table, struct peer *peer, uint32_t domain)
{
    const size_t bytes = sizeof(struct state) + sizeof *peer + ENTRIES_FIRST * sizeof(struct state_entry *) +
                         3 * LIMIT_PIECE_BYTES;
    if (!make_room(table, peer, bytes))
        return NULL;
    struct state *state = calloc(1, sizeof *state);
    struct state_entry **buckets = calloc(ENTRIES_FIRST, sizeof *buckets);
    if (state == NULL || buckets == NULL) {
        free(state);
        free(buckets);
        return NULL;
    }
    grow_table(table);
    struct state **bucket = bucket_of(table, &peer->address, domain);
    *state = (struct state){
        .peer = peer,
        .domain = domain,
        .hash_next = *bucket,
        .peer_next = peer->states,
        .buckets = buckets,
        .bucket_count = ENTRIES_FIRST,
        .seed = table->seed,
    };
    *bucket = state;
    peer->states = state;
    if (domain == 0)
        peer->whole = state;
    append(table, state);
    count_bytes(table, state, bytes, 0);
    table->count++;
    return state;
}

struct state *state_get(struct state_table *table, const struct weir_address *address, uint32_t domain)
{
    struct state *state = find(table, address, domain);
    if (state != NULL) {
        touch(table, state);
        return state;
    }
    struct peer *peer = peer_get(table->peers, address);
    if (peer == NULL)
        return NULL;
    state = make_state(table, peer, domain);
    if (state == NULL)
        peer_drop_unused(table->peers, peer);
    return state;
}

/* -------------------------------------------------------------------------------------------------- entries */

static struct state_entry **entry_bucket(const struct state *state, uint8_t kind, uint64_t id)
{
    const uint64_t hash = hash_mix(id ^ state->seed, kind ^ state->seed);
    return &state->buckets[hash & (state->bucket_count - 1)];
}

static struct state_entry *find_entry(const struct state *state, uint8_t kind, uint64_t id)
{
    struct state_entry *entry = *entry_bucket(state, kind, id);
    while (entry != NULL && !(entry->kind == kind && entry->id == id))
        entry = entry->hash_next;
    return entry;
}

const struct state_entry *state_entry(const struct state *state, uint8_t kind, uint64_t id)
{
    const struct state_entry *entry = find_entry(state, kind, id);
    const struct state *whole = state->peer->whole;
    return entry != NULL || whole == NULL || whole == state ? entry : find_entry(whole, kind, id);
}

static size_t entry_bytes(size_t name_bytes, size_t description_bytes)
{
    return sizeof(struct state_entry) + name_bytes + description_bytes + 2 + LIMIT_PIECE_BYTES;
}

static void append_entry(struct state *state, struct state_entry *entry)
{
    entry->newer = NULL;
    entry->older = state->newest;
    if (state->newest != NULL)
        state->newest->newer = entry;
    else
        state->oldest = entry;
    state->newest = entry;
}

static void take_entry_out(struct state *state, struct state_entry *entry)
{
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        state->newest = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        state->oldest = entry->newer;
}

static void remove_entry(struct state_table *table, struct state *state, struct state_entry *entry)
{
    struct state_entry **at = entry_bucket(state, entry->kind, entry->id);
    while (*at != entry)
        at = &(*at)->hash_next;
    *at = entry->hash_next;
    take_entry_out(state, entry);
    state->count--;
    count_bytes(table, state, 0, entry_bytes(entry->name_bytes, entry->description_bytes));
    free(entry);
}

static void grow_entries(struct state_table *table, struct state *state)
{
    if (state->count < state->bucket_count)
        return;
    struct state_entry **buckets = calloc((size_t)state->bucket_count * 2, sizeof *buckets);
    if (buckets == NULL)
        return;
    count_bytes(table, state, state->bucket_count * sizeof *buckets, 0);
    free(state->buckets);
    state->buckets = buckets;
    state->bucket_count *= 2;
    for (struct state_entry *entry = state->newest; entry != NULL; entry = entry->older) {
        struct state_entry **bucket = entry_bucket(state, entry->kind, entry->id);
        entry->hash_next = *bucket;
        *bucket = entry;
    }
}

/* What the entry is to say; texts point into the old entry where nothing new is told. */
static struct state_told merge(const struct state_entry *old, const struct state_told *told)
{
    struct state_told merged = *told;
    if (merged.name_bytes > LIMIT_STATE_TEXT_BYTES)
        merged.name_bytes = LIMIT_STATE_TEXT_BYTES;
    if (merged.description_bytes > LIMIT_STATE_TEXT_BYTES)
        merged.description_bytes = LIMIT_STATE_TEXT_BYTES;
    if (old == NULL)
        return merged;
    if (merged.name_bytes == 0) {
        merged.name = (const uint8_t *)old->text;
        merged.name_bytes = old->name_bytes;
    }
    if (merged.description_bytes == 0) {
        merged.description = (const uint8_t *)old->text + old->name_bytes + 1;
        merged.description_bytes = old->description_bytes;
    }
    if (merged.rate == 0)
        merged.rate = old->rate;
    if (merged.algorithm == 0)
        merged.algorithm = old->algorithm;
    return merged;
}

static bool says_so_already(const struct state_entry *entry, const struct state_told *told)
{
    return entry->name_bytes == told->name_bytes && entry->description_bytes == told->description_bytes &&
           (told->name_bytes == 0 || memcmp(entry->text, told->name, told->name_bytes) == 0) &&
           (told->description_bytes == 0 ||
            memcmp(entry->text + entry->name_bytes + 1, told->description, told->description_bytes) == 0);
}

/* An exporter at its share forgets what it told longest ago, just enough for what is new. */
static bool give_way(struct state_table *table, struct state *state, size_t bytes)
{
    const size_t before = state->bytes;
    while (state->oldest != NULL && before - state->bytes < bytes)
        remove_entry(table, state, state->oldest);
    return before - state->bytes >= bytes;
}

static struct state_entry *make_entry(struct state_table *table, struct state *state, const struct state_told *told)
{
    const size_t bytes = entry_bytes(told->name_bytes, told->description_bytes);
    if (!make_room(table, state->peer, bytes) && !give_way(table, state, bytes))
        return NULL;
    struct state_entry *entry = calloc(1, bytes - LIMIT_PIECE_BYTES);
    if (entry == NULL)
        return NULL;
    grow_entries(table, state);
    struct state_entry **bucket = entry_bucket(state, told->kind, told->id);
    entry->hash_next = *bucket;
    entry->id = told->id;
    entry->kind = told->kind;
    entry->name_bytes = (uint16_t)told->name_bytes;
    entry->description_bytes = (uint16_t)told->description_bytes;
    if (told->name_bytes > 0)
        memcpy(entry->text, told->name, told->name_bytes);
    if (told->description_bytes > 0)
        memcpy(entry->text + told->name_bytes + 1, told->description, told->description_bytes);
    *bucket = entry;
    append_entry(state, entry);
    state->count++;
    count_bytes(table, state, bytes, 0);
    return entry;
}

struct state_entry *state_put(struct state_table *table, struct state *state, const struct state_told *told)
{
    struct state_entry *entry = find_entry(state, told->kind, told->id);
    uint8_t texts[2 * LIMIT_STATE_TEXT_BYTES];
    struct state_told merged = merge(entry, told);
    if (entry != NULL && says_so_already(entry, &merged)) {
        take_entry_out(state, entry);
        append_entry(state, entry);
    } else {
        if (entry != NULL) { /* the texts that stay lie in what goes */
            if (merged.name_bytes > 0)
                merged.name = memcpy(texts, merged.name, merged.name_bytes);
            if (merged.description_bytes > 0)
                merged.description =
                    memcpy(texts + LIMIT_STATE_TEXT_BYTES, merged.description, merged.description_bytes);
            remove_entry(table, state, entry);
        }
        entry = make_entry(table, state, &merged);
        if (entry == NULL)
            return NULL;
    }
    entry->rate = merged.rate;
    entry->algorithm = merged.algorithm;
    memcpy(entry->totals, merged.totals, sizeof entry->totals);
    return entry;
}

/* -------------------------------------------------------------------------------------------------- reading */

/* Where the domain has a name of the thing and no rate, the rate is that which was told for the whole exporter. */
static uint32_t sampling_of(const struct state *state, enum weir_fact_kind kind, uint64_t id)
{
    const struct state *whole = state->peer->whole;
    const struct state_entry *entry = find_entry(state, (uint8_t)kind, id);
    if ((entry == NULL || entry->rate == 0) && whole != NULL)
        entry = find_entry(whole, (uint8_t)kind, id);
    return entry == NULL ? 0 : entry->rate;
}

uint32_t state_sampling_by_id(const struct state *state, uint64_t id)
{
    return sampling_of(state, WEIR_FACT_SAMPLER, id);
}

uint32_t state_sampling_by_interface(const struct state *state, uint32_t interface)
{
    return sampling_of(state, WEIR_FACT_INTERFACE, interface);
}

uint32_t state_sampling_of_all(const struct state *state)
{
    const struct state *whole = state->peer->whole;
    return state->rate_of_all != 0 || whole == NULL ? state->rate_of_all : whole->rate_of_all;
}

uint64_t state_system_init_ms(const struct state *state)
{
    const struct state *whole = state->peer->whole;
    return state->system_init_ms != 0 || whole == NULL ? state->system_init_ms : whole->system_init_ms;
}
