/* SPDX-License-Identifier: MIT */
/*
 * chunk_choice.c - how a column of a row group is encoded
 *
 * Reading order: chunk_choose() at the end; what it remembers; what it chooses from; what a choice would come to.
 */
#include "chunk_task.h"

#include "bit_pack.h"

#include <math.h>

enum {
    SAMPLE_ITEMS = 8192,   /* that encodings are tried on */
    SAMPLE_DIFFERENT = 2048,
    SAMPLE_ENTRIES = 4096,
    SMALL_DICTIONARY = 256,
    MEMORY_GROUPS = 7
};

static const double worth_compressing = 0.95; /* what pages may come to at the most */
static const double gain_of_matches = 0.005;  /* that is left for speed */

/* What an item comes to, octets: as it is encoded, and with that compressed. */
struct estimate {
    double encoded, packed;
};

/* By a sample of the items. */
static struct estimate try_encoding(struct chunk_task *task, enum parquet_encoding encoding)
{
    struct chunk_writer *writer = task->writer;
    const uint32_t sample = writer->thorough ? 2 * SAMPLE_ITEMS : SAMPLE_ITEMS;
    const uint32_t count = chunk_page_items(task, 0) < sample ? chunk_page_items(task, 0) : sample;
    const uint32_t first = task->values->lengths == NULL ? (task->values->item_count - count) / 2 : 0;
    size_t start = 0;
    task->encoding = encoding;
    chunk_make_body(task, first, count, &start);
    const double size = (double)writer->body.size_bytes;
    const double share = page_try(&writer->pages, writer->codec, writer->body.data, writer->body.size_bytes, &writer->scratch);
    return (struct estimate){.encoded = size / count, .packed = size * share / count};
}

/* The same with a dictionary: indices, and each item's share of the entries, by a sample of both. */
static struct estimate try_dictionary(struct chunk_task *task)
{
    struct chunk_writer *writer = task->writer;
    const uint32_t all = writer->dictionary.count, some = all < SAMPLE_ENTRIES ? all : SAMPLE_ENTRIES;
    const int level = chunk_entries_level(task);
    chunk_make_entries(task, (all - some) / 2, some);
    const double share =
        page_try(&writer->pages, writer->codec, writer->body.data, writer->body.size_bytes, &writer->scratch);
    const double entries = (double)writer->body.size_bytes / some * all / task->values->item_count;
    writer->pages.level = level;
    const struct estimate indices = try_encoding(task, PARQUET_RLE_DICTIONARY);
    return (struct estimate){.encoded = indices.encoded + entries, .packed = indices.packed + entries * share};
}

static struct estimate try(struct chunk_task *task, enum parquet_encoding encoding)
{
    return encoding == PARQUET_RLE_DICTIONARY ? try_dictionary(task) : try_encoding(task, encoding);
}

static uint64_t dictionary_bytes(const struct chunk_task *task)
{
    const struct dictionary *dictionary = &task->writer->dictionary;
    uint64_t size_bytes = 0;
    for (uint32_t i = 0; i < dictionary->count && task->values->lengths != NULL; i++)
        size_bytes += task->values->lengths[dictionary->entries[i]];
    return size_bytes;
}

static enum dictionary_result make_dictionary(struct chunk_task *task)
{
    struct dictionary *dictionary = &task->writer->dictionary;
    const struct store_values *values = task->values;
    if (task->is_number && values->item_count > 1) {
        const enum dictionary_result result =
            dictionary_count(dictionary, values, task->is_signed, task->is_time, task->least, task->greatest);
        if (result != DICTIONARY_NOT)
            return result;
    }
    const bool wide = task->parquet->physical == PARQUET_FIXED || values->lengths != NULL;
    if (!task->writer->thorough && values->repeats == NULL && dictionary_sample(values, SAMPLE_DIFFERENT) > (wide ? 0.97 : 0.5))
        return DICTIONARY_NOT;
    const uint32_t count_max = values->repeats != NULL ? UINT32_MAX : values->item_count / 4 * 3 + 1;
    const enum dictionary_result result =
        task->is_number ? dictionary_hash_numbers(dictionary, values, count_max) : dictionary_hash(dictionary, values, count_max);
    if (result == DICTIONARY_MADE && task->writer->thorough && task->is_number &&
        dictionary_order(dictionary, values, task->is_signed) != 0)
        return DICTIONARY_MEMORY;
    return result;
}

/* Of indices, in whole octets or not. */
static unsigned code_bits(const struct chunk_task *task, bool whole_octets)
{
    const uint32_t count = task->writer->dictionary.count;
    const unsigned bits = count == 1 ? 1 : bit_width(count - 1);
    return whole_octets ? (bits + 7) / 8 * 8 : bits;
}

/* What compresses octets sees none in odd bits: indices that are far from equally frequent may take less in a whole octet. */
static bool try_whole_octets(const struct chunk_task *task)
{
    const struct dictionary *dictionary = &task->writer->dictionary;
    const unsigned bits = code_bits(task, false);
    return bits < 8 && dictionary->from_table && task->writer->codec == PARQUET_ZSTD && task->values->repeats == NULL &&
           dictionary->entropy_bits < bits * 0.95;
}

/* The least that was found yet. */
struct choice {
    double size; /* octets of an item, with those that the time for it is worth */
    enum parquet_encoding encoding;
    enum parquet_codec codec;
    unsigned code_bits;
    int level;
};

/* How long it takes to encode an item, nanoseconds, as measured; all that counts is which takes longer than another. */
static double encoding_ns(const struct chunk_task *task, enum parquet_encoding encoding)
{
    if (encoding == PARQUET_RLE_DICTIONARY)
        return task->writer->dictionary.from_table ? 2 : 10;
    return encoding == PARQUET_DELTA_BINARY_PACKED ? 3 : 0.5;
}

/* The same to compress an octet: numbers as they are have many short ones that come again. */
static double compressing_ns(const struct chunk_task *task, enum parquet_encoding encoding, int level)
{
    if (task->writer->codec == PARQUET_LZ4_RAW || level == PAGE_LEVEL_ENTROPY)
        return 1;
    return task->is_number && encoding == PARQUET_PLAIN ? 6 : 3;
}

static void consider(struct chunk_task *task, struct choice *best, enum parquet_encoding encoding, unsigned bits, int level)
{
    task->writer->pages.level = level;
    task->code_bits = bits;
    const struct estimate estimate = try(task, encoding);
    const double ns = encoding_ns(task, encoding), compressed_ns = ns + compressing_ns(task, encoding, level) * estimate.encoded;
    const double plain = estimate.encoded + task->writer->bytes_for_ns * ns;
    const double packed = estimate.packed + task->writer->bytes_for_ns * compressed_ns;
    const bool is_packed = estimate.packed < estimate.encoded * worth_compressing && packed < plain;
    const double size = is_packed ? packed : plain;
    if (size < best->size)
        *best = (struct choice){.size = size, .encoding = encoding, .code_bits = bits, .level = level,
                                .codec = is_packed ? task->writer->codec : PARQUET_UNCOMPRESSED};
}

/* Looking for what comes again is given up where it gains next to nothing. */
static void consider_entropy(struct chunk_task *task, struct choice *best)
{
    struct choice other = {.size = best->codec == PARQUET_ZSTD ? best->size * (1 + gain_of_matches) : best->size};
    if (task->writer->codec != PARQUET_ZSTD || best->level == PAGE_LEVEL_ENTROPY)
        return;
    consider(task, &other, best->encoding, best->code_bits, PAGE_LEVEL_ENTROPY);
    if (other.codec == PARQUET_ZSTD)
        *best = other;
}

/* What does not get smaller is stored in the frames of zstd all the same, where others are compressed by it. */
static void take(struct chunk_task *task, const struct choice *best)
{
    const bool is_stored = best->codec == PARQUET_UNCOMPRESSED && task->writer->codec == PARQUET_ZSTD;
    task->encoding = best->encoding;
    task->code_bits = best->code_bits;
    task->writer->pages.level = is_stored ? PAGE_LEVEL_STORED : best->level;
    task->chunk->codec = is_stored ? PARQUET_ZSTD : best->codec;
    if (best->encoding == PARQUET_RLE_DICTIONARY)
        task->chunk->distinct_count = task->writer->dictionary.count;
}

/*
 * Tries all that there is; indices also in whole octets, in which what compresses them sees more. Harder compression is
 * not always better: where nothing repeats, zstd's first level gains most by leaving it at that.
 */
static void choose_thoroughly(struct chunk_task *task, bool made)
{
    const int fast = 2, hard = task->writer->level;
    struct choice best = {.size = INFINITY};
    if (made) {
        const unsigned bits = bit_width(task->writer->dictionary.count - 1);
        consider(task, &best, PARQUET_RLE_DICTIONARY, code_bits(task, false), fast);
        if (bits % 8 != 0)
            consider(task, &best, PARQUET_RLE_DICTIONARY, code_bits(task, true), fast);
    }
    if (!made || task->writer->dictionary.count > SMALL_DICTIONARY) {
        consider(task, &best, PARQUET_PLAIN, 0, fast);
        if (task->is_number)
            consider(task, &best, PARQUET_DELTA_BINARY_PACKED, 0, fast);
    }
    if (task->writer->codec == PARQUET_ZSTD)
        consider(task, &best, best.encoding, best.code_bits, hard);
    consider_entropy(task, &best);
    take(task, &best);
    task->chunk->distinct_count = made ? task->writer->dictionary.count : 0;
}

static void choose_quickly(struct chunk_task *task, bool made)
{
    const int level = task->writer->level;
    struct choice best = {.size = INFINITY};
    if (made)
        consider(task, &best, PARQUET_RLE_DICTIONARY, code_bits(task, false), level);
    if (made && try_whole_octets(task))
        consider(task, &best, PARQUET_RLE_DICTIONARY, code_bits(task, true), PAGE_LEVEL_ENTROPY);
    /* nothing takes less than a small dictionary, or than one of few runs */
    if (!made || (task->values->repeats == NULL && task->writer->dictionary.count > SMALL_DICTIONARY)) {
        consider(task, &best, PARQUET_PLAIN, 0, level);
        if (task->is_number && task->values->repeats == NULL)
            consider(task, &best, PARQUET_DELTA_BINARY_PACKED, 0, level);
    }
    consider_entropy(task, &best);
    take(task, &best);
}

/* ------------------------------------------------------------------------------------------------------------- memory */

static struct chunk_memory *memory_of(const struct chunk_task *task)
{
    const unsigned size_class = bit_width(task->values->item_count);
    struct chunk_memory *memory =
        &task->writer->memories[((uint32_t)task->field_id * 31 + size_class) * 0x9e3779b1u >> 24 & (CHUNK_MEMORIES - 1)];
    if (memory->field_id != task->field_id || memory->size_class != size_class)
        *memory = (struct chunk_memory){.field_id = task->field_id, .size_class = (uint8_t)size_class};
    return memory;
}

static void remember(const struct chunk_task *task, struct chunk_memory *memory)
{
    memory->left = MEMORY_GROUPS;
    memory->encoding = (uint8_t)task->encoding;
    memory->codec = (uint8_t)task->chunk->codec;
    memory->level = (uint8_t)task->writer->pages.level;
    memory->whole_octets = task->encoding == PARQUET_RLE_DICTIONARY && task->code_bits % 8 == 0;
}

static void take_remembered(struct chunk_task *task, struct chunk_memory *memory)
{
    memory->left--;
    take(task, &(struct choice){.encoding = memory->encoding, .codec = memory->codec, .level = memory->level,
                                .code_bits = memory->encoding == PARQUET_RLE_DICTIONARY ? code_bits(task, memory->whole_octets) : 0});
}

int chunk_choose(struct chunk_task *task)
{
    const bool thorough = task->writer->thorough && task->values->repeats == NULL;
    struct chunk_memory *memory = thorough || task->values->repeats != NULL ? NULL : memory_of(task);
    const bool known = memory != NULL && memory->left > 0;
    if (known && memory->encoding != PARQUET_RLE_DICTIONARY) {
        take_remembered(task, memory);
        return 0;
    }
    const enum dictionary_result result = make_dictionary(task);
    if (result == DICTIONARY_MEMORY)
        return -1;
    const bool made = result == DICTIONARY_MADE && dictionary_bytes(task) <= CHUNK_DICTIONARY_BYTES;
    if (known && made) {
        take_remembered(task, memory);
        return 0;
    }
    if (thorough)
        choose_thoroughly(task, made);
    else
        choose_quickly(task, made);
    if (memory != NULL)
        remember(task, memory);
    return 0;
}
