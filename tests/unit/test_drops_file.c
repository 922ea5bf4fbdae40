/* SPDX-License-Identifier: MIT */
/* test_drops_file.c - what is left of sockets, taken once; what is not whole, and what cannot be written */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <unistd.h>

#include <cmocka.h>

#include "drops_file.h"

static char folder[] = "/tmp/weir-drops-XXXXXX";
static char path[128];

static const struct journal_drops noted = {
    .kernel = 9, .journal = 3, .sockets[0] = {.cookie = 77, .dropped = 6}, .sockets[5] = {.cookie = 78, .dropped = 1}};

static void taken_once(void **state)
{
    (void)state;
    struct journal_drops drops = {.kernel = 1};
    assert_int_equal(drops_file_write(path, &noted), 0);
    assert_true(drops_file_take(path, &drops));
    assert_int_equal(drops.kernel + drops.journal, 0); /* which was told */
    assert_int_equal(drops.sockets[0].cookie, 77);
    assert_int_equal(drops.sockets[0].dropped, 6);
    assert_int_equal(drops.sockets[5].dropped, 1);
    assert_int_equal(drops.sockets[1].cookie, 0);
    assert_false(drops_file_take(path, &drops));
    assert_int_equal(drops.sockets[0].cookie, 77); /* untouched */
}

static void torn_or_strange(void **state)
{
    (void)state;
    struct journal_drops drops;
    assert_int_equal(drops_file_write(path, &noted), 0);
    assert_int_equal(truncate(path, 100), 0);
    assert_false(drops_file_take(path, &drops));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(drops_file_write(path, &noted), 0);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fputc('x', file);
    fclose(file);
    assert_false(drops_file_take(path, &drops));
}

static void where_nothing_can_be_written(void **state)
{
    (void)state;
    assert_int_equal(drops_file_write("/nonexistent/x.drops", &noted), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_once),
        cmocka_unit_test(torn_or_strange),
        cmocka_unit_test(where_nothing_can_be_written),
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/x.drops", folder);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
