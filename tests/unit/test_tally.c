/* SPDX-License-Identifier: MIT */
/*
 * test_tally.c - sums by key: exact while they fit, bounded and told so when they do not
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tally.h"

static void test_sums_and_order(void **state)
{
    struct tally *tally = tally_create(10000);
    struct tally_row rows[10];
    (void)state;
    for (uint32_t round = 1; round <= 3; round++) {
        for (uint32_t key = 1; key <= 5000; key++) {
            tally_add(tally, &key, sizeof(key), key * (uint64_t)round, round);
        }
    }
    assert_int_equal(tally_count(tally), 5000);
    assert_true(tally_error_bytes(tally) == 0);
    assert_int_equal(tally_top(tally, rows, 10), 10);
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t key;
        memcpy(&key, rows[i].key, sizeof(key));
        assert_int_equal(key, 5000 - i);
        assert_true(rows[i].bytes == (uint64_t)key * 6);
        assert_true(rows[i].packets == 6);
        assert_true(rows[i].connections == 3);
    }
    tally_free(tally);
}

static void test_large_keys_survive_many_small_ones(void **state)
{
    struct tally *tally = tally_create(256);
    struct tally_row rows[3];
    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        tally_add(tally, &i, sizeof(i), 1, 1);
        tally_add(tally, "large", 5, 1000, 1);
        if (i % 2 == 0) {
            tally_add(tally, "half", 4, 1000, 1);
        }
    }
    assert_true(tally_count(tally) <= 256);
    assert_int_equal(tally_top(tally, rows, 3), 3);
    assert_string_equal((const char *)rows[0].key, "large");
    assert_true(rows[0].bytes == 100000000);
    assert_string_equal((const char *)rows[1].key, "half");
    assert_true(rows[1].bytes == 50000000);
    assert_true(tally_error_bytes(tally) > 0);
    tally_free(tally);
}

static void test_extremes(void **state)
{
    struct tally *tally = tally_create(0);
    struct tally_row rows[2];
    (void)state;
    assert_int_equal(tally_top(tally, rows, 2), 0);
    tally_add(tally, "", 0, UINT64_MAX, UINT64_MAX);
    tally_add(tally, "\0\0", 2, 5, 5); /* the same key: zeros behind it do not count */
    assert_int_equal(tally_top(tally, rows, 2), 1);
    assert_true(rows[0].bytes == UINT64_MAX);
    assert_int_equal(tally_top(tally, rows, 0), 0);
    tally_free(tally);
    tally_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_and_order),
        cmocka_unit_test(test_large_keys_survive_many_small_ones),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
