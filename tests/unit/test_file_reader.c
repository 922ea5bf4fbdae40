/* SPDX-License-Identifier: MIT */
/* test_file_reader.c - what was written is read again; what was damaged is told */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "guarded.h"
#include "store_maker.h"
#include "thrift_reader.h"

enum { GROUPS = MADE_PATTERN_COUNT, LARGE_ROWS = 70000, SMALL_ROWS = 50 };

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-file-reader-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/made.parquet", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void make(enum parquet_codec codec, uint32_t group_count, uint32_t rows)
{
    unlink(path);
    const char *fault = made_file(path, codec, group_count, rows);
    if (fault != NULL)
        fail_msg("%s", fault);
}

/* Reads all; the first fault, or 0. */
static int read_all(const struct file_reader *file, struct chunk_reader *reader, struct column_data *to,
                    struct store_error *error)
{
    for (uint32_t g = 0; g < file->group_count; g++) {
        for (uint32_t i = 0; i < file->column_count; i++) {
            if (to != NULL)
                column_data_clear(to);
            if (chunk_reader_read(reader, file, g, i, file->columns[i].type, 1u << 26, to, error) != 0)
                return -1;
        }
    }
    return 0;
}

static void expect_made(const struct file_reader *file, struct chunk_reader *reader, uint32_t rows)
{
    struct store_error error = {0};
    struct column_data read = {0};
    for (uint32_t g = 0; g < file->group_count; g++) {
        assert_int_equal(file->groups[g].row_count, rows);
        for (int type = 0; type < STORE_TYPE_COUNT; type++) {
            struct made_column made;
            made_column_init(&made, (enum store_type)type, made_pattern_of(type, g), rows, g);
            column_data_clear(&read);
            if (chunk_reader_read(reader, file, g, (uint32_t)type, (enum store_type)type, SIZE_MAX, &read, &error) != 0)
                fail_msg("group %u: %s", g, error.text);
            if (!made_column_equal(&made, (enum store_type)type, &read))
                fail_msg("group %u, column %s: other values", g, file->columns[type].name);
            made_column_done(&made);
        }
    }
    column_data_done(&read);
}

static void reads_what_was_written(void **state)
{
    static const enum parquet_codec codecs[] = {PARQUET_ZSTD, PARQUET_LZ4_RAW, PARQUET_UNCOMPRESSED};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct store_error error = {0};
        struct file_reader file;
        struct chunk_reader reader;
        made_thorough = i >= 3;
        make(codecs[i % 3], GROUPS, LARGE_ROWS);
        made_thorough = false;
        assert_int_equal(chunk_reader_init(&reader), 0);
        if (file_reader_open(&file, path, &error) != 0)
            fail_msg("%s", error.text);
        assert_int_equal(file.column_count, STORE_TYPE_COUNT);
        assert_int_equal(file.group_count, GROUPS);
        assert_int_equal(file.row_count, GROUPS * LARGE_ROWS);
        assert_string_equal(file_reader_note(&file, "weir.kind"), "flows");
        assert_null(file_reader_note(&file, "weir.none"));
        assert_string_equal(file.groups[1].chunks[0].origin, "octetDeltaCount");
        assert_null(file.groups[1].chunks[1].origin);
        assert_true(file.groups[0].chunks[0].is_null);
        assert_int_equal(file_reader_check_notes(&file, &error), 0);
        expect_made(&file, &reader, LARGE_ROWS);
        file_reader_close(&file);
        chunk_reader_done(&reader);
    }
}

static void widens(void **state)
{
    struct store_error error = {0};
    struct file_reader file;
    struct chunk_reader reader;
    struct column_data read = {0};
    (void)state;
    make(PARQUET_ZSTD, GROUPS, SMALL_ROWS);
    assert_int_equal(chunk_reader_init(&reader), 0);
    assert_int_equal(file_reader_open(&file, path, &error), 0);
    for (uint32_t g = 0; g < GROUPS; g++) {
        struct made_column made;
        made_column_init(&made, STORE_I8, made_pattern_of(STORE_I8, g), SMALL_ROWS, g);
        column_data_clear(&read);
        assert_int_equal(chunk_reader_read(&reader, &file, g, STORE_I8, STORE_I64, SIZE_MAX, &read, &error), 0);
        assert_int_equal(read.item_count, made.plain.item_count);
        for (uint32_t i = 0; i < read.item_count; i++)
            assert_int_equal(((const int64_t *)(const void *)read.data.data)[i],
                             ((const int8_t *)made.plain.data.data)[i]);
        made_column_done(&made);
        made_column_init(&made, STORE_F32, made_pattern_of(STORE_F32, g), SMALL_ROWS, g);
        column_data_clear(&read);
        assert_int_equal(chunk_reader_read(&reader, &file, g, STORE_F32, STORE_F64, SIZE_MAX, &read, &error), 0);
        for (uint32_t i = 0; i < read.item_count; i++) {
            const double wide = ((const double *)(const void *)read.data.data)[i];
            const float narrow = ((const float *)(const void *)made.plain.data.data)[i];
            assert_true(memcmp(&wide, &(double){(double)narrow}, sizeof wide) == 0);
        }
        made_column_done(&made);
    }
    column_data_done(&read);
    file_reader_close(&file);
    chunk_reader_done(&reader);
}

static void bounds_memory(void **state)
{
    struct store_error error = {0};
    struct file_reader file;
    struct chunk_reader reader;
    struct column_data read = {0};
    (void)state;
    make(PARQUET_ZSTD, 4, LARGE_ROWS);
    assert_int_equal(chunk_reader_init(&reader), 0);
    assert_int_equal(file_reader_open(&file, path, &error), 0);
    assert_int_equal(chunk_reader_read(&reader, &file, 1, STORE_U64, STORE_U64, 8 * LARGE_ROWS, &read, &error), 0);
    column_data_clear(&read);
    assert_int_equal(chunk_reader_read(&reader, &file, 1, STORE_U64, STORE_U64, 8 * LARGE_ROWS - 1, &read, &error), -1);
    assert_int_equal(error.number, ENOBUFS);
    column_data_done(&read);
    file_reader_close(&file);
    chunk_reader_done(&reader);
}

/* Opens octets and reads all of them; whether that went well. */
static bool reads_well(const uint8_t *data, size_t size_bytes, struct chunk_reader *reader, struct column_data *to,
                       struct store_error *error)
{
    struct file_reader file;
    error->text[0] = '\0';
    if (file_reader_open_memory(&file, "made", data, size_bytes, error) != 0)
        return false;
    const bool well = file_reader_check_notes(&file, error) == 0 && read_all(&file, reader, to, error) == 0;
    file_reader_close(&file);
    return well;
}

static void truncated_at_every_length(void **state)
{
    struct store_error error;
    struct chunk_reader reader;
    size_t size_bytes = 0;
    (void)state;
    make(PARQUET_UNCOMPRESSED, 2, 9);
    uint8_t *data = made_octets(path, &size_bytes);
    struct guarded guarded = guarded_create(size_bytes);
    assert_int_equal(chunk_reader_init(&reader), 0);
    assert_true(reads_well(guarded_at_end(&guarded, data, size_bytes), size_bytes, &reader, NULL, &error));
    for (size_t length = 0; length < size_bytes; length++) {
        assert_false(reads_well(guarded_at_end(&guarded, data, length), length, &reader, NULL, &error));
        assert_true(strncmp(error.text, "made is ", 8) == 0);
        /* A whole tail behind what is left of the rest: pages are missing. */
        assert_false(reads_well(guarded_at_end(&guarded, data + length + 1, size_bytes - length - 1),
                                size_bytes - length - 1, &reader, NULL, &error));
    }
    chunk_reader_done(&reader);
    guarded_free(&guarded);
    free(data);
}

enum { OUTSIDE, HEADER, BODY };

/* What each octet of a chunk belongs to. */
static void mark_pages(const uint8_t *data, uint64_t at, uint64_t end, uint8_t *marks)
{
    while (at < end) {
        int32_t body_bytes = 0;
        struct thrift_reader thrift = thrift_reader_init(data + at, end - at);
        while (thrift_next(&thrift)) {
            if (thrift.id == 3)
                body_bytes = thrift_get_i32(&thrift);
            else
                thrift_skip(&thrift);
        }
        assert_false(thrift.error);
        const size_t header_bytes = (size_t)(thrift.at - (data + at));
        memset(marks + at, HEADER, header_bytes);
        memset(marks + at + header_bytes, BODY, (size_t)body_bytes);
        at += header_bytes + (size_t)body_bytes;
    }
    assert_int_equal(at, end);
}

struct flips {
    size_t bodies, unnoticed, packed;
};

static void flip_bits_of(const struct file_reader *file, uint32_t group, uint32_t column, uint8_t *data,
                         const uint8_t *marks, struct chunk_reader *reader, struct flips *flips)
{
    const struct file_reader_chunk *chunk = &file->groups[group].chunks[column];
    const enum store_type type = file->columns[column].type;
    struct column_data read = {0};
    struct made_column made;
    made_column_init(&made, type, made_pattern_of((int)column, group), SMALL_ROWS, group);
    for (uint64_t bit = chunk->offset * 8; bit < (chunk->offset + chunk->size_bytes) * 8; bit++) {
        struct store_error error;
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        column_data_clear(&read);
        const bool well = chunk_reader_read(reader, file, group, column, type, 1u << 26, &read, &error) == 0;
        if (marks[bit / 8] == BODY && (well || strstr(error.text, "the checksum of a page does not fit") == NULL))
            fail_msg("bit %zu: %s", (size_t)bit, error.text);
        if (well)
            assert_true(made_column_equal(&made, type, &read));
        /* readers that know nothing of the checksum of Parquet */
        if (marks[bit / 8] == BODY && chunk->codec == PARQUET_ZSTD) {
            reader->ignore_checksums = true;
            column_data_clear(&read);
            if (chunk_reader_read(reader, file, group, column, type, 1u << 26, &read, &error) == 0 &&
                !made_column_equal(&made, type, &read))
                fail_msg("bit %zu changes values, and zstd does not notice", (size_t)bit);
            reader->ignore_checksums = false;
            flips->packed++;
        }
        flips->bodies += marks[bit / 8] == BODY;
        flips->unnoticed += well;
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    made_column_done(&made);
    column_data_done(&read);
}

/* Each bit of the pages: a change of what they hold is found by its checksum, and by that of zstd as well; one of a
 * header is told or changes no value. */
static void bits_flipped(void **state)
{
    static const enum parquet_codec codecs[] = {PARQUET_ZSTD, PARQUET_LZ4_RAW, PARQUET_UNCOMPRESSED};
    (void)state;
    for (size_t c = 0; c < 3; c++) {
        struct store_error error;
        struct chunk_reader reader;
        struct file_reader file;
        struct flips flips = {0};
        size_t size_bytes = 0;
        make(codecs[c], GROUPS, SMALL_ROWS);
        uint8_t *data = made_octets(path, &size_bytes);
        uint8_t *marks = calloc(size_bytes, 1);
        assert_non_null(marks);
        assert_int_equal(chunk_reader_init(&reader), 0);
        assert_int_equal(file_reader_open_memory(&file, "made", data, size_bytes, &error), 0);
        for (uint32_t g = 0; g < file.group_count; g++) {
            for (uint32_t i = 0; i < file.column_count; i++) {
                const struct file_reader_chunk *chunk = &file.groups[g].chunks[i];
                mark_pages(data, chunk->offset, chunk->offset + chunk->size_bytes, marks);
                flip_bits_of(&file, g, i, data, marks, &reader, &flips);
            }
        }
        assert_true(flips.bodies > 8 * 5000);
        assert_true(flips.unnoticed * 10 < flips.bodies);
        assert_int_equal(flips.packed > 8 * 5000, codecs[c] == PARQUET_ZSTD);
        file_reader_close(&file);
        chunk_reader_done(&reader);
        free(marks);
        free(data);
    }
}

/* Of the footer and the indexes: nothing is read beyond its end, and memory stays bounded. */
static void footer_bits_flipped(void **state)
{
    struct store_error error;
    struct chunk_reader reader;
    size_t size_bytes = 0, told = 0;
    (void)state;
    make(PARQUET_ZSTD, 2, SMALL_ROWS);
    uint8_t *data = made_octets(path, &size_bytes);
    struct guarded guarded = guarded_create(size_bytes);
    uint8_t *changed = (uint8_t *)(uintptr_t)guarded_at_end(&guarded, data, size_bytes);
    assert_int_equal(chunk_reader_init(&reader), 0);
    for (size_t at = size_bytes / 2; at < size_bytes; at++) {
        for (int bit = 0; bit < 8; bit++) {
            changed[at] ^= (uint8_t)(1 << bit);
            told += !reads_well(changed, size_bytes, &reader, NULL, &error);
            changed[at] ^= (uint8_t)(1 << bit);
        }
    }
    assert_true(told > size_bytes / 4);
    chunk_reader_done(&reader);
    guarded_free(&guarded);
    free(data);
}

static void tells_what_is_wrong(void **state)
{
    struct store_error error;
    struct file_reader file;
    (void)state;
    assert_int_equal(file_reader_open(&file, "/nowhere/at-all", &error), -1);
    assert_string_equal(error.text, "cannot open /nowhere/at-all: No such file or directory");
    assert_int_equal(file_reader_open(&file, folder, &error), -1);
    assert_non_null(strstr(error.text, "is no file"));
    const uint8_t text[] = "this is some text that is no Parquet file";
    assert_int_equal(file_reader_open_memory(&file, "made", text, sizeof text, &error), -1);
    assert_string_equal(error.text, "made is no Parquet file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written), cmocka_unit_test(widens), cmocka_unit_test(bounds_memory),
        cmocka_unit_test(truncated_at_every_length), cmocka_unit_test(bits_flipped),
        cmocka_unit_test(footer_bits_flipped), cmocka_unit_test(tells_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
