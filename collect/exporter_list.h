/* SPDX-License-Identifier: MIT */
/*
 * exporter_list.h - the exporters of a running engine, by address and domain, for who looks from other threads
 *
 * Decoders belong to lanes, so each look is a call to each lane. It is made once a second at the most, however many
 * ask; between two of them all get the same list. A lane that does not answer, as one that waits for the disk, is told
 * of as it was when it last did.
 */
#ifndef WEIR_COLLECT_EXPORTER_LIST_H
#define WEIR_COLLECT_EXPORTER_LIST_H

#include "engine.h"

/* Counts of sessions, by the same name, of which a row has the sum. */
#define EXPORTER_COUNTS(X)                                                                                      \
    X(datagrams)                                                                                                \
    X(datagrams_refused)                                                                                        \
    X(bytes)                                                                                                    \
    X(flows)                                                                                                    \
    X(options)                                                                                                  \
    X(sets_skipped)                                                                                             \
    X(sets_waiting)                                                                                             \
    X(sets_given_up)                                                                                            \
    X(templates)                                                                                                \
    X(lost)                                                                                                     \
    X(lost_records)                                                                                             \
    X(reordered)                                                                                                \
    X(duplicates)                                                                                               \
    X(restarts)

struct exporter_row {
    struct weir_address address;
    uint32_t domain;
    uint16_t version;       /* of what came last; 0: nothing came yet, it is known from the run before */
    uint32_t sessions;      /* ports */
    uint32_t sampling_rate; /* one packet in so many; the largest where samplers differ; 0: not told */
    int64_t first_us, last_us; /* when the first datagram came, and the last; 0: none yet */
    int64_t exported_us;    /* when that was sent, by the exporter's clock, whole seconds */
    int64_t template_oldest_us; /* when the template that was not sent again for longest was sent; 0: there is none */
#define EXPORTER_COUNT(name) uint64_t name;
    EXPORTER_COUNTS(EXPORTER_COUNT)
#undef EXPORTER_COUNT
};

struct exporter_list {
    struct exporter_row *rows; /* those with most datagrams first */
    size_t count;
    struct exporter_row rest; /* of sessions that were given up, and of datagrams that belong to none */
    uint32_t silent_workers;  /* that did not answer this time */
    int64_t taken_us;         /* since 1970 */
};

struct exporter_watch;

/* NULL without memory. */
struct exporter_watch *exporter_watch_create(struct engine *engine);

/* NULL is fine. No thread looks any more. */
void exporter_watch_free(struct exporter_watch *watch);

/* The list, which stays as it is until it is given back. May take a second or two. NULL without memory. */
const struct exporter_list *exporter_watch_take(struct exporter_watch *watch);
void exporter_watch_give(struct exporter_watch *watch);

/* What of the records and datagrams that it sent is missing, 0 to 1. */
double exporter_row_loss(const struct exporter_row *row);

/* Flows a second between the first and the last datagram. */
double exporter_row_flow_rate(const struct exporter_row *row);

#endif
