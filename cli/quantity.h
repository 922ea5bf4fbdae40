/* SPDX-License-Identifier: MIT */
/*
 * quantity.h - numbers with units, from the command line
 *
 * Each returns 0, or -1 when the text is none such or does not fit.
 */
#ifndef WEIR_CLI_QUANTITY_H
#define WEIR_CLI_QUANTITY_H

#include <stdint.h>

/* Digits only. */
int quantity_parse_count(const char *text, uint64_t *ret_count);

/* "500", "10K", "1.5M", "2G": octets, by 1024. */
int quantity_parse_size(const char *text, uint64_t *ret_bytes);

/* "90", "90s", "5m", "1h30m", "1d", "2w": seconds when there is no unit; above 0, at most 10 years. Microseconds. */
int quantity_parse_duration(const char *text, int64_t *ret_us);

#endif
