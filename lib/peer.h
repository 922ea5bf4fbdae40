/* SPDX-License-Identifier: MIT */
/*
 * peer.h - what the decoder counts of each exporter address, so that none takes more than its share
 *
 * All sessions of an address, and all state told from it, belong to its peer. While less than half of something
 * (sessions, templates, waiting data, state) is taken, anybody may take more; above that an address that has
 * 1/LIMIT_SHARES of it gets no more. So one address never has much more than half, and what the others have is safe
 * from it.
 */
#ifndef WEIR_PEER_H
#define WEIR_PEER_H

#include <weir/weir.h>

struct session;
struct state;

struct peer {
    struct weir_address address;
    struct peer *hash_next;
    struct session *newest, *oldest; /* its sessions, by their last use */
    struct state *states;            /* of its domains, by state.peer_next */
    struct state *whole;             /* the one of domain 0, or NULL */
    uint32_t session_count;
    uint32_t useful_count;   /* sessions that have proved useful: see session.h */
    uint32_t template_count; /* that its sessions were sent */
    uint32_t place_count;    /* of templates, that its sessions take: see session.h */
    size_t template_bytes;   /* of their layouts, each counted as often as it is meant */
    size_t waiting_bytes;
    size_t state_bytes;
};

struct peer_table {
    struct peer **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    uint64_t seed;
};

int peer_table_init(struct peer_table *table, uint64_t seed);
void peer_table_done(struct peer_table *table);

struct peer *peer_find(const struct peer_table *table, const struct weir_address *address);

/* The same, made when there is none. NULL when memory is short. */
struct peer *peer_get(struct peer_table *table, const struct weir_address *address);

/* Frees a peer that has neither sessions nor states any more; others stay. */
void peer_drop_unused(struct peer_table *table, struct peer *peer);

/* False when an address that holds `held` of something, of which `taken` of `max` are taken, is to get no more. */
bool peer_may_take(size_t held, size_t taken, size_t max);

#endif
