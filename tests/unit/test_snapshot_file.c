/* SPDX-License-Identifier: MIT */
/* test_snapshot_file.c - what is kept of a cut, read back; what an earlier process left, and what cannot be written */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "snapshot_file.h"

static char folder[] = "/tmp/weir-snapshot-XXXXXX";
static char path[128];

static size_t save_text(void *context, uint8_t *data, size_t room_bytes)
{
    const char *text = context;
    if (strlen(text) <= room_bytes)
        memcpy(data, text, strlen(text));
    return strlen(text);
}

static int keep(uint64_t cut, char *text)
{
    struct snapshot_file file;
    assert_int_equal(snapshot_file_init(&file, path), 0);
    snapshot_file_begin(&file, cut);
    snapshot_file_add(&file, save_text, text);
    const int result = snapshot_file_write(&file);
    snapshot_file_done(&file);
    return result;
}

static void check(uint64_t cut, const char *text)
{
    struct snapshot_file file;
    size_t size_bytes = 0;
    assert_int_equal(snapshot_file_init(&file, path), 0);
    assert_int_equal(snapshot_file_read(&file, cut), text != NULL);
    if (text != NULL) {
        const uint8_t *part = snapshot_file_part(&file, 0, &size_bytes);
        assert_int_equal(size_bytes, strlen(text));
        assert_memory_equal(part, text, size_bytes);
        assert_null(snapshot_file_part(&file, 1, &size_bytes));
    }
    snapshot_file_done(&file);
}

static void test_two_cuts(void **state)
{
    (void)state;
    assert_int_equal(keep(7, "seven"), 0);
    assert_int_equal(keep(8, "eight"), 0);
    check(7, "seven");
    check(8, "eight");
    assert_int_equal(keep(9, ""), 0);
    check(9, "");
    check(7, NULL);
    check(8, "eight");
}

/* A cut that an earlier process did not come to note has what that one knew. It must not be taken for this process'
 * own. */
static void test_not_that_of_before(void **state)
{
    (void)state;
    struct rlimit limit, none;
    assert_int_equal(keep(4, "what was known elsewhere"), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const int result = keep(4, "what is known here");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(result, -1);
    check(4, NULL);
}

static int remove_files(void **state)
{
    struct snapshot_file file;
    (void)state;
    assert_int_equal(snapshot_file_init(&file, path), 0);
    snapshot_file_remove(&file);
    snapshot_file_done(&file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_two_cuts, remove_files),
        cmocka_unit_test_teardown(test_not_that_of_before, remove_files),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/s", folder);
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
