/* SPDX-License-Identifier: MIT */
/*
 * format.h - how numbers, times and connections are written for people
 *
 * The forms are those that readers of the Python original know, to the letter: scripts read them.
 */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include <stdio.h>

#include "pairing.h"
#include "services.h"

#define FORMAT_TEXT_SIZE 48

/* 1023, 1.00K, 4.25M, 1.50G: by 1024, in doubles. Returns `text`, as all of these. */
const char *format_size(uint64_t bytes, char text[FORMAT_TEXT_SIZE]);

/* "59 sec", "01:30 min", "1:02.03 hours"; milliseconds are cut off. */
const char *format_duration(int64_t duration_ms, char text[FORMAT_TEXT_SIZE]);

/* 2017-10-28 23:17.01, local time. */
const char *format_time(int64_t time_us, char text[FORMAT_TEXT_SIZE]);

/* A number with a blank between thousands: 2 298 347. */
const char *format_count(uint64_t count, char text[FORMAT_TEXT_SIZE]);

/* 999, 1.00K, 4.25M, 1.50G, 2.00T: by 1000. */
const char *format_amount(double amount, char text[FORMAT_TEXT_SIZE]);

/* Reads 1M, 10k, 1.5G, 300: bytes by 1024. Returns 0, or -1 when it is no size. */
int format_parse_size(const char *text, uint64_t *ret_bytes);

/* One line each, with the newline. The host names are written as they are; NULL stands for the address.
 *
 *     2017-10-28 23:17.01: SSH from host-1 (192.0.2.7) to host-2 (192.0.2.9) size 4.25M
 */
void format_line(FILE *out, const struct connection *connection, const struct services *services,
                 const char *from_name, const char *to_name);

/*     Timestamp           | Service        | Size     | Duration  | Packets | Involved hosts
 *     ----------------------------------------------------------------------------------------------------
 *     2017-10-28 23:17.01 | SSH            | 4.25M    | 01:30 min |    3200 | Between host-1 (192.0.2.7) and ...
 */
void format_table_header(FILE *out);
void format_table_row(FILE *out, const struct connection *connection, const struct services *services,
                      const char *from_name, const char *to_name);

/* A JSON object on a line: all that is known, times in UTC, sizes and packets as plain numbers. */
void format_json(FILE *out, const struct connection *connection, const struct services *services,
                 const char *from_name, const char *to_name);

/* A flow whose other side did not show up: "From HOST (IP):PORT to HOST (IP):PORT with proto TCP and size 1.20K
 * (12 packets)". */
void format_unpaired(FILE *out, const struct flow *flow, const char *from_name, const char *to_name);

#endif
