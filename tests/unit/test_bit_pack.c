/* SPDX-License-Identifier: MIT */
/*
 * test_bit_pack.c - packed bits and runs, read back by a plain reader
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bit_pack.h"

enum { COUNT_MAX = 1200 };

static uint64_t random_state = 1;

static uint32_t random_u32(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 32);
}

/* Bit by bit. */
static uint64_t read_bits(const uint8_t *data, size_t at, unsigned bits)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bits; i++)
        value |= (uint64_t)(data[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return value;
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

/* Reads `count` values; what is packed behind them must be zeros that fill the last group. */
static void read_hybrid(const struct octet_buffer *from, unsigned bits, uint32_t *ret_values, size_t count)
{
    size_t at = 0, got = 0;
    while (got < count) {
        const uint64_t header = read_varint(from, &at);
        const size_t octets = (bits + 7) / 8;
        if ((header & 1) == 0) {
            const uint32_t value = (uint32_t)read_bits(from->data + at, 0, (unsigned)octets * 8);
            assert_true(got + (header >> 1) <= count);
            for (uint64_t i = 0; i < header >> 1; i++)
                ret_values[got++] = value;
            at += octets;
            continue;
        }
        const size_t packed = (size_t)(header >> 1) * 8;
        assert_true(at + packed * bits / 8 <= from->size_bytes);
        for (size_t i = 0; i < packed; i++) {
            const uint32_t value = (uint32_t)read_bits(from->data + at, i * bits, bits);
            if (got < count)
                ret_values[got++] = value;
            else
                assert_int_equal(value, 0);
        }
        at += packed * bits / 8;
    }
    assert_int_equal(at, from->size_bytes);
}

static void packs_each_width(void **state)
{
    (void)state;
    uint32_t values[200];
    uint64_t wide[200];
    for (unsigned bits = 0; bits <= 64; bits++) {
        for (size_t count = 0; count <= 200; count += count < 70 ? 1 : 13) {
            const size_t size = bit_packed_bytes(count, bits);
            uint8_t *to = malloc(size + BIT_PACK_SLACK_BYTES); /* of just this size, for the sanitizer */
            for (size_t i = 0; i < count; i++) {
                wide[i] = ((uint64_t)random_u32() << 32 | random_u32()) >> (bits == 0 ? 63 : 64 - bits);
                wide[i] = bits == 0 ? 0 : wide[i];
                values[i] = (uint32_t)wide[i];
            }
            bit_pack_u64(to, wide, count, 0, bits);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(read_bits(to, i * bits, bits), wide[i]);
            if (bits <= 32) {
                bit_pack_u32(to, values, count, bits);
                for (size_t i = 0; i < count; i++)
                    assert_int_equal(read_bits(to, i * bits, bits), values[i]);
            }
            free(to);
        }
    }
}

static void packs_less_a_base(void **state)
{
    (void)state;
    const uint64_t values[] = {UINT64_MAX - 2, UINT64_MAX, UINT64_MAX - 5};
    uint8_t to[16 + BIT_PACK_SLACK_BYTES];
    bit_pack_u64(to, values, 3, UINT64_MAX - 5, 3);
    assert_int_equal(read_bits(to, 0, 3), 3);
    assert_int_equal(read_bits(to, 3, 3), 5);
    assert_int_equal(read_bits(to, 6, 3), 0);
}

/* Values of few or many kinds, in runs of any length. */
static void make_values(uint32_t *values, size_t count, unsigned bits, unsigned run_max)
{
    for (size_t i = 0; i < count;) {
        const uint32_t value = random_u32() >> (32 - bits);
        for (size_t k = 1 + random_u32() % run_max; k > 0 && i < count; k--)
            values[i++] = value;
    }
}

static void writes_what_is_read(void **state)
{
    (void)state;
    static const unsigned runs[] = {1, 2, 9, 40, 700};
    static uint32_t values[COUNT_MAX], read[COUNT_MAX];
    struct octet_buffer to = {0};
    for (unsigned bits = 1; bits <= 32; bits++) {
        for (size_t r = 0; r < sizeof runs / sizeof runs[0]; r++) {
            for (size_t count = 0; count <= COUNT_MAX; count = count * 2 + 1 + random_u32() % 7) {
                make_values(values, count, bits, runs[r]);
                octet_buffer_clear(&to);
                hybrid_append(&to, values, NULL, count, bits);
                read_hybrid(&to, bits, read, count);
                assert_memory_equal(values, read, count * sizeof *values);
            }
        }
    }
    octet_buffer_done(&to);
}

static void writes_runs_of_what_repeats(void **state)
{
    (void)state;
    const uint32_t values[] = {3, 3, 1, 0, 2}, repeats[] = {2, 3, 1, 0, 1000};
    uint32_t read[COUNT_MAX];
    struct octet_buffer to = {0};
    hybrid_append(&to, values, repeats, 5, 2);
    read_hybrid(&to, 2, read, 1006);
    for (size_t i = 0; i < 1006; i++)
        assert_int_equal(read[i], i < 5 ? 3 : i == 5 ? 1 : 2);
    assert_true(to.size_bytes <= 8);
    octet_buffer_done(&to);
}

static void long_runs_take_no_room(void **state)
{
    (void)state;
    static uint32_t values[COUNT_MAX];
    struct octet_buffer to = {0};
    for (size_t i = 0; i < COUNT_MAX; i++)
        values[i] = i < 600 ? 5 : 6;
    hybrid_append(&to, values, NULL, COUNT_MAX, 3);
    assert_int_equal(to.size_bytes, 6);
    octet_buffer_done(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_each_width),
        cmocka_unit_test(packs_less_a_base),
        cmocka_unit_test(writes_what_is_read),
        cmocka_unit_test(writes_runs_of_what_repeats),
        cmocka_unit_test(long_runs_take_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
