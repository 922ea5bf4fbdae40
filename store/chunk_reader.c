/* SPDX-License-Identifier: MIT */
/*
 * chunk_reader.c - the values of one column of one row group
 *
 * Reading order: chunk_reader_read() at the end; read_page() above it; the encodings; single values.
 */
#define _GNU_SOURCE
#include "chunk_reader.h"

#include "bit_unpack.h"
#include "thrift_reader.h"

#include <errno.h>
#include <libdeflate.h>
#include <lz4.h>
#include <stdlib.h>
#include <zstd.h>

enum { PAGE_BYTES_MAX = 1 << 28, PIECE = 4096, SLACK_BYTES = BIT_UNPACK_SLACK_BYTES };

/* A chunk being read. */
struct task {
    struct chunk_reader *reader;
    const struct file_reader *file;
    const struct file_reader_chunk *chunk;
    const char *name;      /* of the column */
    enum store_type type;  /* of the file */
    const struct store_type_parquet *parquet;
    uint32_t from_bytes;   /* a value in the file, in Parquet's plain encoding; 0: variable */
    uint32_t width_bytes;  /* a value as it is wanted; 0: variable */
    size_t bytes_max;
    struct column_data *to; /* NULL: nothing is kept */
    bool has_dictionary;
    struct store_error *error;
};

struct page_header {
    int64_t kind, size_bytes, packed_bytes, value_count, encoding, definition, repetition;
    uint32_t crc;
    bool has_crc;
};

/* ----------------------------------------------------------------------------------------------------------- memory */

void column_data_done(struct column_data *column)
{
    octet_buffer_done(&column->data);
    octet_buffer_done(&column->lengths);
    column->item_count = 0;
}

void column_data_clear(struct column_data *column)
{
    octet_buffer_clear(&column->data);
    octet_buffer_clear(&column->lengths);
    column->item_count = 0;
}

int chunk_reader_init(struct chunk_reader *reader)
{
    *reader = (struct chunk_reader){.zstd = ZSTD_createDCtx(), .wide = malloc(CHUNK_PAGE_ITEMS * sizeof *reader->wide),
                                    .codes = malloc(PIECE * sizeof *reader->codes)};
    if (reader->zstd != NULL && reader->wide != NULL && reader->codes != NULL)
        return 0;
    chunk_reader_done(reader);
    return -1;
}

void chunk_reader_done(struct chunk_reader *reader)
{
    ZSTD_freeDCtx(reader->zstd);
    octet_buffer_done(&reader->raw);
    octet_buffer_done(&reader->body);
    column_data_done(&reader->dictionary);
    octet_buffer_done(&reader->starts);
    free(reader->wide);
    free(reader->codes);
    *reader = (struct chunk_reader){0};
}

uint32_t chunk_width(enum store_type type)
{
    const struct store_type_parquet *parquet = store_type_parquet(type);
    switch (parquet->physical) {
    case PARQUET_INT32:
    case PARQUET_INT64: return parquet->bits / 8u;
    case PARQUET_FLOAT: return sizeof(float);
    case PARQUET_DOUBLE: return sizeof(double);
    case PARQUET_FIXED: return parquet->length_bytes;
    default: return 0;
    }
}

static int damaged(const struct task *task, const char *what)
{
    return store_error_set(task->error, "%s is damaged: %s, in column %.100s", task->file->path, what, task->name);
}

static int no_memory(const struct task *task)
{
    store_error_set(task->error, "not enough memory to read %s", task->file->path);
    task->error->number = ENOMEM;
    return -1;
}

/* Room for `count` more values of `bytes` octets together; `to` is what is kept, or the dictionary. */
static int make_room(const struct task *task, const struct column_data *to, size_t bytes)
{
    if (to == &task->reader->dictionary || (bytes <= task->bytes_max && to->data.size_bytes <= task->bytes_max - bytes))
        return 0;
    store_error_set(task->error, "column %.100s of %s has more than %zu octets", task->name, task->file->path,
                    task->bytes_max);
    task->error->number = ENOBUFS;
    return -1;
}

/* ---------------------------------------------------------------------------------------------------- single values */

/* Numbers in `to_bytes` octets each; false where one does not fit. Signs were extended before. */
static bool narrow(const int64_t *wide, size_t count, uint32_t to_bytes, bool is_signed, uint8_t *to)
{
    uint64_t odd = 0;
#define NARROW(type)                                                                                            \
    for (size_t i = 0; i < count; i++) {                                                                        \
        const type value = (type)wide[i];                                                                       \
        odd |= (uint64_t)wide[i] ^ (uint64_t)(int64_t)value;                                                    \
        memcpy(to + i * sizeof value, &value, sizeof value);                                                    \
    }                                                                                                           \
    break;
    switch (to_bytes * 2 + is_signed) {
    case 2: NARROW(uint8_t)
    case 3: NARROW(int8_t)
    case 4: NARROW(uint16_t)
    case 5: NARROW(int16_t)
    case 8: NARROW(uint32_t)
    case 9: NARROW(int32_t)
    default: NARROW(int64_t)
    }
#undef NARROW
    return odd == 0;
}

/* Appends numbers; what a column of the file's type cannot have is damage. */
static int append_wide(const struct task *task, int64_t *wide, size_t count, struct column_data *to)
{
    if (task->parquet->physical == PARQUET_INT32 && !task->parquet->is_signed) {
        for (size_t i = 0; i < count; i++)
            wide[i] = (uint32_t)wide[i];
    }
    if (make_room(task, to, count * task->width_bytes) != 0)
        return -1;
    uint8_t *room = octet_buffer_room(&to->data, count * task->width_bytes);
    if (room == NULL)
        return no_memory(task);
    const uint32_t own = task->parquet->bits / 8u;
    if ((own < task->width_bytes && !narrow(wide, count, own, task->parquet->is_signed, room)) ||
        !narrow(wide, count, task->width_bytes, task->parquet->is_signed, room))
        return damaged(task, "a number is too large for its type");
    to->data.size_bytes += count * task->width_bytes;
    to->item_count += (uint32_t)count;
    return 0;
}

static int append_numbers(const struct task *task, const uint8_t *data, size_t count, struct column_data *to)
{
    int64_t *wide = task->reader->wide;
    for (size_t done = 0; done < count;) {
        const size_t now = count - done < CHUNK_PAGE_ITEMS ? count - done : CHUNK_PAGE_ITEMS;
        if (task->from_bytes == 4) {
            for (size_t i = 0; i < now; i++) {
                int32_t value;
                memcpy(&value, data + (done + i) * 4, sizeof value);
                wide[i] = value;
            }
        } else {
            memcpy(wide, data + done * 8, now * 8);
        }
        if (append_wide(task, wide, now, to) != 0)
            return -1;
        done += now;
    }
    return 0;
}

static int append_fixed(const struct task *task, const uint8_t *data, size_t count, struct column_data *to)
{
    if (make_room(task, to, count * task->width_bytes) != 0)
        return -1;
    if (task->width_bytes == task->from_bytes) {
        octet_buffer_append(&to->data, data, count * task->width_bytes);
    } else { /* a float as double */
        for (size_t i = 0; i < count; i++) {
            float value;
            memcpy(&value, data + i * sizeof value, sizeof value);
            const double wide = (double)value;
            octet_buffer_append(&to->data, &wide, sizeof wide);
        }
    }
    to->item_count += (uint32_t)count;
    return to->data.failed ? no_memory(task) : 0;
}

static int append_octets(const struct task *task, const uint8_t *data, uint32_t size_bytes, struct column_data *to)
{
    if (make_room(task, to, size_bytes) != 0)
        return -1;
    octet_buffer_append(&to->data, data, size_bytes);
    octet_buffer_append(&to->lengths, &size_bytes, sizeof size_bytes);
    to->item_count++;
    return to->data.failed || to->lengths.failed ? no_memory(task) : 0;
}

/* -------------------------------------------------------------------------------------------------------- encodings */

static int read_variable(const struct task *task, const uint8_t *data, size_t size_bytes, size_t count,
                         struct column_data *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t length;
        if (size_bytes < sizeof length)
            return damaged(task, "a page has fewer values than it tells");
        memcpy(&length, data, sizeof length);
        if (length > size_bytes - sizeof length)
            return damaged(task, "a value is longer than its page");
        if (to != NULL && append_octets(task, data + sizeof length, length, to) != 0)
            return -1;
        data += sizeof length + length;
        size_bytes -= sizeof length + length;
    }
    return size_bytes == 0 ? 0 : damaged(task, "a page has more than its values");
}

static int read_plain(const struct task *task, const uint8_t *data, size_t size_bytes, size_t count,
                      struct column_data *to)
{
    if (task->from_bytes == 0)
        return read_variable(task, data, size_bytes, count, to);
    if (size_bytes / task->from_bytes != count || size_bytes % task->from_bytes != 0)
        return damaged(task, "a page has another number of values than it tells");
    if (to == NULL)
        return 0;
    const bool number = task->parquet->physical == PARQUET_INT32 || task->parquet->physical == PARQUET_INT64;
    return number ? append_numbers(task, data, count, to) : append_fixed(task, data, count, to);
}

static int read_delta(const struct task *task, const uint8_t *data, size_t size_bytes, size_t count,
                      struct column_data *to)
{
    const bool is_32 = task->parquet->physical == PARQUET_INT32;
    if (count > CHUNK_PAGE_ITEMS || (!is_32 && task->parquet->physical != PARQUET_INT64) ||
        !delta_unpack(data, size_bytes, is_32, count, task->reader->wide))
        return damaged(task, "differences of numbers cannot be read");
    return to == NULL ? 0 : append_wide(task, task->reader->wide, count, to);
}

/* Entries of the dictionary by their numbers, which are all below its size. */
static int append_entries(const struct task *task, const uint32_t *codes, size_t count, struct column_data *to)
{
    const struct column_data *dictionary = &task->reader->dictionary;
    if (task->width_bytes == 0) {
        const uint32_t *starts = (const uint32_t *)(const void *)task->reader->starts.data;
        const uint32_t *lengths = (const uint32_t *)(const void *)dictionary->lengths.data;
        for (size_t i = 0; i < count; i++) {
            if (append_octets(task, dictionary->data.data + starts[codes[i]], lengths[codes[i]], to) != 0)
                return -1;
        }
        return 0;
    }
    if (make_room(task, to, count * task->width_bytes) != 0)
        return -1;
    uint8_t *room = octet_buffer_room(&to->data, count * task->width_bytes);
    if (room == NULL)
        return no_memory(task);
    const uint8_t *entries = dictionary->data.data;
#define LOOK_UP(bytes)                                                                                          \
    for (size_t i = 0; i < count; i++)                                                                          \
        memcpy(room + i * (bytes), entries + (size_t)codes[i] * (bytes), (bytes));                              \
    break;
    switch (task->width_bytes) {
    case 1: LOOK_UP(1)
    case 2: LOOK_UP(2)
    case 4: LOOK_UP(4)
    case 6: LOOK_UP(6)
    case 8: LOOK_UP(8)
    default: LOOK_UP(16)
    }
#undef LOOK_UP
    to->data.size_bytes += count * task->width_bytes;
    to->item_count += (uint32_t)count;
    return 0;
}

static int read_codes(const struct task *task, const uint8_t *data, size_t size_bytes, size_t count,
                      struct column_data *to)
{
    const uint32_t entry_count = task->reader->dictionary.item_count;
    uint32_t *codes = task->reader->codes;
    if (!task->has_dictionary || size_bytes == 0 || data[0] > 32)
        return damaged(task, "there is no dictionary for a page of indices");
    struct hybrid_reader hybrid = hybrid_reader_init(data + 1, size_bytes - 1, data[0]);
    for (size_t done = 0; done < count;) {
        const size_t now = count - done < PIECE ? count - done : PIECE;
        uint32_t greatest = 0;
        if (!hybrid_read(&hybrid, codes, now))
            return damaged(task, "a page has fewer values than it tells");
        for (size_t i = 0; i < now; i++)
            greatest = codes[i] > greatest ? codes[i] : greatest;
        if (greatest >= entry_count)
            return damaged(task, "a value is in no dictionary");
        if (to != NULL && append_entries(task, codes, now, to) != 0)
            return -1;
        done += now;
    }
    return hybrid_at_end(&hybrid) ? 0 : damaged(task, "a page has more than its values");
}

/* ------------------------------------------------------------------------------------------------------------ pages */

/* Other readers take no shorter number for it. */
static int32_t get_i32(struct thrift_reader *thrift)
{
    if (thrift->type != THRIFT_I32)
        thrift->error = true;
    return thrift_get_i32(thrift);
}

/* DataPageHeader, or DictionaryPageHeader, which has no levels. */
static void read_kind_header(struct thrift_reader *thrift, bool is_data, struct page_header *header)
{
    thrift_enter(thrift);
    while (thrift_next(thrift)) {
        if (thrift->id == 1)
            header->value_count = get_i32(thrift);
        else if (thrift->id == 2)
            header->encoding = get_i32(thrift);
        else if (thrift->id == 3 && is_data)
            header->definition = get_i32(thrift);
        else if (thrift->id == 4 && is_data)
            header->repetition = get_i32(thrift);
        else
            thrift_skip(thrift);
    }
}

/* PageHeader, with the one of its kind inside. */
static struct page_header read_header(struct thrift_reader *thrift)
{
    struct page_header header = {.kind = -1, .size_bytes = -1, .packed_bytes = -1, .value_count = -1, .encoding = -1,
                                 .definition = -1, .repetition = -1};
    while (thrift_next(thrift)) {
        switch (thrift->id) {
        case 1: header.kind = get_i32(thrift); break;
        case 2: header.size_bytes = get_i32(thrift); break;
        case 3: header.packed_bytes = get_i32(thrift); break;
        case 4:
            header.crc = (uint32_t)get_i32(thrift);
            header.has_crc = true;
            break;
        case 5:
        case 7:
            if (header.kind != (thrift->id == 5 ? PARQUET_DATA_PAGE : PARQUET_DICTIONARY_PAGE))
                thrift->error = true;
            read_kind_header(thrift, header.kind == PARQUET_DATA_PAGE, &header);
            break;
        default: thrift_skip(thrift); break;
        }
    }
    return header;
}

/* The page's octets as they were before they were compressed, with some slack behind them. */
static int decompress(const struct task *task, const struct page_header *header, const uint8_t *packed)
{
    struct octet_buffer *body = &task->reader->body;
    const size_t size_bytes = (size_t)header->size_bytes, packed_bytes = (size_t)header->packed_bytes;
    octet_buffer_clear(body);
    if (task->chunk->codec == PARQUET_ZSTD && ZSTD_getFrameContentSize(packed, packed_bytes) != size_bytes)
        return damaged(task, "a page is of another size than it tells");
    uint8_t *room = octet_buffer_room(body, size_bytes + SLACK_BYTES);
    if (room == NULL)
        return no_memory(task);
    bool whole = packed_bytes == size_bytes;
    if (task->chunk->codec == PARQUET_ZSTD)
        whole = ZSTD_decompressDCtx(task->reader->zstd, room, size_bytes, packed, packed_bytes) == size_bytes;
    else if (task->chunk->codec == PARQUET_LZ4_RAW)
        whole = LZ4_decompress_safe((const char *)packed, (char *)room, (int)packed_bytes,
                                    (int)size_bytes) == (int)size_bytes;
    else if (whole)
        memcpy(room, packed, size_bytes);
    if (!whole)
        return damaged(task, "a page cannot be decompressed");
    memset(room + size_bytes, 0, SLACK_BYTES);
    body->size_bytes = size_bytes;
    return 0;
}

static int read_dictionary(struct task *task, const struct page_header *header)
{
    struct chunk_reader *reader = task->reader;
    struct column_data *dictionary = &reader->dictionary;
    if (task->has_dictionary || header->encoding != PARQUET_PLAIN)
        return damaged(task, "it has a dictionary of a form that Weir does not write");
    column_data_clear(dictionary);
    if (read_plain(task, reader->body.data, reader->body.size_bytes, (size_t)header->value_count, dictionary) != 0)
        return -1;
    octet_buffer_clear(&reader->starts);
    uint32_t start = 0;
    for (uint32_t i = 0; i < dictionary->item_count && task->from_bytes == 0; i++) {
        uint32_t length;
        memcpy(&length, dictionary->lengths.data + (size_t)i * sizeof length, sizeof length);
        octet_buffer_append(&reader->starts, &start, sizeof start);
        start += length;
    }
    task->has_dictionary = true;
    return reader->starts.failed ? no_memory(task) : 0;
}

/* The definition levels: one run, of all rows. Returns the octets that they take; 0 on an error. */
static size_t read_levels(const struct task *task, const struct page_header *header)
{
    const struct octet_buffer *body = &task->reader->body;
    uint32_t size_bytes, level = 2;
    if (body->size_bytes < sizeof size_bytes)
        return 0;
    memcpy(&size_bytes, body->data, sizeof size_bytes);
    if (size_bytes > body->size_bytes - sizeof size_bytes)
        return 0;
    struct hybrid_reader hybrid = hybrid_reader_init(body->data + sizeof size_bytes, size_bytes, 1);
    if (!hybrid_read(&hybrid, &level, 1) || hybrid.run_left != (uint64_t)header->value_count - 1 ||
        hybrid.at != hybrid.end || level != (task->chunk->is_null ? 0 : 1))
        return 0;
    return sizeof size_bytes + size_bytes;
}

static int read_data(const struct task *task, const struct page_header *header)
{
    const struct octet_buffer *body = &task->reader->body;
    const size_t levels_bytes = read_levels(task, header);
    if (levels_bytes == 0)
        return damaged(task, "a page does not tell which of its rows have a value");
    const uint8_t *data = body->data + levels_bytes;
    const size_t size_bytes = body->size_bytes - levels_bytes, count = (size_t)header->value_count;
    if ((task->chunk->encodings >> header->encoding & 1) == 0)
        return damaged(task, "a page is encoded in another way than its footer tells");
    if (task->chunk->is_null)
        return size_bytes == 0 ? 0 : damaged(task, "a page has more than its values");
    switch (header->encoding) {
    case PARQUET_PLAIN: return read_plain(task, data, size_bytes, count, task->to);
    case PARQUET_DELTA_BINARY_PACKED: return read_delta(task, data, size_bytes, count, task->to);
    case PARQUET_RLE_DICTIONARY: return read_codes(task, data, size_bytes, count, task->to);
    default: return damaged(task, "a page is encoded in a way that Weir does not");
    }
}

/* The page at `*at` of the chunk; moves behind it. Returns its rows, 0 for a dictionary, -1 on an error. */
static int64_t read_page(struct task *task, size_t *at)
{
    const struct octet_buffer *raw = &task->reader->raw;
    struct thrift_reader thrift = thrift_reader_init(raw->data + *at, raw->size_bytes - *at);
    const struct page_header header = read_header(&thrift);
    const size_t left = (size_t)(thrift.end - thrift.at);
    const bool has_levels = header.definition == PARQUET_RLE && header.repetition == PARQUET_RLE;
    if (thrift.error || header.size_bytes < 0 || header.packed_bytes < 0 || header.size_bytes > PAGE_BYTES_MAX ||
        header.encoding < 0 || header.encoding > 31 || header.value_count < 0 ||
        !(header.kind == PARQUET_DICTIONARY_PAGE || (header.kind == PARQUET_DATA_PAGE && has_levels)))
        return damaged(task, "the header of a page cannot be read");
    if ((uint64_t)header.packed_bytes > left)
        return damaged(task, "a page is longer than its column");
    if (!header.has_crc)
        return damaged(task, "a page has no checksum");
    if (!task->reader->ignore_checksums && libdeflate_crc32(0, thrift.at, (size_t)header.packed_bytes) != header.crc)
        return damaged(task, "the checksum of a page does not fit");
    *at = raw->size_bytes - left + (size_t)header.packed_bytes;
    const bool only_checksums = task->reader->only_checksums;
    if (!only_checksums && decompress(task, &header, thrift.at) != 0)
        return -1;
    if (header.kind == PARQUET_DICTIONARY_PAGE)
        return only_checksums ? 0 : read_dictionary(task, &header);
    if (header.value_count == 0)
        return damaged(task, "a page has no rows");
    if (only_checksums)
        return header.value_count;
    return read_data(task, &header) != 0 ? -1 : header.value_count;
}

int chunk_reader_read(struct chunk_reader *reader, const struct file_reader *file, uint32_t group, uint32_t column,
                      enum store_type as, size_t bytes_max, struct column_data *to, struct store_error *error)
{
    static const uint8_t plain_bytes[] = {[PARQUET_INT32] = 4, [PARQUET_INT64] = 8, [PARQUET_FLOAT] = 4,
                                          [PARQUET_DOUBLE] = 8};
    const struct store_type_parquet *parquet = store_type_parquet(file->columns[column].type);
    struct task task = {
        .reader = reader, .file = file, .chunk = &file->groups[group].chunks[column],
        .name = file->columns[column].name,
        .type = file->columns[column].type, .parquet = parquet, .width_bytes = chunk_width(as), .bytes_max = bytes_max,
        .to = to, .error = error,
        .from_bytes = parquet->physical == PARQUET_FIXED        ? parquet->length_bytes
                      : parquet->physical == PARQUET_BYTE_ARRAY ? 0
                                                                : plain_bytes[parquet->physical]};
    const uint64_t row_count = file->groups[group].row_count;
    uint64_t rows = 0;
    if (file_reader_read(file, task.chunk->offset, task.chunk->size_bytes, &reader->raw, error) != 0)
        return -1;
    for (size_t at = 0; at < reader->raw.size_bytes;) {
        const int64_t count = read_page(&task, &at);
        if (count < 0)
            return -1;
        rows += (uint64_t)count;
        if (rows > row_count)
            break;
    }
    return rows == row_count ? 0 : damaged(&task, "it has another number of rows than its row group");
}
