/* SPDX-License-Identifier: MIT */
/*
 * octets.h - numbers in network byte order
 *
 * What writes one returns where the next one goes.
 */
#ifndef WEIR_REPLAY_OCTETS_H
#define WEIR_REPLAY_OCTETS_H

#include <stdint.h>
#include <string.h>

/* From network byte order, or to it. */
static inline uint32_t octets_swap32(uint32_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(value) : value;
}

static inline uint64_t octets_swap64(uint64_t value)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

static inline uint8_t *octets_put8(uint8_t *at, uint32_t value)
{
    *at = (uint8_t)value;
    return at + 1;
}

static inline uint8_t *octets_put16(uint8_t *at, uint32_t value)
{
    return octets_put8(octets_put8(at, value >> 8), value);
}

static inline uint8_t *octets_put32(uint8_t *at, uint32_t value)
{
    const uint32_t swapped = octets_swap32(value);
    memcpy(at, &swapped, sizeof swapped);
    return at + sizeof swapped;
}

static inline uint8_t *octets_put64(uint8_t *at, uint64_t value)
{
    const uint64_t swapped = octets_swap64(value);
    memcpy(at, &swapped, sizeof swapped);
    return at + sizeof swapped;
}

static inline uint32_t octets_get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return octets_swap32(value);
}

static inline uint64_t octets_get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return octets_swap64(value);
}

#endif
