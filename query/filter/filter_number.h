/* SPDX-License-Identifier: MIT */
/*
 * filter_number.h - numbers as people write them
 */
#ifndef WEIR_QUERY_FILTER_NUMBER_H
#define WEIR_QUERY_FILTER_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum filter_number_fault {
    FILTER_NUMBER_OK,
    FILTER_NUMBER_NONE,     /* no number at all */
    FILTER_NUMBER_FRACTION, /* no whole number */
    FILTER_NUMBER_LARGE     /* beyond 64 bits */
};

/* "443", "0x1bb", "1.5M", "10Ki", "2GB", "10Mbps": k, M, G, T, P by 1000, Ki, Mi, ... by 1024, whatever the case. */
enum filter_number_fault filter_number_unsigned(const char *word, size_t length, uint64_t *ret_number);

/* "64512", "AS64512", "1.10" (RFC 5396). */
enum filter_number_fault filter_number_as(const char *word, size_t length, uint64_t *ret_number);

/* The same units, a fraction and a sign. */
bool filter_number_real(const char *word, size_t length, double *ret_number);

/* "500" (milliseconds), "500us", "3s", "1.5m", "2h", "1d": microseconds. */
bool filter_number_duration(const char *word, size_t length, double *ret_us);

#endif
