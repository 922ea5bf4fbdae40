/* SPDX-License-Identifier: MIT */
/* footer_sum.c - the checksum of a footer */
#include "footer_sum.h"

#include "store_format.h"

#include <assert.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = sizeof FOOTER_SUM_ZEROS - 1 };

/* Where the digits are; `size_bytes` where there are none. */
static size_t find_digits(const uint8_t *footer, size_t size_bytes)
{
    const uint8_t *value = file_note_find(footer, size_bytes, FOOTER_SUM_NOTE);
    return value != NULL && *value == DIGITS ? (size_t)(value + 1 - footer) : size_bytes;
}

static void sum_up(const uint8_t *footer, size_t size_bytes, size_t at, char digits[DIGITS + 1])
{
    uint32_t sum = libdeflate_crc32(0, footer, at);
    sum = libdeflate_crc32(sum, FOOTER_SUM_ZEROS, DIGITS);
    sum = libdeflate_crc32(sum, footer + at + DIGITS, size_bytes - at - DIGITS);
    snprintf(digits, DIGITS + 1, "%08x", sum);
}

void footer_sum_put(uint8_t *footer, size_t size_bytes)
{
    char digits[DIGITS + 1];
    const size_t at = find_digits(footer, size_bytes);
    assert(at < size_bytes);
    sum_up(footer, size_bytes, at, digits);
    memcpy(footer + at, digits, DIGITS);
}

bool footer_sum_differs(const uint8_t *footer, size_t size_bytes)
{
    char digits[DIGITS + 1];
    const size_t at = find_digits(footer, size_bytes);
    if (at == size_bytes)
        return false;
    sum_up(footer, size_bytes, at, digits);
    return memcmp(footer + at, digits, DIGITS) != 0;
}
