/* SPDX-License-Identifier: MIT */
/* Receive times as keys: no key comes twice, whatever clocks do, also when a file is taken up again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "json_keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *next(struct json_keys *keys, int64_t received_us)
{
    static char texts[4][JSON_KEY_SIZE + 1];
    static unsigned turn;
    char *text = texts[turn++ % 4];

    text[json_keys_next(keys, received_us, text)] = '\0';
    return text;
}

static void times_are_seconds_with_six_digits(void **state)
{
    struct json_keys keys = {0};

    (void)state;
    assert_string_equal(next(&keys, 0), "0.000000");
    assert_string_equal(next(&keys, 7), "0.000007");
    assert_string_equal(next(&keys, 1000000), "1.000000");
    assert_string_equal(next(&keys, 1509225421123456), "1509225421.123456");
    assert_string_equal(next(&keys, INT64_MAX), "9223372036854.775807");
}

static void a_time_before_1970_is_taken_for_1970(void **state)
{
    struct json_keys keys = {0};

    (void)state;
    assert_string_equal(next(&keys, -5), "0.000000");
    assert_string_equal(next(&keys, INT64_MIN), "0.0000001");
}

static void a_time_that_is_not_later_gets_a_number(void **state)
{
    struct json_keys keys = {0};

    (void)state;
    assert_string_equal(next(&keys, 17000005), "17.000005");
    assert_string_equal(next(&keys, 17000005), "17.0000051");
    assert_string_equal(next(&keys, 17000005), "17.0000052");
    assert_string_equal(next(&keys, 16000000), "16.0000003");
    assert_string_equal(next(&keys, 17000006), "17.000006");
    assert_string_equal(next(&keys, 17000005), "17.0000054");
}

static void keys_of_one_microsecond_sort_as_they_came(void **state)
{
    struct json_keys keys = {0};
    char before[JSON_KEY_SIZE + 1];

    (void)state;
    strcpy(before, next(&keys, 5));
    for (int i = 0; i < 20000; i++) {
        const char *key = next(&keys, 5);
        assert_true(strcmp(before, key) < 0);
        assert_int_equal((int64_t)(strtod(key, NULL) * 1e6), 5);
        strcpy(before, key);
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A clock that runs, stands, and is set to and fro; every now and then the file is closed and read again. */
static void no_key_comes_twice(void **state)
{
    enum { COUNT = 30000 };
    static char all[COUNT][JSON_KEY_SIZE];
    struct json_keys keys = {0};
    uint32_t random = 1;
    int64_t now_us = 1509225421000000;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        random = random * 1664525 + 1013904223;
        now_us += (int64_t)(random >> 30) - (random >> 24 == 9 ? 40 : 0);
        strcpy(all[i], next(&keys, now_us));
        if (i % 1000 == 0) {
            keys = (struct json_keys){0};
            for (int k = 0; k <= i; k++) {
                assert_true(json_keys_seen(&keys, all[k], strlen(all[k])));
            }
        }
    }
    qsort(all, COUNT, sizeof all[0], compare);
    for (int i = 1; i < COUNT; i++) {
        assert_string_not_equal(all[i - 1], all[i]);
    }
}

static void what_was_seen_is_all_there_is_to_know(void **state)
{
    struct json_keys keys = {0};
    struct json_keys again = {0};

    (void)state;
    for (int64_t i = 0; i < 5000; i++) {
        const char *key = next(&keys, 1000000 + i % 7);
        assert_true(json_keys_seen(&again, key, strlen(key)));
        assert_int_equal(again.latest_us, keys.latest_us);
        assert_int_equal(again.number, keys.number);
    }
}

static void keys_of_others_are_times_as_well(void **state)
{
    static const char *const good[] = {"1509225421", "1509225421.5", "1509225421.1234567", "0.1", "1.12345699",
                                       "99999999999999999999999999.999999", "1.123456999999999999999999999999999"};
    static const char *const bad[] = {"", ".", "1.", ".5", "1.5x", "a", "-1", "1e5", "1..5", "1.5.", " 1"};
    struct json_keys keys = {0};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(json_keys_seen(&keys, good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(json_keys_seen(&keys, bad[i], strlen(bad[i])));
    }
}

/* The original's times have seven digits now and then, which could be one of ours with its number. */
static void keys_of_others_are_not_written_again(void **state)
{
    struct json_keys keys = {0};

    (void)state;
    assert_true(json_keys_seen(&keys, "17.0000053", 10));
    assert_string_equal(next(&keys, 17000005), "17.0000054");
    assert_true(json_keys_seen(&keys, "17.5", 4));
    assert_string_equal(next(&keys, 17500000), "17.5000005");
    assert_string_equal(next(&keys, 17500001), "17.500001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_seconds_with_six_digits),
        cmocka_unit_test(a_time_before_1970_is_taken_for_1970),
        cmocka_unit_test(a_time_that_is_not_later_gets_a_number),
        cmocka_unit_test(keys_of_one_microsecond_sort_as_they_came),
        cmocka_unit_test(no_key_comes_twice),
        cmocka_unit_test(what_was_seen_is_all_there_is_to_know),
        cmocka_unit_test(keys_of_others_are_times_as_well),
        cmocka_unit_test(keys_of_others_are_not_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
