/* SPDX-License-Identifier: MIT */
/*
 * delta_pack.c - Parquet's DELTA_BINARY_PACKED
 */
#include "delta_pack.h"

#include "bit_pack.h"

enum { BLOCK = 128, MINIBLOCKS = 4, MINIBLOCK = BLOCK / MINIBLOCKS };

/* `count` differences, 1 to 128, at the end of `deltas` made up to whole miniblocks with the least one. */
static void append_block(struct octet_buffer *to, uint64_t *deltas, size_t count)
{
    int64_t least = (int64_t)deltas[0];
    for (size_t i = 1; i < count; i++)
        least = (int64_t)deltas[i] < least ? (int64_t)deltas[i] : least;
    const size_t used = (count + MINIBLOCK - 1) / MINIBLOCK;
    for (size_t i = count; i < used * MINIBLOCK; i++)
        deltas[i] = (uint64_t)least;
    octet_buffer_append_varint(to, octet_zigzag(least));
    uint8_t *widths = octet_buffer_room(to, MINIBLOCKS + BLOCK * 8 + BIT_PACK_SLACK_BYTES);
    if (widths == NULL)
        return;
    uint8_t *at = widths + MINIBLOCKS;
    for (size_t m = 0; m < MINIBLOCKS; m++) {
        uint64_t any = 0;
        for (size_t i = 0; i < MINIBLOCK && m < used; i++)
            any |= deltas[m * MINIBLOCK + i] - (uint64_t)least;
        const unsigned bits = bit_width(any);
        widths[m] = (uint8_t)bits;
        if (bits > 0)
            bit_pack_u64(at, deltas + m * MINIBLOCK, MINIBLOCK, (uint64_t)least, bits);
        at += MINIBLOCK / 8 * bits;
    }
    to->size_bytes = (size_t)(at - to->data);
}

void delta_pack_append(struct octet_buffer *to, const int64_t *values, size_t count, bool narrow)
{
    uint64_t deltas[BLOCK];
    octet_buffer_append_varint(to, BLOCK);
    octet_buffer_append_varint(to, MINIBLOCKS);
    octet_buffer_append_varint(to, count);
    octet_buffer_append_varint(to, octet_zigzag(count == 0 ? 0 : narrow ? (int32_t)values[0] : values[0]));
    for (size_t i = 1; i < count;) {
        const size_t now = count - i < BLOCK ? count - i : BLOCK;
        if (narrow) {
            for (size_t k = 0; k < now; k++)
                deltas[k] = (uint64_t)(int64_t)(int32_t)((uint32_t)values[i + k] - (uint32_t)values[i + k - 1]);
        } else {
            for (size_t k = 0; k < now; k++)
                deltas[k] = (uint64_t)values[i + k] - (uint64_t)values[i + k - 1];
        }
        append_block(to, deltas, now);
        i += now;
    }
}
