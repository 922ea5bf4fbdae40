/* SPDX-License-Identifier: MIT */
/*
 * chunk_writer.c - one column of one row group: its pages
 *
 * Reading order: chunk_write() at the end; what writes pages above it; single values. What is chosen: chunk_choice.c.
 */
#include "chunk_task.h"

#include "bit_pack.h"
#include "delta_pack.h"

#include <stdlib.h>
#include <string.h>

enum {
    RUN_SAMPLE = 2048,   /* neighbours that are looked at, twice */
    RUN_MEAN = 16        /* rows that make runs worth it */
};

void chunk_done(struct chunk *chunk)
{
    free(chunk->pages);
    *chunk = (struct chunk){0};
}

int chunk_writer_init(struct chunk_writer *writer, enum parquet_codec codec, int level)
{
    *writer = (struct chunk_writer){.codec = codec, .level = level,
                                    .wide = malloc(CHUNK_PAGE_ITEMS * sizeof *writer->wide)};
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

static void append_number(const struct chunk_task *task, uint64_t number)
{
    octet_buffer_append(&task->writer->body, &number, task->parquet->physical == PARQUET_INT32 ? 4 : 8);
}

static void append_float(const struct chunk_task *task, uint32_t item)
{
    if (task->type == STORE_F64 && task->values->width_bytes == sizeof(float)) {
        const double value = (double)((const float *)task->values->data)[item];
        octet_buffer_append(&task->writer->body, &value, sizeof value);
    } else {
        octet_buffer_append(&task->writer->body,
                            (const uint8_t *)task->values->data + (size_t)item * task->values->width_bytes,
                            task->values->width_bytes);
    }
}

/* One item in Parquet's plain encoding; `start` is where a variable one begins. */
static void append_item(const struct chunk_task *task, uint32_t item, size_t start)
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
static void append_plain(const struct chunk_task *task, uint32_t first, uint32_t count, size_t *start)
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

static void append_codes(const struct chunk_task *task, uint32_t first, uint32_t count)
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

void chunk_make_body(const struct chunk_task *task, uint32_t first, uint32_t count, size_t *start)
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

static int write_page(const struct chunk_task *task, const struct page *page)
{
    const struct octet_buffer *body = &task->writer->body;
    if (body->failed)
        return -1;
    task->chunk->uncompressed_bytes += page_write(&task->writer->pages, page, body->data, body->size_bytes, task->to);
    return task->to->failed ? -1 : 0;
}

void chunk_make_entries(const struct chunk_task *task, uint32_t first, uint32_t count)
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
int chunk_entries_level(const struct chunk_task *task)
{
    struct chunk_writer *writer = task->writer;
    const int level = writer->pages.level;
    writer->pages.level = level == PAGE_LEVEL_ENTROPY || level == PAGE_LEVEL_STORED ? writer->level : level;
    return level;
}

static int write_dictionary(struct chunk_task *task, uint64_t file_offset)
{
    const struct page page = {.kind = PARQUET_DICTIONARY_PAGE, .encoding = PARQUET_PLAIN, .codec = task->chunk->codec,
                              .value_count = task->writer->dictionary.count};
    task->chunk->dictionary_offset = file_offset + task->to->size_bytes;
    chunk_make_entries(task, 0, task->writer->dictionary.count);
    const int level = chunk_entries_level(task);
    const int result = write_page(task, &page);
    task->writer->pages.level = level;
    return result;
}

static int write_pages(struct chunk_task *task, uint64_t file_offset)
{
    struct chunk *chunk = task->chunk;
    size_t start = 0;
    uint64_t first_row = 0;
    for (uint32_t first = 0, p = 0; first < task->values->item_count; p++) {
        const uint32_t count = chunk_page_items(task, first);
        const uint64_t rows = values_rows(task->values, first, count);
        const struct page page = {.kind = PARQUET_DATA_PAGE, .encoding = task->encoding, .codec = chunk->codec,
                                  .value_count = (uint32_t)rows};
        const uint64_t begin = task->to->size_bytes;
        chunk_make_body(task, first, count, &start);
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

static int write_null(struct chunk_task *task, uint64_t file_offset)
{
    struct chunk *chunk = task->chunk;
    const struct page page = {.kind = PARQUET_DATA_PAGE, .encoding = PARQUET_PLAIN,
                              .value_count = task->values->row_count};
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

/* What is alike for many rows one behind the other, as a sample tells, is one item for them: `ret_runs`. Else the
 * values as they are. */
static const struct store_values *find_runs(struct chunk_writer *writer, const struct store_values *values,
                                            struct store_values *ret_runs)
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
        .data = items, .repeats = lengths, .item_count = runs, .width_bytes = values->width_bytes,
        .row_count = values->row_count};
    return ret_runs;
}

int chunk_write(struct chunk_writer *writer, int32_t field_id, enum store_type type, const struct store_values *values,
                uint64_t file_offset, struct octet_buffer *to, struct chunk *ret_chunk)
{
    const struct store_type_parquet *parquet = store_type_parquet(type);
    struct chunk chunk = {.value_count = values->row_count, .encodings = 1u << PARQUET_RLE};
    struct store_values runs;
    struct chunk_task task = {
        .writer = writer, .values = values, .parquet = parquet, .type = type, .field_id = field_id, .to = to,
        .chunk = &chunk, .is_number = parquet->physical == PARQUET_INT32 || parquet->physical == PARQUET_INT64,
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
        result = chunk_find_bounds(&task) != 0 || chunk_choose(&task) != 0 ? -1 : 0;
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
