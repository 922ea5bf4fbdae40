/* SPDX-License-Identifier: MIT */
/*
 * delta_pack.c - Parquet's DELTA_BINARY_PACKED
 */
#include "delta_pack.h"

#include "bit_pack.h"
#include "values.h"

enum { BLOCK = VALUES_BLOCK, MINIBLOCKS = 4, MINIBLOCK = BLOCK / MINIBLOCKS };

/* `count` differences, 1 to 128, less the least one; the last miniblock is made up with zeros. */
static void append_block(struct octet_buffer *to, int64_t least, const uint64_t *deltas, const uint64_t *any,
                         size_t count)
{
    const size_t used = (count + MINIBLOCK - 1) / MINIBLOCK;
    octet_buffer_append_varint(to, octet_zigzag(least));
    uint8_t *widths = octet_buffer_room(to, MINIBLOCKS + BLOCK * 8 + BIT_PACK_SLACK_BYTES);
    if (widths == NULL)
        return;
    uint8_t *at = widths + MINIBLOCKS;
    for (size_t m = 0; m < MINIBLOCKS; m++) {
        const unsigned bits = m < used ? bit_width(any[m]) : 0;
        widths[m] = (uint8_t)bits;
        bit_pack_u64(at, deltas + m * MINIBLOCK, MINIBLOCK, 0, bits);
        at += MINIBLOCK / 8 * bits;
    }
    to->size_bytes = (size_t)(at - to->data);
}

void delta_pack_append(struct octet_buffer *to, const int64_t *values, size_t count, bool narrow)
{
    uint64_t deltas[BLOCK], any[MINIBLOCKS];
    octet_buffer_append_varint(to, BLOCK);
    octet_buffer_append_varint(to, MINIBLOCKS);
    octet_buffer_append_varint(to, count);
    octet_buffer_append_varint(to, octet_zigzag(count == 0 ? 0 : narrow ? (int32_t)values[0] : values[0]));
    for (size_t i = 1; i < count;) {
        const size_t now = count - i < BLOCK ? count - i : BLOCK;
        const int64_t least = values_deltas(values + i - 1, (uint32_t)now, narrow, deltas, any);
        append_block(to, least, deltas, any, now);
        i += now;
    }
}
