/* SPDX-License-Identifier: MIT */
/*
 * filter_time.h - times as people write them, and back
 */
#ifndef WEIR_QUERY_FILTER_TIME_H
#define WEIR_QUERY_FILTER_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "2026-11-23", "2026-11-23T14", "2026-11-23 14:05", "2026-11-23T14:05:07.25Z": UTC, years 1970 to 2200; also as
 * "2026-11-23 14:05.07", "2026/11/23.14:05:07"; "today", "yesterday" (and a clock behind them), "14:05" of today;
 * "1764000000" and "@0", seconds since 1970; "now". Gives the first and the last microsecond (or nanosecond) of the day,
 * hour, minute, second or fraction that is named.
 */
bool filter_time_parse(const char *word, size_t length, bool nanoseconds, int64_t *ret_low, int64_t *ret_high);

#define FILTER_TIME_TEXT_SIZE 72 /* whatever the numbers are */

/* "2026-11-23 14:05:07.250000". Returns `text`. */
char *filter_time_text(int64_t us, char text[FILTER_TIME_TEXT_SIZE]);

#endif
