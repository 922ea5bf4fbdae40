/* SPDX-License-Identifier: MIT */
/*
 * test_quantity.c - numbers with units
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quantity.h"

static void test_counts(void **state)
{
    (void)state;
    uint64_t count = 7;
    assert_int_equal(quantity_parse_count("0", &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(quantity_parse_count("18446744073709551615", &count), 0);
    assert_true(count == UINT64_MAX);
    static const char *const wrong[] = {"", "-1", "+1", " 1", "1 ", "1k", "x", "18446744073709551616"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        count = 7;
        assert_int_equal(quantity_parse_count(wrong[i], &count), -1);
        assert_int_equal(count, 7);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } right[] = {{"0", 0},          {"500", 500},        {"10K", 10240},  {"1M", 1048576},
                 {"1.5m", 1572864}, {"2GB", 2147483648}, {"100B", 100}, {"1T", 1099511627776}};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_int_equal(quantity_parse_size(right[i].text, &bytes), 0);
        assert_int_equal(bytes, right[i].bytes);
    }
    static const char *const wrong[] = {"", "M", "-1M", "1X", "1MM", "1 M", "1.2.3M", "0x10", "1e3", "nan",
                                        "99999999T"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(quantity_parse_size(wrong[i], &bytes), -1);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } right[] = {{"90", 90000000},    {"90s", 90000000},    {"5m", 300000000},
                 {"5min", 300000000}, {"1h", 3600000000},   {"1d", 86400000000}, {"0.5s", 500000},
                 {"2w", 1209600000000}, {"1h30m", 5400000000}, {"1d1h1min1.5s", 90061500000}};
    int64_t us;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_int_equal(quantity_parse_duration(right[i].text, &us), 0);
        assert_int_equal(us, right[i].us);
    }
    static const char *const wrong[] = {"", "0", "-1s", "s", "5x", "1h30", "1hm", "1h-3m", "h3", "600w", "4000d", "0.0000001", "inf"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(quantity_parse_duration(wrong[i], &us), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
