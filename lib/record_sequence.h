/* SPDX-License-Identifier: MIT */
/*
 * record_sequence.h - what sequence numbers that count records say
 *
 * IPFIX (RFC 7011 section 3.1), v5 and v7 number a datagram with the records sent before it. What the next number
 * must be is known only when all records of this datagram are; after one whose records nobody could count the
 * check begins anew. Gaps that were counted are remembered for a while, so that a datagram that comes late fills
 * its gap, and so are the last numbers, so that one that comes twice is told from a restart.
 *
 * Some exporters (softflowd 1.1 with IPFIX) number a datagram with the records sent up to its end, and leave those of
 * options out. Where two datagrams in a row have different counts, only one of the two manners fits; the first to fit
 * is taken to be the exporter's, until it restarts.
 */
#ifndef WEIR_RECORD_SEQUENCE_H
#define WEIR_RECORD_SEQUENCE_H

#include "sequence.h"

enum { RECORD_SEQUENCE_GAPS = 8, RECORD_SEQUENCE_NUMBERS = 16 };

struct record_gap {
    uint32_t first;  /* number of the first missing record */
    uint32_t length; /* 0: none */
};

enum record_manner { RECORD_MANNER_UNKNOWN, RECORD_MANNER_BEFORE, RECORD_MANNER_AFTER };

/* The records of a datagram. */
struct record_count {
    uint32_t all;
    uint32_t flows; /* of these, not of options templates */
    bool known;     /* these are all: none was skipped, none waits */
};

struct record_sequence {
    bool started;
    bool has_last;  /* and it was ahead of all before it */
    uint8_t manner; /* enum record_manner */
    uint8_t number_count;
    uint8_t number_at; /* where the next number goes */
    uint8_t gap_at;
    uint32_t next; /* modulo 2^32; of records before */
    uint32_t last; /* number of the last datagram, as it stood there */
    struct record_gap gaps[RECORD_SEQUENCE_GAPS];
    uint32_t numbers[RECORD_SEQUENCE_NUMBERS]; /* of the last datagrams that held records */
};

/* Takes a datagram. `ret_lost` is how many records are missing before it or, when it was missing itself, how many are
 * not any more. */
enum sequence_verdict record_sequence_check(struct record_sequence *sequence, uint32_t number,
                                            const struct record_count *count, uint32_t gap_max, uint32_t *ret_lost);

#endif
