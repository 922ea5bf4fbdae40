/* SPDX-License-Identifier: MIT */
/*
 * case_run.h - gives a case to a decoder, in one of several ways, and collects what comes out
 */
#ifndef TESTS_CASE_RUN_H
#define TESTS_CASE_RUN_H

#include "case_file.h"

/* Where the datagrams lie. */
enum placing { PLACE_PLAIN, PLACE_AT_END, PLACE_AT_BEGIN };

/* How a datagram is changed before it is fed; none when `action` is SIZE_MAX. */
struct change {
    size_t action;     /* which one, by its index among the actions */
    size_t size_bytes; /* it is cut to this size */
    size_t flip_at;    /* this octet of it ... */
    uint8_t flip;      /* ... is changed by these bits */
};

struct way {
    enum placing placing;
    uint32_t batch_rows; /* 0: as the case says */
    uint32_t batch_count;
    bool flush_late; /* batches are closed at the end only, not behind each datagram */
    struct change change;
};

struct outcome {
    struct weir_ledger ledger;
    struct record_text *records; /* by datagram and template, then in the order in which they came */
    size_t record_count;
    const char *fault; /* a ledger that does not add up, or a batch that is not as promised; or NULL */
};

/* Runs it. `keep_records` false: every cell is turned into text, but nothing kept. */
void case_run(const struct case_file *test_case, const struct way *way, bool keep_records, struct outcome *ret_outcome);
void outcome_done(struct outcome *outcome);

#endif
