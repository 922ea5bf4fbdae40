/* SPDX-License-Identifier: MIT */
/*
 * test_wire.c - the cursor gives what is there, and keeps its error
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guarded.h"
#include "wire.h"

static void test_reads_big_endian(void **state)
{
    const uint8_t octets[] = {0x01, 0x02, 0xff, 0xfe, 0xfd, 0xfc, 0x07};
    struct wire wire = wire_init(octets, sizeof octets);
    (void)state;
    assert_int_equal(wire_u16(&wire), 0x0102);
    assert_int_equal(wire_u32(&wire), 0xfffefdfc);
    assert_int_equal(wire_left(&wire), 1);
    assert_ptr_equal(wire_take(&wire, 1), octets + 6);
    assert_int_equal(wire_left(&wire), 0);
    assert_false(wire.error);
}

static void test_error_stays(void **state)
{
    struct guarded guarded = guarded_create(3);
    const uint8_t octets[] = {1, 2, 3};
    struct wire wire = wire_init(guarded_at_end(&guarded, octets, 3), 3);
    (void)state;
    assert_int_equal(wire_u32(&wire), 0);
    assert_true(wire.error);
    assert_int_equal(wire_u16(&wire), 0); /* there are two, but what they mean is not known any more */
    assert_null(wire_take(&wire, 1));
    assert_true(wire.error);
    guarded_free(&guarded);
}

static void test_take_nothing_at_the_end(void **state)
{
    struct wire wire = wire_init(NULL, 0);
    (void)state;
    assert_int_equal(wire_left(&wire), 0);
    assert_int_equal(wire_u16(&wire), 0);
    assert_true(wire.error);
}

static void test_huge_take(void **state)
{
    const uint8_t octets[4] = {0};
    struct wire wire = wire_init(octets, sizeof octets);
    (void)state;
    assert_null(wire_take(&wire, SIZE_MAX));
    assert_true(wire.error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_big_endian),
        cmocka_unit_test(test_error_stays),
        cmocka_unit_test(test_take_nothing_at_the_end),
        cmocka_unit_test(test_huge_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
