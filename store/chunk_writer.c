/* SPDX-License-Identifier: MIT */
/*
 * chunk_writer.c - one column of one row group: the choice of its encoding, and its pages
 *
 * Reading order: chunk_write() at the end; choose() above it; what writes pages; bounds; single values.
 */
#include "chunk_writer.h"

#include "bit_pack.h"
#include "delta_pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE_ITEMS = 8192,   /* that encodings are tried on */
    SAMPLE_DIFFERENT = 2048,
    SAMPLE_ENTRIES = 4096,
    SMALL_DICTIONARY = 256,
    MEMORY_GROUPS = 7,
    RUN_SAMPLE = 2048,   /* neighbours that are looked at, twice */
    RUN_MEAN = 16        /* rows that make runs worth it */
};


static const double worth_compressing = 0.95; /* what pages may come to at the most */
static const double gain_of_matches = 0.005;  /* that is left for speed */

/* A column being written. */
struct task {
    struct chunk_writer *writer;
    const struct store_values *values;
    const struct store_type_parquet *parquet;
    enum store_type type;
    int32_t field_id;
    bool is_number, is_signed, is_time;
    enum parquet_encoding encoding;
    unsigned code_bits; /* of dictionary indices */
    int64_t least, greatest; /* of numbers */
    struct octet_buffer *to;
    struct chunk *chunk;
};

void chunk_done(struct chunk *chunk)
{
    free(chunk->pages);
    *chunk = (struct chunk){0};
}

int chunk_writer_init(struct chunk_writer *writer, enum parquet_codec codec, int level)
{
    *writer = (struct chunk_writer){.codec = codec, .level = level, .wide = malloc(CHUNK_PAGE_ITEMS * sizeof *writer->wide)};
    if (page_writer_init(&writer->pages, level) == 0 && writer->wide != NULL)
        return 0;
    chunk_writer_done(writer);
    return -1;
}

void chunk_writer_done(struct chunk_writer *writer)
{
    page_writer_done(&writer->pages);
    dictionary_done(&writer->dictionary);
    octet_buffer_done(&writer->body);
    octet_buffer_done(&writer->scratch);
    octet_buffer_done(&writer->codes);
    octet_buffer_done(&writer->run_items);
    octet_buffer_done(&writer->run_lengths);
    free(writer->wide);
    writer->wide = NULL;
}

/* ---------------------------------------------------------------------------------------------------- values */

static void append_number(const struct task *task, uint64_t number)
{
    octet_buffer_append(&task->writer->body, &number, task->parquet->physical == PARQUET_INT32 ? 4 : 8);
}

static void append_float(const struct task *task, uint32_t item)
{
    if (task->type == STORE_F64 && task->values->width_bytes == sizeof(float)) {
        const double value = (double)((const float *)task->values->data)[item];
        octet_buffer_append(&task->writer->body, &value, sizeof value);
    } else {
        octet_buffer_append(&task->writer->body, (const uint8_t *)task->values->data + (size_t)item * task->values->width_bytes,
                            task->values->width_bytes);
    }
}

/* One item in Parquet's plain encoding; `start` is where a variable one begins. */
static void append_item(const struct task *task, uint32_t item, size_t start)
{
    const struct store_values *values = task->values;
    if (task->is_number) {
        int64_t number;
        values_widen(values, task->is_signed, item, 1, &number);
        append_number(task, (uint64_t)number);
    } else if (values->lengths != NULL) {
        octet_buffer_append(&task->writer->body, &values->lengths[item], sizeof values->lengths[item]);
        octet_buffer_append(&task->writer->body, (const uint8_t *)values->data + start, values->lengths[item]);
    } else if (task->parquet->physical == PARQUET_FIXED) {
        octet_buffer_append(&task->writer->body, (const uint8_t *)values->data + (size_t)item * values->width_bytes,
                            values->width_bytes);
    } else {
        append_float(task, item);
    }
}

/* Items from `first` on as they are; of variable ones `*start` is where the first begins, and is moved on. */
static void append_plain(const struct task *task, uint32_t first, uint32_t count, size_t *start)
{
    const struct store_values *values = task->values;
    struct octet_buffer *body = &task->writer->body;
    const bool as_it_is = values->lengths == NULL && values->repeats == NULL &&
                          (task->parquet->physical == PARQUET_FIXED ||
                           (values->width_bytes == 4 && task->parquet->physical == PARQUET_INT32) ||
                           (values->width_bytes == 8 && task->parquet->physical == PARQUET_INT64));
    if (as_it_is) {
        octet_buffer_append(body, (const uint8_t *)values->data + (size_t)first * values->width_bytes,
                            (size_t)count * values->width_bytes);
    } else if (task->is_number && values->repeats == NULL && task->parquet->physical == PARQUET_INT64) {
        values_widen(values, task->is_signed, first, count, task->writer->wide);
        octet_buffer_append(body, task->writer->wide, count * sizeof *task->writer->wide);
    } else {
        for (uint32_t i = first; i < first + count; i++) {
            for (uint32_t k = values->repeats == NULL ? 1 : values->repeats[i]; k > 0; k--)
                append_item(task, i, *start);
            if (values->lengths != NULL)
                *start += values->lengths[i];
        }
    }
}

/* ---------------------------------------------------------------------------------------------------- bounds */

static struct chunk_bound number_bound(const struct task *task, int64_t number)
{
    struct chunk_bound bound = {.size_bytes = task->parquet->physical == PARQUET_INT32 ? 4 : 8};
    memcpy(bound.octets, &number, bound.size_bytes);
    return bound;
}

static struct chunk_bound octets_bound(const uint8_t *data, uint32_t size_bytes)
{
    struct chunk_bound bound = {.size_bytes = (uint8_t)size_bytes};
    memcpy(bound.octets, data, size_bytes);
    return bound;
}

static int compare_octets(const struct chunk_bound *bound, const uint8_t *data, uint32_t size_bytes)
{
    const uint32_t common = bound->size_bytes < size_bytes ? bound->size_bytes : size_bytes;
    const int order = memcmp(bound->octets, data, common);
    return order != 0 ? order : (bound->size_bytes > size_bytes) - (bound->size_bytes < size_bytes);
}

static inline uint64_t from_big_endian(const uint8_t *octets)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | octets[i];
    return number;
}

/* The same of items of 16 octets, as two numbers each. */
static void find_address_bounds(const struct store_values *values, uint32_t first, uint32_t count, struct chunk_page *page)
{
    const uint8_t *data = (const uint8_t *)values->data + (size_t)first * 16, *least = data, *greatest = data;
    uint64_t least_high = from_big_endian(data), least_low = from_big_endian(data + 8);
    uint64_t greatest_high = least_high, greatest_low = least_low;
    for (uint32_t i = 1; i < count; i++) {
        const uint8_t *at = data + (size_t)i * 16;
        const uint64_t high = from_big_endian(at), low = from_big_endian(at + 8);
        if (high < least_high || (high == least_high && low < least_low)) {
            least = at;
            least_high = high;
            least_low = low;
        } else if (high > greatest_high || (high == greatest_high && low > greatest_low)) {
            greatest = at;
            greatest_high = high;
            greatest_low = low;
        }
    }
    page->least = octets_bound(least, 16);
    page->greatest = octets_bound(greatest, 16);
}

/* False where one of them is too long to be told. */
static bool find_octet_bounds(const struct task *task, uint32_t first, uint32_t count, size_t start, struct chunk_page *page)
{
    const struct store_values *values = task->values;
    if (values->lengths == NULL && values->width_bytes == 16) {
        find_address_bounds(values, first, count, page);
        return true;
    }
    for (uint32_t i = first; i < first + count; i++) {
        const uint32_t size_bytes = values->lengths == NULL ? values->width_bytes : values->lengths[i];
        const uint8_t *data = (const uint8_t *)values->data + (values->lengths == NULL ? (size_t)i * size_bytes : start);
        if (size_bytes > CHUNK_BOUND_BYTES)
            return false;
        if (i == first || compare_octets(&page->least, data, size_bytes) > 0)
            page->least = octets_bound(data, size_bytes);
        if (i == first || compare_octets(&page->greatest, data, size_bytes) < 0)
            page->greatest = octets_bound(data, size_bytes);
        start += size_bytes;
    }
    return true;
}

static void take_number_bounds(struct task *task, uint32_t first, uint32_t count, struct chunk_page *page, bool is_first)
{
    int64_t least, greatest;
    values_range(task->values, task->is_signed, first, count, &least, &greatest);
    page->least = number_bound(task, least);
    page->greatest = number_bound(task, greatest);
    const bool lower = task->is_signed ? least < task->least : (uint64_t)least < (uint64_t)task->least;
    const bool higher = task->is_signed ? greatest > task->greatest : (uint64_t)greatest > (uint64_t)task->greatest;
    if (is_first || lower)
        task->least = least;
    if (is_first || higher)
        task->greatest = greatest;
}

static void find_chunk_bounds(struct task *task)
{
    struct chunk *chunk = task->chunk;
    if (task->is_number) {
        chunk->least = number_bound(task, task->least);
        chunk->greatest = number_bound(task, task->greatest);
        return;
    }
    for (uint32_t i = 0; i < chunk->page_count; i++) {
        const struct chunk_page *page = &chunk->pages[i];
        if (i == 0 || compare_octets(&chunk->least, page->least.octets, page->least.size_bytes) > 0)
            chunk->least = page->least;
        if (i == 0 || compare_octets(&chunk->greatest, page->greatest.octets, page->greatest.size_bytes) < 0)
            chunk->greatest = page->greatest;
    }
}

/* The items of a page: those that stand for several rows are few, and all in one. */
static uint32_t page_items(const struct task *task, uint32_t first)
{
    const uint32_t *lengths = task->values->lengths;
    const uint32_t left = task->values->item_count - first;
    const uint32_t count = task->values->repeats != NULL || left < CHUNK_PAGE_ITEMS ? left : CHUNK_PAGE_ITEMS;
    if (lengths == NULL)
        return count;
    uint64_t size_bytes = lengths[first];
    for (uint32_t i = 1; i < count; i++) {
        size_bytes += lengths[first + i];
        if (size_bytes > CHUNK_PAGE_BYTES)
            return i;
    }
    return count;
}

static uint32_t count_pages(const struct task *task)
{
    uint32_t count = 0;
    for (uint32_t first = 0; first < task->values->item_count; first += page_items(task, first))
        count++;
    return count;
}

static int find_bounds(struct task *task)
{
    struct chunk *chunk = task->chunk;
    const uint32_t item_count = task->values->item_count;
    chunk->page_count = count_pages(task);
    chunk->pages = calloc(chunk->page_count, sizeof *chunk->pages);
    if (chunk->pages == NULL)
        return -1;
    const bool is_float = task->type == STORE_F32 || task->type == STORE_F64;
    chunk->is_bounded = !is_float; /* floats have no order that all readers agree on */
    size_t start = 0;
    for (uint32_t first = 0, p = 0; first < item_count && chunk->is_bounded; p++) {
        const uint32_t count = page_items(task, first);
        if (task->is_number)
            take_number_bounds(task, first, count, &chunk->pages[p], first == 0);
        else
            chunk->is_bounded = find_octet_bounds(task, first, count, start, &chunk->pages[p]);
        for (uint32_t i = first; i < first + count && task->values->lengths != NULL; i++)
            start += task->values->lengths[i];
        first += count;
    }
    if (chunk->is_bounded)
        find_chunk_bounds(task);
    return 0;
}

/* ----------------------------------------------------------------------------------------------------- pages */

/* All rows have a value, or none has: one run. */
static void append_levels(struct octet_buffer *body, uint64_t rows, bool present)
{
    const size_t at = body->size_bytes;
    uint32_t size_bytes = 0;
    octet_buffer_append(body, &size_bytes, sizeof size_bytes);
    hybrid_append_run(body, present ? 1 : 0, rows, 1);
    if (body->failed)
        return;
    size_bytes = (uint32_t)(body->size_bytes - at - sizeof size_bytes);
    memcpy(body->data + at, &size_bytes, sizeof size_bytes);
}

static void append_codes(const struct task *task, uint32_t first, uint32_t count)
{
    struct chunk_writer *writer = task->writer;
    const uint32_t *repeats = task->values->repeats;
    const uint32_t *codes = dictionary_codes(&writer->dictionary, first, count, &writer->codes);
    octet_buffer_append_u8(&writer->body, (uint8_t)task->code_bits);
    if (codes == NULL)
        writer->body.failed = true;
    else
        hybrid_append(&writer->body, codes, repeats == NULL ? NULL : repeats + first, count, task->code_bits);
}

static void make_body(const struct task *task, uint32_t first, uint32_t count, size_t *start)
{
    struct octet_buffer *body = &task->writer->body;
    octet_buffer_clear(body);
    append_levels(body, values_rows(task->values, first, count), true);
    switch (task->encoding) {
    case PARQUET_RLE_DICTIONARY:
        append_codes(task, first, count);
        break;
    case PARQUET_DELTA_BINARY_PACKED:
        values_widen(task->values, task->is_signed, first, count, task->writer->wide);
        delta_pack_append(body, task->writer->wide, count, task->parquet->physical == PARQUET_INT32);
        break;
    default:
        append_plain(task, first, count, start);
        break;
    }
}

static int write_page(const struct task *task, const struct page *page)
{
    const struct octet_buffer *body = &task->writer->body;
    if (body->failed)
        return -1;
    task->chunk->uncompressed_bytes += page_write(&task->writer->pages, page, body->data, body->size_bytes, task->to);
    return task->to->failed ? -1 : 0;
}

static void make_dictionary_body(const struct task *task, uint32_t first, uint32_t count)
{
    const struct dictionary *dictionary = &task->writer->dictionary;
    octet_buffer_clear(&task->writer->body);
    for (uint32_t i = first; i < first + count; i++) {
        if (dictionary->from_table) {
            append_number(task, dictionary->numbers[i]);
        } else {
            const uint32_t item = dictionary->entries[i];
            append_item(task, item, task->values->lengths == NULL ? 0 : dictionary->starts[item]);
        }
    }
}

/* Entries are often in order, so that much comes again whatever the indices are. Returns the level for those. */
static int set_dictionary_level(const struct task *task)
{
    struct chunk_writer *writer = task->writer;
    const int level = writer->pages.level;
    writer->pages.level = level == PAGE_LEVEL_ENTROPY ? writer->level : level;
    return level;
}

static int write_dictionary(struct task *task, uint64_t file_offset)
{
    const struct page page = {.kind = PARQUET_DICTIONARY_PAGE, .encoding = PARQUET_PLAIN, .codec = task->chunk->codec,
                              .value_count = task->writer->dictionary.count};
    task->chunk->dictionary_offset = file_offset + task->to->size_bytes;
    make_dictionary_body(task, 0, task->writer->dictionary.count);
    const int level = set_dictionary_level(task);
    const int result = write_page(task, &page);
    task->writer->pages.level = level;
    return result;
}

static int write_pages(struct task *task, uint64_t file_offset)
{
    struct chunk *chunk = task->chunk;
    size_t start = 0;
    uint64_t first_row = 0;
    for (uint32_t first = 0, p = 0; first < task->values->item_count; p++) {
        const uint32_t count = page_items(task, first);
        const uint64_t rows = values_rows(task->values, first, count);
        const struct page page = {.kind = PARQUET_DATA_PAGE, .encoding = task->encoding, .codec = chunk->codec,
                                  .value_count = (uint32_t)rows};
        const uint64_t begin = task->to->size_bytes;
        make_body(task, first, count, &start);
        if (write_page(task, &page) != 0)
            return -1;
        chunk->pages[p].offset = file_offset + begin;
        chunk->pages[p].size_bytes = (uint32_t)(task->to->size_bytes - begin);
        chunk->pages[p].first_row = first_row;
        first_row += rows;
        first += count;
    }
    return 0;
}

static int write_null(struct task *task, uint64_t file_offset)
{
    struct chunk *chunk = task->chunk;
    const struct page page = {.kind = PARQUET_DATA_PAGE, .encoding = PARQUET_PLAIN, .value_count = task->values->row_count};
    chunk->is_null = chunk->is_bounded = true;
    chunk->codec = PARQUET_UNCOMPRESSED;
    chunk->page_count = 1;
    chunk->pages = calloc(1, sizeof *chunk->pages);
    if (chunk->pages == NULL)
        return -1;
    const size_t begin = task->to->size_bytes;
    octet_buffer_clear(&task->writer->body);
    append_levels(&task->writer->body, task->values->row_count, false);
    if (write_page(task, &page) != 0)
        return -1;
    chunk->pages[0] =
        (struct chunk_page){.offset = file_offset + begin, .size_bytes = (uint32_t)(task->to->size_bytes - begin)};
    return 0;
}

/* ------------------------------------------------------------------------------------------------ the choice */

/* What an item comes to, octets: as it is encoded, and with that compressed. */
struct estimate {
    double encoded, packed;
};

/* By a sample of the items. */
static struct estimate try_encoding(struct task *task, enum parquet_encoding encoding)
{
    struct chunk_writer *writer = task->writer;
    const uint32_t sample = writer->thorough ? 2 * SAMPLE_ITEMS : SAMPLE_ITEMS;
    const uint32_t count = page_items(task, 0) < sample ? page_items(task, 0) : sample;
    const uint32_t first = task->values->lengths == NULL ? (task->values->item_count - count) / 2 : 0;
    size_t start = 0;
    task->encoding = encoding;
    make_body(task, first, count, &start);
    const double size = (double)writer->body.size_bytes;
    const double share = page_try(&writer->pages, writer->codec, writer->body.data, writer->body.size_bytes, &writer->scratch);
    return (struct estimate){.encoded = size / count, .packed = size * share / count};
}

/* The same with a dictionary: indices, and each item's share of the entries, by a sample of both. */
static struct estimate try_dictionary(struct task *task)
{
    struct chunk_writer *writer = task->writer;
    const uint32_t all = writer->dictionary.count, some = all < SAMPLE_ENTRIES ? all : SAMPLE_ENTRIES;
    const int level = set_dictionary_level(task);
    make_dictionary_body(task, (all - some) / 2, some);
    const double share =
        page_try(&writer->pages, writer->codec, writer->body.data, writer->body.size_bytes, &writer->scratch);
    const double entries = (double)writer->body.size_bytes / some * all / task->values->item_count;
    writer->pages.level = level;
    const struct estimate indices = try_encoding(task, PARQUET_RLE_DICTIONARY);
    return (struct estimate){.encoded = indices.encoded + entries, .packed = indices.packed + entries * share};
}

static struct estimate try(struct task *task, enum parquet_encoding encoding)
{
    return encoding == PARQUET_RLE_DICTIONARY ? try_dictionary(task) : try_encoding(task, encoding);
}

static uint64_t dictionary_bytes(const struct task *task)
{
    const struct dictionary *dictionary = &task->writer->dictionary;
    uint64_t size_bytes = 0;
    for (uint32_t i = 0; i < dictionary->count && task->values->lengths != NULL; i++)
        size_bytes += task->values->lengths[dictionary->entries[i]];
    return size_bytes;
}

static enum dictionary_result make_dictionary(struct task *task)
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
static unsigned code_bits(const struct task *task, bool whole_octets)
{
    const uint32_t count = task->writer->dictionary.count;
    const unsigned bits = count == 1 ? 1 : bit_width(count - 1);
    return whole_octets ? (bits + 7) / 8 * 8 : bits;
}

/* What compresses octets sees none in odd bits: indices that are far from equally frequent may take less in a whole octet. */
static bool try_whole_octets(const struct task *task)
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
static double encoding_ns(const struct task *task, enum parquet_encoding encoding)
{
    if (encoding == PARQUET_RLE_DICTIONARY)
        return task->writer->dictionary.from_table ? 2 : 10;
    return encoding == PARQUET_DELTA_BINARY_PACKED ? 3 : 0.5;
}

/* The same to compress an octet: numbers as they are have many short ones that come again. */
static double compressing_ns(const struct task *task, enum parquet_encoding encoding, int level)
{
    if (task->writer->codec == PARQUET_LZ4_RAW || level == PAGE_LEVEL_ENTROPY)
        return 1;
    return task->is_number && encoding == PARQUET_PLAIN ? 6 : 3;
}

static void consider(struct task *task, struct choice *best, enum parquet_encoding encoding, unsigned bits, int level)
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
static void consider_entropy(struct task *task, struct choice *best)
{
    struct choice other = {.size = best->codec == PARQUET_ZSTD ? best->size * (1 + gain_of_matches) : best->size};
    if (task->writer->codec != PARQUET_ZSTD || best->level == PAGE_LEVEL_ENTROPY)
        return;
    consider(task, &other, best->encoding, best->code_bits, PAGE_LEVEL_ENTROPY);
    if (other.codec == PARQUET_ZSTD)
        *best = other;
}

static void take(struct task *task, const struct choice *best)
{
    task->encoding = best->encoding;
    task->code_bits = best->code_bits;
    task->writer->pages.level = best->level;
    task->chunk->codec = best->codec;
    if (best->encoding == PARQUET_RLE_DICTIONARY)
        task->chunk->distinct_count = task->writer->dictionary.count;
}

/*
 * Tries all that there is; indices also in whole octets, in which what compresses them sees more. Harder compression is
 * not always better: where nothing repeats, zstd's first level gains most by leaving it at that.
 */
static void choose_thoroughly(struct task *task, bool made)
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

static void choose_quickly(struct task *task, bool made)
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

static struct chunk_memory *memory_of(const struct task *task)
{
    const unsigned size_class = bit_width(task->values->item_count);
    struct chunk_memory *memory =
        &task->writer->memories[((uint32_t)task->field_id * 31 + size_class) * 0x9e3779b1u >> 24 & (CHUNK_MEMORIES - 1)];
    if (memory->field_id != task->field_id || memory->size_class != size_class)
        *memory = (struct chunk_memory){.field_id = task->field_id, .size_class = (uint8_t)size_class};
    return memory;
}

static void remember(const struct task *task, struct chunk_memory *memory)
{
    memory->left = MEMORY_GROUPS;
    memory->encoding = (uint8_t)task->encoding;
    memory->codec = (uint8_t)task->chunk->codec;
    memory->level = (uint8_t)task->writer->pages.level;
    memory->whole_octets = task->encoding == PARQUET_RLE_DICTIONARY && task->code_bits % 8 == 0;
}

static void take_remembered(struct task *task, struct chunk_memory *memory)
{
    memory->left--;
    take(task, &(struct choice){.encoding = memory->encoding, .codec = memory->codec, .level = memory->level,
                                .code_bits = memory->encoding == PARQUET_RLE_DICTIONARY ? code_bits(task, memory->whole_octets) : 0});
}

static int choose(struct task *task)
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

/* What is alike for many rows one behind the other, as a sample tells, is one item for them: `ret_runs`. Else the values as they are. */
static const struct store_values *find_runs(struct chunk_writer *writer, const struct store_values *values, struct store_values *ret_runs)
{
    const uint32_t count = values->item_count, piece = count / 4 < RUN_SAMPLE ? count / 4 : RUN_SAMPLE;
    const uint32_t run_max = count / RUN_MEAN;
    if (writer->thorough || values->repeats != NULL || count < RUN_SAMPLE ||
        values_changes(values, 0, piece) + values_changes(values, count - piece, piece) > 2 * piece / RUN_MEAN)
        return values;
    octet_buffer_clear(&writer->run_items);
    octet_buffer_clear(&writer->run_lengths);
    void *items = octet_buffer_room(&writer->run_items, (size_t)run_max * values->width_bytes);
    void *lengths = octet_buffer_room(&writer->run_lengths, run_max * sizeof(uint32_t));
    const uint32_t runs = items == NULL || lengths == NULL ? 0 : values_runs(values, run_max, items, lengths);
    if (runs == 0)
        return values;
    *ret_runs = (struct store_values){
        .data = items, .repeats = lengths, .item_count = runs, .width_bytes = values->width_bytes, .row_count = values->row_count};
    return ret_runs;
}

int chunk_write(struct chunk_writer *writer, int32_t field_id, enum store_type type, const struct store_values *values, uint64_t file_offset,
                struct octet_buffer *to, struct chunk *ret_chunk)
{
    const struct store_type_parquet *parquet = store_type_parquet(type);
    struct chunk chunk = {.value_count = values->row_count, .encodings = 1u << PARQUET_RLE};
    struct store_values runs;
    struct task task = {
        .writer = writer, .values = values, .parquet = parquet, .type = type, .field_id = field_id, .to = to, .chunk = &chunk,
        .is_number = parquet->physical == PARQUET_INT32 || parquet->physical == PARQUET_INT64,
        .is_signed = parquet->is_signed, .is_time = type == STORE_TIME_US,
    };
    const size_t begin = to->size_bytes;
    int result = 0;
    if (task.is_number && values->item_count > 0)
        task.values = find_runs(writer, values, &runs);
    writer->pages.level = writer->level;
    if (values->item_count == 0) {
        chunk.encodings |= 1u << PARQUET_PLAIN;
        result = write_null(&task, file_offset);
    } else {
        result = find_bounds(&task) != 0 || choose(&task) != 0 ? -1 : 0;
        if (result == 0) {
            chunk.encodings |= 1u << task.encoding;
            if (task.encoding == PARQUET_RLE_DICTIONARY) {
                chunk.encodings |= 1u << PARQUET_PLAIN;
                result = write_dictionary(&task, file_offset);
            }
        }
        if (result == 0)
            result = write_pages(&task, file_offset);
    }
    if (result != 0) {
        chunk_done(&chunk);
        return -1;
    }
    chunk.size_bytes = to->size_bytes - begin;
    chunk.data_offset = chunk.pages[0].offset;
    *ret_chunk = chunk;
    return 0;
}
