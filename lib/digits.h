/* SPDX-License-Identifier: MIT */
/*
 * digits.h - integers as text, fast
 *
 * Each function writes at `to` and returns the place behind what it wrote: 20 octets at the most.
 */
#ifndef WEIR_DIGITS_H
#define WEIR_DIGITS_H

#include <stdint.h>
#include <string.h>

static inline char *digits_u64(char *to, uint64_t value)
{
    char text[20];
    char *at = text + sizeof text;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    const size_t length = (size_t)(text + sizeof text - at);
    memcpy(to, at, length);
    return to + length;
}

static inline char *digits_i64(char *to, int64_t value)
{
    if (value >= 0)
        return digits_u64(to, (uint64_t)value);
    *to++ = '-';
    return digits_u64(to, -(uint64_t)value);
}

static inline char *digits_hex(char *to, uint8_t octet)
{
    static const char hex[] = "0123456789abcdef";
    *to++ = hex[octet >> 4];
    *to++ = hex[octet & 15];
    return to;
}

#endif
