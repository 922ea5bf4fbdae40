/* SPDX-License-Identifier: MIT */
/*
 * test_segment_name.c - what the names of segments tell
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "segment_name.h"

static void writes_and_reads(void **state)
{
    (void)state;
    const struct segment_name name = {.first_s = 1795391465, .last_s = 1795391470, .writer = 0x0123abcd,
                                      .sequence_first = 17, .sequence_last = 29, .tier = 2};
    char text[SEGMENT_NAME_SIZE];
    struct segment_name read;
    segment_name_format(&name, text);
    assert_string_equal(text, "20261122T235105-20261122T235110-0123abcd-17-29-2.parquet");
    assert_true(segment_name_parse(text, &read));
    assert_int_equal(read.first_s, name.first_s);
    assert_int_equal(read.last_s, name.last_s);
    assert_int_equal(read.writer, name.writer);
    assert_int_equal(read.sequence_first, 17);
    assert_int_equal(read.sequence_last, 29);
    assert_int_equal(read.tier, 2);
}

static void moves_wild_times_to_the_edge(void **state)
{
    (void)state;
    const struct segment_name name = {.first_s = INT64_MIN / 2, .last_s = INT64_MAX / 2, .writer = 1};
    char text[SEGMENT_NAME_SIZE];
    struct segment_name read;
    segment_name_format(&name, text);
    assert_string_equal(text, "00000101T000000-99991231T235959-00000001-0-0-0.parquet");
    assert_true(segment_name_parse(text, &read));
}

static void refuses_other_names(void **state)
{
    (void)state;
    static const char *const others[] = {
        "", "a.parquet", "20261122T235105-20261122T235110-0123abcd-17-29-2",
        "20261122T235105-20261122T235110-0123abcd-29-17-2.parquet",
        "20261122T235105-20261122T235110-0123abcd-17-29-2.parquet.tmp",
        "20261322T235105-20261122T235110-0123abcd-17-29-2.parquet",
        "20261122T235105_20261122T235110-0123abcd-17-29-2.parquet",
        "20261122T235105-20261122T235110-xyz-17-29-2.parquet", "20261122T235105-20261122T235110-0123abcd-17-2.parquet"};
    struct segment_name read;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(segment_name_parse(others[i], &read));
}

static void covers_what_it_was_made_of(void **state)
{
    (void)state;
    const struct segment_name merged = {.writer = 1, .sequence_first = 10, .sequence_last = 19, .tier = 1};
    struct segment_name other = {.writer = 1, .sequence_first = 10, .sequence_last = 10};
    assert_true(segment_name_covers(&merged, &other));
    assert_false(segment_name_covers(&other, &merged));
    assert_false(segment_name_covers(&merged, &merged));
    other.sequence_first = other.sequence_last = 20;
    assert_false(segment_name_covers(&merged, &other));
    other.sequence_first = 19;
    assert_false(segment_name_covers(&merged, &other));
    other.sequence_last = 19;
    assert_true(segment_name_covers(&merged, &other));
    other.writer = 2;
    assert_false(segment_name_covers(&merged, &other));
}

static void folders_are_hours_of_receipt(void **state)
{
    (void)state;
    char text[SEGMENT_FOLDER_SIZE];
    segment_folder_format(1795391465123456, text);
    assert_string_equal(text, "date=2026-11-22/hour=23");
    segment_folder_format(-1, text);
    assert_string_equal(text, "date=1969-12-31/hour=23");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads),        cmocka_unit_test(moves_wild_times_to_the_edge),
        cmocka_unit_test(refuses_other_names),     cmocka_unit_test(covers_what_it_was_made_of),
        cmocka_unit_test(folders_are_hours_of_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
