/* SPDX-License-Identifier: MIT */
/* time_bins.c - spans of time as the clock on the wall counts them */
#define _GNU_SOURCE
#include "time_bins.h"

#include "filter_time.h"

#include <inttypes.h>
#include <time.h>

#define SECOND_US ((int64_t)1000000)
#define STEP_US (7 * 86400 * SECOND_US)          /* the clock is not changed twice in this time */
/* Exporters may tell of any time: no farther is looked, back and ahead. */
#define PAST_US (40 * (int64_t)365 * 86400 * SECOND_US)
#define FUTURE_US (365 * (int64_t)86400 * SECOND_US)

static int64_t floor_to(int64_t us, int64_t length_us)
{
    return us - (us % length_us + length_us) % length_us;
}

static int64_t offset_at(int64_t us)
{
    return filter_time_offset_s(floor_to(us, SECOND_US) / SECOND_US) * SECOND_US;
}

/* The span of a moment where the clock is ahead so much all the time. */
static int64_t plain_start(const struct time_bins *bins, int64_t us, int64_t offset_us)
{
    return floor_to(us + offset_us, bins->length_us) - offset_us;
}

/* ------------------------------------------------------------------------------------------------------- changes */

/* The first moment, by the second, behind `from_us` at which the offset is that of `to_us`. */
static int64_t find_change(int64_t from_us, int64_t to_us)
{
    const int64_t offset_us = offset_at(to_us);
    while (to_us - from_us > SECOND_US) {
        const int64_t between_us = floor_to(from_us + (to_us - from_us) / 2, SECOND_US);
        if (offset_at(between_us) == offset_us)
            to_us = between_us;
        else
            from_us = between_us;
    }
    return to_us;
}

static void add_change(struct time_bins *bins, int64_t at_us)
{
    struct time_change change = {.at_us = at_us, .offset_us = offset_at(at_us)};
    const int64_t before_us = at_us - 1 + time_bins_offset(bins, at_us - 1), after_us = at_us + change.offset_us;
    const int64_t length_us = bins->length_us;
    /* a span begins here by the clock, or the clock passes over where it would have begun */
    const bool begins = after_us % length_us == 0 || floor_to(after_us, length_us) > floor_to(before_us, length_us);
    change.last_us = time_bins_start(bins, at_us - 1);
    change.first_us = begins ? at_us : change.last_us;
    change.end_us = floor_to(after_us, length_us) + length_us - change.offset_us;
    if (bins->change_count == TIME_CHANGES_MAX) {
        bins->offset_us = bins->changes[0].offset_us;
        bins->change_count--;
        memmove(bins->changes, bins->changes + 1, bins->change_count * sizeof *bins->changes);
    }
    bins->changes[bins->change_count++] = change;
}

void time_bins_init(struct time_bins *bins, int64_t length_us, int64_t first_us, int64_t last_us)
{
    const int64_t now_us = (int64_t)time(NULL) * SECOND_US;
    last_us = last_us < now_us + FUTURE_US ? last_us : now_us + FUTURE_US;
    first_us = floor_to(first_us > now_us - PAST_US ? first_us : now_us - PAST_US, SECOND_US);
    *bins = (struct time_bins){.length_us = length_us, .offset_us = offset_at(first_us)};
    for (int64_t us = first_us; us <= last_us; us += STEP_US) {
        if (offset_at(us + STEP_US) != offset_at(us))
            add_change(bins, find_change(us, us + STEP_US));
    }
}

/* ----------------------------------------------------------------------------------------------------------- spans */

int64_t time_bins_offset(const struct time_bins *bins, int64_t us)
{
    int64_t offset_us = bins->offset_us;
    for (size_t i = 0; i < bins->change_count && bins->changes[i].at_us <= us; i++)
        offset_us = bins->changes[i].offset_us;
    return offset_us;
}

int64_t time_bins_start(const struct time_bins *bins, int64_t us)
{
    size_t count = 0; /* of changes up to then */
    while (count < bins->change_count && bins->changes[count].at_us <= us)
        count++;
    if (count == 0)
        return plain_start(bins, us, bins->offset_us);
    const struct time_change *change = &bins->changes[count - 1];
    return us < change->end_us ? change->first_us : plain_start(bins, us, change->offset_us);
}

int64_t time_bins_end(const struct time_bins *bins, int64_t start_us)
{
    for (size_t i = bins->change_count; i-- > 0;) {
        const struct time_change *change = &bins->changes[i];
        if (start_us == change->first_us)
            return change->end_us;
        if (start_us == change->last_us)
            return change->at_us;
    }
    return start_us + bins->length_us;
}

/* ------------------------------------------------------------------------------------------------------------- SQL */

static void put_plain_start(struct text_buffer *sql, const struct time_bins *bins, const char *us, int64_t offset_us)
{
    text_print(sql, "(%s + %" PRId64 ") // %" PRId64 " * %" PRId64 " - %" PRId64, us, offset_us, bins->length_us,
               bins->length_us, offset_us);
}

int time_bins_put_start(struct text_buffer *sql, const struct time_bins *bins, const char *us)
{
    int64_t offset_us = bins->offset_us;
    text_put(sql, bins->change_count > 0 ? "CASE" : "(");
    for (size_t i = 0; i < bins->change_count; i++) {
        const struct time_change *change = &bins->changes[i];
        text_print(sql, " WHEN %s < %" PRId64 " THEN ", us, change->at_us);
        put_plain_start(sql, bins, us, offset_us);
        const bool is_passed = i + 1 < bins->change_count && change[1].at_us < change->end_us;
        text_print(sql, " WHEN %s < %" PRId64 " THEN %" PRId64, us, is_passed ? change[1].at_us : change->end_us,
                   change->first_us);
        offset_us = change->offset_us;
    }
    text_put(sql, bins->change_count > 0 ? " ELSE " : "");
    put_plain_start(sql, bins, us, offset_us);
    return text_put(sql, bins->change_count > 0 ? " END" : ")");
}

int time_bins_put_end(struct text_buffer *sql, const struct time_bins *bins, const char *start_us)
{
    text_print(sql, bins->change_count > 0 ? "CASE %s" : "(", start_us);
    for (size_t i = bins->change_count; i-- > 0;) {
        const struct time_change *change = &bins->changes[i];
        text_print(sql, " WHEN %" PRId64 " THEN %" PRId64, change->first_us, change->end_us);
        if (change->last_us != change->first_us)
            text_print(sql, " WHEN %" PRId64 " THEN %" PRId64, change->last_us, change->at_us);
    }
    return text_print(sql, bins->change_count > 0 ? " ELSE %s + %" PRId64 " END" : "%s + %" PRId64 ")", start_us,
                      bins->length_us);
}

int time_bins_put_offset(struct text_buffer *sql, const struct time_bins *bins, const char *us)
{
    int64_t offset_us = bins->offset_us;
    text_put(sql, bins->change_count > 0 ? "CASE" : "(");
    for (size_t i = 0; i < bins->change_count; offset_us = bins->changes[i++].offset_us)
        text_print(sql, " WHEN %s < %" PRId64 " THEN %" PRId64, us, bins->changes[i].at_us, offset_us);
    return text_print(sql, bins->change_count > 0 ? " ELSE %" PRId64 " END" : "%" PRId64 ")", offset_us);
}
