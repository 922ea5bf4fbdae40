/* SPDX-License-Identifier: MIT */
/*
 * test_record_sequence.c - what sequence numbers that count records say of a session
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record_sequence.h"

enum { GAP_MAX = 1000000 };

static struct record_sequence sequence;
static uint32_t lost;

static int setup(void **state)
{
    (void)state;
    sequence = (struct record_sequence){0};
    return 0;
}

/* Takes a datagram whose records are all known. */
static enum sequence_verdict take(uint32_t number, uint32_t count)
{
    lost = 0;
    return record_sequence_check(&sequence, number, &(struct record_count){count, count, true}, GAP_MAX, &lost);
}

/* One of which some are not. */
static enum sequence_verdict take_unknown(uint32_t number, uint32_t count)
{
    lost = 0;
    return record_sequence_check(&sequence, number, &(struct record_count){count, count, false}, GAP_MAX, &lost);
}

static void test_in_order_and_over_the_end(void **state)
{
    uint32_t number = 4294967000u;
    (void)state;
    for (uint32_t i = 0; i < 200; number += i++ % 7)
        assert_int_equal(take(number, i % 7), SEQUENCE_IN_ORDER);
    assert_true(number < 1000);
}

static void test_gap(void **state)
{
    (void)state;
    take(4294967290u, 3);
    assert_int_equal(take(4, 1), SEQUENCE_GAP);
    assert_int_equal(lost, 7);
    assert_int_equal(take(5, 10), SEQUENCE_IN_ORDER);
    assert_int_equal(take(15 + GAP_MAX, 1), SEQUENCE_GAP);
    assert_int_equal(lost, GAP_MAX);
}

/* A leap that no loss explains, forward or back. */
static void test_leap_is_a_new_count(void **state)
{
    (void)state;
    take(500, 1);
    assert_int_equal(take(501 + GAP_MAX + 1, 1), SEQUENCE_RESTART);
    assert_int_equal(take(501 + GAP_MAX + 2, 1), SEQUENCE_IN_ORDER);
    assert_int_equal(take(0, 4), SEQUENCE_RESTART);
    assert_int_equal(take(4, 1), SEQUENCE_IN_ORDER);
    assert_int_equal(lost, 0);
}

/* A gap of 30 is filled piece by piece, from the middle, the begin and the end; then nothing is missing. */
static void test_late_ones_fill_their_gap(void **state)
{
    (void)state;
    take(100, 10);
    assert_int_equal(take(140, 5), SEQUENCE_GAP);
    assert_int_equal(lost, 30);
    static const uint32_t pieces[][2] = {{120, 5}, {110, 4}, {114, 6}, {135, 5}, {125, 10}};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        assert_int_equal(take(pieces[i][0], pieces[i][1]), SEQUENCE_REORDERED);
        assert_int_equal(lost, pieces[i][1]);
        assert_int_equal(take(pieces[i][0], pieces[i][1]), SEQUENCE_DUPLICATE);
    }
    for (int i = 0; i < RECORD_SEQUENCE_GAPS; i++)
        assert_int_equal(sequence.gaps[i].length, 0);
    assert_int_equal(take(145, 1), SEQUENCE_IN_ORDER);
}

static void test_gap_over_the_end_is_filled(void **state)
{
    (void)state;
    take(4294967290u, 2);
    assert_int_equal(take(8, 1), SEQUENCE_GAP);
    assert_int_equal(lost, 12);
    assert_int_equal(take(4294967294u, 6), SEQUENCE_REORDERED);
    assert_int_equal(take(4, 4), SEQUENCE_REORDERED);
    assert_int_equal(take(4294967292u, 2), SEQUENCE_REORDERED);
    assert_int_equal(take(9, 1), SEQUENCE_IN_ORDER);
}

/* More records than are missing there: that number is of another count. */
static void test_more_than_the_gap_is_a_new_count(void **state)
{
    (void)state;
    take(100, 10);
    take(120, 5);
    assert_int_equal(take(115, 6), SEQUENCE_RESTART);
    assert_int_equal(take(121, 1), SEQUENCE_IN_ORDER);
}

/* Of more gaps than are remembered the last ones can be filled. */
static void test_gaps_are_bounded(void **state)
{
    (void)state;
    take(0, 1);
    for (uint32_t i = 1; i <= RECORD_SEQUENCE_GAPS + 2; i++)
        assert_int_equal(take(10 * i, 1), SEQUENCE_GAP);
    for (uint32_t i = 3; i <= RECORD_SEQUENCE_GAPS + 2; i++) {
        assert_int_equal(take(10 * i - 9, 9), SEQUENCE_REORDERED);
        assert_int_equal(lost, 9);
    }
    assert_int_equal(take(11, 9), SEQUENCE_RESTART);
}

static void test_numbers_are_bounded(void **state)
{
    (void)state;
    for (uint32_t number = 0; number <= RECORD_SEQUENCE_NUMBERS; number++)
        take(number, 1);
    for (uint32_t number = 1; number <= RECORD_SEQUENCE_NUMBERS; number++)
        assert_int_equal(take(number, 1), SEQUENCE_DUPLICATE);
    assert_int_equal(take(0, 1), SEQUENCE_RESTART);
}

/* Behind a datagram whose records nobody could count any number is right, and counting goes on from there. */
static void test_unknown_counts_suspend(void **state)
{
    (void)state;
    take(100, 10);
    assert_int_equal(take_unknown(110, 2), SEQUENCE_IN_ORDER);
    assert_int_equal(take_unknown(400, 0), SEQUENCE_IN_ORDER);
    assert_int_equal(take(50, 5), SEQUENCE_IN_ORDER);
    assert_int_equal(take(56, 1), SEQUENCE_GAP);
    assert_int_equal(lost, 1);
    assert_int_equal(take_unknown(60, 1), SEQUENCE_GAP); /* what is before it is missing all the same */
    assert_int_equal(lost, 3);
    assert_int_equal(take(90, 1), SEQUENCE_IN_ORDER);
    assert_int_equal(take_unknown(90 + GAP_MAX + 2, 1), SEQUENCE_RESTART);
    assert_int_equal(take(7, 1), SEQUENCE_IN_ORDER);
}

/* One that comes late and whose records nobody could count is late, and the exporter has not started anew. */
static void test_late_with_unknown_count(void **state)
{
    (void)state;
    take(100, 10);
    assert_int_equal(take(120, 5), SEQUENCE_GAP);
    assert_int_equal(take_unknown(110, 3), SEQUENCE_LATE);
    assert_int_equal(take(125, 1), SEQUENCE_IN_ORDER);
    assert_int_equal(take_unknown(110, 3), SEQUENCE_LATE);
    assert_int_equal(take_unknown(5, 3), SEQUENCE_RESTART);
    assert_int_equal(take(900, 1), SEQUENCE_IN_ORDER);
}

/* Templates alone have the number of the next records: behind these they are late, and nothing comes twice. */
static void test_templates_alone(void **state)
{
    (void)state;
    take(100, 10);
    assert_int_equal(take(110, 0), SEQUENCE_IN_ORDER);
    assert_int_equal(take(110, 0), SEQUENCE_IN_ORDER);
    assert_int_equal(take(110, 5), SEQUENCE_IN_ORDER);
    assert_int_equal(take(110, 0), SEQUENCE_LATE);
    assert_int_equal(take(115, 5), SEQUENCE_IN_ORDER);
    assert_int_equal(take(115, 5), SEQUENCE_DUPLICATE);
    assert_int_equal(take(125, 0), SEQUENCE_GAP);
    assert_int_equal(lost, 5);
    assert_int_equal(take(122, 0), SEQUENCE_LATE);
    assert_int_equal(take(120, 5), SEQUENCE_REORDERED);
    assert_int_equal(lost, 5);
    for (int i = 0; i < RECORD_SEQUENCE_NUMBERS; i++)
        assert_int_equal(take(125, 0), SEQUENCE_IN_ORDER);
    assert_int_equal(take(120, 5), SEQUENCE_DUPLICATE); /* they have not pushed it out of mind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_in_order_and_over_the_end, setup),
        cmocka_unit_test_setup(test_gap, setup),
        cmocka_unit_test_setup(test_leap_is_a_new_count, setup),
        cmocka_unit_test_setup(test_late_ones_fill_their_gap, setup),
        cmocka_unit_test_setup(test_gap_over_the_end_is_filled, setup),
        cmocka_unit_test_setup(test_more_than_the_gap_is_a_new_count, setup),
        cmocka_unit_test_setup(test_gaps_are_bounded, setup),
        cmocka_unit_test_setup(test_numbers_are_bounded, setup),
        cmocka_unit_test_setup(test_unknown_counts_suspend, setup),
        cmocka_unit_test_setup(test_late_with_unknown_count, setup),
        cmocka_unit_test_setup(test_templates_alone, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
