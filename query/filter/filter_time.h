/* SPDX-License-Identifier: MIT */
/*
 * filter_time.h - times as people write them, and back, and the local time zone (TZ)
 */
#ifndef WEIR_QUERY_FILTER_TIME_H
#define WEIR_QUERY_FILTER_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "2026-11-23", "2026-11-23T14", "2026-11-23 14:05", "2026-11-23T14:05:07.25": years 1 to 9999, with nanoseconds
 * 1970 to 2200; also as "2026-11-23 14:05.07", "2026/11/23.14:05:07"; "today", "yesterday" (and a clock behind them),
 * "14:05" of today: of the local time zone, or of the one that is told behind them, "Z", "+05:30", "-0500" or "+01".
 * "1764000000" and "@0", seconds since 1970; "now". Gives the first and the last microsecond (or nanosecond) of the
 * day, hour, minute, second or fraction that is named.
 */
bool filter_time_parse(const char *word, size_t length, bool nanoseconds, int64_t now_s, int64_t *ret_low,
                       int64_t *ret_high);

/* How far the local clock is ahead of UTC at a moment: seconds. */
int64_t filter_time_offset_s(int64_t moment_s);

/* The moment at which the local clock shows so many seconds since 1970: the first one where there are two, and where
 * the clock is put forward over it, as long behind the change. */
int64_t filter_time_of_local_s(int64_t local_s);

#define FILTER_TIME_TEXT_SIZE 72 /* whatever the numbers are */

/* "2026-11-23 14:05:07.250000". Returns `text`. */
char *filter_time_text(int64_t us, char text[FILTER_TIME_TEXT_SIZE]);

#endif
