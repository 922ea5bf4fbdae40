/* SPDX-License-Identifier: MIT */
/*
 * test_window.c - batches filled by windows against batches filled field by field, with the records flush against
 * memory that cannot be read, at their end and at their begin
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
#include "batch.h"
#include "taught.h"
#include "walk.h"

enum { FIELDS_MAX = 24, RECORDS_MAX = 41, DATA_BYTES_MAX = 60000, BATCH_ROWS = 4096, BATCH_BYTES = 1 << 20 };

/* A decoder's tables, with windows or without. */
struct side {
    struct layout_table layouts;
    struct batch_pool batches;
};

struct sides {
    struct side plain, windows;
    struct walked walked;
    struct guarded guarded;
    uint32_t random;
};

static const struct taught nothing_taught;

/* Elements of every kind, and lengths that they may have: IANA's number, shortest, longest. */
static const uint16_t MENU[][3] = {
    {1, 1, 8},   {1, 8, 8},   {2, 4, 4},   {4, 1, 1},    {7, 2, 2},    {8, 4, 4},   {10, 1, 4}, {27, 16, 16},
    {56, 6, 6},  {82, 1, 20}, {95, 1, 8},  {150, 4, 4},  {152, 8, 8},  {210, 1, 20}, {276, 1, 1}, {311, 8, 8},
    {320, 4, 8}, {434, 1, 4}, {434, 4, 4}, {9999, 1, 9}, {16, 3, 4},   {85, 5, 8},
};

static uint32_t draw(struct sides *sides, uint32_t limit)
{
    sides->random = sides->random * 1664525 + 1013904223;
    return (sides->random >> 8) % limit;
}

static void side_init(struct side *side, const struct window_kernels *kernels)
{
    assert_int_equal(layout_table_init(&side->layouts, 16, 1, (struct layout_core){0}, &nothing_taught), 0);
    assert_int_equal(batch_pool_init(&side->batches, 2, BATCH_BYTES, BATCH_ROWS, &side->layouts), 0);
    side->layouts.window_kernels = kernels;
}

static void side_done(struct side *side)
{
    batch_pool_done(&side->batches);
    layout_table_done(&side->layouts);
}

static void sides_init(struct sides *sides)
{
    *sides = (struct sides){.random = 1, .guarded = guarded_create(DATA_BYTES_MAX)};
    side_init(&sides->plain, NULL);
    side_init(&sides->windows, window_kernels_pick());
    assert_int_equal(walk_init(&sides->walked), 0);
    for (uint8_t *p = sides->guarded.begin; p < sides->guarded.end; p++)
        *p = (uint8_t)draw(sides, 256);
}

static void sides_done(struct sides *sides)
{
    side_done(&sides->plain);
    side_done(&sides->windows);
    walk_done(&sides->walked);
    guarded_free(&sides->guarded);
}

static struct layout *get_layout(struct side *side, uint16_t version, const uint16_t fields[][2], uint32_t count)
{
    uint8_t octets[FIELDS_MAX * 4], *at = octets;
    enum weir_reason reason;
    for (uint32_t i = 0; i < 2 * count; i++, at += 2) {
        at[0] = (uint8_t)(fields[i / 2][i % 2] >> 8);
        at[1] = (uint8_t)fields[i / 2][i % 2];
    }
    const struct specification specification = {
        .fields = octets, .size_bytes = (size_t)count * 4, .field_count = count, .version = version};
    struct layout *layout = layout_get(&side->layouts, &specification, &reason);
    assert_non_null(layout);
    return layout;
}

/* Takes the open batch away, and the layout with it. */
static void drop(struct side *side, struct layout *layout)
{
    if (layout->open != NULL) {
        batch_close(layout->open);
        weir_batch_release(&batch_take(&side->batches)->view);
    }
    layout_unref(&side->layouts, layout);
}

static void compare(const struct batch *plain, const struct batch *windows)
{
    assert_int_equal(plain->view.row_count, windows->view.row_count);
    for (uint32_t i = 0; i < plain->view.layout->field_count; i++) {
        const size_t width = plain->view.layout->fields[i].width_bytes;
        if (plain->view.layout->fields[i].kind == WEIR_KIND_VARIABLE)
            continue; /* has pointers; no window has to do with it */
        assert_memory_equal(plain->view.columns[i], windows->view.columns[i], width * plain->view.row_count);
    }
}

/* Appends runs of every length, the records at the end of what can be read and at its begin. */
static void check_fixed(struct sides *sides, const uint16_t fields[][2], uint32_t count)
{
    struct layout *plain = get_layout(&sides->plain, 9, fields, count);
    struct layout *windows = get_layout(&sides->windows, 9, fields, count);
    const struct weir_run run = {0};
    struct batch *a = batch_open(&sides->plain.batches, plain), *b = batch_open(&sides->windows.batches, windows);
    assert_int_equal(plain->window_count, 0);
    for (uint32_t rows = 1; rows <= RECORDS_MAX && rows <= batch_room(a); rows++) {
        const size_t size_bytes = (size_t)rows * plain->view.record_bytes;
        const uint8_t *records = rows % 2 == 0 ? sides->guarded.begin : sides->guarded.end - size_bytes;
        batch_append(a, &run, records, rows);
        batch_append(b, &run, records, rows);
    }
    compare(a, b);
    drop(&sides->plain, plain);
    drop(&sides->windows, windows);
}

/* Two fields of each length with each gap between and each rest behind, so with every stride. */
static void test_every_width(void **state)
{
    struct sides *sides = *state;
    for (uint16_t first = 1; first <= 8; first++) {
        for (uint16_t second = 1; second <= 8; second++) {
            for (uint16_t gap = 1; gap <= 13; gap++) {
                const uint16_t behind = (uint16_t)((first * 5 + second * 3 + gap) % 19 + 1);
                const uint16_t fields[][2] = {{1, first}, {210, gap}, {1, second}, {210, behind}};
                check_fixed(sides, fields, 4);
                check_fixed(sides, fields, 3);
            }
            const uint16_t fields[][2] = {{210, 16}, {1, first}, {1, second}, {434, 4}};
            check_fixed(sides, fields, 4);
            check_fixed(sides, fields + 1, 3);
        }
    }
}

static uint32_t draw_fields(struct sides *sides, uint16_t fields[FIELDS_MAX][2])
{
    const uint32_t count = 1 + draw(sides, FIELDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const uint16_t *from = MENU[draw(sides, sizeof MENU / sizeof *MENU)];
        fields[i][0] = from[0];
        fields[i][1] = (uint16_t)(from[1] + draw(sides, from[2] - from[1] + 1u));
    }
    return count;
}

static void test_many_templates(void **state)
{
    struct sides *sides = *state;
    uint16_t fields[FIELDS_MAX][2];
    for (int i = 0; i < 3000; i++) {
        const uint32_t count = draw_fields(sides, fields);
        check_fixed(sides, (const uint16_t(*)[2])fields, count);
    }
}

/* Records of different lengths: the last one ends where memory does. */
static void test_variable(void **state)
{
    struct sides *sides = *state;
    static uint8_t data[DATA_BYTES_MAX];
    uint16_t fields[FIELDS_MAX][2];
    const struct weir_run run = {0};
    for (int i = 0; i < 1000; i++) {
        const uint32_t count = draw_fields(sides, fields), records = 1 + draw(sides, RECORDS_MAX);
        size_t size_bytes = 0;
        fields[draw(sides, count)][1] = 65535;
        for (uint32_t r = 0; r < records * count; r++) {
            const uint16_t wire = fields[r % count][1];
            const size_t length = wire != 65535 ? wire : draw(sides, 20);
            if (wire == 65535)
                data[size_bytes++] = (uint8_t)length;
            for (size_t j = 0; j < length; j++)
                data[size_bytes++] = (uint8_t)draw(sides, 256);
        }
        struct layout *plain = get_layout(&sides->plain, 10, (const uint16_t(*)[2])fields, count);
        struct layout *windows = get_layout(&sides->windows, 10, (const uint16_t(*)[2])fields, count);
        struct batch *a = batch_open(&sides->plain.batches, plain), *b = batch_open(&sides->windows.batches, windows);
        const uint8_t *at = guarded_at_end(&sides->guarded, data, size_bytes);
        walk_records(&sides->walked, plain, at, size_bytes, records, 60000);
        assert_int_equal(sides->walked.record_count, records);
        batch_append_walked(a, &run, at, &sides->walked, NULL);
        batch_append_walked(b, &run, at, &sides->walked, NULL);
        compare(a, b);
        drop(&sides->plain, plain);
        drop(&sides->windows, windows);
    }
}

/* What is tested above has windows at all: two for eight fields of four octets, one for two of eight. */
static void test_windows_are_found(void **state)
{
    struct sides *sides = *state;
    const uint16_t fields[][2] = {{8, 4}, {12, 4}, {15, 4}, {10, 4}, {14, 4}, {7, 2}, {11, 2}, {4, 1}, {1, 8}, {2, 8}};
    struct layout *layout = get_layout(&sides->windows, 9, fields, 10);
    if (window_kernels_pick() == NULL) {
        assert_int_equal(layout->rest_count, layout->step_count);
    } else {
        assert_int_equal(layout->window_count, 3);
        assert_int_equal(layout->rest_count, 0);
    }
    drop(&sides->windows, layout);
}

static int set_up(void **state)
{
    static struct sides sides;
    sides_init(&sides);
    *state = &sides;
    return 0;
}

static int tear_down(void **state)
{
    sides_done(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_windows_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_width, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_templates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_variable, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
