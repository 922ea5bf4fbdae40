/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - text that is text (RFC 3629 section 4)
 */
#include "utf8.h"

/* Octets of the character that begins here, or 0 where it is none. */
static size_t character(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    const size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    const bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    const bool beyond = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    return overlong || beyond ? 0 : size;
}

bool utf8_valid(const uint8_t *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes;) {
        const size_t size = character(data + i, size_bytes - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}
