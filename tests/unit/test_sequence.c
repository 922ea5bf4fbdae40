/* SPDX-License-Identifier: MIT */
/*
 * test_sequence.c - what sequence numbers and clocks say of a session
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sequence.h"

enum { GAP_MAX = 100000, DAY_S = 86400 };

/* Takes a number from an exporter that started at second 0 and never again. */
static enum sequence_verdict take(struct sequence *sequence, uint32_t number, uint32_t *ret_lost)
{
    *ret_lost = 0;
    return sequence_check(sequence, number, 5000, 5, GAP_MAX, ret_lost);
}

static void test_in_order_and_over_the_end(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost;
    (void)state;
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(take(&sequence, 4294967200u + i, &lost), SEQUENCE_IN_ORDER);
}

static void test_gap(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost;
    (void)state;
    take(&sequence, 4294967290u, &lost);
    assert_int_equal(take(&sequence, 4, &lost), SEQUENCE_GAP);
    assert_int_equal(lost, 9);
    assert_int_equal(take(&sequence, 5, &lost), SEQUENCE_IN_ORDER);
    assert_int_equal(take(&sequence, 6 + GAP_MAX, &lost), SEQUENCE_GAP);
    assert_int_equal(lost, GAP_MAX);
}

static void test_reordered_once_then_duplicate(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost;
    (void)state;
    take(&sequence, 100, &lost);
    assert_int_equal(take(&sequence, 163, &lost), SEQUENCE_GAP);
    assert_int_equal(lost, 62);
    for (uint32_t number = 162; number > 100; number--)
        assert_int_equal(take(&sequence, number, &lost), SEQUENCE_REORDERED);
    for (uint32_t number = 163; number > 99; number--) {
        const enum sequence_verdict verdict = take(&sequence, number, &lost);
        assert_int_equal(verdict, SEQUENCE_DUPLICATE - (number == 99)); /* 99 lies before all */
    }
    assert_int_equal(take(&sequence, 164, &lost), SEQUENCE_IN_ORDER);
    assert_int_equal(take(&sequence, 100, &lost), SEQUENCE_LATE); /* just left the 64 that are remembered */
    assert_int_equal(take(&sequence, 101, &lost), SEQUENCE_DUPLICATE);
}

static void test_gap_of_all_that_is_remembered(void **state)
{
    (void)state;
    for (uint32_t gap = 60; gap < 70; gap++) {
        struct sequence sequence = {0};
        uint32_t lost;
        take(&sequence, 1000, &lost);
        assert_int_equal(take(&sequence, 1001 + gap, &lost), SEQUENCE_GAP);
        assert_int_equal(lost, gap);
        assert_int_equal(take(&sequence, 1000 + gap, &lost), SEQUENCE_REORDERED);
        assert_int_equal(take(&sequence, 1000, &lost), gap < 63 ? SEQUENCE_DUPLICATE : SEQUENCE_LATE);
    }
}

static void test_leap_is_a_new_count(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost;
    (void)state;
    take(&sequence, 500000, &lost);
    assert_int_equal(take(&sequence, 500001 + GAP_MAX + 1, &lost), SEQUENCE_RESTART);
    assert_int_equal(take(&sequence, 500002 + GAP_MAX + 1, &lost), SEQUENCE_IN_ORDER);
    assert_int_equal(take(&sequence, 7, &lost), SEQUENCE_RESTART);
    assert_int_equal(take(&sequence, 8, &lost), SEQUENCE_IN_ORDER);
    assert_int_equal(lost, 0);
}

static void test_restart_by_uptime(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost = 0;
    (void)state;
    sequence_check(&sequence, 50, 600000, 1000, GAP_MAX, &lost);
    assert_int_equal(sequence_check(&sequence, 1, 2000, 1060, GAP_MAX, &lost), SEQUENCE_RESTART);
    assert_int_equal(sequence_check(&sequence, 2, 3000, 1061, GAP_MAX, &lost), SEQUENCE_IN_ORDER);
    assert_int_equal(lost, 0);
}

static void test_uptime_wrap_is_no_restart(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost = 0, number = 0;
    const uint32_t start_s = 1600000000;
    (void)state;
    /* 120 days in steps of an hour: the uptime wraps twice. */
    for (uint64_t s = 0; s < 120 * DAY_S; s += 3600) {
        const uint32_t uptime_ms = (uint32_t)(s * 1000 + 250);
        assert_int_equal(sequence_check(&sequence, number++, uptime_ms, start_s + (uint32_t)s, GAP_MAX, &lost),
                         SEQUENCE_IN_ORDER);
    }
}

static void test_late_with_older_uptime_is_no_restart(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost = 0;
    (void)state;
    sequence_check(&sequence, 1, 10000, 100, GAP_MAX, &lost);
    assert_int_equal(sequence_check(&sequence, 3, 12900, 102, GAP_MAX, &lost), SEQUENCE_GAP);
    assert_int_equal(sequence_check(&sequence, 2, 11000, 101, GAP_MAX, &lost), SEQUENCE_REORDERED);
    assert_int_equal(sequence_check(&sequence, 4, 13000, 103, GAP_MAX, &lost), SEQUENCE_IN_ORDER);
}

/* An exporter whose clock is set runs on: its start seems to move, and its uptime does not go back. */
static void test_clock_that_is_set_is_no_restart(void **state)
{
    struct sequence sequence = {0};
    uint32_t lost = 0;
    (void)state;
    sequence_check(&sequence, 1, 10000, 100, GAP_MAX, &lost);
    assert_int_equal(sequence_check(&sequence, 2, 11000, 101 + 3600, GAP_MAX, &lost), SEQUENCE_IN_ORDER);
    assert_int_equal(sequence_check(&sequence, 3, 11000, 101 + 7200, GAP_MAX, &lost), SEQUENCE_IN_ORDER);
    assert_int_equal(sequence_check(&sequence, 4, 12000, 102, GAP_MAX, &lost), SEQUENCE_IN_ORDER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_and_over_the_end),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_reordered_once_then_duplicate),
        cmocka_unit_test(test_gap_of_all_that_is_remembered),
        cmocka_unit_test(test_leap_is_a_new_count),
        cmocka_unit_test(test_restart_by_uptime),
        cmocka_unit_test(test_uptime_wrap_is_no_restart),
        cmocka_unit_test(test_late_with_older_uptime_is_no_restart),
        cmocka_unit_test(test_clock_that_is_set_is_no_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
