/* SPDX-License-Identifier: MIT */
/*
 * time_text.h - times as people type them
 */
#ifndef WEIR_CLI_TIME_TEXT_H
#define WEIR_CLI_TIME_TEXT_H

#include <stdint.h>

/*
 * "now", "-2h" (so long before now), "14:05" (today), "2026-11-23", "2026-11-23 14:05", "2026-11-23T14:05:10", in the
 * local time zone; with a Z at the end in UTC. 0 and microseconds since 1970, or -1 when the text is none of these.
 */
int time_text_parse(const char *text, int64_t now_us, int64_t *ret_time_us);

#endif
