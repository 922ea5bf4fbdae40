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
    return (struct store_values){.data = widths[k].data, .width_bytes = widths[k].width_bytes, .item_count = 5,
                                 .row_count = 5};
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

/* Enough items for the loops that take several at a time, and for what is left behind them. */
enum { MANY = 203 };

static void ranges_of_many(void **state)
{
    (void)state;
    uint64_t items[MANY];
    for (uint32_t at = 0; at < MANY; at++) {
        for (uint32_t i = 0; i < MANY; i++)
            items[i] = 1000 + i % 7;
        const struct store_values values = {.data = items, .width_bytes = 8, .item_count = MANY, .row_count = MANY};
        int64_t least, greatest;
        items[at] = (uint64_t)-5;
        values_range(&values, true, 0, MANY, &least, &greatest);
        assert_true(least == -5 && greatest == 1006);
        values_range(&values, false, 0, MANY, &least, &greatest);
        assert_true(least == 1000 && greatest == -5);
        values_range(&values, true, at, 1, &least, &greatest);
        assert_true(least == -5 && greatest == -5);
    }
}

static void steps(void **state)
{
    (void)state;
    static const uint32_t steps[] = {1, 1000, 1000000};
    static const uint32_t farthest = UINT32_MAX;
    for (size_t k = 0; k < 3; k++) {
        const int64_t step = steps[k], base = -5;
        int64_t items[MANY];
        uint32_t found[MANY];
        for (uint32_t i = 0; i < MANY; i++)
            items[i] = base + step * (i == 7 ? farthest : i * 20000003);
        const struct store_values values = {.data = items, .width_bytes = 8, .item_count = MANY, .row_count = MANY};
        assert_true(values_steps(&values, true, base, steps[k], 0, MANY, found));
        for (uint32_t i = 0; i < MANY; i++)
            assert_int_equal(found[i], i == 7 ? farthest : i * 20000003);
        assert_true(values_steps(&values, true, base, steps[k], 3, 5, found));
        assert_int_equal(found[0], 3 * 20000003);
        for (uint32_t at = 0; at < MANY; at++) {
            const int64_t before = items[at];
            items[at] = before + 1;
            assert_int_equal(values_steps(&values, true, base, steps[k], 0, MANY, found), step == 1 && at != 7);
            items[at] = before + (step << 32); /* is as many steps away as before, modulo 2^32 */
            assert_false(values_steps(&values, true, base, steps[k], 0, MANY, found));
            items[at] = before;
        }
    }
}

static void steps_of_each_width(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        const struct store_values values = values_of(k);
        uint32_t found[5];
        assert_int_equal(values_steps(&values, false, 0, 1, 0, 5, found), k < 3);
        for (int i = 0; i < 5 && k < 3; i++)
            assert_int_equal(found[i], (uint32_t)widths[k].u[i]);
        assert_true(values_steps(&values, true, -1, 1, 4, 1, found));
        assert_int_equal(found[0], 0);
    }
}

static void runs(void **state)
{
    (void)state;
    static const uint16_t items[] = {7, 7, 7, 0, 0x700, 0x700, 7};
    static const uint16_t expected[] = {7, 0, 0x700, 7};
    static const uint32_t expected_lengths[] = {3, 1, 2, 1};
    const struct store_values values = {.data = items, .width_bytes = 2, .item_count = 7, .row_count = 7};
    uint16_t found[4];
    uint32_t lengths[4];
    assert_int_equal(values_changes(&values, 0, 7), 3);
    assert_int_equal(values_changes(&values, 1, 2), 0);
    assert_int_equal(values_changes(&values, 3, 2), 1);
    assert_int_equal(values_runs(&values, 4, found, lengths), 4);
    assert_memory_equal(found, expected, sizeof expected);
    assert_memory_equal(lengths, expected_lengths, sizeof lengths);
    assert_int_equal(values_runs(&values, 3, found, lengths), 0);
    for (size_t k = 0; k < 4; k++) {
        const struct store_values all = values_of(k);
        uint64_t room[5];
        uint32_t ones[5];
        assert_int_equal(values_changes(&all, 0, 5), 4);
        assert_int_equal(values_runs(&all, 5, room, ones), 5);
        assert_memory_equal(room, all.data, 5 * all.width_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(widened), cmocka_unit_test(ranges), cmocka_unit_test(rows),
                                       cmocka_unit_test(ranges_of_many), cmocka_unit_test(steps),
                                       cmocka_unit_test(steps_of_each_width), cmocka_unit_test(runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
