/* SPDX-License-Identifier: MIT */
/*
 * bit_pack.h - numbers in as few bits as they need
 *
 * Parquet's hybrid of runs and packed bits, for dictionary indices and levels:
 *
 *     run      varint (length << 1), value in whole octets, lowest first
 *     packed   varint (groups << 1 | 1), then 8 values for each group, `bits` bits each, lowest bit first
 */
#ifndef WEIR_STORE_BIT_PACK_H
#define WEIR_STORE_BIT_PACK_H

#include "octet_buffer.h"

/* How many bits a number up to `max` takes; 0 for 0. */
static inline unsigned bit_width(uint64_t max)
{
    return max == 0 ? 0 : 64 - (unsigned)__builtin_clzll(max);
}

/* Octets that packing takes, and how many more behind its end bit_pack() may write to. */
static inline size_t bit_packed_bytes(size_t count, unsigned bits)
{
    return (count * bits + 7) / 8;
}
enum { BIT_PACK_SLACK_BYTES = 8 };

/* Packs values, each below 2^bits, `bits` 0 to 32. `to` has room for bit_packed_bytes() and the slack. */
void bit_pack_u32(uint8_t *to, const uint32_t *values, size_t count, unsigned bits);

/* The same, `bits` 0 to 64, of value - base. */
void bit_pack_u64(uint8_t *to, const uint64_t *values, size_t count, uint64_t base, unsigned bits);

/* Appends values, each below 2^bits, `bits` 1 to 32, in the hybrid form. Each stands `repeats[i]` times, or once
 * where repeats is NULL. */
void hybrid_append(struct octet_buffer *to, const uint32_t *values, const uint32_t *repeats, size_t count,
                   unsigned bits);

/* Appends one run. */
void hybrid_append_run(struct octet_buffer *to, uint32_t value, uint64_t length, unsigned bits);

#endif
