/* SPDX-License-Identifier: MIT */
/*
 * value_text.h - a value of a result as text
 */
#ifndef WEIR_QUERY_VALUE_TEXT_H
#define WEIR_QUERY_VALUE_TEXT_H

#include "query.h"
#include "text_buffer.h"

enum value_style {
    VALUE_CSV,    /* times in UTC as 2026-11-23T14:05:00.000000Z, text as it is, without the quotes of CSV */
    VALUE_JSON,   /* a JSON value; times as in CSV */
    VALUE_PEOPLE, /* times of the local zone; text made printable, on one line */
};

/* Room for any value that is neither text, octets nor made of others. */
#define VALUE_ROOM 64u

/* Whether a value has an upper bound of its length, which is VALUE_ROOM. */
static inline bool value_is_short(enum query_kind kind)
{
    return kind < QUERY_TEXT || (kind > QUERY_OCTETS && kind < QUERY_INTERVAL) || kind == QUERY_UUID;
}

/* Writes one that is not null, and for which value_is_short(), without NUL. Returns its end. */
char *value_put_short(char *to, const struct query_vector *vector, size_t row, enum value_style style);

/* Adds any value. Null is nothing, in JSON and within others "null". Octets are 0x0a1b2c. 0, or -1. */
int value_put(struct text_buffer *text, const struct query_vector *vector, size_t row, enum value_style style);

/* Adds text between the quotes of JSON; or what of it can be shown on a terminal, control characters as \n, \x1b. */
int value_put_json_string(struct text_buffer *text, const uint8_t *data, size_t size_bytes);
int value_put_printable(struct text_buffer *text, const uint8_t *data, size_t size_bytes);

#endif
