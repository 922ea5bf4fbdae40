/* SPDX-License-Identifier: MIT */
/*
 * file_reader.c - what the footer of a file of the store tells
 *
 * Reading order: open_footer() near the end; above it one function for each structure of parquet.thrift, which is named
 * there.
 */
#define _GNU_SOURCE
#include "file_reader.h"

#include "footer_sum.h"
#include "store_format.h"
#include "thrift_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOOTER_BYTES_MAX = 1 << 28 };

static int damaged(const struct file_reader *reader, const char *what, struct store_error *error)
{
    return store_error_set(error, "%s is damaged: %s", reader->path, what);
}

static int no_memory(const struct file_reader *reader, struct store_error *error)
{
    store_error_set(error, "not enough memory to read %s", reader->path);
    error->number = ENOMEM; /* it says nothing of the file */
    return -1;
}

/* Room for one more element; false without memory. */
static bool grow(void **array, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count < *capacity)
        return true;
    const uint32_t next = *capacity == 0 ? 8 : *capacity * 2;
    void *grown = realloc(*array, next * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = next;
    return true;
}

/* --------------------------------------------------------------------------------------------------- structures */

/* A copy with a NUL, which has room: each text has its length before it in the footer. NULL where it has a NUL
 * itself. */
static const char *take_text(struct file_reader *reader, struct thrift_reader *thrift)
{
    size_t size_bytes;
    const uint8_t *data = thrift_get_binary(thrift, &size_bytes);
    if (data == NULL)
        return NULL;
    if (memchr(data, 0, size_bytes) != NULL) {
        thrift->error = true;
        return NULL;
    }
    char *text = reader->texts + reader->text_bytes;
    memcpy(text, data, size_bytes);
    text[size_bytes] = '\0';
    reader->text_bytes += size_bytes + 1;
    return text;
}

struct schema_element {
    int64_t physical, length, repetition, children, field_id;
    uint8_t logical, bits, time_unit;
    bool is_signed;
    const char *name;
};

/* LogicalType: a union of structs. */
static void read_logical(struct thrift_reader *thrift, struct schema_element *element)
{
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        element->logical = thrift->id > 0 && thrift->id < 256 ? (uint8_t)thrift->id : 255;
        const bool integer = thrift->id == PARQUET_LOGICAL_INTEGER, timestamp = thrift->id == PARQUET_LOGICAL_TIMESTAMP;
        thrift_enter(thrift);
        while (thrift_next(thrift)) {
            if (integer && thrift->id == 1) {
                element->bits = (uint8_t)thrift_get_i32(thrift);
            } else if (integer && thrift->id == 2) {
                element->is_signed = thrift_get_bool(thrift);
            } else if (timestamp && thrift->id == 2) {
                thrift_enter(thrift);
                while (thrift_next(thrift)) {
                    element->time_unit = thrift->id > 0 && thrift->id < 256 ? (uint8_t)thrift->id : 255;
                    thrift_skip(thrift);
                }
            } else {
                thrift_skip(thrift);
            }
        }
    }
}

static struct schema_element read_schema_element(struct file_reader *reader, struct thrift_reader *thrift)
{
    struct schema_element element = {.physical = -1, .repetition = -1};
    thrift_element(thrift, THRIFT_STRUCT);
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        switch (thrift->id) {
        case 1: element.physical = thrift_get_i32(thrift); break;
        case 2: element.length = thrift_get_i32(thrift); break;
        case 3: element.repetition = thrift_get_i32(thrift); break;
        case 4: element.name = take_text(reader, thrift); break;
        case 5: element.children = thrift_get_i32(thrift); break;
        case 9: element.field_id = thrift_get_i32(thrift); break;
        case 10: read_logical(thrift, &element); break;
        default: thrift_skip(thrift); break;
        }
    }
    return element;
}

/* The type of the store that is this in Parquet; STORE_TYPE_COUNT where there is none. */
static enum store_type find_type(const struct schema_element *element)
{
    int type = 0;
    for (; type < STORE_TYPE_COUNT; type++) {
        const struct store_type_parquet *parquet = store_type_parquet((enum store_type)type);
        const bool integer = parquet->logical == PARQUET_LOGICAL_INTEGER;
        if (parquet->physical == element->physical && parquet->logical == element->logical &&
            parquet->time_unit == element->time_unit &&
            (parquet->physical != PARQUET_FIXED || parquet->length_bytes == element->length) &&
            (!integer || (parquet->bits == element->bits && parquet->is_signed == element->is_signed)))
            break;
    }
    return (enum store_type)type;
}

static int read_schema(struct file_reader *reader, struct thrift_reader *thrift, struct store_error *error)
{
    const size_t count = thrift_get_list(thrift, THRIFT_STRUCT);
    if (thrift->error || count < 2 || count > FILE_COLUMNS_MAX || reader->columns != NULL)
        return damaged(reader, "its footer has no schema", error);
    const struct schema_element root = read_schema_element(reader, thrift);
    if (thrift->error || root.children != (int64_t)count - 1)
        return damaged(reader, "its schema is not flat", error);
    for (size_t i = 1; i < count; i++) {
        const struct schema_element element = read_schema_element(reader, thrift);
        const enum store_type type = find_type(&element);
        if (thrift->error || element.name == NULL || element.children != 0 || element.repetition != PARQUET_OPTIONAL ||
            type == STORE_TYPE_COUNT)
            return damaged(reader, "a column of its schema is of no type that Weir writes", error);
        if (!grow((void **)&reader->columns, &reader->column_capacity, reader->column_count, sizeof *reader->columns))
            return no_memory(reader, error);
        reader->columns[reader->column_count++] = (struct file_column){
            .name = element.name, .field_id = (int32_t)element.field_id, .type = (uint8_t)type};
    }
    return 0;
}

/* KeyValue */
static struct file_note read_note(struct file_reader *reader, struct thrift_reader *thrift)
{
    struct file_note note = {0};
    thrift_element(thrift, THRIFT_STRUCT);
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        switch (thrift->id) {
        case 1: note.key = take_text(reader, thrift); break;
        case 2: note.value = take_text(reader, thrift); break;
        default: thrift_skip(thrift); break;
        }
    }
    return note;
}

static int read_notes(struct file_reader *reader, struct thrift_reader *thrift, struct store_error *error)
{
    const size_t count = thrift_get_list(thrift, THRIFT_STRUCT);
    for (size_t i = 0; i < count; i++) {
        const struct file_note note = read_note(reader, thrift);
        if (thrift->error || note.key == NULL)
            return damaged(reader, "its footer has a note without a key", error);
        if (!grow((void **)&reader->notes, &reader->note_capacity, reader->note_count, sizeof *reader->notes))
            return no_memory(reader, error);
        reader->notes[reader->note_count++] = note;
    }
    return 0;
}

static bool read_bound(struct thrift_reader *thrift, struct chunk_bound *bound)
{
    size_t size_bytes;
    const uint8_t *data = thrift_get_binary(thrift, &size_bytes);
    if (data == NULL || size_bytes > CHUNK_BOUND_BYTES)
        return false;
    bound->size_bytes = (uint8_t)size_bytes;
    memcpy(bound->octets, data, size_bytes);
    return true;
}

/* Statistics. Returns the number of nulls, -1 where it is not told. */
static int64_t read_statistics(struct thrift_reader *thrift, struct file_reader_chunk *chunk)
{
    int64_t null_count = -1;
    bool has_least = false, has_greatest = false;
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        switch (thrift->id) {
        case 3: null_count = thrift_get_i64(thrift); break;
        case 5: has_greatest = read_bound(thrift, &chunk->greatest); break;
        case 6: has_least = read_bound(thrift, &chunk->least); break;
        default: thrift_skip(thrift); break;
        }
    }
    chunk->is_bounded = has_least && has_greatest;
    return null_count;
}

static uint32_t read_encodings(struct thrift_reader *thrift)
{
    uint32_t encodings = 0;
    const size_t count = thrift_get_list(thrift, THRIFT_I32);
    for (size_t i = 0; i < count; i++) {
        thrift_element(thrift, THRIFT_I32);
        const int32_t encoding = thrift_get_i32(thrift);
        if (encoding < 0 || encoding > 31)
            thrift->error = true;
        else
            encodings |= 1u << encoding;
    }
    return encodings;
}

static const char *read_origin(struct file_reader *reader, struct thrift_reader *thrift)
{
    const char *origin = NULL;
    const size_t count = thrift_get_list(thrift, THRIFT_STRUCT);
    for (size_t i = 0; i < count && !thrift->error; i++) {
        const struct file_note note = read_note(reader, thrift);
        if (note.key != NULL && strcmp(note.key, "weir.from") == 0)
            origin = note.value;
    }
    return origin;
}

/* ColumnMetaData */
struct chunk_metadata {
    int64_t physical, codec, value_count, uncompressed_bytes, size_bytes, data_offset, dictionary_offset, null_count,
        bloom_offset, bloom_bytes;
};

static struct chunk_metadata read_chunk_metadata(struct file_reader *reader, struct thrift_reader *thrift,
                                                 struct file_reader_chunk *chunk)
{
    struct chunk_metadata data = {.physical = -1, .codec = -1, .value_count = -1, .null_count = -1};
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        switch (thrift->id) {
        case 1: data.physical = thrift_get_i32(thrift); break;
        case 2: chunk->encodings = read_encodings(thrift); break;
        case 4: data.codec = thrift_get_i32(thrift); break;
        case 5: data.value_count = thrift_get_i64(thrift); break;
        case 6: data.uncompressed_bytes = thrift_get_i64(thrift); break;
        case 7: data.size_bytes = thrift_get_i64(thrift); break;
        case 8: chunk->origin = read_origin(reader, thrift); break;
        case 9: data.data_offset = thrift_get_i64(thrift); break;
        case 11: data.dictionary_offset = thrift_get_i64(thrift); break;
        case 12: data.null_count = read_statistics(thrift, chunk); break;
        case 14: data.bloom_offset = thrift_get_i64(thrift); break;
        case 15: data.bloom_bytes = thrift_get_i32(thrift); break;
        default: thrift_skip(thrift); break;
        }
    }
    return data;
}

static int take_chunk(const struct file_reader *reader, const struct chunk_metadata *data,
                      const struct file_column *column, struct file_reader_chunk *chunk, struct store_error *error)
{
    const int64_t begin = data->dictionary_offset > 0 ? data->dictionary_offset : data->data_offset;
    if (data->physical != store_type_parquet(column->type)->physical)
        return damaged(reader, "a column of a row group is of another type than in the schema", error);
    if (data->value_count < 0)
        return damaged(reader, "it does not tell how many values a column has", error);
    if (data->codec != PARQUET_UNCOMPRESSED && data->codec != PARQUET_ZSTD && data->codec != PARQUET_LZ4_RAW)
        return damaged(reader, "a column is compressed in a way that Weir does not", error);
    if (begin < PARQUET_MAGIC_BYTES || data->size_bytes <= 0 || (uint64_t)begin > reader->data_end ||
        (uint64_t)data->size_bytes > reader->data_end - (uint64_t)begin || data->data_offset < begin ||
        data->data_offset - begin >= data->size_bytes)
        return damaged(reader, "a column of a row group lies outside the file", error);
    if (data->bloom_offset < 0 || data->bloom_bytes < 0 || (uint64_t)data->bloom_offset > reader->data_end ||
        (uint64_t)data->bloom_bytes > reader->data_end - (uint64_t)data->bloom_offset)
        return damaged(reader, "a bloom filter lies outside the file", error);
    if (data->null_count != 0 && data->null_count != data->value_count)
        return damaged(reader, "a column is neither wholly there nor wholly absent in a row group", error);
    chunk->offset = (uint64_t)begin;
    chunk->size_bytes = (uint64_t)data->size_bytes;
    chunk->uncompressed_bytes = data->uncompressed_bytes < 0 ? 0 : (uint64_t)data->uncompressed_bytes;
    chunk->dictionary_offset = data->dictionary_offset > 0 ? (uint64_t)data->dictionary_offset : 0;
    chunk->bloom_offset = data->bloom_offset > 0 ? (uint64_t)data->bloom_offset : 0;
    chunk->bloom_bytes = data->bloom_bytes > 0 ? (uint32_t)data->bloom_bytes : 0;
    chunk->codec = (uint8_t)data->codec;
    chunk->is_null = data->null_count != 0;
    return 0;
}

/* ColumnChunk: those of a row group stand in the order of the schema. Returns how many values it has, -1 on an
 * error. */
static int64_t read_chunk(struct file_reader *reader, struct thrift_reader *thrift, uint32_t column,
                          struct file_reader_chunk *chunk, struct store_error *error)
{
    struct chunk_metadata data = {.physical = -1};
    thrift_element(thrift, THRIFT_STRUCT);
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        if (thrift->id == 3)
            data = read_chunk_metadata(reader, thrift, chunk);
        else
            thrift_skip(thrift);
    }
    if (thrift->error)
        return damaged(reader, "its footer cannot be read", error);
    return take_chunk(reader, &data, &reader->columns[column], chunk, error) != 0 ? -1 : data.value_count;
}

static int read_chunks(struct file_reader *reader, struct thrift_reader *thrift, struct file_reader_group *group,
                       int64_t *ret_value_count, struct store_error *error)
{
    const size_t count = thrift_get_list(thrift, THRIFT_STRUCT);
    if (thrift->error || count != reader->column_count || group->chunks != NULL)
        return damaged(reader, "a row group has other columns than its schema", error);
    group->chunks = calloc(count, sizeof *group->chunks);
    if (group->chunks == NULL)
        return no_memory(reader, error);
    for (uint32_t i = 0; i < reader->column_count; i++) {
        const int64_t values = read_chunk(reader, thrift, i, &group->chunks[i], error);
        if (values < 0)
            return -1;
        if (i > 0 && values != *ret_value_count)
            return damaged(reader, "the columns of a row group have different numbers of rows", error);
        *ret_value_count = values;
    }
    return 0;
}

/* SortingColumn: the first of them, where it is ascending. */
static int32_t read_sorting(struct thrift_reader *thrift)
{
    int32_t sorted_by = -1;
    const size_t count = thrift_get_list(thrift, THRIFT_STRUCT);
    for (size_t i = 0; i < count; i++) {
        int32_t column = -1;
        bool descending = false;
        thrift_element(thrift, THRIFT_STRUCT);
        thrift_enter(thrift);
        while (thrift_next(thrift)) {
            switch (thrift->id) {
            case 1: column = thrift_get_i32(thrift); break;
            case 2: descending = thrift_get_bool(thrift); break;
            default: thrift_skip(thrift); break;
            }
        }
        if (i == 0 && !descending)
            sorted_by = column;
    }
    return sorted_by;
}

/* RowGroup. */
static int read_group(struct file_reader *reader, struct thrift_reader *thrift, struct store_error *error)
{
    int64_t row_count = -1, value_count = -1;
    if (!grow((void **)&reader->groups, &reader->group_capacity, reader->group_count, sizeof *reader->groups))
        return no_memory(reader, error);
    struct file_reader_group *group = &reader->groups[reader->group_count++];
    *group = (struct file_reader_group){.sorted_by = -1};
    thrift_element(thrift, THRIFT_STRUCT);
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        switch (thrift->id) {
        case 1:
            if (read_chunks(reader, thrift, group, &value_count, error) != 0)
                return -1;
            break;
        case 3: row_count = thrift_get_i64(thrift); break;
        case 4: group->sorted_by = read_sorting(thrift); break;
        default: thrift_skip(thrift); break;
        }
    }
    if (thrift->error || group->chunks == NULL)
        return damaged(reader, "its footer has a row group without columns", error);
    if (row_count <= 0 || row_count > FILE_GROUP_ROWS_MAX || value_count != row_count)
        return damaged(reader, "the columns of a row group have other numbers of rows than the row group", error);
    group->row_count = (uint32_t)row_count;
    return 0;
}

/* FileMetaData. */
static int read_footer(struct file_reader *reader, struct thrift_reader *thrift, struct store_error *error)
{
    int64_t told_rows = -1;
    uint64_t rows = 0;
    int result = 0;
    while (result == 0 && thrift_next(thrift)) {
        switch (thrift->id) {
        case 2: result = read_schema(reader, thrift, error); break;
        case 3: told_rows = thrift_get_i64(thrift); break;
        case 4:
            if (reader->columns == NULL)
                return damaged(reader, "its footer has no schema", error);
            for (size_t left = thrift_get_list(thrift, THRIFT_STRUCT); left > 0 && result == 0; left--)
                result = read_group(reader, thrift, error);
            break;
        case 5: result = read_notes(reader, thrift, error); break;
        default: thrift_skip(thrift); break;
        }
    }
    if (result != 0)
        return -1;
    if (thrift->error || thrift->at != thrift->end || reader->columns == NULL)
        return damaged(reader, "its footer cannot be read", error);
    for (uint32_t g = 0; g < reader->group_count; g++)
        rows += reader->groups[g].row_count;
    if (told_rows < 0 || (uint64_t)told_rows != rows)
        return damaged(reader, "its footer tells another number of rows than its row groups have", error);
    reader->row_count = rows;
    return 0;
}

/* ------------------------------------------------------------------------------------------------- opening, closing */

int file_reader_read(const struct file_reader *reader, uint64_t offset, uint64_t size_bytes,
                     struct octet_buffer *buffer, struct store_error *error)
{
    octet_buffer_clear(buffer);
    if (offset > reader->size_bytes || size_bytes > reader->size_bytes - offset)
        return damaged(reader, "it is too short", error);
    uint8_t *to = octet_buffer_room(buffer, size_bytes);
    if (to == NULL)
        return no_memory(reader, error);
    if (reader->fd < 0) {
        if (size_bytes > 0)
            memcpy(to, reader->memory + offset, size_bytes);
        buffer->size_bytes = size_bytes;
        return 0;
    }
    while (buffer->size_bytes < size_bytes) {
        const ssize_t got = pread(reader->fd, to + buffer->size_bytes, size_bytes - buffer->size_bytes,
                                  (off_t)(offset + buffer->size_bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return store_error_system(error, "cannot read %s", reader->path);
        if (got == 0)
            return damaged(reader, "it became shorter while it was read", error);
        buffer->size_bytes += (size_t)got;
    }
    return 0;
}

static int open_footer(struct file_reader *reader, struct octet_buffer *buffer, struct store_error *error)
{
    uint32_t footer_bytes;
    if (reader->size_bytes < PARQUET_MAGIC_BYTES + PARQUET_TAIL_BYTES)
        return damaged(reader, "it is too short for a Parquet file", error);
    if (file_reader_read(reader, 0, PARQUET_MAGIC_BYTES, buffer, error) != 0)
        return -1;
    if (memcmp(buffer->data, PARQUET_MAGIC, PARQUET_MAGIC_BYTES) != 0)
        return store_error_set(error, "%s is no Parquet file", reader->path);
    if (file_reader_read(reader, reader->size_bytes - PARQUET_TAIL_BYTES, PARQUET_TAIL_BYTES, buffer, error) != 0)
        return -1;
    memcpy(&footer_bytes, buffer->data, sizeof footer_bytes);
    if (memcmp(buffer->data + sizeof footer_bytes, PARQUET_MAGIC, PARQUET_MAGIC_BYTES) != 0)
        return damaged(reader, "its end is missing", error);
    if (footer_bytes > FOOTER_BYTES_MAX || footer_bytes > reader->size_bytes - PARQUET_MAGIC_BYTES - PARQUET_TAIL_BYTES)
        return damaged(reader, "the length of its footer is wrong", error);
    reader->data_end = reader->size_bytes - PARQUET_TAIL_BYTES - footer_bytes;
    if (file_reader_read(reader, reader->data_end, footer_bytes, buffer, error) != 0)
        return -1;
    reader->texts = malloc((size_t)footer_bytes + 1);
    if (reader->texts == NULL)
        return no_memory(reader, error);
    /* What a later version wrote may differ in ways that would look like damage. */
    char format[FILE_FORMAT_SIZE];
    const bool is_ours = file_format_find(buffer->data, buffer->size_bytes, format);
    if (is_ours && strcmp(format, FILE_FORMAT) != 0)
        return file_format_unknown(reader->path, format, error);
    if (footer_sum_differs(buffer->data, buffer->size_bytes))
        return damaged(reader, "its footer is not as it was written", error);
    struct thrift_reader thrift = thrift_reader_init(buffer->data, buffer->size_bytes);
    if (read_footer(reader, &thrift, error) == 0)
        return 0;
    if (!is_ours && error->number == 0)
        error->number = ENOTSUP;
    return -1;
}

void file_reader_close(struct file_reader *reader)
{
    for (uint32_t g = 0; g < reader->group_count; g++)
        free(reader->groups[g].chunks);
    free(reader->groups);
    free(reader->columns);
    free(reader->notes);
    free(reader->texts);
    if (reader->fd >= 0)
        close(reader->fd);
    *reader = (struct file_reader){.fd = -1};
}

static int finish_open(struct file_reader *reader, struct store_error *error)
{
    struct octet_buffer buffer = {0};
    const int result = open_footer(reader, &buffer, error);
    octet_buffer_done(&buffer);
    if (result != 0)
        file_reader_close(reader);
    return result;
}

/* What is there and leads nowhere was not merged or removed meanwhile. */
static int fail_open(const char *path, struct store_error *error)
{
    struct stat status;
    store_error_system(error, "cannot open %s", path);
    if ((error->number == ENOENT || error->number == ELOOP) && lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        store_error_set(error, "%s is damaged: it is a link that leads nowhere", path);
    return -1;
}

int file_reader_open(struct file_reader *reader, const char *path, struct store_error *error)
{
    struct stat status;
    *reader = (struct file_reader){.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (reader->fd < 0)
        return fail_open(path, error);
    if (fstat(reader->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        file_reader_close(reader);
        return store_error_set(error, "%s is no file", path);
    }
    reader->size_bytes = (uint64_t)status.st_size;
    return finish_open(reader, error);
}

int file_reader_open_memory(struct file_reader *reader, const char *path, const uint8_t *data, size_t size_bytes,
                            struct store_error *error)
{
    *reader = (struct file_reader){.path = path, .fd = -1, .memory = data, .size_bytes = size_bytes};
    return finish_open(reader, error);
}

const char *file_reader_note(const struct file_reader *reader, const char *key)
{
    for (uint32_t i = 0; i < reader->note_count; i++) {
        if (strcmp(reader->notes[i].key, key) == 0)
            return reader->notes[i].value;
    }
    return NULL;
}

int file_reader_check_notes(const struct file_reader *reader, struct store_error *error)
{
    const char *format = file_reader_note(reader, "weir.format"), *rows = file_reader_note(reader, "weir.rows");
    char *end;
    if (format == NULL) {
        store_error_set(error, "%s was not written by Weir", reader->path);
        error->number = ENOTSUP;
        return -1;
    }
    if (strcmp(format, FILE_FORMAT) != 0)
        return file_format_unknown(reader->path, format, error);
    errno = 0;
    const unsigned long long told = rows == NULL || *rows < '0' || *rows > '9' ? 0 : strtoull(rows, &end, 10);
    if (rows == NULL || *rows < '0' || *rows > '9' || *end != '\0' || errno != 0)
        return damaged(reader, "it does not tell how many rows were stored", error);
    if (told != reader->row_count)
        return store_error_set(error, "%s is damaged: it has %" PRIu64 " rows, and %llu were stored", reader->path,
                               reader->row_count, told);
    return 0;
}
