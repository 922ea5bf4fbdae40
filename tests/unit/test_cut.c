/* SPDX-License-Identifier: MIT */
/* test_cut.c - files that get their names together: names forth and back, what is none, and what a start makes of what it finds */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cut.h"

#define PLACE "flows/date=2026-11-25/hour=13/20261125T130000-20261125T130005-0123abcd-17-17-0.parquet"
#define NAME "flows~date=2026-11-25~hour=13~20261125T130000-20261125T130005-0123abcd-17-17-0.parquet"

static char folder[] = "/tmp/weir-cut-XXXXXX";

static void path_of(const char *name, char path[600])
{
    snprintf(path, 600, "%s/%s", folder, name);
}

static void make(const char *name)
{
    char path[600];
    path_of(name, path);
    const int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static bool is_there(const char *name)
{
    char path[600];
    path_of(name, path);
    return access(path, F_OK) == 0;
}

static void remove_it(const char *name)
{
    char path[600];
    path_of(name, path);
    assert_int_equal(unlink(path), 0);
}

static void test_names(void **state)
{
    (void)state;
    char name[CUT_NAME_SIZE], place[CUT_NAME_SIZE], part[CUT_NAME_SIZE];
    uint32_t writer = 0;
    uint64_t cut = 0;
    assert_true(cut_name_format(0x0123abcd, 18446744073709551615u, PLACE, name));
    assert_string_equal(name, "0123abcd-c18446744073709551615~" NAME);
    assert_true(cut_name_parse(name, &writer, &cut, place));
    assert_int_equal(writer, 0x0123abcd);
    assert_true(cut == UINT64_MAX);
    assert_string_equal(place, PLACE);
    for (size_t length = 0; length < strlen(name); length++) {
        memcpy(part, name, length);
        part[length] = '\0';
        assert_false(cut_name_parse(part, &writer, &cut, place));
    }
}

/* Nothing leads out of the store, or to anything but a segment. */
static void test_no_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", "0123abcd-17", "0123abcd-c1", "0123abcd-c1~", "0123abcd-c1~..~..~etc~passwd", "0123abcd-c1~flows~x",
        "0123abcd-c1~other~date=2026-11-25~hour=13~20261125T130000-20261125T130005-0123abcd-17-17-0.parquet",
        "0123abcd-c1~flows~date=2026-11-25~hour=13~..~20261125T130000-20261125T130005-0123abcd-17-17-0.parquet",
        "0123abcd-c1~flows~date=../../..~hour=13~20261125T130000-20261125T130005-0123abcd-17-17-0.parquet",
        "0123abcd-c1~flows~date=2026-11-25~hour=13~notes.txt"};
    char place[CUT_NAME_SIZE], longest[2 * CUT_NAME_SIZE];
    uint32_t writer;
    uint64_t cut;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(cut_name_parse(names[i], &writer, &cut, place));
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_false(cut_name_parse(longest, &writer, &cut, place));
    assert_false(cut_name_format(1, 1, longest, place));
}

static void test_publish(void **state)
{
    (void)state;
    struct store_error error = {0};
    make(".writing/0123abcd-c1~" NAME);
    assert_int_equal(cut_publish(folder, "0123abcd-c1~" NAME, true, &error), 0);
    assert_true(is_there(PLACE));
    assert_false(is_there(".writing/0123abcd-c1~" NAME));
    assert_int_equal(cut_publish(folder, "0123abcd-c1~" NAME, false, &error), 0); /* once more */
    remove_it(PLACE);                                                            /* it was merged */
    assert_int_equal(cut_publish(folder, "0123abcd-c1~" NAME, true, &error), 0);
    assert_int_equal(cut_publish(folder, "0123abcd-c1~" "notes", false, &error), -1);
}

static void test_recover(void **state)
{
    (void)state;
    struct store_error error = {0};
    make(".writing/0123abcd-c7~" NAME);
    make(".writing/0123abcd-c8~options~date=2026-11-25~hour=13~20261125T130000-20261125T130005-0123abcd-18-18-0.parquet");
    make(".writing/0123abcd-19");
    make(".writing/0123abce-c7~flows~date=2026-11-25~hour=13~20261125T130000-20261125T130005-0123abce-17-17-0.parquet");
    assert_int_equal(cut_recover(folder, 0x0123abcd, 7, false, &error), 0);
    assert_true(is_there(PLACE));
    assert_false(is_there(".writing/0123abcd-c8~options~date=2026-11-25~hour=13~20261125T130000-20261125T130005-0123abcd-18-18-0.parquet"));
    assert_false(is_there("options/date=2026-11-25/hour=13/20261125T130000-20261125T130005-0123abcd-18-18-0.parquet"));
    assert_false(is_there(".writing/0123abcd-19"));
    assert_true(is_there(".writing/0123abce-c7~flows~date=2026-11-25~hour=13~20261125T130000-20261125T130005-0123abce-17-17-0.parquet"));
}

static int set_up(void **state)
{
    char path[600];
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    path_of(".writing", path);
    return mkdir(path, 0700);
}

static int tear_down(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_no_names),
        cmocka_unit_test_setup_teardown(test_publish, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recover, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
