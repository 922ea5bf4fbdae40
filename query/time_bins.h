/* SPDX-License-Identifier: MIT */
/*
 * time_bins.h - spans of time as the clock on the wall counts them: quarters of an hour, days, of the local zone (TZ)
 *
 * Spans follow each other as the local clock shows them, counted from its 1970-01-01 00:00. Where it is put forward or
 * back, a span that this is in the midst of is as long as that makes it, so that a day has 23 or 25 hours; an hour that
 * the clock shows twice is two spans of an hour.
 */
#ifndef WEIR_QUERY_TIME_BINS_H
#define WEIR_QUERY_TIME_BINS_H

#include "text_buffer.h"

enum { TIME_CHANGES_MAX = 64 }; /* of the clock: 32 years; before that it is taken to have been as at their begin */

/* A change of the local clock. */
struct time_change {
    int64_t at_us;
    int64_t offset_us; /* what is ahead of UTC from then on */
    /* spans around it: the last one that begins before it, the one that has the first moment behind it, and its end */
    int64_t last_us, first_us, end_us;
};

struct time_bins {
    int64_t length_us;
    int64_t offset_us; /* before all changes */
    struct time_change changes[TIME_CHANGES_MAX];
    size_t change_count;
};

/* For moments from `first_us` to `last_us`. */
void time_bins_init(struct time_bins *bins, int64_t length_us, int64_t first_us, int64_t last_us);

/* The begin and the end of the span that a moment is in: microseconds since 1970. */
int64_t time_bins_start(const struct time_bins *bins, int64_t us);
int64_t time_bins_end(const struct time_bins *bins, int64_t start_us);

/* What is ahead of UTC at a moment. */
int64_t time_bins_offset(const struct time_bins *bins, int64_t us);

/* The same as expressions in SQL, of expressions for a moment, and for a begin. */
int time_bins_put_start(struct text_buffer *sql, const struct time_bins *bins, const char *us);
int time_bins_put_end(struct text_buffer *sql, const struct time_bins *bins, const char *start_us);
int time_bins_put_offset(struct text_buffer *sql, const struct time_bins *bins, const char *us);

#endif
