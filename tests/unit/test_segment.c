/* SPDX-License-Identifier: MIT */
/* test_segment.c - rows of several forms in one file: no column takes another's name, place or ID */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "chunk_reader.h"
#include "form_maker.h"
#include "segment.h"

static const uint8_t bytes[] = {1, 2, 3};
static const uint16_t words[] = {1001, 1002, 1003};
static const int32_t numbers[] = {-1, -2, -3};
static const struct weir_octets octets[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"", 0},
                                            {(const uint8_t *)"ccc", 3}};

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-segment-XXXXXX");
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

static void add(struct segment *segment, struct made_form *form, uint32_t rows)
{
    const struct weir_batch *batch = form_batch(form, rows);
    struct gather *like = gather_create(&form->layout, 4);
    struct gather *to = segment_gather(segment, like);
    const size_t size_bytes = gather_append(to, like, batch, 0, 1);
    assert_true(size_bytes > 0);
    segment_added(segment, batch->runs, 1, rows, size_bytes);
    gather_free(like);
}

static void write_and_open(struct segment *segment, struct file_reader *reader)
{
    const struct file_note notes[] = {{"weir.format", "1"}, {"weir.kind", "options"}};
    struct file_writer writer;
    struct store_error error = {0};
    uint64_t size_bytes;
    assert_int_equal(file_writer_init(&writer, PARQUET_ZSTD, 1), 0);
    if (segment_write(segment, &writer, path, notes, 2, false, &size_bytes, &error) != 0 ||
        file_reader_open(reader, path, &error) != 0)
        fail_msg("%s", error.text);
    file_writer_done(&writer);
}

static uint32_t find(const struct file_reader *reader, const char *name)
{
    for (uint32_t i = 0; i < reader->column_count; i++) {
        if (strcmp(reader->columns[i].name, name) == 0)
            return i;
    }
    fail_msg("no column %s", name);
    return 0;
}

static void expect_numbers(const struct file_reader *file, uint32_t group, const char *name, enum store_type type,
                           const void *values, size_t size_bytes)
{
    struct chunk_reader reader;
    struct column_data read = {0};
    struct store_error error = {0};
    assert_int_equal(chunk_reader_init(&reader), 0);
    if (chunk_reader_read(&reader, file, group, find(file, name), type, SIZE_MAX, &read, &error) != 0)
        fail_msg("%s: %s", name, error.text);
    assert_int_equal(read.data.size_bytes, size_bytes);
    if (size_bytes > 0)
        assert_memory_equal(read.data.data, values, size_bytes);
    column_data_done(&read);
    chunk_reader_done(&reader);
}

/* Whatever the case of their letters. */
static void expect_apart(const struct file_reader *file)
{
    for (uint32_t i = 0; i < file->column_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (strcasecmp(file->columns[i].name, file->columns[k].name) == 0)
                fail_msg("two columns: %s, %s", file->columns[i].name, file->columns[k].name);
            if (file->columns[i].field_id == file->columns[k].field_id && file->columns[i].field_id != 0)
                fail_msg("%s and %s have one ID", file->columns[i].name, file->columns[k].name);
        }
    }
}

static void one_name_of_several_types(void **state)
{
    (void)state;
    struct made_form forms[4];
    struct segment *segment = segment_create(SEGMENT_OPTIONS);
    struct file_reader file;
    for (uint64_t i = 0; i < 4; i++)
        form_init(&forms[i], i + 1);
    form_field(&forms[0], "speed", WEIR_KIND_VARIABLE, 16, octets);
    form_field(&forms[1], "speed", WEIR_KIND_U16, 2, words);
    form_field(&forms[2], "speed", WEIR_KIND_U16, 2, words); /* the same, of another form */
    form_field(&forms[2], "other", WEIR_KIND_U8, 1, bytes);
    form_field(&forms[3], "Speed", WEIR_KIND_I32, 4, numbers);
    for (size_t i = 0; i < 4; i++)
        add(segment, &forms[i], 3);
    write_and_open(segment, &file);
    assert_int_equal(file.column_count, STORE_COLUMN_RUN_COUNT + 4);
    expect_apart(&file);
    assert_int_equal(file.columns[find(&file, "speed")].field_id, store_name_id("speed"));
    assert_int_equal(file.columns[find(&file, "speed_UINT_16")].field_id, store_name_id("speed_UINT_16"));
    expect_numbers(&file, 0, "speed", STORE_OCTETS, "accc", 4);
    expect_numbers(&file, 1, "speed_UINT_16", STORE_U16, words, sizeof words);
    expect_numbers(&file, 2, "speed_UINT_16", STORE_U16, words, sizeof words);
    expect_numbers(&file, 2, "other", STORE_U8, bytes, sizeof bytes);
    expect_numbers(&file, 3, "Speed_INT_32", STORE_I32, numbers, sizeof numbers);
    file_reader_close(&file);
    segment_free(segment);
}

/* Exporters can name elements as they like (RFC 5610), also as the second of another is called. */
static void one_name_twice_in_a_form(void **state)
{
    (void)state;
    static const uint16_t others[] = {5, 6, 7}, more[] = {8, 9, 10};
    struct made_form form;
    struct segment *segment = segment_create(SEGMENT_OPTIONS);
    struct file_reader file;
    form_init(&form, 1);
    form_field(&form, "load_2", WEIR_KIND_U16, 2, words);
    form_field(&form, "load_2", WEIR_KIND_U16, 2, others);
    form_field(&form, "LOAD_2", WEIR_KIND_U16, 2, more);
    add(segment, &form, 3);
    write_and_open(segment, &file);
    assert_int_equal(file.column_count, STORE_COLUMN_RUN_COUNT + 3);
    expect_apart(&file);
    expect_numbers(&file, 0, "load_2", STORE_U16, words, sizeof words);
    expect_numbers(&file, 0, "load_2_UINT_16", STORE_U16, others, sizeof others);
    expect_numbers(&file, 0, "LOAD_2_UINT_16_2", STORE_U16, more, sizeof more);
    file_reader_close(&file);
    segment_free(segment);
}

/* Found by trying: their hashes have the same 30 bits. */
static void names_of_one_hash(void **state)
{
    (void)state;
    struct made_form form;
    struct segment *segment = segment_create(SEGMENT_OPTIONS);
    struct file_reader file;
    static const char first[] = "ie_2_10649", second[] = "ie_4_32431";
    assert_int_equal(store_name_id(first), store_name_id(second));
    form_init(&form, 1);
    form_field(&form, first, WEIR_KIND_U16, 2, words);
    form_field(&form, second, WEIR_KIND_U16, 2, words);
    add(segment, &form, 3);
    write_and_open(segment, &file);
    expect_apart(&file);
    assert_int_equal(file.columns[find(&file, first)].field_id, store_name_id(first));
    assert_int_equal(file.columns[find(&file, second)].field_id, 0);
    file_reader_close(&file);
    segment_free(segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_name_of_several_types, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(one_name_twice_in_a_form, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(names_of_one_hash, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
