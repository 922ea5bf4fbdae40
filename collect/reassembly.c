/* SPDX-License-Identifier: MIT */
/*
 * reassembly.c - puts fragmented IP datagrams together again
 *
 * Fragments begin at multiples of 8 octets, so a bit for each unit of 8 tells what has come. A second bit for each
 * unit tells where fragments begin: with it a fragment that came twice is told from one that overlaps others.
 *
 *     unit      0 1 2 3 4 5 6 7 8      fragments of 3, 2 and, not yet there, some units, then 1
 *     present   1 1 1 1 1 0 0 0 1
 *     begins    1 0 0 1 0 0 0 0 1
 *
 * Datagrams under way are listed from the oldest to the newest; there are seldom more than a handful, so the list
 * is searched from the newest on by a hash of the key.
 */
#include "reassembly.h"

#include <stdlib.h>
#include <string.h>

#define UNIT_BYTES 8u
#define UNIT_COUNT (REASSEMBLY_DATAGRAM_BYTES / UNIT_BYTES)
#define WORD_COUNT (UNIT_COUNT / 64)

/* What the fragments of one datagram have in common. No gaps, so that it can be compared as octets. */
struct key {
    uint8_t source[16];
    uint8_t destination[16];
    uint32_t id;
    uint32_t family;
};

_Static_assert(sizeof(struct key) == 40, "a key has no padding");

struct partial {
    struct key key;
    int64_t began_us;
    size_t received_bytes;
    size_t end_bytes;   /* of the farthest fragment so far */
    size_t total_bytes; /* 0 until the last fragment came */
    uint8_t next_header; /* of the first fragment */
    bool spoilt;
    uint64_t present[WORD_COUNT];
    uint64_t begins[WORD_COUNT];
};

struct under_way {
    uint32_t hash;
    uint32_t slot;
};

struct reassembly {
    struct under_way list[REASSEMBLY_DATAGRAMS_MAX]; /* oldest first */
    size_t list_count;
    uint32_t free_slots[REASSEMBLY_DATAGRAMS_MAX]; /* the one used last is on top: its memory is warm */
    size_t free_count;
    struct reassembly_counts counts;
    uint8_t *octets; /* REASSEMBLY_DATAGRAM_BYTES for each slot */
    struct partial partials[REASSEMBLY_DATAGRAMS_MAX];
};

/* The bits of one word that belong to units first to last, both included. */
static uint64_t word_mask(size_t word, size_t first, size_t last)
{
    uint64_t from = word == first / 64 ? ~UINT64_C(0) << first % 64 : ~UINT64_C(0);
    uint64_t to = word == last / 64 ? ~UINT64_C(0) >> (63 - last % 64) : ~UINT64_C(0);

    return from & to;
}

static bool any_set(const uint64_t *bits, size_t first, size_t last)
{
    for (size_t word = first / 64; word <= last / 64; word++) {
        if ((bits[word] & word_mask(word, first, last)) != 0) {
            return true;
        }
    }
    return false;
}

static bool all_set(const uint64_t *bits, size_t first, size_t last)
{
    for (size_t word = first / 64; word <= last / 64; word++) {
        uint64_t mask = word_mask(word, first, last);

        if ((bits[word] & mask) != mask) {
            return false;
        }
    }
    return true;
}

static void set_all(uint64_t *bits, size_t first, size_t last)
{
    for (size_t word = first / 64; word <= last / 64; word++) {
        bits[word] |= word_mask(word, first, last);
    }
}

static bool is_set(const uint64_t *bits, size_t unit)
{
    return (bits[unit / 64] >> unit % 64 & 1) != 0;
}

static uint32_t key_hash(const struct key *key)
{
    uint32_t words[sizeof(*key) / 4];
    uint32_t hash = 0;

    memcpy(words, key, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        hash = (hash ^ words[i]) * 0x9e3779b1u;
        hash ^= hash >> 15;
    }
    return hash;
}

static uint8_t *slot_octets(const struct reassembly *reassembly, uint32_t slot)
{
    return reassembly->octets + (size_t)slot * REASSEMBLY_DATAGRAM_BYTES;
}

static void remove_at(struct reassembly *reassembly, size_t index)
{
    reassembly->free_slots[reassembly->free_count++] = reassembly->list[index].slot;
    reassembly->list_count--;
    memmove(&reassembly->list[index], &reassembly->list[index + 1],
            (reassembly->list_count - index) * sizeof(reassembly->list[0]));
}

/* A spoilt one was counted when it was spoilt. */
static void give_up_at(struct reassembly *reassembly, size_t index, uint64_t *count)
{
    if (!reassembly->partials[reassembly->list[index].slot].spoilt) {
        ++*count;
    }
    remove_at(reassembly, index);
}

static bool is_expired(const struct reassembly *reassembly, size_t index, int64_t now_us)
{
    return now_us - reassembly->partials[reassembly->list[index].slot].began_us > REASSEMBLY_WAIT_US;
}

/* The place in the list of the datagram with this key, which is begun if there is none. */
static size_t find_or_begin(struct reassembly *reassembly, const struct key *key, int64_t now_us)
{
    uint32_t hash = key_hash(key);
    struct partial *partial;
    uint32_t slot;

    while (reassembly->list_count > 0 && is_expired(reassembly, 0, now_us)) {
        give_up_at(reassembly, 0, &reassembly->counts.incomplete);
    }
    for (size_t i = reassembly->list_count; i-- > 0;) {
        if (reassembly->list[i].hash == hash &&
            memcmp(&reassembly->partials[reassembly->list[i].slot].key, key, sizeof(*key)) == 0) {
            if (!is_expired(reassembly, i, now_us)) {
                return i;
            }
            give_up_at(reassembly, i, &reassembly->counts.incomplete); /* times need not ascend in a capture */
            break;
        }
    }
    if (reassembly->free_count == 0) {
        give_up_at(reassembly, 0, &reassembly->counts.evicted);
    }
    slot = reassembly->free_slots[--reassembly->free_count];
    partial = &reassembly->partials[slot];
    memset(partial, 0, sizeof(*partial));
    partial->key = *key;
    partial->began_us = now_us;
    reassembly->list[reassembly->list_count] = (struct under_way){hash, slot};
    reassembly->counts.begun++;
    return reassembly->list_count++;
}

/* Whether just this fragment has come before: the same place, length and octets. */
static bool is_repeated(const struct partial *partial, const uint8_t *octets, const struct packet *fragment)
{
    size_t end_bytes = fragment->fragment_offset_bytes + fragment->size_bytes;
    size_t first = fragment->fragment_offset_bytes / UNIT_BYTES;
    size_t last = (end_bytes - 1) / UNIT_BYTES;

    if (!is_set(partial->begins, first) || !all_set(partial->present, first, last) ||
        (last > first && any_set(partial->begins, first + 1, last))) {
        return false;
    }
    if (fragment->fragment_more ? end_bytes == partial->total_bytes : end_bytes != partial->total_bytes) {
        return false;
    }
    if (last + 1 < UNIT_COUNT && is_set(partial->present, last + 1) && !is_set(partial->begins, last + 1)) {
        return false; /* the one that came before was longer */
    }
    return memcmp(octets + fragment->fragment_offset_bytes, fragment->data, fragment->size_bytes) == 0;
}

enum placed { PLACED, PLACED_BEFORE, CONTRADICTS };

static enum placed place(struct partial *partial, uint8_t *octets, const struct packet *fragment)
{
    size_t end_bytes = fragment->fragment_offset_bytes + fragment->size_bytes;
    size_t first = fragment->fragment_offset_bytes / UNIT_BYTES;
    size_t last = (end_bytes - 1) / UNIT_BYTES;

    if (any_set(partial->present, first, last)) {
        return is_repeated(partial, octets, fragment) ? PLACED_BEFORE : CONTRADICTS;
    }
    if (partial->total_bytes != 0 && end_bytes > partial->total_bytes) {
        return CONTRADICTS;
    }
    if (!fragment->fragment_more) {
        if (partial->end_bytes > end_bytes) { /* as it is, too, when another last one came */
            return CONTRADICTS;
        }
        partial->total_bytes = end_bytes;
    }
    if (first == 0) {
        partial->next_header = fragment->next_header;
    }
    memcpy(octets + fragment->fragment_offset_bytes, fragment->data, fragment->size_bytes);
    set_all(partial->present, first, last);
    set_all(partial->begins, first, first);
    partial->received_bytes += fragment->size_bytes;
    if (partial->end_bytes < end_bytes) {
        partial->end_bytes = end_bytes;
    }
    return PLACED;
}

struct reassembly *reassembly_create(void)
{
    struct reassembly *reassembly = calloc(1, sizeof(*reassembly));

    if (reassembly == NULL) {
        return NULL;
    }
    reassembly->octets = malloc((size_t)REASSEMBLY_DATAGRAMS_MAX * REASSEMBLY_DATAGRAM_BYTES);
    if (reassembly->octets == NULL) {
        free(reassembly);
        return NULL;
    }
    for (uint32_t slot = REASSEMBLY_DATAGRAMS_MAX; slot-- > 0;) {
        reassembly->free_slots[reassembly->free_count++] = slot;
    }
    return reassembly;
}

void reassembly_free(struct reassembly *reassembly)
{
    if (reassembly != NULL) {
        free(reassembly->octets);
        free(reassembly);
    }
}

bool reassembly_add(struct reassembly *reassembly, const struct packet *fragment, int64_t now_us,
                    const uint8_t **ret_data, size_t *ret_size_bytes, uint8_t *ret_next_header)
{
    struct key key = {.id = fragment->fragment_id, .family = fragment->source.family};
    struct partial *partial;
    uint8_t *octets;
    size_t index;

    assert(fragment->size_bytes > 0 && fragment->fragment_offset_bytes % UNIT_BYTES == 0);
    assert(fragment->fragment_offset_bytes + fragment->size_bytes < REASSEMBLY_DATAGRAM_BYTES);
    assert(!fragment->fragment_more || fragment->size_bytes % UNIT_BYTES == 0);
    memcpy(key.source, fragment->source.octets, sizeof(key.source));
    memcpy(key.destination, fragment->destination.octets, sizeof(key.destination));
    reassembly->counts.fragments++;

    index = find_or_begin(reassembly, &key, now_us);
    partial = &reassembly->partials[reassembly->list[index].slot];
    octets = slot_octets(reassembly, reassembly->list[index].slot);
    if (partial->spoilt) {
        reassembly->counts.dropped++;
        return false;
    }
    switch (place(partial, octets, fragment)) {
    case PLACED_BEFORE:
        reassembly->counts.repeated++;
        return false;
    case CONTRADICTS: /* stays in the list, so that what is still to come of it does not begin another */
        partial->spoilt = true;
        reassembly->counts.contradicting++;
        return false;
    case PLACED:
        break;
    }
    if (partial->total_bytes == 0 || partial->received_bytes != partial->total_bytes) {
        return false;
    }
    reassembly->counts.whole++;
    *ret_data = octets;
    *ret_size_bytes = partial->total_bytes;
    *ret_next_header = partial->next_header;
    remove_at(reassembly, index);
    return true;
}

void reassembly_finish(struct reassembly *reassembly)
{
    while (reassembly->list_count > 0) {
        give_up_at(reassembly, reassembly->list_count - 1, &reassembly->counts.incomplete);
    }
}

const struct reassembly_counts *reassembly_counts(const struct reassembly *reassembly)
{
    return &reassembly->counts;
}
