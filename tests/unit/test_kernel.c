/* SPDX-License-Identifier: MIT */
/*
 * test_kernel.c - each kernel against a plain reference, with the records flush against memory that cannot be read
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guarded.h"
#include "kernel.h"

enum { COUNT_MAX = 70, STRIDE_MAX = 96, WIDTH_MAX = 64 };

static uint64_t reference_unsigned(const uint8_t *p, size_t width)
{
    uint64_t value = 0;
    while (width-- > 0)
        value = value * 256 + *p++;
    return value;
}

static int64_t reference_signed(const uint8_t *p, size_t width)
{
    uint64_t value = p[0] >= 128 ? UINT64_MAX : 0;
    while (width-- > 0)
        value = value << 8 | *p++;
    return (int64_t)value;
}

static size_t column_width(size_t wire_bytes)
{
    return wire_bytes <= 2 ? wire_bytes : wire_bytes <= 4 ? 4 : 8;
}

static int64_t column_value(const uint8_t *column, size_t i, size_t width, bool is_signed)
{
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;
    switch (width) {
    case 1:
        return is_signed ? (int8_t)column[i] : column[i];
    case 2:
        memcpy(&u16, column + 2 * i, 2);
        return is_signed ? (int16_t)u16 : u16;
    case 4:
        memcpy(&u32, column + 4 * i, 4);
        return is_signed ? (int64_t)(int32_t)u32 : (int64_t)u32;
    default:
        memcpy(&u64, column + 8 * i, 8);
        return (int64_t)u64;
    }
}

/* Puts records in front of the guard so that the field of the last one ends right there. */
static const uint8_t *place(const struct guarded *guarded, size_t stride, size_t count, size_t width)
{
    const size_t size_bytes = count == 0 ? 0 : (count - 1) * stride + width;
    uint8_t *records = guarded->end - size_bytes;
    for (size_t i = 0; i < size_bytes; i++)
        records[i] = (uint8_t)(i * 167 + (i >> 3) * 29 + stride + width * 77);
    return records;
}

static void check_integers(kernel_copy *copy, size_t width, bool is_signed)
{
    struct guarded guarded = guarded_create(COUNT_MAX * STRIDE_MAX);
    static _Alignas(64) uint8_t column[(COUNT_MAX + 1) * 8];
    const size_t wide = column_width(width);
    for (size_t stride = width; stride <= STRIDE_MAX; stride += stride < 24 ? 1 : 13) {
        for (size_t count = 0; count <= COUNT_MAX; count++) {
            const uint8_t *records = place(&guarded, stride, count, width);
            memset(column, 0xa5, sizeof column);
            copy(column, records, stride, count, width);
            for (size_t i = 0; i < count; i++) {
                const uint8_t *field = records + i * stride;
                const int64_t expected =
                    is_signed ? reference_signed(field, width) : (int64_t)reference_unsigned(field, width);
                assert_int_equal(column_value(column, i, wide, is_signed), expected);
            }
            for (size_t i = count * wide; i < sizeof column; i++)
                assert_int_equal(column[i], 0xa5);
        }
    }
    guarded_free(&guarded);
}

static void test_unsigned(void **state)
{
    (void)state;
    for (size_t width = 1; width <= 8; width++)
        check_integers(kernel_for_unsigned(width), width, false);
    assert_null(kernel_for_unsigned(0));
    assert_null(kernel_for_unsigned(9));
}

static void test_signed(void **state)
{
    (void)state;
    for (size_t width = 1; width <= 8; width++)
        check_integers(kernel_for_signed(width), width, true);
    assert_null(kernel_for_signed(0));
    assert_null(kernel_for_signed(9));
}

static void test_octets(void **state)
{
    static uint8_t column[(COUNT_MAX + 1) * WIDTH_MAX];
    struct guarded guarded = guarded_create(COUNT_MAX * STRIDE_MAX);
    (void)state;
    for (size_t width = 1; width <= WIDTH_MAX; width++) {
        for (size_t count = 0; count <= COUNT_MAX; count++) {
            const size_t stride = width + count % 7;
            const uint8_t *records = place(&guarded, stride, count, width);
            memset(column, 0xa5, sizeof column);
            kernel_for_octets(width)(column, records, stride, count, width);
            for (size_t i = 0; i < count; i++)
                assert_memory_equal(column + i * width, records + i * stride, width);
            for (size_t i = count * width; i < sizeof column; i++)
                assert_int_equal(column[i], 0xa5);
        }
    }
    guarded_free(&guarded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
