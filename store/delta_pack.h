/* SPDX-License-Identifier: MIT */
/*
 * delta_pack.h - Parquet's DELTA_BINARY_PACKED: differences of neighbours, packed
 *
 *     varint 128 | varint 4 | varint count | zigzag varint of the first value | block, block, ...
 *     block      zigzag varint of the least difference | 4 octets: bits of each miniblock | its miniblocks
 *     miniblock  32 differences less the least one, packed; the last one is filled with zeros
 */
#ifndef WEIR_STORE_DELTA_PACK_H
#define WEIR_STORE_DELTA_PACK_H

#include "octet_buffer.h"

/* Appends the numbers, sign-extended to 64 bits; with `narrow` they are Parquet's INT32, and differences wrap there. */
void delta_pack_append(struct octet_buffer *to, const int64_t *values, size_t count, bool narrow);

#endif
