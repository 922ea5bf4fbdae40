/* SPDX-License-Identifier: MIT */
/*
 * peer.c - the table of exporter addresses
 */
#include "peer.h"

#include "hash.h"
#include "limits.h"

#include <stdlib.h>

enum { BUCKETS_FIRST = 64 };

int peer_table_init(struct peer_table *table, uint64_t seed)
{
    *table = (struct peer_table){
        .buckets = calloc(BUCKETS_FIRST, sizeof *table->buckets), .bucket_count = BUCKETS_FIRST, .seed = seed};
    return table->buckets == NULL ? -1 : 0;
}

void peer_table_done(struct peer_table *table)
{
    for (uint32_t i = 0; table->buckets != NULL && i < table->bucket_count; i++) {
        for (struct peer *peer = table->buckets[i], *next; peer != NULL; peer = next) {
            next = peer->hash_next;
            free(peer);
        }
    }
    free(table->buckets);
    *table = (struct peer_table){0};
}

static struct peer **bucket_of(const struct peer_table *table, const struct weir_address *address)
{
    uint64_t halves[2];
    memcpy(halves, address->octets, sizeof halves);
    const uint64_t hash = hash_mix(halves[0] ^ table->seed, halves[1] ^ address->family);
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static bool is_same(const struct weir_address *a, const struct weir_address *b)
{
    return a->family == b->family && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

struct peer *peer_find(const struct peer_table *table, const struct weir_address *address)
{
    struct peer *peer = *bucket_of(table, address);
    while (peer != NULL && !is_same(&peer->address, address))
        peer = peer->hash_next;
    return peer;
}

/* Doubles the buckets when there are more peers than that; without memory the chains just get longer. */
static void grow(struct peer_table *table)
{
    struct peer **old = table->buckets;
    const uint32_t old_count = table->bucket_count;
    if (table->count < old_count)
        return;
    struct peer **buckets = calloc((size_t)old_count * 2, sizeof *buckets);
    if (buckets == NULL)
        return;
    table->buckets = buckets;
    table->bucket_count = old_count * 2;
    for (uint32_t i = 0; i < old_count; i++) {
        for (struct peer *peer = old[i], *next; peer != NULL; peer = next) {
            next = peer->hash_next;
            struct peer **bucket = bucket_of(table, &peer->address);
            peer->hash_next = *bucket;
            *bucket = peer;
        }
    }
    free(old);
}

struct peer *peer_get(struct peer_table *table, const struct weir_address *address)
{
    struct peer *peer = peer_find(table, address);
    if (peer != NULL)
        return peer;
    peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    grow(table);
    struct peer **bucket = bucket_of(table, address);
    peer->address = *address;
    peer->hash_next = *bucket;
    *bucket = peer;
    table->count++;
    return peer;
}

void peer_drop_unused(struct peer_table *table, struct peer *peer)
{
    if (peer->session_count > 0 || peer->states != NULL)
        return;
    struct peer **at = bucket_of(table, &peer->address);
    while (*at != peer)
        at = &(*at)->hash_next;
    *at = peer->hash_next;
    table->count--;
    free(peer);
}

bool peer_may_take(size_t held, size_t taken, size_t max)
{
    return taken < max / 2 || held < LIMIT_SHARE_MIN || held < max / LIMIT_SHARES;
}
