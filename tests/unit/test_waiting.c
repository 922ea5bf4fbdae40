/* SPDX-License-Identifier: MIT */
/*
 * test_waiting.c - sets wait in the order in which they came, within their bounds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"
#include "waiting.h"

static const uint8_t OCTETS[1000] = {1, 2, 3};

static struct waiting_set *add(struct waiting *waiting, struct session *session, uint16_t id, size_t size_bytes,
                               int64_t now_us)
{
    const struct weir_run run = {.template_id = id};
    return waiting_add(waiting, session, &run, OCTETS, size_bytes, now_us);
}

static void test_order(void **state)
{
    struct waiting waiting = {.bytes_max = 100000, .session_bytes_max = 100000};
    struct peer peer = {0};
    struct session one = {.peer = &peer}, two = {.peer = &peer};
    (void)state;
    struct waiting_set *first = add(&waiting, &one, 256, 10, 1), *second = add(&waiting, &two, 257, 0, 2);
    struct waiting_set *third = add(&waiting, &one, 258, 20, 3);
    assert_ptr_equal(waiting.first, first);
    assert_ptr_equal(first->next, second);
    assert_ptr_equal(waiting.last, third);
    assert_ptr_equal(one.waiting_first, first);
    assert_ptr_equal(first->session_next, third);
    assert_ptr_equal(two.waiting_first, second);
    assert_int_equal(waiting.count, 3);
    assert_memory_equal(third->data, OCTETS, 20);
    assert_int_equal(third->run.template_id, 258);

    waiting_remove(&waiting, second);
    assert_null(two.waiting_first);
    assert_int_equal(two.waiting_bytes, 0);
    assert_null(second->session);
    free(second);
    waiting_remove(&waiting, first);
    free(first);
    assert_ptr_equal(one.waiting_first, third);
    assert_ptr_equal(waiting.first, third);
    waiting_remove(&waiting, third);
    free(third);
    assert_null(waiting.last);
    assert_null(one.waiting_last);
    assert_int_equal(waiting.bytes, 0);
    assert_int_equal(one.waiting_bytes, 0);
    assert_int_equal(waiting.count, 0);
}

static void test_bounds(void **state)
{
    const size_t each = sizeof(struct waiting_set) + 100;
    struct waiting waiting = {.bytes_max = 3 * each, .session_bytes_max = 2 * each};
    struct peer peer = {0};
    struct session one = {.peer = &peer}, two = {.peer = &peer};
    (void)state;
    assert_null(add(&waiting, &two, 256, 1000, 1));
    assert_non_null(add(&waiting, &one, 256, 100, 1));
    assert_non_null(add(&waiting, &one, 256, 100, 1));
    assert_null(add(&waiting, &one, 256, 0, 1)); /* this one has its share */
    assert_null(add(&waiting, &two, 256, 101, 1));
    assert_non_null(add(&waiting, &two, 256, 100, 1));
    assert_null(add(&waiting, &two, 256, 0, 1)); /* all together have theirs */
    assert_int_equal(waiting.bytes, 3 * each);
    struct waiting_set *first = waiting.first;
    waiting_remove(&waiting, first);
    free(first);
    assert_non_null(add(&waiting, &two, 256, 100, 1));
    waiting_done(&waiting);
    assert_null(waiting.first);
}

static void test_rewind(void **state)
{
    struct waiting waiting = {.bytes_max = 100000, .session_bytes_max = 100000};
    struct peer peer = {0};
    struct session one = {.peer = &peer};
    (void)state;
    add(&waiting, &one, 256, 1, 10);
    add(&waiting, &one, 256, 1, 20);
    add(&waiting, &one, 256, 1, 30);
    waiting_rewind(&waiting, 15);
    assert_int_equal(waiting.first->arrived_us, 10);
    assert_int_equal(waiting.first->next->arrived_us, 15);
    assert_int_equal(waiting.last->arrived_us, 15);
    waiting_done(&waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_rewind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
