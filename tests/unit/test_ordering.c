/* SPDX-License-Identifier: MIT */
/*
 * test_ordering.c - connections in order: by time as they settle, by size with a limit
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow_maker.h"
#include "ordering.h"

#define COUNT 1000

/* A connection whose key and sequence are told; the order in which they come is scrambled. */
static struct connection make_connection(unsigned i)
{
    unsigned number = (i * 7919) % COUNT; /* each once: 7919 is prime to COUNT */
    struct connection connection = {
        .from = make_flow("192.0.2.7", 1, "192.0.2.9", 2, 0, number * 10, number * 3),
        .time_us = number / 4, /* four of a time */
        .sequence = number,
    };
    connection.from.packets = COUNT - number;
    return connection;
}

static void test_by_time_as_it_settles(void **state)
{
    struct ordering *ordering = ordering_create(ORDER_TIME, 0);
    struct connection connection;
    uint64_t next = 0;
    (void)state;
    assert_non_null(ordering);
    for (unsigned i = 0; i < COUNT; i++) {
        connection = make_connection(i);
        assert_int_equal(ordering_add(ordering, &connection), 0);
    }
    assert_int_equal(ordering_count(ordering), COUNT);
    assert_false(ordering_take_before(ordering, 0, &connection));
    while (ordering_take_before(ordering, 100, &connection)) {
        assert_true(connection.sequence == next++);
    }
    assert_true(next == 400);
    while (ordering_take_before(ordering, INT64_MAX, &connection)) {
        assert_true(connection.sequence == next++);
    }
    assert_true(next == COUNT);
    ordering_free(ordering);
}

static void check_order(enum ordering_key key, uint64_t limit, bool descending)
{
    struct ordering *ordering = ordering_create(key, limit);
    size_t count, expected = limit > 0 && limit < COUNT ? limit : COUNT;
    assert_non_null(ordering);
    for (unsigned i = 0; i < COUNT; i++) {
        struct connection connection = make_connection(i);
        assert_int_equal(ordering_add(ordering, &connection), 0);
    }
    const struct connection *all = ordering_all(ordering, &count);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        assert_true(all[i].sequence == (descending ? COUNT - 1 - i : i));
    }
    ordering_free(ordering);
}

static void test_by_all_keys(void **state)
{
    static const uint64_t limits[] = {0, 1, 2, 10, COUNT - 1, COUNT, 5000};
    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        check_order(ORDER_TIME, limits[i], false);
        check_order(ORDER_SIZE, limits[i], true);
        check_order(ORDER_DURATION, limits[i], true);
        check_order(ORDER_PACKETS, limits[i], false);
    }
}

static void test_nothing(void **state)
{
    struct ordering *ordering = ordering_create(ORDER_SIZE, 0);
    size_t count = 1;
    (void)state;
    ordering_all(ordering, &count);
    assert_int_equal(count, 0);
    ordering_free(ordering);
    ordering_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_time_as_it_settles),
        cmocka_unit_test(test_by_all_keys),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
