/* SPDX-License-Identifier: MIT */
/*
 * test_batch.c - batches go round: free, open, ready, held; what is held stays as it is
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "batch.h"
#include "taught.h"

enum { ROWS = 4, BATCHES = 3, BATCH_BYTES = 1 << 20, LAYOUTS_MAX = 400, FIELDS_MAX = 4096 };

struct fixture {
    struct layout_table layouts;
    struct batch_pool pool;
    struct layout *bytes, *packets;
};

static struct layout *layout_of(struct fixture *fixture, uint8_t type)
{
    const uint8_t octets[] = {0, type, 0, 4};
    const struct specification specification = {
        .fields = octets, .size_bytes = sizeof octets, .field_count = 1, .version = 9};
    enum weir_reason reason;
    return layout_get(&fixture->layouts, &specification, &reason);
}

static void init(struct fixture *fixture, uint32_t batch_rows)
{
    static const struct taught nothing;
    assert_int_equal(layout_table_init(&fixture->layouts, LAYOUTS_MAX, 1, (struct layout_core){0}, &nothing), 0);
    assert_int_equal(batch_pool_init(&fixture->pool, BATCHES, BATCH_BYTES, batch_rows, &fixture->layouts), 0);
    fixture->bytes = layout_of(fixture, 1);
    fixture->packets = layout_of(fixture, 2);
}

static void done(struct fixture *fixture)
{
    batch_pool_done(&fixture->pool);
    layout_table_done(&fixture->layouts);
}

static void append(struct batch *batch, uint8_t value, uint32_t row_count)
{
    uint8_t records[4 * ROWS] = {0};
    const struct weir_run run = {.template_id = value};
    for (uint32_t i = 0; i < row_count; i++)
        records[4 * i + 3] = value;
    batch_append(batch, &run, records, row_count);
}

static void test_fills_and_tells_runs(void **state)
{
    struct fixture fixture;
    (void)state;
    init(&fixture, ROWS);
    struct batch *batch = batch_open(&fixture.pool, fixture.bytes);
    append(batch, 7, 1);
    assert_ptr_equal(batch_open(&fixture.pool, fixture.bytes), batch);
    append(batch, 8, 2);
    assert_int_equal(batch_room(batch), 1);
    batch_close(batch);
    assert_null(fixture.bytes->open);
    assert_ptr_equal(batch_take(&fixture.pool), batch);
    assert_null(batch_take(&fixture.pool));
    assert_int_equal(batch->view.row_count, 3);
    assert_int_equal(batch->view.run_count, 2);
    assert_int_equal(batch->view.runs[1].first_row, 1);
    assert_int_equal(batch->view.runs[1].row_count, 2);
    assert_int_equal(batch->view.runs[1].template_id, 8);
    const uint32_t *column = batch->view.columns[0];
    assert_int_equal((uintptr_t)column % 64, 0);
    assert_int_equal(column[0], 7);
    assert_int_equal(column[2], 8);
    weir_batch_release(&batch->view);
    weir_batch_release(NULL);
    done(&fixture);
}

/* A layout of so many fields of so many octets each; `variant` makes layouts different. */
static struct layout *layout_of_many(struct fixture *fixture, uint32_t field_count, uint16_t field_bytes,
                                     uint16_t variant)
{
    static uint8_t octets[4 * FIELDS_MAX];
    for (uint32_t i = 0; i < field_count; i++) {
        const uint16_t type = (uint16_t)(20000 + (i == 0 ? variant : 0));
        memcpy(octets + 4 * (size_t)i, (uint8_t[]){(uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(field_bytes >> 8),
                                                   (uint8_t)field_bytes}, 4);
    }
    const struct specification specification = {
        .fields = octets, .size_bytes = (size_t)field_count * 4, .field_count = field_count, .version = 9};
    enum weir_reason reason;
    return layout_get(&fixture->layouts, &specification, &reason);
}

/* A record of such a layout, with zeros in all fields. */
static void append_zeros(struct batch *batch, uint16_t template_id)
{
    static const uint8_t record[4 * FIELDS_MAX];
    const struct weir_run run = {.template_id = template_id};
    batch_append(batch, &run, record, 1);
}

static void test_exhaustion_closes_the_oldest(void **state)
{
    struct fixture fixture;
    (void)state;
    init(&fixture, ROWS);
    struct layout *layouts[4]; /* so wide that each batch takes a whole block */
    for (uint16_t i = 0; i < 4; i++)
        layouts[i] = layout_of_many(&fixture, FIELDS_MAX, 4, i);
    struct batch *held = batch_open(&fixture.pool, layouts[0]);
    append_zeros(held, 1);
    batch_close(held);
    assert_ptr_equal(batch_take(&fixture.pool), held);
    struct batch *first = batch_open(&fixture.pool, layouts[1]);
    append_zeros(first, 2);
    struct batch *second = batch_open(&fixture.pool, layouts[2]);
    append_zeros(second, 3);
    assert_null(batch_open(&fixture.pool, layouts[3]));
    assert_ptr_equal(batch_take(&fixture.pool), first);
    assert_null(batch_take(&fixture.pool));
    weir_batch_release(&first->view);
    assert_non_null(batch_open(&fixture.pool, layouts[3]));
    assert_int_equal(held->view.runs[0].template_id, 1); /* all the while it was left alone */
    done(&fixture);
}

static void test_all_held(void **state)
{
    struct fixture fixture;
    struct batch *held[BATCHES];
    (void)state;
    init(&fixture, ROWS);
    for (uint8_t i = 0; i < BATCHES; i++) {
        append(batch_open(&fixture.pool, fixture.bytes), i, 1);
        batch_close_all(&fixture.pool);
        held[i] = batch_take(&fixture.pool);
    }
    assert_null(batch_open(&fixture.pool, fixture.bytes));
    assert_null(batch_take(&fixture.pool));
    for (uint8_t i = 0; i < BATCHES; i++)
        assert_int_equal(*(const uint32_t *)held[i]->view.columns[0], i);
    weir_batch_release(&held[1]->view);
    assert_ptr_equal(batch_open(&fixture.pool, fixture.bytes), held[1]);
    done(&fixture);
}

static void test_runs_run_out(void **state)
{
    struct fixture fixture;
    (void)state;
    init(&fixture, 65536);
    struct batch *first = batch_open(&fixture.pool, fixture.bytes);
    const uint32_t capacity = first->run_capacity;
    assert_true(capacity < batch_room(first));
    for (uint32_t i = 0; i < capacity; i++) {
        assert_ptr_equal(batch_open(&fixture.pool, fixture.bytes), first);
        append(first, 1, 1);
    }
    struct batch *second = batch_open(&fixture.pool, fixture.bytes);
    assert_ptr_not_equal(second, first);
    assert_ptr_equal(batch_take(&fixture.pool), first);
    assert_int_equal(first->view.run_count, capacity);
    done(&fixture);
}

static void test_layout_lives_as_long_as_its_batch(void **state)
{
    struct fixture fixture;
    (void)state;
    init(&fixture, ROWS);
    struct batch *batch = batch_open(&fixture.pool, fixture.bytes);
    append(batch, 1, 1);
    layout_unref(&fixture.layouts, fixture.bytes);
    assert_int_equal(fixture.layouts.count, 2);
    batch_close(batch);
    batch_take(&fixture.pool);
    assert_string_equal(batch->view.layout->fields[0].name, "octetDeltaCount");
    weir_batch_release(&batch->view);
    assert_int_equal(fixture.layouts.count, 1);
    done(&fixture);
}

/* Columns lie within the batch's memory, in order, aligned, and none over another. */
static void check_columns(const struct batch *batch, uint32_t batch_rows)
{
    const struct weir_layout *layout = batch->view.layout;
    const uint8_t *end = (const uint8_t *)(batch->runs + batch->run_capacity);
    assert_true(batch->row_capacity >= 1 && batch->row_capacity <= batch_rows);
    for (uint32_t i = 0; i < layout->field_count; i++) {
        const uint8_t *column = batch->view.columns[i];
        if (layout->fields[i].kind == WEIR_KIND_NULL) {
            assert_null(column);
            continue;
        }
        assert_int_equal((uintptr_t)column % 64, 0);
        assert_true(column >= end);
        end = column + (size_t)batch->row_capacity * layout->fields[i].width_bytes + WINDOW_SLACK_BYTES;
    }
    assert_true(end <= batch->piece.memory + batch->piece.size_bytes);
}

static void test_columns_fit(void **state)
{
    static const struct { uint32_t field_count; uint16_t field_bytes; } wanted[] = {
        {1, 4},   {1, 1},     {1, 65507},      {30, 4},          {30, 2000},
        {300, 4}, {1000, 60}, {FIELDS_MAX, 1}, {FIELDS_MAX, 15},
    };
    struct fixture fixture;
    (void)state;
    init(&fixture, 8192);
    for (uint32_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct layout *layout = layout_of_many(&fixture, wanted[i].field_count, wanted[i].field_bytes, 0);
        assert_non_null(layout);
        struct batch *batch = batch_open(&fixture.pool, layout);
        assert_non_null(batch);
        check_columns(batch, 8192);
        batch_close_all(&fixture.pool);
    }
    done(&fixture);
}

/* Many more layouts than blocks have a batch each, and their batches are short. */
static void test_many_take_turns(void **state)
{
    enum { MANY = BATCHES * BLOCK_PARTS - 2 * BLOCK_PARTS };
    struct fixture fixture;
    struct batch *batches[MANY];
    (void)state;
    init(&fixture, 8192);
    for (int turn = 0; turn < 3; turn++) {
        for (uint16_t i = 0; i < MANY; i++) {
            struct layout *layout = layout_of_many(&fixture, 1, 4, i);
            batches[i] = batch_open(&fixture.pool, layout);
            assert_non_null(batches[i]);
            check_columns(batches[i], 8192);
            append(batches[i], (uint8_t)i, ROWS);
        }
    }
    assert_true(fixture.pool.open_count == MANY);
    for (uint8_t i = 0; i < MANY; i++) {
        assert_int_equal(batches[i]->view.row_count, 3 * ROWS);
        for (uint32_t row = 0; row < 3 * ROWS; row++)
            assert_int_equal(((const uint8_t *)batches[i]->view.columns[0])[4 * row + 3], i);
    }
    done(&fixture);
}

/* Together they hold so much that it stays in the cache: a batch is full sooner the more are open. */
static void test_full_sooner(void **state)
{
    struct fixture fixture;
    uint32_t rows[2] = {0};
    (void)state;
    init(&fixture, 65536);
    for (int round = 0; round < 2; round++) {
        for (uint16_t i = 1; i <= round * 2 * BLOCK_PARTS; i++)
            append(batch_open(&fixture.pool, layout_of_many(&fixture, 1, 4, i)), 1, 1);
        struct batch *batch = batch_open(&fixture.pool, fixture.bytes);
        for (; !batch_is_full(batch); rows[round] += ROWS)
            append(batch, 1, ROWS);
        batch_close_all(&fixture.pool);
        while ((batch = batch_take(&fixture.pool)) != NULL)
            weir_batch_release(&batch->view);
    }
    assert_true(rows[1] < rows[0]);
    done(&fixture);
}

/* A layout that needs a whole block gets one though all are cut: the batches of others are given out for it. */
static void test_wide_gets_a_block(void **state)
{
    struct fixture fixture;
    struct batch *batch;
    (void)state;
    init(&fixture, 8192);
    for (uint16_t i = 0; i < 100; i++) {
        struct layout *layout = layout_of_many(&fixture, 1, 4, i);
        while ((batch = batch_open(&fixture.pool, layout)) == NULL)
            weir_batch_release(&batch_take(&fixture.pool)->view);
        append(batch, 1, 1);
    }
    struct layout *wide = layout_of_many(&fixture, FIELDS_MAX, 15, 0);
    while ((batch = batch_open(&fixture.pool, wide)) == NULL) {
        struct batch *ready = batch_take(&fixture.pool);
        assert_non_null(ready);
        weir_batch_release(&ready->view);
    }
    assert_true(batch->piece.whole);
    check_columns(batch, 8192);
    done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills_and_tells_runs), cmocka_unit_test(test_exhaustion_closes_the_oldest),
        cmocka_unit_test(test_all_held),             cmocka_unit_test(test_runs_run_out),
        cmocka_unit_test(test_layout_lives_as_long_as_its_batch),
        cmocka_unit_test(test_columns_fit),          cmocka_unit_test(test_many_take_turns),
        cmocka_unit_test(test_full_sooner),          cmocka_unit_test(test_wide_gets_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
