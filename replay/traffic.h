/* SPDX-License-Identifier: MIT */
/*
 * traffic.h - makes the export of routers that do not exist: NetFlow v5, v9 and IPFIX
 *
 * Each flow carries a number that no other flow of the run has, counted from first_number on without a gap: in flowId
 * (element 148) with v9 and IPFIX; with v5, which has no such field, next hop + 2^32 * source AS. So whoever counts
 * what a collector has stored can tell whether each flow is there, and there once.
 *
 * A datagram that is lost on purpose is not made, and takes no numbers: the exporter's sequence number goes on as if it
 * had been sent. It is always one between two others of its exporter, so that a collector can notice it.
 *
 * No clock is read, and what is made depends on the options, the times that are given, and nothing else.
 */
#ifndef WEIR_REPLAY_TRAFFIC_H
#define WEIR_REPLAY_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

enum {
    TRAFFIC_EXPORTERS_MAX = 1 << 20,
    TRAFFIC_TEMPLATES_MAX = 300,
    TRAFFIC_FLOWS_MAX = 500,      /* of a datagram */
    TRAFFIC_FLOWS_MAX_V5 = 30,    /* what its header counts at the most, as its makers tell */
    TRAFFIC_RESTART_MIN = 64,     /* datagrams between two starts: a shorter life looks like duplicates */
    TRAFFIC_STEP_MAX = 2,         /* datagrams that are made at once */
};

struct traffic_options {
    uint16_t version;          /* 5, 9, or 10 for IPFIX */
    uint32_t exporters;        /* from 1; each has a domain of its own */
    uint32_t sources;          /* from 1 to exporters: addresses that these share, in turn */
    uint32_t templates;        /* of an exporter, from 1: each with its fields in another order; each fifth of them,
                                  from the second on, of IPv6; v5 has none */
    uint32_t template_interval; /* all of them again after so many datagrams of an exporter; 0: only when it starts */
    uint32_t flows;            /* of a datagram; 0: as many as Ethernet carries */
    uint32_t turn;             /* datagrams of an exporter before the next one has its turn, from 1 */
    uint32_t restart_interval; /* an exporter starts anew after so many datagrams; 0: never */
    double loss, reorder, duplicate; /* shares of the datagrams with flows, 0 to 1 */
    double hostile;            /* share of all datagrams; they come from source number `sources` */
    uint64_t seed;
    uint64_t first_number;
    uint64_t datagrams_max; /* of all kinds, lost ones left out; 0: no end */
    uint64_t flows_max;     /* 0: no end */
};

enum traffic_kind { TRAFFIC_FLOWS, TRAFFIC_TEMPLATES, TRAFFIC_DUPLICATE, TRAFFIC_HOSTILE };

struct traffic_datagram {
    const uint8_t *octets;
    uint32_t size_bytes;
    uint32_t source;
    uint32_t flows;
    enum traffic_kind kind;
};

/* What was made. X(name, what it is). */
#define TRAFFIC_COUNTS(X)                                                                                       \
    X(datagrams, "all of them: with flows, with templates, duplicates, hostile ones")                           \
    X(flows, "numbered ones, those of duplicates left out")                                                     \
    X(bytes, "that the flows tell of")                                                                          \
    X(packets, "that the flows tell of")                                                                        \
    X(template_datagrams, "with templates and no flows")                                                        \
    X(lost_datagrams, "skipped on purpose")                                                                     \
    X(lost_flows, "that would have been in them")                                                               \
    X(reordered, "sent behind the one that follows it")                                                         \
    X(duplicates, "sent twice")                                                                                 \
    X(duplicate_flows, "in duplicates")                                                                         \
    X(duplicate_bytes, "that the flows in duplicates tell of")                                                  \
    X(duplicate_packets, "that the flows in duplicates tell of")                                                \
    X(restarts, "of exporters")                                                                                 \
    X(hostile, "garbage, cut ones, wrong lengths, floods of templates")

struct traffic_counts {
#define TRAFFIC_COUNT(name, text) uint64_t name;
    TRAFFIC_COUNTS(TRAFFIC_COUNT)
#undef TRAFFIC_COUNT
};

/* One exporter. */
struct traffic_exporter {
    uint32_t source;
    uint32_t domain;         /* v9 source ID, IPFIX observation domain, v5 engine type * 256 + engine ID */
    uint32_t sequence_next;  /* numbers begin with 0 when it starts; this is the one behind its last */
    uint64_t datagrams;      /* duplicates left out */
    uint64_t flows;
    uint64_t lost_datagrams;
    uint64_t lost_flows;
    uint64_t restarts;
};

struct traffic;

/* Times are microseconds since 1970. NULL when memory is short. */
struct traffic *traffic_create(const struct traffic_options *options, int64_t now_us);

/* Room that traffic_next() needs. */
size_t traffic_room_bytes(const struct traffic *traffic);

/* Makes the next datagrams, to be sent in the order in which they are returned; 0 at the end. Two are one that comes
 * late and the one before it, or one and its duplicate, with the same octets. The first of those in `room` begins
 * there. */
size_t traffic_next(struct traffic *traffic, int64_t now_us, uint8_t *room,
                    struct traffic_datagram ret_datagrams[TRAFFIC_STEP_MAX]);

const struct traffic_counts *traffic_counts(const struct traffic *traffic);
void traffic_exporter(const struct traffic *traffic, uint32_t number, struct traffic_exporter *ret_exporter);

/* NULL is fine. */
void traffic_free(struct traffic *traffic);

#endif
