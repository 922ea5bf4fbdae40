/* SPDX-License-Identifier: MIT */
/*
 * test_walk.c - records of different lengths are found as the RFC says, and never beyond their end
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
#include "taught.h"
#include "walk.h"

enum { RECORDS_AT_ONCE = 256 };

static struct layout_table layouts;
static struct walked walked;

static int setup(void **state)
{
    (void)state;
    static const struct taught nothing;
    return layout_table_init(&layouts, 10, 42, (struct layout_core){0}, &nothing) == 0 && walk_init(&walked) == 0
           ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    walk_done(&walked);
    assert_null(walked.places);
    layout_table_done(&layouts);
    return 0;
}

/* The layout of an IPFIX template of interfaceName in these lengths; 65,535 is the variable one. */
static const struct layout *layout_of(const uint16_t *lengths, uint32_t count)
{
    uint8_t octets[4 * 8];
    for (uint32_t i = 0; i < count; i++)
        memcpy(octets + 4 * i, (const uint8_t[]){0, 82, (uint8_t)(lengths[i] >> 8), (uint8_t)lengths[i]}, 4);
    const struct specification specification = {
        .fields = octets, .size_bytes = 4 * (size_t)count, .field_count = count, .version = 10};
    enum weir_reason reason;
    const struct layout *layout = layout_get(&layouts, &specification, &reason);
    assert_non_null(layout);
    return layout;
}

static const uint16_t MIXED[] = {2, 65535, 3, 65535, 1}, ALONE[] = {65535}, FIRST[] = {65535, 4};

/* Two octets, "ab", three octets, "", one octet; the same with lengths of three octets and other values. */
static const uint8_t RECORDS[] = {
    1, 1, 2, 'a', 'b', 2, 2, 2, 0, 3, /* 10 octets */
    4, 4, 255, 0, 1, 'c', 5, 5, 5, 255, 0, 0, 6, /* 13 octets */
    7, 7, 0, 8, 8, 8, 3, 'd', 'e', 'f', 9, /* 11 octets */
};

static void test_places(void **state)
{
    const struct layout *layout = layout_of(MIXED, 5);
    static const uint32_t starts[3][3] = {{0, 10, 23}, {5, 16, 26}, {9, 22, 33}}, values[2][3] = {{3, 15, 26}, {9, 22, 30}},
                          lengths[2][3] = {{2, 1, 0}, {0, 0, 3}};
    (void)state;
    assert_int_equal(walk_records(&walked, layout, RECORDS, sizeof RECORDS, 100, UINT32_MAX), WALK_DONE);
    assert_int_equal(walked.record_count, 3);
    assert_int_equal(walked.size_bytes, sizeof RECORDS);
    assert_int_equal(walked.content_bytes, 6);
    for (uint32_t segment = 0; segment < 3; segment++)
        assert_memory_equal(walk_starts(&walked, segment), starts[segment], sizeof starts[segment]);
    for (uint32_t variable = 0; variable < 2; variable++) {
        assert_memory_equal(walk_values(&walked, variable), values[variable], sizeof values[variable]);
        assert_memory_equal(walk_lengths(&walked, variable), lengths[variable], sizeof lengths[variable]);
    }
}

/* Cut at every length, flush against memory that cannot be read: so many whole records, and what is left is padding
 * when it is shorter than the shortest record. */
static void test_cut_at_every_length(void **state)
{
    const struct layout *layout = layout_of(MIXED, 5);
    static const uint32_t ends[] = {0, 10, 23, 34};
    struct guarded guarded = guarded_create(sizeof RECORDS);
    (void)state;
    assert_int_equal(layout->view.record_bytes, 8);
    for (uint32_t size = 0; size <= sizeof RECORDS; size++) {
        uint32_t whole = 3;
        while (ends[whole] > size)
            whole--;
        const enum walk_end end =
            walk_records(&walked, layout, guarded_at_end(&guarded, RECORDS, size), size, 100, UINT32_MAX);
        assert_int_equal(walked.record_count, whole);
        assert_int_equal(walked.size_bytes, ends[whole]);
        assert_int_equal(end, size - ends[whole] < 8 ? WALK_DONE : WALK_OVERRUN);
    }
    guarded_free(&guarded);
}

static void test_lengths_beyond_the_end(void **state)
{
    static const struct {
        uint8_t octets[8];
        size_t size;
        enum walk_end end;
        uint32_t record_count;
    } cases[] = {
        {{254}, 1, WALK_OVERRUN, 0},
        {{255}, 1, WALK_OVERRUN, 0},
        {{255, 0}, 2, WALK_OVERRUN, 0},
        {{255, 0, 0}, 3, WALK_DONE, 1},
        {{255, 0, 1}, 3, WALK_OVERRUN, 0},
        {{255, 255, 255, 0}, 4, WALK_OVERRUN, 0},
        {{1, 'a', 1}, 3, WALK_OVERRUN, 1},
        {{0, 0, 0}, 3, WALK_DONE, 3},
    };
    const struct layout *layout = layout_of(ALONE, 1);
    struct guarded guarded = guarded_create(8);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint8_t *data = guarded_at_end(&guarded, cases[i].octets, cases[i].size);
        assert_int_equal(walk_records(&walked, layout, data, cases[i].size, 100, UINT32_MAX), cases[i].end);
        assert_int_equal(walked.record_count, cases[i].record_count);
    }
    guarded_free(&guarded);
}

/* The fixed fields behind the last of variable length belong to the record too. */
static void test_fixed_fields_behind(void **state)
{
    const struct layout *layout = layout_of(FIRST, 2);
    static const uint8_t octets[] = {1, 'a', 0, 0, 0, 1, 3, 'b', 'c', 'd', 0, 0, 0};
    (void)state;
    assert_int_equal(walk_records(&walked, layout, octets, sizeof octets, 100, UINT32_MAX), WALK_OVERRUN);
    assert_int_equal(walked.record_count, 1);
    assert_int_equal(walked.size_bytes, 6);
    assert_int_equal(walk_starts(&walked, 1)[0], 2);
}

/* Only so many records, or so many octets in their values, are taken at once; the next call goes on behind. */
static void test_bounds(void **state)
{
    static uint8_t octets[4 * (RECORDS_AT_ONCE + 44)];
    const struct layout *layout = layout_of(ALONE, 1);
    (void)state;
    for (size_t i = 0; i < sizeof octets; i += 4)
        octets[i] = 3;
    assert_int_equal(walk_records(&walked, layout, octets, sizeof octets, 5, UINT32_MAX), WALK_MORE);
    assert_int_equal(walked.record_count, 5);
    assert_int_equal(walk_records(&walked, layout, octets, sizeof octets, 1000, UINT32_MAX), WALK_MORE);
    assert_int_equal(walked.record_count, RECORDS_AT_ONCE);
    const uint32_t done = walked.size_bytes;
    assert_int_equal(done, 4 * RECORDS_AT_ONCE);
    assert_int_equal(walk_records(&walked, layout, octets + done, sizeof octets - done, 1000, UINT32_MAX), WALK_DONE);
    assert_int_equal(walked.record_count, 44);
    for (uint32_t content_max = 0; content_max < 12; content_max++) {
        assert_int_equal(walk_records(&walked, layout, octets, sizeof octets, 1000, content_max), WALK_MORE);
        assert_int_equal(walked.record_count, content_max / 3);
        assert_int_equal(walked.content_bytes, content_max / 3 * 3);
        assert_int_equal(walked.size_bytes, content_max / 3 * 4);
    }
}

/* The longest value that a set can hold, and a template of so many variable fields that few records fit at once. */
static void test_the_most_there_can_be(void **state)
{
    static uint8_t octets[65535], fields[4 * 4096];
    (void)state;
    octets[0] = 255;
    octets[1] = (sizeof octets - 3) >> 8;
    octets[2] = (sizeof octets - 3) & 255;
    assert_int_equal(walk_records(&walked, layout_of(ALONE, 1), octets, sizeof octets, 9, UINT32_MAX), WALK_DONE);
    assert_int_equal(walked.record_count, 1);
    assert_int_equal(walked.content_bytes, sizeof octets - 3);
    for (size_t i = 0; i < sizeof fields; i += 4)
        memcpy(fields + i, (const uint8_t[]){0, 82, 255, 255}, 4);
    const struct specification specification = {
        .fields = fields, .size_bytes = sizeof fields, .field_count = 4096, .version = 10};
    enum weir_reason reason;
    const struct layout *wide = layout_get(&layouts, &specification, &reason);
    assert_non_null(wide);
    memset(octets, 0, sizeof octets);
    assert_int_equal(walk_records(&walked, wide, octets, sizeof octets, 9, UINT32_MAX), WALK_MORE);
    assert_int_equal(walked.record_count, walked.capacity);
    assert_in_range(walked.capacity, 1, walked.places_max / (3 * 4096));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_at_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lengths_beyond_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fixed_fields_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_most_there_can_be, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
