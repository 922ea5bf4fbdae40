/* SPDX-License-Identifier: MIT */
/* test_value_search.c - what is in a file is found by its filters and statistics, what is not there mostly is not, and
 * what is damaged keeps nobody from looking */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "file_writer.h"
#include "value_search.h"

enum { ROWS = 1000, GROUPS = 3 };

static uint8_t *octets; /* of the file */
static size_t size_bytes;
static struct file_reader file;
static struct octet_buffer buffer;

/* Addresses are even, in each group others. */
static uint32_t number_at(uint32_t group, uint32_t row)
{
    return (group * ROWS + row) * 2;
}

static void six_at(uint32_t number, uint8_t address[16])
{
    memset(address, 0, 16);
    address[0] = 0x20;
    address[1] = (uint8_t)(number * 101); /* so that bounds do not tell */
    memcpy(address + 12, &number, sizeof number);
}

static void write_groups(struct file_writer *writer)
{
    static uint32_t numbers[ROWS];
    static uint8_t sixes[ROWS][16];
    static const char *const origins[4];
    struct store_error error;
    for (uint32_t group = 0; group < GROUPS; group++) {
        for (uint32_t row = 0; row < ROWS; row++) {
            numbers[row] = number_at(group, row);
            six_at(numbers[row], sixes[row]);
        }
        const struct store_values values[] = {
            {.data = numbers, .item_count = ROWS, .width_bytes = 4, .row_count = ROWS},
            {.data = sixes, .item_count = ROWS, .width_bytes = 16, .row_count = ROWS},
            {.data = numbers, .item_count = ROWS, .width_bytes = 4, .row_count = ROWS},
            {.row_count = ROWS},
        };
        assert_int_equal(file_writer_row_group(writer, values, origins, -1, &error), 0);
    }
}

static int make_file(void **state)
{
    static const struct file_column columns[] = {{"v4", 1, STORE_U32, true}, {"v6", 2, STORE_FIXED_16, true},
                                                 {"plain", 3, STORE_U32, false}, {"absent", 4, STORE_U32, true}};
    const struct file_note notes[] = {{"weir.format", "1"}, {"weir.rows", "3000"}};
    char path[] = "/tmp/test_value_search_XXXXXX";
    struct file_writer writer;
    struct store_error error;
    uint64_t bytes;
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    assert_int_equal(file_writer_init(&writer, PARQUET_ZSTD, 1), 0);
    assert_int_equal(file_writer_begin(&writer, path, columns, 4, &error), 0);
    write_groups(&writer);
    assert_int_equal(file_writer_finish(&writer, notes, 2, false, &bytes, &error), 0);
    file_writer_done(&writer);
    FILE *stream = fopen(path, "rb");
    octets = malloc(size_bytes = bytes);
    assert_true(stream != NULL && octets != NULL && fread(octets, 1, size_bytes, stream) == size_bytes);
    fclose(stream);
    unlink(path);
    assert_int_equal(file_reader_open_memory(&file, "made", octets, size_bytes, &error), 0);
    return 0;
}

static int forget_file(void **state)
{
    (void)state;
    file_reader_close(&file);
    octet_buffer_done(&buffer);
    buffer = (struct octet_buffer){0};
    free(octets);
    return 0;
}

static bool has_number(const char *column, uint32_t number)
{
    const struct sought_value value = {.column = column, .type = STORE_U32, .as.number = number};
    return file_may_have(&file, &value, &buffer);
}

static bool has_six(uint32_t number)
{
    struct sought_value value = {.column = "v6", .type = STORE_FIXED_16};
    six_at(number, value.as.octets);
    return file_may_have(&file, &value, &buffer);
}

static void what_is_there_is_found(void **state)
{
    uint32_t fours = 0, sixes = 0;
    (void)state;
    for (uint32_t number = 0; number < 2 * ROWS * GROUPS; number += 2) {
        assert_true(has_number("v4", number));
        assert_true(has_six(number));
        fours += has_number("v4", number + 1);
        sixes += has_six(number + 1);
    }
    assert_true(fours < ROWS * GROUPS / 5 && sixes < ROWS * GROUPS / 5);
}

static void bounds_are_asked(void **state)
{
    (void)state;
    assert_true(has_number("plain", 1)); /* it has no filter */
    assert_true(has_number("plain", 2 * ROWS * GROUPS - 2));
    assert_false(has_number("plain", 2 * ROWS * GROUPS - 1));
    assert_false(has_number("plain", UINT32_MAX));
}

static void columns_may_be_others(void **state)
{
    struct sought_value value = {.column = "v4", .type = STORE_FIXED_16, .as.octets = {1}};
    (void)state;
    assert_false(has_number("absent", 0));
    assert_false(has_number("unknown", 0));
    assert_false(has_number("v", 0));
    assert_true(file_may_have(&file, &value, &buffer)); /* nothing is known of what is of another type */
}

/* Whatever stands where a filter should be, what is in the file is found, or the file is looked at. */
static void damage_hides_nothing(void **state)
{
    const uint64_t offset = file.groups[1].chunks[0].bloom_offset;
    const uint32_t number = number_at(1, 7);
    uint8_t header[20];
    (void)state;
    assert_true(offset > 0 && has_number("v4", number));
    memcpy(header, octets + offset, sizeof header);
    for (size_t i = 0; i < 16; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            octets[offset + i] ^= (uint8_t)(1u << bit);
            has_number("v4", number); /* it reads nothing that is not the file's */
            octets[offset + i] = header[i];
        }
    }
    memset(octets + offset, 0xff, sizeof header);
    assert_true(has_number("v4", number));
    memset(octets + offset, 0, sizeof header);
    assert_true(has_number("v4", number));
    memcpy(octets + offset, header, sizeof header);
    file.groups[1].chunks[0].bloom_offset = file.data_end - 1;
    assert_true(has_number("v4", number));
    file.groups[1].chunks[0].bloom_offset = UINT64_MAX;
    assert_true(has_number("v4", number));
    file.groups[1].chunks[0].bloom_offset = offset;
    file.data_end = offset + 20; /* the bits go on behind it */
    assert_true(has_number("v4", number));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_file, forget_file)
    const struct CMUnitTest tests[] = {
        TEST(what_is_there_is_found), TEST(bounds_are_asked), TEST(columns_may_be_others), TEST(damage_hides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
