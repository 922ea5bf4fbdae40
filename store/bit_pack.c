/* SPDX-License-Identifier: MIT */
/*
 * bit_pack.c - numbers in as few bits as they need
 */
#include "bit_pack.h"

#include <assert.h>

enum {
    GROUP = 8,      /* values that are packed together */
    RUN_MIN = 16,   /* shorter runs are packed */
    PACK_MAX = 504  /* values behind one header of one octet: 63 groups */
};

static inline void store_u64(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

void bit_pack_u64(uint8_t *to, const uint64_t *values, size_t count, uint64_t base, unsigned bits)
{
    uint64_t window = 0;
    unsigned filled = 0;
    if (bits == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const uint64_t value = values[i] - base;
        window |= value << filled;
        filled += bits;
        if (filled >= 64) {
            store_u64(to, window);
            to += 8;
            filled -= 64;
            window = filled == 0 ? 0 : value >> (bits - filled);
        }
    }
    if (filled > 0)
        store_u64(to, window);
}

/* Eight values of one octet each, below 2^bits, moved together pair by pair. */
static inline uint64_t squeeze_8(uint64_t x, unsigned bits)
{
    const unsigned away = 8 - bits;
    x = (x & 0x00ff00ff00ff00ffu) | (x & 0xff00ff00ff00ff00u) >> away;
    x = (x & 0x0000ffff0000ffffu) | (x & 0xffff0000ffff0000u) >> (2 * away);
    return (x & 0x00000000ffffffffu) | (x & 0xffffffff00000000u) >> (4 * away);
}

static void pack_small(uint8_t *to, const uint32_t *values, size_t count, unsigned bits)
{
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP) {
        uint64_t octets = 0;
        for (int k = 0; k < GROUP; k++)
            octets |= (uint64_t)values[i + (size_t)k] << (8 * k);
        store_u64(to, squeeze_8(octets, bits));
        to += bits;
    }
    if (i < count) {
        uint64_t octets = 0;
        for (int k = 0; i < count; i++, k++)
            octets |= (uint64_t)values[i] << (8 * k);
        store_u64(to, squeeze_8(octets, bits));
    }
}

static void pack_16(uint8_t *to, const uint32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[2 * i] = (uint8_t)values[i];
        to[2 * i + 1] = (uint8_t)(values[i] >> 8);
    }
}

void bit_pack_u32(uint8_t *to, const uint32_t *values, size_t count, unsigned bits)
{
    if (bits == 0)
        return;
    if (bits <= 8) {
        pack_small(to, values, count, bits);
        return;
    }
    if (bits == 16) {
        pack_16(to, values, count);
        return;
    }
    uint64_t window = 0;
    unsigned filled = 0;
    for (size_t i = 0; i < count; i++) {
        window |= (uint64_t)values[i] << filled;
        filled += bits;
        if (filled >= 32) {
            to[0] = (uint8_t)window;
            to[1] = (uint8_t)(window >> 8);
            to[2] = (uint8_t)(window >> 16);
            to[3] = (uint8_t)(window >> 24);
            to += 4;
            window >>= 32;
            filled -= 32;
        }
    }
    if (filled > 0)
        store_u64(to, window);
}

void hybrid_append_run(struct octet_buffer *to, uint32_t value, uint64_t length, unsigned bits)
{
    octet_buffer_append_varint(to, length << 1);
    for (unsigned i = 0; i < (bits + 7) / 8; i++)
        octet_buffer_append_u8(to, (uint8_t)(value >> (8 * i)));
}

/* `count` values, a multiple of 8 unless they are the last of all: what is missing of a group is 0. */
static void append_packed(struct octet_buffer *to, const uint32_t *values, size_t count, unsigned bits)
{
    while (count > 0) {
        const size_t now = count < PACK_MAX ? count : PACK_MAX;
        const size_t groups = (now + GROUP - 1) / GROUP;
        octet_buffer_append_u8(to, (uint8_t)(groups << 1 | 1));
        const size_t size = groups * bits;
        uint8_t *at = octet_buffer_room(to, size + BIT_PACK_SLACK_BYTES);
        if (at == NULL)
            return;
        memset(at + size - bits, 0, bits);
        bit_pack_u32(at, values, now, bits);
        to->size_bytes += size;
        values += now;
        count -= now;
    }
}

/* Values that stand once each: long runs of the same one are written as such, what lies between them is packed. */
static void append_single(struct octet_buffer *to, const uint32_t *values, size_t count, unsigned bits)
{
    size_t packed_from = 0, i = 0;
    while (i < count) {
        size_t end = i + 1;
        while (end < count && values[end] == values[i])
            end++;
        const size_t begin = packed_from + (i - packed_from + GROUP - 1) / GROUP * GROUP; /* whole groups before it */
        if (end >= begin + RUN_MIN) {
            append_packed(to, values + packed_from, begin - packed_from, bits);
            hybrid_append_run(to, values[i], end - begin, bits);
            packed_from = end;
        }
        i = end;
    }
    append_packed(to, values + packed_from, count - packed_from, bits);
}

/* Many different neighbours: looking for runs would be in vain. */
static bool has_runs(const uint32_t *values, size_t count)
{
    size_t changes = 0;
    for (size_t i = 1; i < count; i++)
        changes += values[i] != values[i - 1];
    return changes <= count / 4;
}

void hybrid_append(struct octet_buffer *to, const uint32_t *values, const uint32_t *repeats, size_t count,
                   unsigned bits)
{
    assert(bits >= 1 && bits <= 32);
    if (repeats == NULL) {
        if (has_runs(values, count))
            append_single(to, values, count, bits);
        else
            append_packed(to, values, count, bits);
        return;
    }
    for (size_t i = 0; i < count;) {
        uint64_t length = repeats[i];
        size_t next = i + 1;
        while (next < count && values[next] == values[i])
            length += repeats[next++];
        if (length > 0)
            hybrid_append_run(to, values[i], length, bits);
        i = next;
    }
}
