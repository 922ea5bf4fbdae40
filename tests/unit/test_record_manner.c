/* SPDX-License-Identifier: MIT */
/* test_record_manner.c - whether sequence numbers that count records are those before a datagram or those up to its
 * end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record_sequence.h"

enum { GAP_MAX = 100000 };

static struct record_sequence sequence;
static uint32_t lost;

static enum sequence_verdict take_counts(uint32_t number, uint32_t flows, uint32_t options, bool known)
{
    const struct record_count count = {.all = flows + options, .flows = flows, .known = known};
    lost = 0;
    return record_sequence_check(&sequence, number, &count, GAP_MAX, &lost);
}

static enum sequence_verdict take(uint32_t number, uint32_t count)
{
    return take_counts(number, count, 0, true);
}

static int set_up(void **state)
{
    (void)state;
    sequence = (struct record_sequence){0};
    return 0;
}

static void expect_gap(uint32_t number, uint32_t count, uint32_t missing)
{
    assert_int_equal(take(number, count), SEQUENCE_GAP);
    assert_int_equal(lost, missing);
}

static void expect_reordered(uint32_t number, uint32_t count)
{
    assert_int_equal(take(number, count), SEQUENCE_REORDERED);
    assert_int_equal(lost, count);
}

static void test_as_it_should_be(void **state)
{
    (void)state;
    assert_int_equal(take(UINT32_MAX - 9, 10), SEQUENCE_IN_ORDER);
    assert_int_equal(take_counts(0, 20, 3, true), SEQUENCE_IN_ORDER); /* options count */
    assert_int_equal(take(23, 0), SEQUENCE_IN_ORDER);
    assert_int_equal(take(23, 5), SEQUENCE_IN_ORDER);
    expect_gap(78, 5, 50);
    assert_int_equal(take(78, 5), SEQUENCE_DUPLICATE);
    expect_reordered(48, 10); /* leaves two gaps */
    expect_reordered(28, 20);
    expect_reordered(58, 20);
    assert_int_equal(take(58, 20), SEQUENCE_DUPLICATE);
    assert_int_equal(take(3, 1), SEQUENCE_RESTART);
    assert_int_equal(take(4, 1), SEQUENCE_IN_ORDER);
    assert_int_equal(take(5 + GAP_MAX + 1, 1), SEQUENCE_RESTART);
}

/* After a datagram whose records nobody could count, numbers begin anew. */
static void test_counts_that_are_not_known(void **state)
{
    (void)state;
    assert_int_equal(take(0, 10), SEQUENCE_IN_ORDER);
    assert_int_equal(take_counts(10, 2, 0, false), SEQUENCE_IN_ORDER);
    assert_int_equal(take(40, 10), SEQUENCE_IN_ORDER);
    expect_gap(55, 3, 5);
}

/* As softflowd numbers: 24 flows and a record of options, then 32 flows each, then the rest. */
static void test_numbers_after(void **state)
{
    (void)state;
    assert_int_equal(take_counts(24, 24, 1, true), SEQUENCE_IN_ORDER);
    assert_int_equal(take(56, 32), SEQUENCE_IN_ORDER);
    assert_int_equal(take(88, 32), SEQUENCE_IN_ORDER);
    assert_int_equal(take(88, 0), SEQUENCE_IN_ORDER); /* templates alone */
    assert_int_equal(take(108, 20), SEQUENCE_IN_ORDER);
    expect_gap(150, 12, 30);
    expect_reordered(138, 30);
    assert_int_equal(take(150, 12), SEQUENCE_DUPLICATE);
    assert_int_equal(take_counts(152, 2, 5, true), SEQUENCE_IN_ORDER);
    assert_int_equal(take_counts(160, 3, 0, false), SEQUENCE_IN_ORDER); /* it has more than these */
    assert_int_equal(take(167, 7), SEQUENCE_IN_ORDER);
    expect_gap(171, 1, 3);
    assert_int_equal(take(32, 32), SEQUENCE_RESTART);
    assert_int_equal(take(50, 18), SEQUENCE_IN_ORDER);
}

/* What is told by counts that differ is settled, and a loss that looks like the other manner is a loss. */
static void test_manner_stays(void **state)
{
    (void)state;
    assert_int_equal(take(0, 10), SEQUENCE_IN_ORDER);
    assert_int_equal(take(10, 10), SEQUENCE_IN_ORDER); /* both fit */
    assert_int_equal(sequence.manner, RECORD_MANNER_UNKNOWN);
    assert_int_equal(take(20, 5), SEQUENCE_IN_ORDER);
    assert_int_equal(sequence.manner, RECORD_MANNER_BEFORE);
    expect_gap(35, 15, 10);
    assert_int_equal(take(50, 1), SEQUENCE_IN_ORDER);
    sequence = (struct record_sequence){0};
    assert_int_equal(take(10, 10), SEQUENCE_IN_ORDER);
    assert_int_equal(take(15, 5), SEQUENCE_IN_ORDER);
    assert_int_equal(sequence.manner, RECORD_MANNER_AFTER);
    expect_gap(27, 7, 5); /* 20 would be the next one, if numbers were those before */
}

/* A loss where nothing is settled yet fits neither manner and settles nothing; nor do templates alone. */
static void test_what_settles_nothing(void **state)
{
    (void)state;
    assert_int_equal(take(0, 10), SEQUENCE_IN_ORDER);
    expect_gap(17, 9, 7);
    assert_int_equal(sequence.manner, RECORD_MANNER_UNKNOWN);
    assert_int_equal(take(26, 9), SEQUENCE_IN_ORDER);
    assert_int_equal(take(35, 0), SEQUENCE_IN_ORDER);
    assert_int_equal(sequence.manner, RECORD_MANNER_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_as_it_should_be, set_up),
        cmocka_unit_test_setup(test_counts_that_are_not_known, set_up),
        cmocka_unit_test_setup(test_numbers_after, set_up),
        cmocka_unit_test_setup(test_manner_stays, set_up),
        cmocka_unit_test_setup(test_what_settles_nothing, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
