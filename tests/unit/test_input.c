/* SPDX-License-Identifier: MIT */
/*
 * test_input.c - files plain and gzip, members joined, cut off anywhere, damaged, or not there
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "input.h"
#include "json_reader.h"

static char folder[] = "/tmp/test_input_XXXXXX";
static char path[sizeof(folder) + 16];
static unsigned flow_count;
static struct json_reader_result result;
static bool truncated;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/flows", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static bool on_flow(void *context, const struct flow *flow)
{
    (void)context;
    (void)flow;
    flow_count++;
    return true;
}

static int read_file(void)
{
    char error[512];
    struct input *input = input_open(path, error);
    struct json_reader_options options = {input_read, input, on_flow, NULL};
    assert_non_null(input);
    flow_count = 0;
    int status = json_read(&options, &result);
    truncated = input_truncated(input);
    input_close(input);
    return status;
}

#define LINE(time) \
    "{\"" time "\": {\"flows\": [{\"IPV4_SRC_ADDR\": \"192.0.2.1\", \"IPV4_DST_ADDR\": \"192.0.2.2\"}]}}\n"

static void write_member(const char *mode, const char *text)
{
    gzFile file = gzopen(path, mode);
    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
}

static void test_plain_and_gzip(void **state)
{
    (void)state;
    write_member("wT", LINE("1") LINE("2"));
    assert_int_equal(read_file(), 0);
    assert_int_equal(flow_count, 2);
    write_member("wb", LINE("1") LINE("2"));
    write_member("ab", LINE("3"));
    write_member("ab", LINE("4"));
    assert_int_equal(read_file(), 0);
    assert_int_equal(flow_count, 4);
    assert_false(truncated);
    assert_false(result.torn);
}

static void test_gzip_cut_off_anywhere(void **state)
{
    struct stat status;
    (void)state;
    write_member("wb", LINE("1"));
    assert_int_equal(stat(path, &status), 0);
    off_t first = status.st_size;
    write_member("ab", LINE("2") LINE("3"));
    assert_int_equal(stat(path, &status), 0);
    for (off_t size = status.st_size - 1; size > first + 3; size--) {
        assert_int_equal(truncate(path, size), 0);
        int code = read_file();
        if (code != 0 || !truncated || flow_count < 1) {
            fail_msg("at %ld of %ld: %d, %s", (long)size, (long)status.st_size, code, result.error);
        }
    }
}

static void test_gzip_damaged(void **state)
{
    (void)state;
    write_member("wb", LINE("1"));
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, -6, SEEK_END); /* within the checksum */
    fputc(0x55, file);
    fclose(file);
    assert_int_equal(read_file(), -1);
    assert_non_null(strstr(result.error, "gzip data is damaged"));
}

static void test_no_such_file(void **state)
{
    char error[512];
    (void)state;
    unlink(path);
    assert_null(input_open(path, error));
    assert_non_null(strstr(error, "No such file"));
    assert_non_null(strstr(error, path));
    assert_null(input_open(folder, error));
    assert_non_null(strstr(error, "is a folder"));
    input_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_gzip),
        cmocka_unit_test(test_gzip_cut_off_anywhere),
        cmocka_unit_test(test_gzip_damaged),
        cmocka_unit_test(test_no_such_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
