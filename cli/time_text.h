/* SPDX-License-Identifier: MIT */
/*
 * time_text.h - times as people type them
 *
 *     2026-11-23              the day's start; also with / between, as 2026/11/23
 *     today, yesterday        the same
 *     2026-11-23 14:05        also with :SS or .SS and .ffffff, with T or . between
 *     14:05, 14:05:30         of today
 *     -2h, -1h30m             so long ago
 *     now
 *     1764000000              seconds since 1970: nine or ten digits, or behind @ any number
 *
 * They are of the local time zone, or of the one behind them: Z, +05:30, -0500, +01 (filter_time.h).
 */
#ifndef WEIR_CLI_TIME_TEXT_H
#define WEIR_CLI_TIME_TEXT_H

#include <stdint.h>

/* Microseconds since 1970. 0, or -1 when the text is no such time. */
int time_text_parse(const char *text, int64_t now_us, int64_t *ret_time_us);

#endif
