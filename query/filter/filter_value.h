/* SPDX-License-Identifier: MIT */
/*
 * filter_value.h - reads the values of terms: numbers with units, addresses, times, names
 */
#ifndef WEIR_QUERY_FILTER_VALUE_H
#define WEIR_QUERY_FILTER_VALUE_H

#include "filter_ast.h"

enum { FILTER_MESSAGE_SIZE = FILTER_ERROR_MESSAGE_SIZE };

/*
 * Reads a word, or what stands between quotes, as a value of this form for this source, and adds it to the filter's
 * values; some are more than one (`nat event create`; a network of IPv6 that IPv4's addresses lie in). False with
 * `message` when it is none, is out of range, there are too many, or memory is short.
 */
bool filter_value_add(struct filter *filter, const struct filter_source *source, enum filter_form form,
                      const char *word, size_t length, char message[FILTER_MESSAGE_SIZE]);


/* Writes a message; what is not printable ASCII becomes '?'. Returns false, for `return filter_complain(...)`. */
bool filter_complain(char message[FILTER_MESSAGE_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
