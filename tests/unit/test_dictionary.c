/* SPDX-License-Identifier: MIT */
/* test_dictionary.c - each item has the code of an entry that is the same, whichever way the entries were found */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dictionary.h"

enum { MANY = 40000 };

static struct store_values numbers_of(const void *data, uint32_t width_bytes, uint32_t count)
{
    return (struct store_values){.data = data, .width_bytes = width_bytes, .item_count = count, .row_count = count};
}

static void a_table_is_ascending(void **state)
{
    (void)state;
    static const int16_t items[] = {5, -3, 5, 0, 5, 7};
    static const uint32_t codes[] = {2, 0, 2, 1, 2, 3};
    static const int64_t numbers[] = {-3, 0, 5, 7};
    const struct store_values values = numbers_of(items, 2, 6);
    struct dictionary dictionary = {0};
    assert_int_equal(dictionary_count(&dictionary, &values, true, false, -3, 7), DICTIONARY_MADE);
    assert_true(dictionary.from_table);
    assert_int_equal(dictionary.count, 4);
    struct octet_buffer room = {0};
    assert_memory_equal(dictionary_codes(&dictionary, 0, 6, &room), codes, sizeof codes);
    assert_memory_equal(dictionary_codes(&dictionary, 2, 3, &room), codes + 2, 3 * sizeof *codes);
    octet_buffer_done(&room);
    assert_memory_equal(dictionary.numbers, numbers, sizeof numbers);
    assert_in_range((uint64_t)(dictionary.entropy_bits * 1000), 1792, 1793); /* 3/6 * 1 + 3 * 1/6 * log2 6 */
    dictionary_done(&dictionary);
}

/* Of more than 256 numbers those stand first that are more frequent than one in 256. */
static void frequent_numbers_first(void **state)
{
    (void)state;
    uint32_t *items = malloc(MANY * sizeof *items);
    for (uint32_t i = 0; i < MANY; i++)
        items[i] = i % 2 == 0 ? 900 : i % 1000;
    const struct store_values values = numbers_of(items, 4, MANY);
    struct dictionary dictionary = {0};
    assert_int_equal(dictionary_count(&dictionary, &values, false, false, 1, 999), DICTIONARY_MADE);
    assert_int_equal(dictionary.numbers[0], 900);
    for (uint32_t i = 2; i < dictionary.count; i++)
        assert_true(dictionary.numbers[i] > dictionary.numbers[i - 1]);
    struct octet_buffer room = {0};
    const uint32_t *codes = dictionary_codes(&dictionary, 0, MANY, &room);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(dictionary.numbers[codes[i]], items[i]);
    octet_buffer_done(&room);
    dictionary_done(&dictionary);
    free(items);
}

static void times_in_whole_seconds(void **state)
{
    (void)state;
    int64_t items[200];
    struct dictionary dictionary = {0};
    for (int i = 0; i < 200; i++)
        items[i] = 1700000000123456 + (int64_t)(i % 50) * 7000000;
    const struct store_values values = numbers_of(items, 8, 200);
    assert_int_equal(dictionary_count(&dictionary, &values, true, true, items[0], items[49]), DICTIONARY_MADE);
    assert_int_equal(dictionary.count, 50);
    struct octet_buffer room = {0};
    const uint32_t *codes = dictionary_codes(&dictionary, 0, 200, &room);
    for (int i = 0; i < 200; i++)
        assert_true((int64_t)dictionary.numbers[codes[i]] == items[i]);
    octet_buffer_done(&room);
    assert_int_equal(dictionary_count(&dictionary, &values, true, false, items[0], items[49]), DICTIONARY_NOT);
    items[150] += 1; /* behind those that are looked at first */
    assert_int_equal(dictionary_count(&dictionary, &values, true, true, items[0], items[49]), DICTIONARY_NOT);
    dictionary_done(&dictionary);
}

static void numbers_far_apart(void **state)
{
    (void)state;
    static const uint64_t items[] = {0, UINT64_MAX};
    const struct store_values values = numbers_of(items, 8, 2);
    struct dictionary dictionary = {0};
    assert_int_equal(dictionary_count(&dictionary, &values, false, false, 0, -1), DICTIONARY_NOT);
    dictionary_done(&dictionary);
}

/* Entries stand in the order in which they came first, whatever the seed. */
static void expect_hashed(uint32_t width_bytes)
{
    const uint32_t different = MANY / 3;
    uint8_t *items = calloc(MANY, width_bytes);
    struct dictionary dictionary = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        const uint32_t number = i % different;
        memcpy(items + (size_t)i * width_bytes + width_bytes - 4, &number, 4);
    }
    const struct store_values values = numbers_of(items, width_bytes, MANY);
    assert_int_equal(dictionary_hash(&dictionary, &values, different - 1), DICTIONARY_NOT);
    assert_int_equal(dictionary_hash(&dictionary, &values, different), DICTIONARY_MADE);
    assert_int_equal(dictionary.count, different);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(dictionary.codes[i], i % different);
    for (uint32_t i = 0; i < different; i++)
        assert_int_equal(dictionary.entries[i], i);
    dictionary_done(&dictionary);
    free(items);
}

static void hashed_items(void **state)
{
    (void)state;
    static const uint32_t widths[] = {4, 6, 8, 16};
    for (size_t i = 0; i < 4; i++)
        expect_hashed(widths[i]);
}

static void hashed_texts(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0, 1, 10, 2, 10, 0, 1}, codes[] = {0, 1, 2, 3, 2, 0, 1};
    const struct store_values values = {.data = "aabcdefghijaaabcdefghija", .lengths = lengths, .item_count = 7,
                                        .row_count = 7};
    struct dictionary dictionary = {0};
    assert_int_equal(dictionary_hash(&dictionary, &values, 7), DICTIONARY_MADE);
    assert_int_equal(dictionary.count, 4);
    assert_memory_equal(dictionary.codes, codes, sizeof codes);
    assert_int_equal(dictionary.starts[3], 11);
    dictionary_done(&dictionary);
}

static void too_long_to_be_told(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {UINT32_MAX, 1};
    const struct store_values values = {.data = "", .lengths = lengths, .item_count = 2, .row_count = 2};
    struct dictionary dictionary = {0};
    assert_int_equal(dictionary_hash(&dictionary, &values, 2), DICTIONARY_NOT);
    dictionary_done(&dictionary);
}

static void samples(void **state)
{
    (void)state;
    uint32_t items[1000];
    for (uint32_t i = 0; i < 1000; i++)
        items[i] = i;
    struct store_values values = numbers_of(items, 4, 1000);
    assert_true(dictionary_sample(&values, 500) == 1);
    memset(items, 0, sizeof items);
    assert_true(dictionary_sample(&values, 500) == 1.0 / 500);
    assert_true(dictionary_sample(&values, 5000) == 1.0 / 1000);
    values.item_count = 0;
    assert_true(dictionary_sample(&values, 500) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_ascending), cmocka_unit_test(frequent_numbers_first),
        cmocka_unit_test(times_in_whole_seconds), cmocka_unit_test(numbers_far_apart),
        cmocka_unit_test(hashed_items), cmocka_unit_test(hashed_texts),
        cmocka_unit_test(too_long_to_be_told), cmocka_unit_test(samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
