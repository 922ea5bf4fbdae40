/* SPDX-License-Identifier: MIT */
/*
 * session.c - the tables of sessions and of their templates
 */
#include "session.h"

#include "hash.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 64, PLACES_FIRST = 4 };

int session_table_init(struct session_table *table, uint32_t count_max, uint64_t seed)
{
    *table = (struct session_table){
        .bucket_count = BUCKETS_FIRST,
        .count_max = count_max,
        .seed = seed,
        .by_key = calloc(BUCKETS_FIRST, sizeof *table->by_key),
        .by_sibling = calloc(BUCKETS_FIRST, sizeof *table->by_sibling),
    };
    if (peer_table_init(&table->peers, seed) != 0 || table->by_key == NULL || table->by_sibling == NULL) {
        session_table_done(table);
        return -1;
    }
    return 0;
}

static void session_free(struct session *session)
{
    free(session->templates);
    free(session);
}

void session_table_done(struct session_table *table)
{
    for (int useful = 0; useful <= 1; useful++) {
        for (struct session *session = table->used[useful].newest, *older; session != NULL; session = older) {
            older = session->used_older;
            session_free(session);
        }
    }
    peer_table_done(&table->peers);
    free(table->by_key);
    free(table->by_sibling);
    *table = (struct session_table){0};
}

static uint64_t sibling_hash(const struct session_table *table, const struct weir_address *address, uint32_t domain)
{
    uint64_t halves[2];
    memcpy(halves, address->octets, sizeof halves);
    return hash_mix(hash_mix(halves[0] ^ table->seed, halves[1] ^ address->family), domain ^ table->seed);
}

static uint64_t key_hash(uint64_t sibling, uint16_t port)
{
    return hash_mix(sibling, port);
}

static bool is_sibling(const struct session *session, const struct weir_address *address, uint32_t domain)
{
    return session->domain == domain && session->address.family == address->family &&
           memcmp(session->address.octets, address->octets, sizeof address->octets) == 0;
}

struct session *session_find(struct session_table *table, const struct weir_address *address, uint16_t port,
                             uint32_t domain)
{
    const uint64_t hash = key_hash(sibling_hash(table, address, domain), port);
    struct session *session = table->by_key[hash & (table->bucket_count - 1)];
    if (session != NULL) { /* most often the one: what is needed next comes with what is compared */
        __builtin_prefetch((const uint8_t *)session + SESSION_ALIGNMENT, 1);
        __builtin_prefetch(&session->account, 1);
    }
    while (session != NULL && !(session->port == port && is_sibling(session, address, domain)))
        session = session->key_next;
    return session;
}

static void used_append(struct session_table *table, struct session *session)
{
    struct session_list *list = &table->used[session->useful];
    session->used_newer = NULL;
    session->used_older = list->newest;
    if (list->newest != NULL)
        list->newest->used_newer = session;
    else
        list->oldest = session;
    list->newest = session;
    list->count++;
}

static void used_remove(struct session_table *table, struct session *session)
{
    struct session_list *list = &table->used[session->useful];
    if (session->used_newer != NULL)
        session->used_newer->used_older = session->used_older;
    else
        list->newest = session->used_older;
    if (session->used_older != NULL)
        session->used_older->used_newer = session->used_newer;
    else
        list->oldest = session->used_newer;
    list->count--;
}

static void peer_append(struct session *session)
{
    struct peer *peer = session->peer;
    session->peer_newer = NULL;
    session->peer_older = peer->newest;
    if (peer->newest != NULL)
        peer->newest->peer_newer = session;
    else
        peer->oldest = session;
    peer->newest = session;
}

static void peer_remove(struct session *session)
{
    struct peer *peer = session->peer;
    if (session->peer_newer != NULL)
        session->peer_newer->peer_older = session->peer_older;
    else
        peer->newest = session->peer_older;
    if (session->peer_older != NULL)
        session->peer_older->peer_newer = session->peer_newer;
    else
        peer->oldest = session->peer_newer;
}

void session_touch(struct session_table *table, struct session *session)
{
    session->turn = ++table->turn;
    if (session->peer_newer != NULL) {
        peer_remove(session);
        peer_append(session);
    }
    if (session->useful || table->used[false].newest == session)
        return;
    used_remove(table, session);
    used_append(table, session);
}

static void move_used(struct session_table *table, struct session *session, bool useful)
{
    used_remove(table, session);
    session->peer->useful_count += (uint32_t)useful - (uint32_t)session->useful;
    session->useful = useful;
    used_append(table, session);
}

void session_prove_useful(struct session_table *table, struct session *session)
{
    if (table->used[true].newest == session)
        return;
    move_used(table, session, true);
    if (table->used[true].count > table->count_max - table->count_max / 8)
        move_used(table, table->used[true].oldest, false);
}

static int compare_turns(const void *a, const void *b)
{
    const struct session *const *left = a, *const *right = b;
    return ((*left)->turn > (*right)->turn) - ((*left)->turn < (*right)->turn);
}

int session_order(struct session_table *table, uint32_t load)
{
    struct session **sessions = malloc((table->count + (size_t)1) * sizeof(struct session *));
    size_t count = 0;
    if (sessions == NULL)
        return -1;
    for (int useful = 0; useful <= 1; useful++) {
        for (struct session *session = table->used[useful].oldest; session != NULL; session = session->used_newer) {
            if (session->load == load)
                sessions[count++] = session;
        }
    }
    qsort(sessions, count, sizeof *sessions, compare_turns);
    for (size_t i = 0; i < count; i++) {
        peer_remove(sessions[i]);
        peer_append(sessions[i]);
    }
    free(sessions);
    return 0;
}

struct session *session_victim(struct session_table *table, const struct weir_address *address)
{
    const struct peer *peer = peer_find(&table->peers, address);
    if (peer != NULL && peer->oldest != NULL && !peer_may_take(peer->session_count, table->count, table->count_max))
        return peer->oldest;
    if (table->count < table->count_max)
        return NULL;
    return table->used[false].oldest != NULL ? table->used[false].oldest : table->used[true].oldest;
}

static void link_session(struct session_table *table, struct session *session)
{
    const uint64_t sibling = sibling_hash(table, &session->address, session->domain);
    struct session **by_key = &table->by_key[key_hash(sibling, session->port) & (table->bucket_count - 1)];
    struct session **by_sibling = &table->by_sibling[sibling & (table->bucket_count - 1)];
    session->key_next = *by_key;
    *by_key = session;
    session->sibling_next = *by_sibling;
    session->sibling_link = by_sibling;
    if (*by_sibling != NULL)
        (*by_sibling)->sibling_link = &session->sibling_next;
    *by_sibling = session;
}

/* Doubles the buckets when there are more sessions than that; without memory the chains just get longer. */
static void grow(struct session_table *table)
{
    if (table->count < table->bucket_count)
        return;
    const uint32_t bucket_count = table->bucket_count * 2;
    struct session **by_key = calloc(bucket_count, sizeof *by_key);
    struct session **by_sibling = calloc(bucket_count, sizeof *by_sibling);
    if (by_key == NULL || by_sibling == NULL) {
        free(by_key);
        free(by_sibling);
        return;
    }
    free(table->by_key);
    free(table->by_sibling);
    table->by_key = by_key;
    table->by_sibling = by_sibling;
    table->bucket_count = bucket_count;
    for (int useful = 0; useful <= 1; useful++) {
        for (struct session *session = table->used[useful].oldest; session != NULL; session = session->used_newer)
            link_session(table, session);
    }
}

struct session *session_create(struct session_table *table, const struct weir_address *address, uint16_t port,
                               uint32_t domain)
{
    struct session *session = aligned_alloc(SESSION_ALIGNMENT, sizeof *session);
    if (session == NULL)
        return NULL;
    memset(session, 0, sizeof *session);
    session->peer = peer_get(&table->peers, address);
    if (session->peer == NULL) {
        free(session);
        return NULL;
    }
    grow(table);
    session->address = *address;
    session->port = port;
    session->domain = domain;
    session->turn = ++table->turn;
    link_session(table, session);
    used_append(table, session);
    peer_append(session);
    session->peer->session_count++;
    table->count++;
    return session;
}

void session_remove(struct session_table *table, struct session *session)
{
    const uint64_t sibling = sibling_hash(table, &session->address, session->domain);
    struct session **at = &table->by_key[key_hash(sibling, session->port) & (table->bucket_count - 1)];
    while (*at != session)
        at = &(*at)->key_next;
    *at = session->key_next;
    *session->sibling_link = session->sibling_next;
    if (session->sibling_next != NULL)
        session->sibling_next->sibling_link = session->sibling_link;
    used_remove(table, session);
    peer_remove(session);
    session->peer->session_count--;
    session->peer->place_count -= session->place_count;
    table->place_count -= session->place_count;
    session->peer->useful_count -= session->useful;
    peer_drop_unused(&table->peers, session->peer);
    table->count--;
    session_free(session);
}

struct session *session_sibling(const struct session_table *table, const struct session *of,
                                const struct session *from)
{
    const uint64_t hash = sibling_hash(table, &of->address, of->domain);
    struct session *session =
        from == NULL ? table->by_sibling[hash & (table->bucket_count - 1)] : from->sibling_next;
    while (session != NULL && !is_sibling(session, &of->address, of->domain))
        session = session->sibling_next;
    return session;
}

static struct template_entry *find_place(struct template_entry *templates, uint32_t places, uint16_t id)
{
    uint32_t place = id & (places - 1);
    while (templates[place].id != 0 && templates[place].id != id)
        place = (place + 1) & (places - 1);
    return &templates[place];
}

struct template_entry *session_template(const struct session *session, uint16_t id)
{
    if (session->template_places == 0)
        return NULL;
    struct template_entry *entry = find_place(session->templates, session->template_places, id);
    return entry->id == id ? entry : NULL;
}

static int grow_templates(struct session *session)
{
    const uint32_t places = session->template_places == 0 ? PLACES_FIRST : session->template_places * 2;
    struct template_entry *templates = calloc(places, sizeof *templates);
    if (templates == NULL)
        return -1;
    for (uint32_t i = 0; i < session->template_places; i++) {
        if (session->templates[i].id != 0)
            *find_place(templates, places, session->templates[i].id) = session->templates[i];
    }
    free(session->templates);
    session->templates = templates;
    session->template_places = places;
    return 0;
}

void session_template_reserve(struct session *session, uint32_t count)
{
    while (count > session->template_places / 2 && grow_templates(session) == 0)
        continue;
}

struct template_entry *session_template_add(struct session_table *table, struct session *session, uint16_t id,
                                            uint32_t count_max)
{
    struct template_entry *entry = session_template(session, id);
    if (entry != NULL)
        return entry;
    if (session->place_count >= count_max)
        return NULL;
    if (session->place_count >= session->template_places / 2 && grow_templates(session) != 0)
        return NULL;
    entry = find_place(session->templates, session->template_places, id);
    entry->id = id;
    session->place_count++;
    session->peer->place_count++;
    table->place_count++;
    return entry;
}
