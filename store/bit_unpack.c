/* SPDX-License-Identifier: MIT */
/*
 * bit_unpack.c - reads what bit_pack.h and delta_pack.h write
 */
#include "bit_unpack.h"

#include <string.h>

enum { GROUP = 8, BLOCK = 128, MINIBLOCKS = 4, MINIBLOCK = BLOCK / MINIBLOCKS, VARINT_BYTES_MAX = 10 };

static inline uint64_t load_u64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (int i = 0; i < VARINT_BYTES_MAX && *at < end; i++) {
        const uint8_t octet = *(*at)++;
        value |= (uint64_t)(octet & 0x7f) << (7 * i);
        if (octet < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

/* ----------------------------------------------------------------------------------------------------- the hybrid */

struct hybrid_reader hybrid_reader_init(const uint8_t *data, size_t size_bytes, unsigned bits)
{
    return (struct hybrid_reader){.at = data, .end = data + size_bytes, .bits = bits};
}

static void unpack(const uint8_t *packed, size_t first, size_t count, unsigned bits, uint32_t *to)
{
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    size_t bit = first * bits;
    for (size_t i = 0; i < count; i++, bit += bits)
        to[i] = (uint32_t)(load_u64(packed + bit / 8) >> bit % 8 & mask);
}

static bool next_run(struct hybrid_reader *reader)
{
    uint64_t head;
    if (!get_varint(&reader->at, reader->end, &head))
        return false;
    const size_t left = (size_t)(reader->end - reader->at);
    if ((head & 1) != 0) {
        const uint64_t groups = head >> 1;
        if (groups == 0 || groups > (reader->bits == 0 ? 0 : left / reader->bits))
            return false;
        reader->packed = reader->at;
        reader->packed_from = 0;
        reader->packed_left = groups * GROUP;
        reader->at += groups * reader->bits;
        return true;
    }
    const size_t octets = (reader->bits + 7) / 8;
    if (head == 0 || left < octets)
        return false;
    reader->value = 0;
    for (size_t i = 0; i < octets; i++)
        reader->value |= (uint32_t)reader->at[i] << (8 * i);
    reader->at += octets;
    reader->run_left = head >> 1;
    return true;
}

bool hybrid_read(struct hybrid_reader *reader, uint32_t *ret_values, size_t count)
{
    while (count > 0) {
        size_t now;
        if (reader->run_left > 0) {
            now = reader->run_left < count ? (size_t)reader->run_left : count;
            for (size_t i = 0; i < now; i++)
                ret_values[i] = reader->value;
            reader->run_left -= now;
        } else if (reader->packed_left > 0) {
            now = reader->packed_left < count ? (size_t)reader->packed_left : count;
            unpack(reader->packed, reader->packed_from, now, reader->bits, ret_values);
            reader->packed_from += now;
            reader->packed_left -= now;
        } else if (next_run(reader)) {
            continue;
        } else {
            return false;
        }
        ret_values += now;
        count -= now;
    }
    return true;
}

bool hybrid_at_end(const struct hybrid_reader *reader)
{
    return reader->at == reader->end && reader->run_left == 0 && reader->packed_left < GROUP;
}

/* ------------------------------------------------------------------------------------------------------ differences */

/* A number of up to 64 bits that begins at this bit. */
static uint64_t load_bits(const uint8_t *data, size_t bit, unsigned bits)
{
    const uint8_t *p = data + bit / 8;
    const unsigned shift = bit % 8;
    uint64_t value = load_u64(p) >> shift;
    if (shift + bits > 64)
        value |= (uint64_t)p[8] << (64 - shift);
    return bits == 64 ? value : value & (((uint64_t)1 << bits) - 1);
}

/* Adds up to 32 differences to `value`, which is the last one read. */
static uint64_t add_up(const uint8_t *data, unsigned bits, uint64_t least, size_t count, uint64_t value, bool narrow,
                       int64_t *ret_values)
{
    for (size_t i = 0; i < count; i++) {
        value += least + load_bits(data, i * bits, bits);
        if (narrow)
            value = (uint64_t)(int64_t)(int32_t)(uint32_t)value;
        ret_values[i] = (int64_t)value;
    }
    return value;
}

bool delta_unpack(const uint8_t *data, size_t size_bytes, bool narrow, size_t count, int64_t *ret_values)
{
    const uint8_t *at = data, *end = data + size_bytes;
    uint64_t block, miniblocks, total, number;
    if (!get_varint(&at, end, &block) || !get_varint(&at, end, &miniblocks) || !get_varint(&at, end, &total) ||
        !get_varint(&at, end, &number) || block != BLOCK || miniblocks != MINIBLOCKS || total != count || count == 0)
        return false;
    uint64_t value = (uint64_t)unzigzag(number);
    if (narrow && (int64_t)value != (int32_t)value)
        return false;
    ret_values[0] = (int64_t)value;
    for (size_t done = 1; done < count;) {
        if (!get_varint(&at, end, &number) || end - at < MINIBLOCKS)
            return false;
        const uint8_t *widths = at;
        at += MINIBLOCKS;
        for (size_t m = 0; m < MINIBLOCKS && done < count; m++) {
            const size_t now = count - done < MINIBLOCK ? count - done : MINIBLOCK;
            const size_t octets = (size_t)MINIBLOCK / 8 * widths[m];
            if (widths[m] > 64 || (size_t)(end - at) < octets)
                return false;
            value = add_up(at, widths[m], (uint64_t)unzigzag(number), now, value, narrow, ret_values + done);
            at += octets;
            done += now;
        }
    }
    return at == end;
}
