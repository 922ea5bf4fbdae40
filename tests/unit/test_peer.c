/* SPDX-License-Identifier: MIT */
/* test_peer.c - addresses are found, dropped, and held to their share */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limits.h"
#include "peer.h"

#include "export_maker.h"

static void test_many(void **test)
{
    (void)test;
    struct peer_table table;
    assert_int_equal(peer_table_init(&table, 42), 0);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct weir_address address = export_address(i);
        assert_null(peer_find(&table, &address));
        struct peer *peer = peer_get(&table, &address);
        assert_non_null(peer);
        assert_ptr_equal(peer_get(&table, &address), peer);
        peer->session_count = i % 2;
    }
    assert_int_equal(table.count, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct weir_address address = export_address(i);
        struct peer *peer = peer_find(&table, &address);
        assert_memory_equal(peer->address.octets, address.octets, sizeof address.octets);
        peer_drop_unused(&table, peer);
        assert_true((peer_find(&table, &address) == NULL) == (i % 2 == 0));
    }
    assert_int_equal(table.count, 500);
    peer_table_done(&table);
}

static void test_family_counts(void **test)
{
    (void)test;
    struct peer_table table;
    assert_int_equal(peer_table_init(&table, 0), 0);
    struct weir_address address = export_address(1);
    const struct peer *four = peer_get(&table, &address);
    address.family = 6;
    assert_ptr_not_equal(peer_get(&table, &address), four);
    peer_table_done(&table);
}

static void test_share(void **test)
{
    (void)test;
    assert_true(peer_may_take(499, 499, 1000));                       /* less than half is taken */
    assert_false(peer_may_take(1000 / LIMIT_SHARES, 500, 1000));      /* from there on a share and no more */
    assert_true(peer_may_take(1000 / LIMIT_SHARES - 1, 999, 1000));
    assert_true(peer_may_take(LIMIT_SHARE_MIN - 1, 20, 20));          /* limits so low are shared by nobody */
    assert_false(peer_may_take(LIMIT_SHARE_MIN, 20, 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_family_counts),
        cmocka_unit_test(test_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
