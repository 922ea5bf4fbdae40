/* SPDX-License-Identifier: MIT */
/*
 * filter_text.h - text that grows; once memory was short nothing is added, and the end tells
 */
#ifndef WEIR_QUERY_FILTER_TEXT_H
#define WEIR_QUERY_FILTER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct filter_text {
    char *data; /* ends in NUL */
    size_t length, room;
    bool failed;
};

void filter_text_put(struct filter_text *text, const char *data, size_t length);
void filter_text_add(struct filter_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text, which is the caller's now, or NULL when memory was short. */
char *filter_text_take(struct filter_text *text);

#endif
