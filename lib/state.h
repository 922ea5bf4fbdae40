/* SPDX-License-Identifier: MIT */
/*
 * state.h - what an exporter has told of itself in options records: samplers, interfaces, applications, VRFs,
 * when its system started
 *
 * Kept for each (exporter address, domain), since options often come from another port than flows, and bounded.
 * Kept apart from templates: an exporter that restarts keeps its state until it tells anew. What was told for domain
 * 0 is of the whole exporter (RFC 7011 section 3.1) and serves where a domain has nothing of its own.
 *
 * When there is no room, an exporter that is at its share (peer.h) loses what it told longest ago; else the state
 * goes that was told longest ago by an address that sends no data that can be decoded.
 */
#ifndef WEIR_STATE_H
#define WEIR_STATE_H

#include "peer.h"

#include <stdbool.h>
#include <weir/weir.h>

struct weir_decoder;
struct batch;

/* One thing that has an ID. Kinds are those of enum weir_fact_kind and: */
enum { STATE_PROCESS = WEIR_FACT_COUNT, STATE_KINDS };

/* What is told of it; what is 0 or empty is not told, and what was told before stays. */
struct state_told {
    uint64_t id;
    uint8_t kind;
    uint16_t algorithm; /* of sampling */
    uint32_t rate;
    uint64_t totals[2]; /* of a process: what it lost, the other is 0 */
    const uint8_t *name, *description; /* need not end in NUL; cut at LIMIT_STATE_TEXT_BYTES */
    size_t name_bytes, description_bytes;
};

struct state_entry {
    struct state_entry *hash_next;
    struct state_entry *newer, *older; /* by when they were told */
    uint64_t id;
    uint64_t totals[2];
    uint32_t rate;
    uint16_t algorithm;
    uint16_t name_bytes, description_bytes;
    uint8_t kind;
    char text[]; /* name, NUL, description, NUL */
};

/* Totals that an exporter tells of its work (RFC 7012 section 5.2), as last told: elements 40 to 42, 164 to 168. */
enum state_total {
    STATE_EXPORTED_OCTETS,
    STATE_EXPORTED_MESSAGES,
    STATE_EXPORTED_FLOWS,
    STATE_IGNORED_PACKETS,
    STATE_IGNORED_OCTETS,
    STATE_NOT_SENT_FLOWS,
    STATE_NOT_SENT_PACKETS,
    STATE_NOT_SENT_OCTETS,
    STATE_TOTALS
};

struct state {
    struct peer *peer;
    uint32_t domain;
    struct state *hash_next;
    struct state *peer_next;
    struct state *newer, *older; /* of all, by when something was told */
    struct state_entry **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    uint64_t seed;
    struct state_entry *newest, *oldest;
    size_t bytes; /* with the entries and buckets */
    uint64_t system_init_ms;
    uint32_t rate_of_all;
    uint64_t totals[STATE_TOTALS];
    int64_t told_us; /* when something was told last */
};

struct state_table {
    struct peer_table *peers;
    struct state **buckets;
    uint32_t bucket_count;
    uint32_t count;
    struct state *newest, *oldest;
    size_t bytes, bytes_max;
    uint64_t seed;
    bool loading; /* what is saved had its room before: none has a share to keep to */
};

/* 0, or -1 when memory is short. */
int state_table_init(struct state_table *table, struct peer_table *peers, uint64_t seed);
void state_table_done(struct state_table *table);

/* Forgets all; one state. */
void state_clear(struct state_table *table);
void state_forget(struct state_table *table, struct state *state);

/* The state of just this domain, or NULL. */
struct state *state_of(const struct state_table *table, const struct weir_address *address, uint32_t domain);

/* The state of just this domain, made when there is none; NULL when there is no room. */
struct state *state_get(struct state_table *table, const struct weir_address *address, uint32_t domain);

/* Takes what is told. The entry, or NULL when there is no room. */
struct state_entry *state_put(struct state_table *table, struct state *state, const struct state_told *told);

/* An entry of the state, or of that of the whole exporter; or NULL. */
const struct state_entry *state_entry(const struct state *state, uint8_t kind, uint64_t id);

/* The state of an exporter, or NULL when it has told nothing yet. */
const struct state *state_find(const struct weir_decoder *decoder, const struct weir_address *address, uint32_t domain);

/* One packet in so many was looked at: of the sampler or selector with this ID; of an interface; of all. 0: not
 * told. Space and interval are added up, RFC 5477: interval packets of interval + space. */
uint32_t state_sampling_by_id(const struct state *state, uint64_t id);
uint32_t state_sampling_by_interface(const struct state *state, uint32_t interface);
uint32_t state_sampling_of_all(const struct state *state);

/* systemInitTimeMilliseconds, in milliseconds since 1970, or 0 when it was not told. */
uint64_t state_system_init_ms(const struct state *state);

/* state_rows.c: takes rows of an options layout that were appended to a batch just now, of one run. */
void state_take_rows(struct weir_decoder *decoder, const struct batch *batch, const struct weir_run *run,
                     uint32_t first_row, uint32_t row_count);

#endif
