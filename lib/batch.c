/* SPDX-License-Identifier: MIT */
/*
 * batch.c - keeps the batches of a decoder and fills them
 */
#include "batch.h"

#include "limits.h"
#include "walk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ALIGNMENT = 64, BLOCK_GAP = 69 * BLOCK_ALIGNMENT, ROWS_PER_RUN = 8, RUNS_MIN = 64 };

/* All open batches together have room for so many times the rows of one, but each for at least that part of them. */
enum { OPEN_BATCHES_ROWS = 2, SHORTEST_PART = 32 };

uint32_t batch_run_capacity(uint32_t batch_rows)
{
    const uint32_t runs = batch_rows / ROWS_PER_RUN;
    return runs < RUNS_MIN ? RUNS_MIN : runs;
}

size_t batch_run_bytes(uint32_t batch_rows)
{
    const size_t bytes = batch_run_capacity(batch_rows) * sizeof(struct weir_run);
    return (bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
}

int batch_pool_init(struct batch_pool *pool, uint32_t batch_count, size_t batch_bytes, uint32_t batch_rows,
                    struct layout_table *layouts)
{
    const size_t block_bytes = (batch_bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT + BLOCK_GAP;
    *pool = (struct batch_pool){
        .batches = calloc(batch_count, sizeof *pool->batches),
        .blocks = aligned_alloc(BLOCK_ALIGNMENT, block_bytes * batch_count),
        .batch_count = batch_count,
        .batch_rows = batch_rows,
        .run_capacity = batch_run_capacity(batch_rows),
        .layouts = layouts,
    };
    if (pool->batches == NULL || pool->blocks == NULL) {
        batch_pool_done(pool);
        return -1;
    }
    for (uint32_t i = batch_count; i-- > 0;) {
        struct batch *batch = &pool->batches[i];
        batch->pool = pool;
        batch->block = pool->blocks + i * block_bytes;
        batch->runs = (struct weir_run *)batch->block;
        batch->next = pool->free_first;
        pool->free_first = batch;
    }
    return 0;
}

void batch_pool_done(struct batch_pool *pool)
{
    free(pool->batches);
    free(pool->blocks);
    *pool = (struct batch_pool){0};
}

static void list_append(struct batch_list *list, struct batch *batch)
{
    batch->next = NULL;
    batch->previous = list->last;
    if (list->last != NULL)
        list->last->next = batch;
    else
        list->first = batch;
    list->last = batch;
}

static void list_remove(struct batch_list *list, struct batch *batch)
{
    if (batch->previous != NULL)
        batch->previous->next = batch->next;
    else
        list->first = batch->next;
    if (batch->next != NULL)
        batch->next->previous = batch->previous;
    else
        list->last = batch->previous;
}

static void begin(struct batch *batch, struct layout *layout)
{
    const void **columns = (const void **)(batch->block + batch->pool->layouts->shape.run_bytes);
    for (uint32_t i = 0; i < layout->view.field_count + layout->view.computed_count; i++)
        columns[i] = layout->column_offset[i] == 0 ? NULL : batch->block + layout->column_offset[i];
    batch->view = (struct weir_batch){.layout = &layout->view, .runs = batch->runs, .columns = columns};
    batch->layout = layout;
    batch->heap_used = 0;
    layout->open = batch;
    layout->reference_count++;
    list_append(&batch->pool->open, batch);
    batch->pool->open_count++;
}

static void make_free(struct batch *batch)
{
    layout_unref(batch->pool->layouts, batch->layout);
    batch->layout = NULL;
    batch->next = batch->pool->free_first;
    batch->pool->free_first = batch;
}

void batch_close(struct batch *batch)
{
    batch->layout->open = NULL;
    list_remove(&batch->pool->open, batch);
    batch->pool->open_count--;
    if (batch->view.row_count > 0)
        list_append(&batch->pool->ready, batch);
    else
        make_free(batch);
}

void batch_close_all(struct batch_pool *pool)
{
    while (pool->open.first != NULL)
        batch_close(pool->open.first);
}

/* Whether a batch has so many rows that it should go. When many layouts take turns, batches are shorter, so that what
 * is being written stays in the cache: rows are then written two or three times as fast. */
static bool is_long(const struct batch_pool *pool, const struct batch *batch)
{
    const uint64_t rows = batch->view.row_count;
    return rows >= pool->batch_rows / SHORTEST_PART &&
           rows * pool->open_count >= (uint64_t)pool->batch_rows * OPEN_BATCHES_ROWS;
}

struct batch *batch_open(struct batch_pool *pool, struct layout *layout)
{
    struct batch *batch = layout->open;
    if (batch != NULL && batch->view.run_count < pool->run_capacity && batch_room(batch) > 0 &&
        !is_long(pool, batch))
        return batch;
    if (batch != NULL)
        batch_close(batch);
    batch = pool->free_first;
    if (batch == NULL) {
        if (pool->ready.first == NULL && pool->open.first != NULL)
            batch_close(pool->open.first);
        return NULL;
    }
    pool->free_first = batch->next;
    begin(batch, layout);
    return batch;
}

/* Returns the run's first row. */
static uint32_t begin_run(struct batch *batch, const struct weir_run *run, uint32_t row_count)
{
    const uint32_t first_row = batch->view.row_count;
    assert(row_count <= batch_room(batch) && batch->view.run_count < batch->pool->run_capacity);
    struct weir_run *to = &batch->runs[batch->view.run_count++];
    *to = *run;
    to->first_row = first_row;
    to->row_count = row_count;
    return first_row;
}

void batch_append(struct batch *batch, const struct weir_run *run, const uint8_t *records, uint32_t row_count)
{
    const struct layout *layout = batch->layout;
    const uint32_t first_row = begin_run(batch, run, row_count);
    uint32_t step_count = layout->step_count;
    if (layout->window_count > 0 && row_count >= WINDOW_RECORDS) {
        window_copy *copy = batch->pool->layouts->window_kernels->copy;
        for (uint32_t i = 0; i < layout->window_count; i++)
            copy(&layout->windows[i], batch->block, first_row, records, layout->view.record_bytes, row_count);
        step_count = layout->rest_count;
    }
    for (uint32_t i = 0; i < step_count; i++) {
        const struct step *step = &layout->plan[i];
        uint8_t *column = batch->block + layout->column_offset[step->column];
        step->copy(column + (size_t)first_row * step->width_bytes, records + step->offset,
                   layout->view.record_bytes, row_count, step->wire_bytes);
    }
    batch->view.row_count += row_count;
}

/* Copies what one field of variable length holds in all records to the heap. */
static void append_variable(struct batch *batch, struct weir_octets *column, const uint8_t *records,
                            const struct walked *walked, uint32_t segment)
{
    const uint32_t *starts = walk_values(walked, segment), *lengths = walk_lengths(walked, segment);
    uint8_t *heap = batch->block + batch->layout->heap_offset + batch->heap_used;
    for (uint32_t i = 0; i < walked->record_count; i++) {
        memcpy(heap, records + starts[i], lengths[i]);
        column[i] = (struct weir_octets){heap, lengths[i]};
        heap += lengths[i];
    }
    batch->heap_used = (uint32_t)(heap - batch->block) - batch->layout->heap_offset;
}

void batch_append_walked(struct batch *batch, const struct weir_run *run, const uint8_t *records,
                         const struct walked *walked, const char *texts)
{
    const struct layout *layout = batch->layout;
    const uint32_t first_row = begin_run(batch, run, walked->record_count);
    uint32_t step_count = layout->step_count;
    assert(walked->content_bytes <= batch_heap_room(batch));
    if (layout->window_count > 0 && walked->record_count >= WINDOW_RECORDS) {
        window_gather *gather = batch->pool->layouts->window_kernels->gather;
        for (uint32_t i = 0; i < layout->window_count; i++)
            gather(&layout->windows[i], batch->block, first_row, records,
                   walk_starts(walked, layout->windows[i].segment), walked->record_count);
        step_count = layout->rest_count;
    }
    for (uint32_t i = 0; i < step_count; i++) {
        const struct step *step = &layout->plan[i];
        uint8_t *column = batch->block + layout->column_offset[step->column];
        step->gather(column + (size_t)first_row * step->width_bytes, records + step->offset,
                     walk_starts(walked, step->segment), walked->record_count, step->wire_bytes);
    }
    for (uint32_t segment = 0; segment < layout->view.variable_count; segment++) {
        const struct variable *variable = &layout->variable[segment];
        if (variable->column == UINT32_MAX)
            continue;
        uint8_t *column = batch->block + layout->column_offset[variable->column];
        append_variable(batch, (struct weir_octets *)column + first_row,
                        variable->list ? (const uint8_t *)texts : records, walked, segment);
    }
    batch->view.row_count += walked->record_count;
}

struct batch *batch_take(struct batch_pool *pool)
{
    struct batch *batch = pool->ready.first;
    if (batch == NULL)
        return NULL;
    list_remove(&pool->ready, batch);
    batch->held = true;
    return batch;
}

void weir_batch_release(struct weir_batch *view)
{
    if (view == NULL)
        return;
    struct batch *batch = (struct batch *)view;
    assert(batch->held);
    batch->held = false;
    make_free(batch);
}
