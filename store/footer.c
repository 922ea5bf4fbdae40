/* SPDX-License-Identifier: MIT */
/*
 * footer.c - what stands at the end of a Parquet file: page indexes, and the metadata of the file
 *
 * Structures and field numbers are those of parquet.thrift, format version 2.
 */
#include "footer.h"

#include "footer_sum.h"
#include "thrift_writer.h"

#include <stdio.h>

static const char created_by[] = "weir version " WEIR_VERSION;

/* -------------------------------------------------------------------------------------------------- page indexes */

/* OffsetIndex: where the pages are. */
static void append_offset_index(struct octet_buffer *to, const struct chunk *chunk)
{
    struct thrift_writer writer = thrift_writer_init(to);
    thrift_list(&writer, 1, THRIFT_STRUCT, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++) {
        thrift_element_struct(&writer);
        thrift_i64(&writer, 1, (int64_t)chunk->pages[i].offset);
        thrift_i32(&writer, 2, (int32_t)chunk->pages[i].size_bytes);
        thrift_i64(&writer, 3, (int64_t)chunk->pages[i].first_row);
        thrift_end(&writer);
    }
    thrift_end(&writer);
}

/* ColumnIndex: what the pages hold. */
static void append_column_index(struct octet_buffer *to, const struct chunk *chunk, uint32_t row_count)
{
    struct thrift_writer writer = thrift_writer_init(to);
    thrift_list(&writer, 1, THRIFT_TRUE, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        thrift_element_bool(&writer, chunk->is_null);
    thrift_list(&writer, 2, THRIFT_BINARY, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        thrift_element_binary(&writer, chunk->pages[i].least.octets, chunk->pages[i].least.size_bytes);
    thrift_list(&writer, 3, THRIFT_BINARY, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        thrift_element_binary(&writer, chunk->pages[i].greatest.octets, chunk->pages[i].greatest.size_bytes);
    thrift_i32(&writer, 4, PARQUET_UNORDERED);
    thrift_list(&writer, 5, THRIFT_I64, chunk->page_count);
    for (uint32_t i = 0; i < chunk->page_count; i++)
        thrift_element_i64(&writer, chunk->is_null ? row_count : 0);
    thrift_end(&writer);
}

void footer_append_indexes(struct file_writer *writer)
{
    struct octet_buffer *to = &writer->buffer;
    for (uint32_t g = 0; g < writer->group_count; g++) {
        struct file_row_group *group = &writer->groups[g];
        for (uint32_t i = 0; i < writer->column_count; i++) {
            if (!group->chunks[i].is_bounded)
                continue;
            const size_t begin = to->size_bytes;
            append_column_index(to, &group->chunks[i], group->row_count);
            group->column_index_offset[i] = writer->offset + begin;
            group->column_index_bytes[i] = (uint32_t)(to->size_bytes - begin);
        }
    }
    for (uint32_t g = 0; g < writer->group_count; g++) {
        struct file_row_group *group = &writer->groups[g];
        for (uint32_t i = 0; i < writer->column_count; i++) {
            const size_t begin = to->size_bytes;
            append_offset_index(to, &group->chunks[i]);
            group->offset_index_offset[i] = writer->offset + begin;
            group->offset_index_bytes[i] = (uint32_t)(to->size_bytes - begin);
        }
    }
}

/* ------------------------------------------------------------------------------------------------------ schema */

static void append_logical(struct thrift_writer *writer, const struct store_type_parquet *parquet)
{
    thrift_struct(writer, 10);
    thrift_struct(writer, parquet->logical);
    if (parquet->logical == PARQUET_LOGICAL_INTEGER) {
        thrift_i8(writer, 1, (int8_t)parquet->bits);
        thrift_bool(writer, 2, parquet->is_signed);
    } else if (parquet->logical == PARQUET_LOGICAL_TIMESTAMP) {
        thrift_bool(writer, 1, true); /* UTC */
        thrift_struct(writer, 2);
        thrift_struct(writer, parquet->time_unit);
        thrift_end(writer);
        thrift_end(writer);
    }
    thrift_end(writer);
    thrift_end(writer);
}

static void append_schema(struct thrift_writer *writer, const struct file_writer *file)
{
    thrift_list(writer, 2, THRIFT_STRUCT, (size_t)file->column_count + 1);
    thrift_element_struct(writer);
    thrift_text(writer, 4, "weir");
    thrift_i32(writer, 5, (int32_t)file->column_count);
    thrift_end(writer);
    for (uint32_t i = 0; i < file->column_count; i++) {
        const struct file_column *column = &file->columns[i];
        const struct store_type_parquet *parquet = store_type_parquet(column->type);
        thrift_element_struct(writer);
        thrift_i32(writer, 1, parquet->physical);
        if (parquet->physical == PARQUET_FIXED)
            thrift_i32(writer, 2, parquet->length_bytes);
        thrift_i32(writer, 3, PARQUET_OPTIONAL);
        thrift_text(writer, 4, column->name);
        if (parquet->converted != PARQUET_CONVERTED_NONE)
            thrift_i32(writer, 6, parquet->converted);
        if (column->field_id != 0)
            thrift_i32(writer, 9, column->field_id);
        if (parquet->logical != PARQUET_LOGICAL_NONE)
            append_logical(writer, parquet);
        thrift_end(writer);
    }
}

/* -------------------------------------------------------------------------------------------------- row groups */

static void append_statistics(struct thrift_writer *writer, const struct chunk *chunk)
{
    thrift_struct(writer, 12);
    thrift_i64(writer, 3, chunk->is_null ? (int64_t)chunk->value_count : 0);
    if (chunk->distinct_count > 0)
        thrift_i64(writer, 4, (int64_t)chunk->distinct_count);
    if (chunk->is_bounded && !chunk->is_null) {
        thrift_binary(writer, 5, chunk->greatest.octets, chunk->greatest.size_bytes);
        thrift_binary(writer, 6, chunk->least.octets, chunk->least.size_bytes);
        thrift_bool(writer, 7, true);
        thrift_bool(writer, 8, true);
    }
    thrift_end(writer);
}

static void append_encodings(struct thrift_writer *writer, uint32_t encodings)
{
    thrift_list(writer, 2, THRIFT_I32, (size_t)__builtin_popcount(encodings));
    for (int32_t encoding = 0; encoding < 32; encoding++) {
        if ((encodings >> encoding & 1) != 0)
            thrift_element_i32(writer, encoding);
    }
}

static void append_note(struct thrift_writer *writer, const struct file_note *note)
{
    thrift_element_struct(writer);
    thrift_text(writer, 1, note->key);
    thrift_text(writer, 2, note->value);
    thrift_end(writer);
}

static void append_chunk_metadata(struct thrift_writer *writer, const struct file_column *column,
                                  const struct file_row_group *group, uint32_t index)
{
    const struct chunk *chunk = &group->chunks[index];
    const char *origin = group->origins[index];
    thrift_struct(writer, 3);
    thrift_i32(writer, 1, store_type_parquet(column->type)->physical);
    append_encodings(writer, chunk->encodings);
    thrift_list(writer, 3, THRIFT_BINARY, 1);
    thrift_element_binary(writer, column->name, strlen(column->name));
    thrift_i32(writer, 4, (int32_t)chunk->codec);
    thrift_i64(writer, 5, (int64_t)chunk->value_count);
    thrift_i64(writer, 6, (int64_t)chunk->uncompressed_bytes);
    thrift_i64(writer, 7, (int64_t)chunk->size_bytes);
    if (origin != NULL) {
        thrift_list(writer, 8, THRIFT_STRUCT, 1);
        append_note(writer, &(struct file_note){"weir.from", origin});
    }
    thrift_i64(writer, 9, (int64_t)chunk->data_offset);
    if (chunk->dictionary_offset > 0)
        thrift_i64(writer, 11, (int64_t)chunk->dictionary_offset);
    append_statistics(writer, chunk);
    if (group->bloom_bytes[index] > 0) {
        thrift_i64(writer, 14, (int64_t)group->bloom_offset[index]);
        thrift_i32(writer, 15, (int32_t)group->bloom_bytes[index]);
    }
    thrift_end(writer);
}

static void append_row_group(struct thrift_writer *writer, const struct file_writer *file,
                             const struct file_row_group *group, uint32_t ordinal)
{
    uint64_t size_bytes = 0, uncompressed_bytes = 0;
    thrift_element_struct(writer);
    thrift_list(writer, 1, THRIFT_STRUCT, file->column_count);
    for (uint32_t i = 0; i < file->column_count; i++) {
        const struct chunk *chunk = &group->chunks[i];
        thrift_element_struct(writer);
        thrift_i64(writer, 2, 0);
        append_chunk_metadata(writer, &file->columns[i], group, i);
        thrift_i64(writer, 4, (int64_t)group->offset_index_offset[i]);
        thrift_i32(writer, 5, (int32_t)group->offset_index_bytes[i]);
        if (group->column_index_bytes[i] > 0) {
            thrift_i64(writer, 6, (int64_t)group->column_index_offset[i]);
            thrift_i32(writer, 7, (int32_t)group->column_index_bytes[i]);
        }
        thrift_end(writer);
        size_bytes += chunk->size_bytes;
        uncompressed_bytes += chunk->uncompressed_bytes;
    }
    thrift_i64(writer, 2, (int64_t)uncompressed_bytes);
    thrift_i64(writer, 3, group->row_count);
    if (group->sorted_by >= 0) {
        thrift_list(writer, 4, THRIFT_STRUCT, 1);
        thrift_element_struct(writer);
        thrift_i32(writer, 1, group->sorted_by);
        thrift_bool(writer, 2, false);
        thrift_bool(writer, 3, false);
        thrift_end(writer);
    }
    thrift_i64(writer, 5, (int64_t)group->offset);
    thrift_i64(writer, 6, (int64_t)size_bytes);
    if (ordinal <= INT16_MAX)
        thrift_i16(writer, 7, (int16_t)ordinal);
    thrift_end(writer);
}

/* TYPE_ORDER for each column: without it nobody may use its statistics. */
static void append_column_orders(struct thrift_writer *writer, uint32_t count)
{
    thrift_list(writer, 7, THRIFT_STRUCT, count);
    for (uint32_t i = 0; i < count; i++) {
        thrift_element_struct(writer);
        thrift_struct(writer, 1);
        thrift_end(writer);
        thrift_end(writer);
    }
}

void footer_append(struct file_writer *file, const struct file_note *notes, uint32_t note_count)
{
    struct octet_buffer *to = &file->buffer;
    const size_t begin = to->size_bytes;
    char bloom_sum[9];
    struct thrift_writer writer = thrift_writer_init(to);
    thrift_i32(&writer, 1, PARQUET_VERSION);
    append_schema(&writer, file);
    thrift_i64(&writer, 3, (int64_t)file->row_count);
    thrift_list(&writer, 4, THRIFT_STRUCT, file->group_count);
    for (uint32_t g = 0; g < file->group_count; g++)
        append_row_group(&writer, file, &file->groups[g], g);
    thrift_list(&writer, 5, THRIFT_STRUCT, note_count + 2);
    for (uint32_t i = 0; i < note_count; i++)
        append_note(&writer, &notes[i]);
    snprintf(bloom_sum, sizeof bloom_sum, "%08x", file->bloom_sum);
    append_note(&writer, &(struct file_note){BLOOM_SUM_NOTE, bloom_sum});
    append_note(&writer, &(struct file_note){FOOTER_SUM_NOTE, FOOTER_SUM_ZEROS});
    thrift_text(&writer, 6, created_by);
    append_column_orders(&writer, file->column_count);
    thrift_end(&writer);
    const uint32_t size_bytes = (uint32_t)(to->size_bytes - begin);
    if (!to->failed)
        footer_sum_put(to->data + begin, size_bytes);
    octet_buffer_append(to, &size_bytes, sizeof size_bytes);
    octet_buffer_append(to, PARQUET_MAGIC, PARQUET_MAGIC_BYTES);
}
