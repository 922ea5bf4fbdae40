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

enum { ROWS = 4, BATCHES = 3, BATCH_BYTES = 1 << 20 };

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
    const struct layout_shape shape = {
        .batch_bytes = BATCH_BYTES, .run_bytes = batch_run_bytes(batch_rows), .rows_max = batch_rows};
    static const struct taught nothing;
    assert_int_equal(layout_table_init(&fixture->layouts, 10, 1, shape, &nothing), 0);
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

static void test_exhaustion_closes_the_oldest(void **state)
{
    struct fixture fixture;
    (void)state;
    init(&fixture, ROWS);
    struct batch *held = batch_open(&fixture.pool, fixture.bytes);
    append(held, 1, ROWS);
    batch_close(held);
    assert_ptr_equal(batch_take(&fixture.pool), held);
    struct batch *first = batch_open(&fixture.pool, fixture.packets);
    append(first, 2, 1);
    struct batch *second = batch_open(&fixture.pool, fixture.bytes);
    append(second, 3, 1);
    struct layout *third = layout_of(&fixture, 4);
    assert_null(batch_open(&fixture.pool, third));
    assert_ptr_equal(batch_take(&fixture.pool), first);
    assert_null(batch_take(&fixture.pool));
    weir_batch_release(&first->view);
    assert_non_null(batch_open(&fixture.pool, third));
    const uint32_t *column = held->view.columns[0]; /* all the while it was left alone */
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(column[i], 1);
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
    const uint32_t capacity = batch_run_capacity(65536);
    struct batch *first = batch_open(&fixture.pool, fixture.bytes);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills_and_tells_runs), cmocka_unit_test(test_exhaustion_closes_the_oldest),
        cmocka_unit_test(test_all_held),             cmocka_unit_test(test_runs_run_out),
        cmocka_unit_test(test_layout_lives_as_long_as_its_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
