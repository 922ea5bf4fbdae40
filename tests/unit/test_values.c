/* SPDX-License-Identifier: MIT */
/* test_values.c - loops over items of each width, of either sign */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "values.h"

static const uint8_t octets[] = {0, 1, 0x7f, 0x80, 0xff};
static const uint16_t words[] = {0, 1, 0x7fff, 0x8000, 0xffff};
static const uint32_t halves[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
static const uint64_t wholes[] = {0, 1, INT64_MAX, 0x8000000000000000, UINT64_MAX};

static const struct {
    const void *data;
    uint32_t width_bytes;
    int64_t u[5], i[5]; /* as they are, unsigned and signed */
} widths[] = {
    {octets, 1, {0, 1, 0x7f, 0x80, 0xff}, {0, 1, 0x7f, -0x80, -1}},
    {words, 2, {0, 1, 0x7fff, 0x8000, 0xffff}, {0, 1, 0x7fff, -0x8000, -1}},
    {halves, 4, {0, 1, 0x7fffffff, 0x80000000, 0xffffffff}, {0, 1, INT32_MAX, INT32_MIN, -1}},
    {wholes, 8, {0, 1, INT64_MAX, INT64_MIN, -1}, {0, 1, INT64_MAX, INT64_MIN, -1}},
};

static struct store_values values_of(size_t k)
{
    return (struct store_values){.data = widths[k].data, .width_bytes = widths[k].width_bytes, .item_count = 5, .row_count = 5};
}

static void widened(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const struct store_values values = values_of(k);
        int64_t wide[5];
        values_widen(&values, false, 0, 5, wide);
        assert_memory_equal(wide, widths[k].u, sizeof wide);
        values_widen(&values, true, 0, 5, wide);
        assert_memory_equal(wide, widths[k].i, sizeof wide);
        values_widen(&values, true, 3, 1, wide);
        assert_true(wide[0] == widths[k].i[3]);
    }
}

static void ranges(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const struct store_values values = values_of(k);
        int64_t least, greatest;
        values_range(&values, false, 0, 5, &least, &greatest);
        assert_true(least == widths[k].u[0] && greatest == widths[k].u[4]);
        values_range(&values, true, 0, 5, &least, &greatest);
        assert_true(least == widths[k].i[3] && greatest == widths[k].i[2]);
        values_range(&values, false, 1, 2, &least, &greatest);
        assert_true(least == 1 && greatest == widths[k].u[2]);
    }
}

static void rows(void **state)
{
    (void)state;
    static const uint32_t repeats[] = {UINT32_MAX, 2, 0, 5, UINT32_MAX};
    struct store_values values = values_of(0);
    assert_int_equal(values_rows(&values, 1, 3), 3);
    values.repeats = repeats;
    assert_int_equal(values_rows(&values, 1, 3), 7);
    assert_true(values_rows(&values, 0, 5) == 2 * (uint64_t)UINT32_MAX + 7);
}

static void counted_and_looked_up(void **state)
{
    (void)state;
    static const uint32_t steps[] = {1, 1000, 1000000};
    for (size_t k = 0; k < 3; k++) {
        const int64_t step = steps[k], base = -5;
        int64_t items[4] = {base + 2 * step, base, base + 3 * step, base + 2 * step};
        const struct store_values values = {.data = items, .width_bytes = 8, .item_count = 4, .row_count = 4};
        uint32_t counts[5] = {9}, codes[4];
        static const uint32_t table[] = {40, 41, 42, 43}, expected_counts[] = {10, 0, 2, 1, 0}, expected_codes[] = {42, 40, 43, 42};
        assert_true(values_count(&values, true, base, steps[k], counts));
        assert_memory_equal(counts, expected_counts, sizeof counts);
        values_look_up(&values, true, base, steps[k], table, codes);
        assert_memory_equal(codes, expected_codes, sizeof codes);
        items[3]++;
        assert_int_equal(values_count(&values, true, base, steps[k], counts), step == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(widened), cmocka_unit_test(ranges), cmocka_unit_test(rows),
                                       cmocka_unit_test(counted_and_looked_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
