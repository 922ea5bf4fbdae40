/* SPDX-License-Identifier: MIT */
/*
 * test_delta_pack.c - differences of neighbours, read back by a plain reader
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "delta_pack.h"

enum { COUNT_MAX = 700 };

static uint64_t random_state = 7;

static uint64_t random_u64(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return random_state ^ random_state >> 29;
}

static uint64_t read_varint(const struct octet_buffer *from, size_t *at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        assert_true(*at < from->size_bytes);
        const uint8_t octet = from->data[(*at)++];
        value |= (uint64_t)(octet & 0x7f) << shift;
        if (octet < 0x80)
            return value;
    }
}

static int64_t read_zigzag(const struct octet_buffer *from, size_t *at)
{
    const uint64_t value = read_varint(from, at);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static uint64_t read_bits(const uint8_t *data, size_t at, unsigned bits)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bits; i++)
        value |= (uint64_t)(data[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return value;
}

/* As the format's document has it, with nothing left out. */
static size_t read_all(const struct octet_buffer *from, int64_t *ret_values)
{
    size_t at = 0, got = 0;
    const uint64_t block = read_varint(from, &at), miniblocks = read_varint(from, &at), count = read_varint(from, &at);
    int64_t value = read_zigzag(from, &at);
    if (count > 0)
        ret_values[got++] = value;
    while (got < count) {
        const int64_t least = read_zigzag(from, &at);
        const uint8_t *widths = from->data + at;
        at += miniblocks;
        for (uint64_t m = 0; m < miniblocks && got < count; m++) {
            assert_true(at + block / miniblocks * widths[m] / 8 <= from->size_bytes);
            for (uint64_t i = 0; i < block / miniblocks && got < count; i++) {
                value = (int64_t)((uint64_t)value + (uint64_t)least + read_bits(from->data + at, i * widths[m],
                                                                                widths[m]));
                ret_values[got++] = value;
            }
            at += block / miniblocks * widths[m] / 8;
        }
    }
    assert_int_equal(at, from->size_bytes);
    return got;
}

static void check(const int64_t *values, size_t count, bool narrow)
{
    static int64_t read[COUNT_MAX];
    struct octet_buffer to = {0};
    delta_pack_append(&to, values, count, narrow);
    assert_int_equal(read_all(&to, read), count);
    for (size_t i = 0; i < count; i++) {
        if (narrow)
            assert_int_equal((uint32_t)read[i], (uint32_t)values[i]);
        else
            assert_int_equal(read[i], values[i]);
    }
    octet_buffer_done(&to);
}

static void writes_what_is_read(void **state)
{
    (void)state;
    static int64_t values[COUNT_MAX];
    for (unsigned shift = 0; shift < 64; shift++) {
        for (size_t count = 0; count < COUNT_MAX; count += count < 140 ? 1 : 37) {
            for (size_t i = 0; i < count; i++)
                values[i] = (int64_t)(random_u64() >> shift);
            check(values, count, false);
            for (size_t i = 0; i < count; i++)
                values[i] = shift < 32 ? (int64_t)(uint32_t)values[i] : (int32_t)values[i];
            check(values, count, true);
        }
    }
}

static void takes_the_extremes(void **state)
{
    (void)state;
    const int64_t values[] = {INT64_MIN, INT64_MAX, 0, INT64_MIN, -1, INT64_MAX, INT64_MAX};
    const int64_t narrow[] = {UINT32_MAX, 0, INT32_MAX, UINT32_MAX, 1u << 31, 0};
    check(values, 7, false);
    check(narrow, 6, true);
}

/* Some readers take the first value of 32 bits for what it is: as many bits. */
static void begins_with_a_narrow_value(void **state)
{
    (void)state;
    const int64_t value = 3239098361;
    struct octet_buffer to = {0};
    delta_pack_append(&to, &value, 1, true);
    size_t at = 4; /* 128 in two octets, 4, 1 */
    assert_int_equal(read_zigzag(&to, &at), (int32_t)3239098361);
    octet_buffer_done(&to);
}

static void what_grows_evenly_takes_no_room(void **state)
{
    (void)state;
    static int64_t values[COUNT_MAX];
    struct octet_buffer to = {0};
    for (size_t i = 0; i < COUNT_MAX; i++)
        values[i] = 1000000 + 23 * (int64_t)i;
    delta_pack_append(&to, values, COUNT_MAX, false);
    assert_true(to.size_bytes < 50);
    octet_buffer_done(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_is_read),
        cmocka_unit_test(takes_the_extremes),
        cmocka_unit_test(begins_with_a_narrow_value),
        cmocka_unit_test(what_grows_evenly_takes_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
