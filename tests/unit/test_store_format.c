/* SPDX-License-Identifier: MIT */
/* test_store_format.c - what a later version of Weir made is told apart from what is damaged; and the check of a
 * file */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "file_check.h"
#include "footer_sum.h"
#include "segment_list.h"
#include "store_format.h"
#include "store_maker.h"
#include "store_writer.h"

static char folder[64], path[128], marker[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/weir-store-format-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/made.parquet", folder);
    snprintf(marker, sizeof marker, "%s/.format", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(marker);
    return rmdir(folder);
}

static void put(const char *name, const void *data, size_t size_bytes)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size_bytes, file), size_bytes);
    assert_int_equal(fclose(file), 0);
}

static void a_store_tells_its_format(void **state)
{
    struct store_error error = {0};
    struct segment_list list = {0};
    (void)state;
    assert_int_equal(store_format_check("/nowhere/at-all", &error), 0);
    assert_int_equal(store_format_check(folder, &error), 0);
    assert_int_equal(access(marker, F_OK), -1);
    store_format_mark(folder);
    store_format_mark(folder);
    size_t size_bytes = 0;
    uint8_t *text = made_octets(marker, &size_bytes);
    assert_non_null(text);
    assert_int_equal(size_bytes, 2);
    assert_memory_equal(text, "1\n", 2);
    free(text);
    assert_int_equal(store_format_check(folder, &error), 0);
    put(marker, "23\n", 3);
    assert_int_equal(store_format_check(folder, &error), -1);
    assert_int_equal(error.number, ENOTSUP);
    assert_non_null(strstr(error.text, folder));
    assert_non_null(strstr(error.text,
                           "is of format 23, which a later version of Weir made; this one knows 1: use that version"));
    store_format_mark(folder);
    assert_int_equal(store_format_check(folder, &error), -1);
    assert_int_equal(segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error), -1);
    assert_int_equal(error.number, ENOTSUP);
    put(marker, "\n", 1);
    assert_int_equal(store_format_check(folder, &error), -1);
    assert_non_null(strstr(error.text, "does not tell the format"));
    unlink(marker);
}

static void the_last_note_counts(void **state)
{
    static const char tail[] = "min \x0bweir.format\x18\x01" "7 max \x0bweir.format\x18\x02" "12 created by";
    char format[FILE_FORMAT_SIZE] = "as before";
    (void)state;
    const uint8_t *octets = (const uint8_t *)tail;
    const size_t end = (size_t)(strstr(tail, "12 ") - tail);
    assert_true(file_format_find(octets, sizeof tail - 1, format));
    assert_string_equal(format, "12");
    for (size_t length = 0; length < end - 1; length++) { /* not yet the length of the second one */
        const bool found = file_format_find(octets, length, format);
        assert_int_equal(found, length >= (size_t)(strstr(tail, "7 ") - tail) + 1 && length < end - 1);
        if (found)
            assert_string_equal(format, "7");
    }
    assert_false(file_format_find(octets, end, format)); /* its length, and nothing of it */
    assert_false(file_format_find(octets, end + 1, format));
    static const char odd[] = "\x0bweir.format\x18\x20" "\x1b[1m and so on, up to here and no";
    assert_true(file_format_find((const uint8_t *)odd, sizeof odd - 1, format));
    assert_string_equal(format, "?[1m and so on, up to h");
}

/* Opens the made file after its format was changed to this. */
static int open_as(char format, struct store_error *error)
{
    struct file_reader file;
    size_t size_bytes = 0;
    assert_null(made_file(path, PARQUET_ZSTD, 2, 50));
    uint8_t *data = made_octets(path, &size_bytes);
    uint8_t *note = memmem(data, size_bytes, "weir.format\x18\x01", 13);
    assert_non_null(note);
    note[13] = (uint8_t)format;
    const int result = file_reader_open_memory(&file, path, data, size_bytes, error);
    if (result == 0)
        file_reader_close(&file);
    free(data);
    unlink(path);
    return result;
}

static void a_file_of_a_later_format_is_no_damage(void **state)
{
    struct store_error error = {0};
    char wanted[400];
    (void)state;
    assert_int_equal(open_as('1', &error), 0);
    assert_int_equal(open_as('2', &error), -1);
    assert_int_equal(error.number, ENOTSUP);
    snprintf(wanted, sizeof wanted,
             "%s is of format 2, which a later version of Weir wrote; this one knows 1: use that version for it", path);
    assert_string_equal(error.text, wanted);
}

/* Whatever octet of it is another one, but for the name of the note that tells. */
static void a_footer_is_under_a_checksum(void **state)
{
    struct store_error error = {0};
    struct file_reader file;
    size_t size_bytes = 0;
    uint32_t footer_bytes;
    (void)state;
    assert_null(made_file(path, PARQUET_ZSTD, 2, 50));
    uint8_t *data = made_octets(path, &size_bytes);
    memcpy(&footer_bytes, data + size_bytes - 8, sizeof footer_bytes);
    uint8_t *footer = data + size_bytes - 8 - footer_bytes;
    const uint8_t *note = memmem(footer, footer_bytes, "\x0b" FOOTER_SUM_NOTE "\x18\x08", 14);
    assert_non_null(note);
    for (uint8_t *at = footer; at < footer + footer_bytes; at++) {
        if (at >= note && at < note + 14)
            continue;
        *at ^= 1;
        assert_int_equal(file_reader_open_memory(&file, path, data, size_bytes, &error), -1);
        *at ^= 1;
    }
    assert_int_equal(file_reader_open_memory(&file, path, data, size_bytes, &error), 0);
    file_reader_close(&file);
    memcpy(data + (note - data) + 1, "told", 4); /* as of a version that has no such note */
    assert_int_equal(file_reader_open_memory(&file, path, data, size_bytes, &error), 0);
    file_reader_close(&file);
    free(data);
    unlink(path);
}

/* Each octet of each filter, of all row groups: one that is another one would hide flows from a query. */
static void bloom_filters_are_under_a_checksum(void **state)
{
    struct store_error error = {0};
    struct chunk_reader reader;
    struct file_reader file;
    size_t size_bytes = 0, filters = 0;
    (void)state;
    assert_int_equal(chunk_reader_init(&reader), 0);
    made_thorough = true;
    assert_null(made_file(path, PARQUET_ZSTD, 3, 50));
    made_thorough = false;
    uint8_t *data = made_octets(path, &size_bytes);
    assert_int_equal(file_reader_open_memory(&file, path, data, size_bytes, &error), 0);
    assert_int_equal(file_check_pages(&reader, &file, false, &error), 0);
    for (uint32_t group = 0; group < file.group_count; group++) {
        for (int type = 0; type < STORE_TYPE_COUNT; type++) {
            const struct file_reader_chunk *chunk = &file.groups[group].chunks[type];
            filters += chunk->bloom_bytes > 0;
            for (uint64_t at = chunk->bloom_offset; at < chunk->bloom_offset + chunk->bloom_bytes; at++) {
                data[at] ^= 0x10;
                assert_int_equal(file_check_pages(&reader, &file, false, &error), -1);
                assert_non_null(strstr(error.text, "is damaged: its bloom filters are not as they were written"));
                data[at] ^= 0x10;
            }
        }
    }
    assert_true(filters > 3);
    file_reader_close(&file);
    chunk_reader_done(&reader);
    free(data);
    unlink(path);
}

/* Each octet of the pages, and none of their headers, is under a checksum; what is in the headers takes a closer
 * look. */
static void checksums_are_compared(void **state)
{
    struct store_error error = {0};
    struct chunk_reader reader;
    struct file_reader file;
    size_t size_bytes = 0, quick = 0, close = 0;
    (void)state;
    assert_int_equal(chunk_reader_init(&reader), 0);
    assert_null(made_file(path, PARQUET_ZSTD, 2, 50));
    assert_int_equal(file_check(&reader, path, false, &error), 0);
    assert_int_equal(file_check(&reader, path, true, &error), 0);
    uint8_t *data = made_octets(path, &size_bytes);
    assert_int_equal(file_reader_open(&file, path, &error), 0);
    const uint64_t begin = file.groups[0].chunks[STORE_U32].offset, bytes = file.groups[0].chunks[STORE_U32].size_bytes;
    file_reader_close(&file);
    for (uint64_t at = begin; at < begin + bytes; at++) {
        data[at] ^= 4;
        put(path, data, size_bytes);
        const bool is_found = file_check(&reader, path, false, &error) != 0;
        quick += is_found;
        close += file_check(&reader, path, true, &error) != 0;
        assert_int_equal(error.number, 0);
        data[at] ^= 4;
    }
    assert_true(quick > bytes / 2);
    assert_true(close >= quick);
    unlink(path);
    assert_int_equal(file_check(&reader, path, false, &error), -1);
    assert_int_equal(error.number, ENOENT);
    chunk_reader_done(&reader);
    free(data);
}

static void nothing_is_written_to_a_store_of_a_later_format(void **state)
{
    struct store_error error = {0};
    struct store_writer_options options = {.folder = folder};
    (void)state;
    put(marker, "2\n", 2);
    assert_null(store_writer_create(&options, &error));
    assert_int_equal(error.number, ENOTSUP);
    char writers[128];
    snprintf(writers, sizeof writers, "%s/.writers", folder);
    assert_int_equal(access(writers, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_tells_its_format), cmocka_unit_test(the_last_note_counts),
        cmocka_unit_test(a_file_of_a_later_format_is_no_damage), cmocka_unit_test(a_footer_is_under_a_checksum),
        cmocka_unit_test(bloom_filters_are_under_a_checksum), cmocka_unit_test(checksums_are_compared),
        cmocka_unit_test(nothing_is_written_to_a_store_of_a_later_format),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
