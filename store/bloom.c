/* SPDX-License-Identifier: MIT */
/*
 * bloom.c - Parquet's split block bloom filter
 */
#include "bloom.h"

#include "parquet.h"
#include "thrift_writer.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    WORDS = 8, /* of a block */
    BLOCK_BYTES = BLOOM_BLOCK_BYTES,
    BLOCKS_MAX = 1 << 17, /* 4 MiB */
    PIECE = 256
};

/* With so many of its bits set, a filter lets (share)^8 of other values through. */
static const double share_max = 0.7;

void bloom_done(struct bloom *bloom)
{
    free(bloom->words);
    *bloom = (struct bloom){0};
}

/* A filter for that many different values, of a power of two of blocks: 8 bits for each value at the least. */
static bool make_empty(struct bloom *bloom, uint32_t item_count)
{
    size_t count = 1;
    while (count < BLOCKS_MAX && count * BLOCK_BYTES < item_count)
        count *= 2;
    if (count > bloom->block_capacity) {
        uint32_t *words = realloc(bloom->words, count * BLOCK_BYTES);
        if (words == NULL)
            return false;
        bloom->words = words;
        bloom->block_capacity = count;
    }
    bloom->block_count = count;
    memset(bloom->words, 0, count * BLOCK_BYTES);
    return true;
}

static const uint32_t salts[WORDS] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                      0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

uint64_t bloom_hash(const void *plain, size_t size_bytes)
{
    return XXH64(plain, size_bytes, 0);
}

size_t bloom_block(uint64_t hash, size_t block_count)
{
    return (size_t)((hash >> 32) * block_count >> 32);
}

bool bloom_block_has(const uint8_t block[BLOOM_BLOCK_BYTES], uint64_t hash)
{
    uint32_t words[WORDS], set = 1;
    memcpy(words, block, sizeof words);
    for (int i = 0; i < WORDS; i++)
        set &= words[i] >> ((uint32_t)hash * salts[i] >> 27);
    return set != 0;
}

static inline void insert(struct bloom *bloom, uint64_t hash)
{
    uint32_t *words = bloom->words + bloom_block(hash, bloom->block_count) * WORDS;
    for (int i = 0; i < WORDS; i++)
        words[i] |= 1u << ((uint32_t)hash * salts[i] >> 27);
}

/* Hashes are those of values in Parquet's plain encoding. */
static void insert_numbers(struct bloom *bloom, const struct store_values *values,
                           const struct store_type_parquet *parquet)
{
    int64_t wide[PIECE];
    const size_t size_bytes = parquet->physical == PARQUET_INT32 ? 4 : 8;
    for (uint32_t done = 0; done < values->item_count;) {
        const uint32_t now = values->item_count - done < PIECE ? values->item_count - done : PIECE;
        values_widen(values, parquet->is_signed, done, now, wide);
        for (uint32_t i = 0; i < now; i++)
            insert(bloom, XXH64(&wide[i], size_bytes, 0));
        done += now;
    }
}

/* Where a value's block is tells by the highest bits of its hash, so that neighbours become one when there are half as
 * many. */
static void halve(struct bloom *bloom)
{
    bloom->block_count /= 2;
    for (size_t block = 0; block < bloom->block_count; block++) {
        for (size_t i = 0; i < WORDS; i++)
            bloom->words[block * WORDS + i] = bloom->words[2 * block * WORDS + i] |
                                               bloom->words[(2 * block + 1) * WORDS + i];
    }
}

static double share_of_bits(const struct bloom *bloom)
{
    uint64_t set = 0;
    for (size_t i = 0; i < bloom->block_count * WORDS; i++)
        set += (uint64_t)__builtin_popcount(bloom->words[i]);
    return (double)set / ((double)bloom->block_count * BLOCK_BYTES * 8);
}

int bloom_fill(struct bloom *bloom, enum store_type type, const struct store_values *values)
{
    const struct store_type_parquet *parquet = store_type_parquet(type);
    assert(values->lengths == NULL);
    if (!make_empty(bloom, values->item_count))
        return -1;
    if (parquet->physical == PARQUET_FIXED) {
        for (uint32_t i = 0; i < values->item_count; i++)
            insert(bloom, XXH64((const uint8_t *)values->data + (size_t)i * values->width_bytes, values->width_bytes,
                                0));
    } else {
        insert_numbers(bloom, values, parquet);
    }
    for (double clear = 1 - share_of_bits(bloom); bloom->block_count > 1 && 1 - clear * clear <= share_max;
         clear = 1 - share_of_bits(bloom))
        halve(bloom);
    return 0;
}

/* A union with one empty struct inside. */
static void append_kind(struct thrift_writer *writer, int16_t id)
{
    thrift_struct(writer, id);
    thrift_struct(writer, 1);
    thrift_end(writer);
    thrift_end(writer);
}

void bloom_append(const struct bloom *bloom, struct octet_buffer *to)
{
    struct thrift_writer writer = thrift_writer_init(to);
    thrift_i32(&writer, 1, (int32_t)(bloom->block_count * BLOCK_BYTES));
    append_kind(&writer, 2); /* split block */
    append_kind(&writer, 3); /* XXH64 */
    append_kind(&writer, 4); /* uncompressed */
    thrift_end(&writer);
    octet_buffer_append(to, bloom->words, bloom->block_count * BLOCK_BYTES);
}
