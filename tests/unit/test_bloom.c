/* SPDX-License-Identifier: MIT */
/* test_bloom.c - a filter lets all its values through, and few others; it is no larger than that takes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bloom.h"
#include "thrift_reader.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* As the format's description has it: XXH64 of the value in plain encoding; its upper half tells the block, its lower
 * half times each of these, shifted by 27, the bit in each word. */
static bool has(const uint8_t *bits, size_t size_bytes, const void *value, size_t value_bytes)
{
    static const uint32_t salt[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b,
                                     0x9efc4947, 0x5c6bfb31};
    const uint64_t hash = XXH64(value, value_bytes, 0), block = (hash >> 32) * (size_bytes / 32) >> 32;
    for (size_t i = 0; i < 8; i++) {
        uint32_t word;
        memcpy(&word, bits + block * 32 + i * 4, 4);
        if ((word >> ((uint32_t)hash * salt[i] >> 27) & 1) == 0)
            return false;
    }
    return true;
}

/* The bits behind the header, which is checked. */
static const uint8_t *open_filter(const struct octet_buffer *buffer, size_t *ret_bytes)
{
    struct thrift_reader thrift = thrift_reader_init(buffer->data, buffer->size_bytes);
    int kinds = 0;
    *ret_bytes = 0;
    while (thrift_next(&thrift)) {
        if (thrift.id == 1) {
            *ret_bytes = (size_t)thrift_get_i32(&thrift);
            continue;
        }
        kinds += thrift.id >= 2 && thrift.id <= 4;
        thrift_enter(&thrift);
        assert_true(thrift_next(&thrift));
        assert_int_equal(thrift.id, 1);
        thrift_skip(&thrift);
        assert_false(thrift_next(&thrift));
    }
    assert_false(thrift.error);
    assert_int_equal(kinds, 3);
    assert_int_equal((size_t)(thrift.end - thrift.at), *ret_bytes);
    return thrift.at;
}

static void lets_its_values_through(void **state)
{
    static const uint32_t counts[] = {1, 7, 1000, 200000};
    struct bloom bloom = {0};
    struct octet_buffer buffer = {0};
    (void)state;
    for (size_t c = 0; c < 4; c++) {
        const uint32_t count = counts[c];
        uint32_t *values = calloc(count, sizeof *values);
        assert_non_null(values);
        for (uint32_t i = 0; i < count; i++)
            values[i] = i * 2654435761u;
        const struct store_values column = {.data = values, .item_count = count, .row_count = count, .width_bytes = 4};
        size_t size_bytes, passed = 0;
        assert_int_equal(bloom_fill(&bloom, STORE_U32, &column), 0);
        octet_buffer_clear(&buffer);
        bloom_append(&bloom, &buffer);
        const uint8_t *bits = open_filter(&buffer, &size_bytes);
        for (uint32_t i = 0; i < count; i++)
            assert_true(has(bits, size_bytes, &values[i], 4));
        for (uint32_t i = 0; i < 10000; i++)
            passed += has(bits, size_bytes, &(uint32_t){(count + i) * 2654435761u}, 4);
        assert_true(passed < 1000);
        assert_true(size_bytes <= 32 || size_bytes <= 2 * (size_t)count);
        assert_int_equal(size_bytes & (size_bytes - 1), 0);
        free(values);
    }
    octet_buffer_done(&buffer);
    bloom_done(&bloom);
}

static void same_values_make_a_small_one(void **state)
{
    struct bloom bloom = {0};
    struct octet_buffer buffer = {0};
    static uint8_t values[100000][16];
    size_t size_bytes;
    (void)state;
    for (uint32_t i = 0; i < 100000; i++)
        values[i][3] = (uint8_t)(i % 5);
    const struct store_values column = {.data = values, .item_count = 100000, .row_count = 100000, .width_bytes = 16};
    assert_int_equal(bloom_fill(&bloom, STORE_FIXED_16, &column), 0);
    bloom_append(&bloom, &buffer);
    const uint8_t *bits = open_filter(&buffer, &size_bytes);
    assert_int_equal(size_bytes, 32);
    assert_true(has(bits, size_bytes, values[4], 16));
    octet_buffer_done(&buffer);
    bloom_done(&bloom);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lets_its_values_through),
                                       cmocka_unit_test(same_values_make_a_small_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
