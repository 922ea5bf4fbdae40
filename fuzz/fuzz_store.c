/* SPDX-License-Identifier: MIT */
/*
 * fuzz_store.c - what is written is read again: batches to segments, each to a file, and all of them merged to one
 *
 * Whatever the layouts and values of row_source.h: each row is in its file once, with each of its values, and so it is
 * in the merged file.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <unistd.h>

#include "chunk_reader.h"
#include "require.h"
#include "row_source.h"
#include "segment.h"
#include "segment_merge.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENTS = 3, COLUMNS_MAX = STORE_COLUMN_RUN_COUNT + SOURCE_BATCHES * (SOURCE_FIELDS + 1) };

/* A column of a row group as it was read, and where its next value is. */
struct read_column {
    struct column_data values;
    const char *name;
    enum store_type type;
    size_t at;
};

static const void *next_value(struct read_column *column, uint32_t row, uint32_t *ret_bytes)
{
    const uint32_t width = chunk_width(column->type);
    *ret_bytes = width > 0 ? width : ((const uint32_t *)(const void *)column->values.lengths.data)[row];
    const uint8_t *value = column->values.data.data + column->at;
    column->at += *ret_bytes;
    return value;
}

/* ----------------------------------------------------------------------------------------------- what is to be
 * expected */

/* A number of a field, as wide as its column is. */
static void require_number(const struct weir_field *field, const void *wanted, enum store_type type, const void *found)
{
    const bool is_signed = field->kind >= WEIR_KIND_I8 && field->kind <= WEIR_KIND_I64;
    const uint32_t width = chunk_width(type);
    uint64_t number = 0, read = 0;
    memcpy(&number, wanted, field->width_bytes);
    memcpy(&read, found, width);
    if (is_signed && field->width_bytes < 8) {
        const int shift = 64 - 8 * (int)field->width_bytes;
        number = (uint64_t)((int64_t)(number << shift) >> shift);
    }
    require(width >= field->width_bytes);
    require(read == (width == 8 ? number : number & ((UINT64_C(1) << (8 * width)) - 1)));
}

static void require_float(const struct weir_field *field, const void *wanted, enum store_type type, const void *found)
{
    if (field->kind == WEIR_KIND_F32 && type == STORE_F64) {
        float number;
        memcpy(&number, wanted, sizeof number);
        const double wide = number;
        require(memcmp(&wide, found, sizeof wide) == 0);
    } else {
        require(memcmp(wanted, found, field->width_bytes) == 0);
    }
}

/* Text has no NULs at its end, and is hexadecimal where it is no UTF-8. */
static void require_text(const struct weir_octets *wanted, const uint8_t *found, uint32_t size_bytes)
{
    size_t length = wanted->size_bytes;
    while (length > 0 && wanted->data[length - 1] == 0)
        length--;
    if (utf8_valid(wanted->data, length)) {
        require(size_bytes == length && (length == 0 || memcmp(found, wanted->data, length) == 0));
        return;
    }
    require(size_bytes == 2 + 2 * length && memcmp(found, "0x", 2) == 0);
    for (size_t i = 0; i < length; i++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", (unsigned)wanted->data[i]);
        require(memcmp(found + 2 + 2 * i, digits, 2) == 0);
    }
}

static void require_value(const struct weir_field *field, const void *column, uint32_t row, enum store_type type,
                          const void *found, uint32_t size_bytes)
{
    const uint8_t *wanted = (const uint8_t *)column + (size_t)row * field->width_bytes;
    if (field->kind >= WEIR_KIND_OCTETS) {
        struct weir_octets octets = {wanted, field->width_bytes};
        if (source_is_variable(field))
            memcpy(&octets, wanted, sizeof octets);
        if (type == STORE_STRING)
            require_text(&octets, found, size_bytes);
        else
            require(size_bytes == octets.size_bytes &&
                    (size_bytes == 0 || memcmp(found, octets.data, size_bytes) == 0));
    } else if (field->kind == WEIR_KIND_F32 || field->kind == WEIR_KIND_F64) {
        require_float(field, wanted, type, found);
    } else if (field->kind == WEIR_KIND_IPV6 || field->kind == WEIR_KIND_MAC) {
        require(size_bytes == field->width_bytes && memcmp(wanted, found, size_bytes) == 0);
    } else {
        require_number(field, wanted, type, found);
    }
}

static void require_run_value(const struct weir_run *run, uint32_t index, const void *found)
{
    const uint8_t *p = run->exporter.octets;
    const uint32_t ipv4 = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    const int64_t export_us = (int64_t)run->export_time_s * 1000000 + run->export_time_ns / 1000;
    const uint8_t version = (uint8_t)run->version;
    const struct {
        const void *data;
        size_t size_bytes;
    } wanted[STORE_COLUMN_RUN_COUNT] = {
        [STORE_COLUMN_RECEIVED] = {&run->received_us, 8}, [STORE_COLUMN_EXPORTER_IPV4] = {&ipv4, 4},
        [STORE_COLUMN_EXPORTER_IPV6] = {run->exporter.octets, 16},
        [STORE_COLUMN_EXPORTER_PORT] = {&run->exporter_port, 2},
        [STORE_COLUMN_DOMAIN] = {&run->domain, 4}, [STORE_COLUMN_VERSION] = {&version, 1},
        [STORE_COLUMN_TEMPLATE_ID] = {&run->template_id, 2}, [STORE_COLUMN_EXPORT_TIME] = {&export_us, 8},
        [STORE_COLUMN_SYS_UPTIME_MS] = {&run->sys_uptime_ms, 4}};
    require(memcmp(wanted[index].data, found, wanted[index].size_bytes) == 0);
}

static bool is_run_column_there(const struct weir_run *run, uint32_t index)
{
    if (index == STORE_COLUMN_EXPORTER_IPV4 || index == STORE_COLUMN_EXPORTER_IPV6)
        return run->exporter.family == (index == STORE_COLUMN_EXPORTER_IPV4 ? 4 : 6);
    return index != STORE_COLUMN_SYS_UPTIME_MS || run->version != 10;
}

/* The field whose column this is: it has the field's name, or that and a tail. */
static uint32_t field_of(const struct weir_layout *layout, const char *name)
{
    const size_t length = strcspn(name, "_");
    for (uint32_t i = 0; i < layout->field_count; i++) {
        if (strlen(layout->fields[i].name) == length && strncmp(layout->fields[i].name, name, length) == 0)
            return i;
    }
    abort();
}

/* ---------------------------------------------------------------------------------------------------------- reading */

static void check_row(const struct row_source *rows, struct read_column *columns, uint32_t column_count, uint32_t row,
                      uint8_t *seen)
{
    const void *values[COLUMNS_MAX];
    uint32_t sizes[COLUMNS_MAX], number = UINT32_MAX, b = 0, fields = 0;
    for (uint32_t i = 0; i < column_count; i++) {
        if (columns[i].values.item_count == 0)
            continue;
        values[i] = next_value(&columns[i], row, &sizes[i]);
        if (strcmp(columns[i].name, "row") == 0)
            memcpy(&number, values[i], sizeof number);
    }
    require(number < rows->row_count && seen[number]++ == 0);
    while (number - rows->batches[b].first_number >= rows->batches[b].batch.row_count)
        b++;
    const struct source_batch *batch = &rows->batches[b];
    const uint32_t index = number - batch->first_number;
    const struct weir_run *run = &batch->runs[index / batch->runs[0].row_count]; /* all but the last have as many */
    for (uint32_t i = 0; i < column_count; i++) {
        const bool there = columns[i].values.item_count > 0;
        if (i < STORE_COLUMN_RUN_COUNT) {
            require(there == is_run_column_there(run, i));
            if (there)
                require_run_value(run, i, values[i]);
        } else if (there) {
            const uint32_t k = field_of(batch->batch.layout, columns[i].name);
            require_value(&batch->batch.layout->fields[k], batch->columns[k], index, columns[i].type, values[i],
                          sizes[i]);
            fields++;
        }
    }
    for (uint32_t k = 0; k < batch->batch.layout->field_count; k++)
        fields += batch->batch.layout->fields[k].kind == WEIR_KIND_NULL; /* has no column */
    require(fields == batch->batch.layout->field_count);
}

/* Each row that is marked in `seen` afterwards is in the file, with its values. Returns how many there are. */
static uint64_t check_file(const struct row_source *rows, const char *path, uint8_t *seen)
{
    struct file_reader file;
    struct chunk_reader reader;
    struct store_error error;
    struct read_column columns[COLUMNS_MAX];
    require(file_reader_open(&file, path, &error) == 0 && file_reader_check_notes(&file, &error) == 0);
    require(chunk_reader_init(&reader) == 0 && file.column_count <= COLUMNS_MAX);
    for (uint32_t g = 0; g < file.group_count; g++) {
        const uint32_t count = file.groups[g].row_count;
        for (uint32_t i = 0; i < file.column_count; i++) {
            columns[i] = (struct read_column){.name = file.columns[i].name, .type = file.columns[i].type};
            require(chunk_reader_read(&reader, &file, g, i, file.columns[i].type, SIZE_MAX, &columns[i].values,
                                      &error) == 0);
            require(columns[i].values.item_count == 0 || columns[i].values.item_count == count);
        }
        for (uint32_t row = 0; row < count; row++)
            check_row(rows, columns, file.column_count, row, seen);
        for (uint32_t i = 0; i < file.column_count; i++) {
            require(columns[i].at == columns[i].values.data.size_bytes);
            column_data_done(&columns[i].values);
        }
    }
    const uint64_t row_count = file.row_count;
    chunk_reader_done(&reader);
    file_reader_close(&file);
    return row_count;
}

/* ---------------------------------------------------------------------------------------------------------- writing */

/* In two parts where it has several runs. */
static void add(struct segment *segment, const struct weir_batch *batch)
{
    const uint32_t half = batch->run_count / 2;
    struct gather *like = gather_create(batch->layout, batch->runs[0].exporter.family);
    struct gather *to = like == NULL ? NULL : segment_gather(segment, like);
    require(to != NULL);
    size_t size_bytes = gather_append(to, like, batch, half, batch->run_count - half);
    require(size_bytes > 0);
    if (half > 0)
        size_bytes += gather_append(to, like, batch, 0, half);
    segment_added(segment, batch->runs, batch->run_count, batch->row_count, size_bytes);
    gather_free(like);
}

/* The batches whose number is this one modulo SEGMENTS; false where there are none. */
static bool write_segment(const struct row_source *rows, uint32_t which, enum parquet_codec codec, const char *path)
{
    struct segment *segment = segment_create(SEGMENT_OPTIONS);
    struct file_writer writer;
    struct store_error error;
    uint64_t bytes;
    char text[24];
    require(segment != NULL && file_writer_init(&writer, codec, 1) == 0);
    for (uint32_t i = which; i < rows->batch_count; i += SEGMENTS)
        add(segment, &rows->batches[i].batch);
    const bool any = segment->row_count > 0;
    snprintf(text, sizeof text, "%llu", (unsigned long long)segment->row_count);
    const struct file_note notes[] = {{"weir.format", "1"}, {"weir.kind", "options"}, {"weir.rows", text}};
    require(!any || segment_write(segment, &writer, path, notes, 3, false, &bytes, &error) == 0);
    file_writer_done(&writer);
    segment_free(segment);
    return any;
}

static void merge(const char (*paths)[64], uint32_t count, const char *path)
{
    const char *inputs[SEGMENTS];
    struct segment_merge merger;
    struct segment_merged merged;
    struct store_error error;
    int bad;
    for (uint32_t i = 0; i < count; i++)
        inputs[i] = paths[i];
    require(segment_merge_init(&merger, 1, NULL) == 0);
    require(segment_merge_files(&merger, inputs, count, path, false, &merged, &bad, &error) == 0);
    segment_merge_done(&merger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum parquet_codec codecs[] = {PARQUET_ZSTD, PARQUET_LZ4_RAW, PARQUET_UNCOMPRESSED, PARQUET_ZSTD};
    struct octet_source source = {data, size};
    const enum parquet_codec codec = codecs[take_octet(&source) % 4];
    struct row_source rows;
    char paths[SEGMENTS + 1][64];
    uint32_t count = 0;
    uint64_t found = 0;
    row_source_make(&rows, &source);
    uint8_t *seen = calloc(rows.row_count, 1);
    require(seen != NULL);
    for (uint32_t i = 0; i < SEGMENTS + 1; i++)
        snprintf(paths[i], sizeof paths[i], "/tmp/weir-fuzz-store-%d-%u", (int)getpid(), i);
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        if (write_segment(&rows, i, codec, paths[count]))
            found += check_file(&rows, paths[count++], seen);
    }
    require(found == rows.row_count); /* and none was seen twice */
    memset(seen, 0, rows.row_count);
    merge((const char (*)[64])paths, count, paths[SEGMENTS]);
    require(check_file(&rows, paths[SEGMENTS], seen) == rows.row_count);
    for (uint32_t i = 0; i < SEGMENTS + 1; i++)
        unlink(paths[i]);
    free(seen);
    row_source_done(&rows);
    return 0;
}
