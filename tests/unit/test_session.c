/* SPDX-License-Identifier: MIT */
/*
 * test_session.c - sessions are found by address, port and domain, whatever came and went before
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"

static struct weir_address address_of(uint32_t number)
{
    return (struct weir_address){
        .octets = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}, .family = 4};
}

static struct session *add(struct session_table *table, uint32_t number, uint16_t port, uint32_t domain)
{
    const struct weir_address address = address_of(number);
    struct session *session = session_create(table, &address, port, domain);
    assert_non_null(session);
    return session;
}

static struct session *find(struct session_table *table, uint32_t number, uint16_t port, uint32_t domain)
{
    const struct weir_address address = address_of(number);
    return session_find(table, &address, port, domain);
}

static unsigned count_siblings(const struct session_table *table, const struct session *of)
{
    unsigned count = 0;
    for (const struct session *sibling = session_sibling(table, of, NULL); sibling != NULL;
         sibling = session_sibling(table, of, sibling))
        count++;
    return count;
}

static void test_grows_and_finds(void **state)
{
    struct session_table table;
    (void)state;
    assert_int_equal(session_table_init(&table, 100000, 7), 0);
    for (uint32_t i = 0; i < 5000; i++)
        add(&table, i / 10, (uint16_t)(i % 5), i % 2);
    assert_int_equal(table.count, 5000);
    for (uint32_t i = 0; i < 500; i++) {
        for (uint16_t port = 0; port < 5; port++) {
            const struct session *session = find(&table, i, port, 1);
            assert_non_null(session);
            assert_int_equal(session->port, port);
            assert_int_equal(session->domain, 1);
            assert_int_equal(session->address.octets[3], i & 255);
        }
        assert_null(find(&table, i, 5, 1));
        assert_null(find(&table, i, 1, 2));
    }
    session_table_done(&table);
}

static void test_families_differ(void **state)
{
    struct session_table table;
    struct weir_address address = address_of(1);
    (void)state;
    session_table_init(&table, 10, 7);
    add(&table, 1, 1, 1);
    address.family = 6;
    assert_null(session_find(&table, &address, 1, 1));
    session_table_done(&table);
}

static void test_siblings_come_and_go(void **state)
{
    struct session_table table;
    struct session *sessions[300];
    (void)state;
    session_table_init(&table, 1000, 7);
    for (uint16_t i = 0; i < 300; i++)
        sessions[i] = add(&table, 1, i, 9);
    add(&table, 1, 1, 8);
    add(&table, 2, 1, 9);
    assert_int_equal(count_siblings(&table, sessions[0]), 300);
    for (uint16_t i = 0; i < 300; i += 3)
        session_remove(&table, sessions[i]);
    assert_int_equal(count_siblings(&table, sessions[1]), 200);
    for (uint16_t i = 299; i > 1; i--) {
        if (i % 3 != 0)
            session_remove(&table, sessions[i]);
    }
    assert_int_equal(count_siblings(&table, sessions[1]), 1);
    assert_ptr_equal(find(&table, 1, 1, 9), sessions[1]);
    assert_null(find(&table, 1, 2, 9));
    assert_non_null(find(&table, 1, 1, 8));
    assert_int_equal(table.count, 3);
    session_table_done(&table);
}

static void test_order_of_use(void **state)
{
    struct session_table table;
    (void)state;
    session_table_init(&table, 10, 7);
    struct session *first = add(&table, 1, 1, 1), *second = add(&table, 2, 1, 1), *third = add(&table, 3, 1, 1);
    assert_ptr_equal(table.used[0].oldest, first);
    session_touch(&table, first);
    assert_ptr_equal(table.used[0].oldest, second);
    assert_ptr_equal(table.used[0].newest, first);
    session_touch(&table, third);
    session_touch(&table, third);
    session_remove(&table, second);
    assert_ptr_equal(table.used[0].oldest, first);
    session_remove(&table, first);
    assert_ptr_equal(table.used[0].oldest, third);
    assert_ptr_equal(table.used[0].newest, third);
    session_remove(&table, third);
    assert_null(table.used[0].oldest);
    assert_null(table.used[0].newest);
    session_table_done(&table);
}

static void test_templates(void **state)
{
    struct session_table table;
    (void)state;
    session_table_init(&table, 10, 7);
    struct session *session = add(&table, 1, 1, 1);
    assert_null(session_template(session, 256));
    for (uint32_t id = 256; id < 1024; id++)
        assert_non_null(session_template_add(&table, session, (uint16_t)(id * 64), 2000)); /* many meet in one place */
    for (uint32_t id = 256; id < 1024; id++) {
        assert_int_equal(session_template(session, (uint16_t)(id * 64))->id, (uint16_t)(id * 64));
    }
    assert_null(session_template(session, 257));
    session_table_done(&table);
}

static void test_templates_are_bounded(void **state)
{
    struct session_table table;
    (void)state;
    session_table_init(&table, 10, 7);
    struct session *session = add(&table, 1, 1, 1);
    assert_non_null(session_template_add(&table, session, 256, 2));
    assert_non_null(session_template_add(&table, session, 65535, 2));
    assert_null(session_template_add(&table, session, 257, 2));
    assert_non_null(session_template_add(&table, session, 256, 2));
    assert_int_equal(session->place_count, 2);
    session_table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_finds),   cmocka_unit_test(test_families_differ),
        cmocka_unit_test(test_siblings_come_and_go), cmocka_unit_test(test_order_of_use),
        cmocka_unit_test(test_templates),         cmocka_unit_test(test_templates_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
