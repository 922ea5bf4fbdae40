/* SPDX-License-Identifier: MIT */
/*
 * record_sequence.h - what sequence numbers that count records say
 *
 * IPFIX (RFC 7011 section 3.1), v5 and v7 number a datagram with the records sent before it. What the next number
 * must be is known only when all records of this datagram are; after one whose records nobody could count the
 * check begins anew. Gaps that were counted are remembered for a while, so that a datagram that comes late fills
 * its gap, and so are the last numbers, so that one that comes twice is told from a restart.
 */
#ifndef WEIR_RECORD_SEQUENCE_H
#define WEIR_RECORD_SEQUENCE_H

#include "sequence.h"

enum { RECORD_SEQUENCE_GAPS = 8, RECORD_SEQUENCE_NUMBERS = 16 };

struct record_gap {
    uint32_t first;  /* number of the first missing record */
    uint32_t length; /* 0: none */
};

struct record_sequence {
    bool started;
    uint8_t number_count;
    uint8_t number_at; /* where the next number goes */
    uint8_t gap_at;
    uint32_t next; /* modulo 2^32 */
    struct record_gap gaps[RECORD_SEQUENCE_GAPS];
    uint32_t numbers[RECORD_SEQUENCE_NUMBERS]; /* of the last datagrams that held records */
};

/* Takes a datagram with `count` records; `known` tells whether these are all. `ret_lost` is how many records are
 * missing before it or, when it was missing itself, how many are not any more. */
enum sequence_verdict record_sequence_check(struct record_sequence *sequence, uint32_t number, uint32_t count,
                                            bool known, uint32_t gap_max, uint32_t *ret_lost);

#endif
