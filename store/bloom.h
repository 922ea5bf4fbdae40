/* SPDX-License-Identifier: MIT */
/*
 * bloom.h - Parquet's split block bloom filter: tells of most values that are not in a column that they are not
 *
 *     header (Thrift)   octets of the bits, kinds of filter, hash and compression: block, XXH64, none
 *     bits              blocks of 256 bits; a value sets one bit in each of the 8 words of one block
 */
#ifndef WEIR_STORE_BLOOM_H
#define WEIR_STORE_BLOOM_H

#include "octet_buffer.h"
#include "values.h"

/* A note of the file: the CRC-32 of all its filters, one behind the other. One bit too few in them hides flows. */
#define BLOOM_SUM_NOTE "weir.blooms"

enum { BLOOM_BLOCK_BYTES = 32 };

/* The hash of a value in Parquet's plain encoding; which of the blocks is the value's; and whether that block lets it
 * through. */
uint64_t bloom_hash(const void *plain, size_t size_bytes);
size_t bloom_block(uint64_t hash, size_t block_count);
bool bloom_block_has(const uint8_t block[BLOOM_BLOCK_BYTES], uint64_t hash);

/* A filter of zeros is empty. Used for one column after the other it keeps its memory. */
struct bloom {
    uint32_t *words;
    size_t block_count, block_capacity;
};

void bloom_done(struct bloom *bloom);

/* Makes the filter of these values, numbers or of a fixed length: as small as lets about one of twenty others through.
 * 0, or -1 without memory. */
int bloom_fill(struct bloom *bloom, enum store_type type, const struct store_values *values);

/* Appends header and bits. */
void bloom_append(const struct bloom *bloom, struct octet_buffer *to);

#endif
