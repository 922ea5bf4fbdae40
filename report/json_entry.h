/* SPDX-License-Identifier: MIT */
/*
 * json_entry.h - the flows of one entry of a JSON file: its key, a time, and its value
 */
#ifndef REPORT_JSON_ENTRY_H
#define REPORT_JSON_ENTRY_H

#include "json_reader.h"

/* Reads "1509225421.123456" as microseconds. Returns 0, or -1 when it is no time between 1970 and 2200. */
int json_entry_time(const char *key, int64_t *ret_time_us);

/* Why an entry is skipped that is no JSON at all, as when the writing of it broke off. */
extern const char json_entry_damaged[];

/* Tells the flows of an entry. `value` is JSON text in which numbers that are too large were put in quotes. Returns
 * NULL, or why the entry is skipped. Sets result->stopped when the callback wants no more. `place` is put behind
 * the reason for a flow that is skipped. */
const char *json_entry_read(int64_t received_us, const char *value, size_t length_bytes,
                            const struct json_reader_options *options, const char *place,
                            struct json_reader_result *result);

/* Notes why something was skipped, when it is the first. */
void json_note_skipped(struct json_reader_result *result, const char *what, const char *why, const char *place);

#endif
