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

enum { COLUMN_ALIGNMENT = 64, ROWS_PER_RUN = 8, RUNS_MIN = 64 };

/* What all open batches together are to hold at the most, octets, but each at least so much; both may be passed by the
 * rows of one set, for which there is more room. */
enum { OPEN_BYTES = 256 << 10, SHORTEST_BYTES = 2 << 10, ROWS_OF_A_SET = 64 };

/* A layout takes a part of a block only when so many of its rows have room. */
enum { PART_ROWS_MIN = 128 };

uint32_t batch_run_capacity(uint32_t batch_rows)
{
    const uint32_t runs = batch_rows / ROWS_PER_RUN;
    return runs < RUNS_MIN ? RUNS_MIN : runs;
}

static size_t align(size_t bytes)
{
    return (bytes + COLUMN_ALIGNMENT - 1) / COLUMN_ALIGNMENT * COLUMN_ALIGNMENT;
}

size_t batch_run_bytes(uint32_t batch_rows)
{
    return align(batch_run_capacity(batch_rows) * sizeof(struct weir_run));
}

int batch_pool_init(struct batch_pool *pool, uint32_t batch_count, size_t batch_bytes, uint32_t batch_rows,
                    struct layout_table *layouts)
{
    const size_t parts = (size_t)batch_count * BLOCK_PARTS;
    *pool = (struct batch_pool){
        .batches = calloc(parts, sizeof *pool->batches),
        .batch_rows = batch_rows,
        .layouts = layouts,
    };
    if (block_pool_init(&pool->blocks, batch_count, batch_bytes) != 0 || pool->batches == NULL) {
        batch_pool_done(pool);
        return -1;
    }
    for (size_t i = 0; i < parts; i++)
        pool->batches[i].pool = pool;
    return 0;
}

void batch_pool_done(struct batch_pool *pool)
{
    free(pool->batches);
    block_pool_done(&pool->blocks);
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

/* How many rows of a layout have room in so many octets: all, or a few less than all. */
static uint32_t rows_in(const struct batch_pool *pool, const struct layout *layout, size_t size_bytes)
{
    const size_t count = layout->view.field_count + layout->view.computed_count;
    const size_t fixed = count * (sizeof(void *) + COLUMN_ALIGNMENT + WINDOW_SLACK_BYTES) + layout->heap_bytes_min +
                         batch_run_bytes(0) + COLUMN_ALIGNMENT;
    const size_t row_bytes = layout->row_bytes + sizeof(struct weir_run) / ROWS_PER_RUN;
    const size_t rows = fixed > size_bytes ? 0 : (size_bytes - fixed) / row_bytes;
    return rows < pool->batch_rows ? (uint32_t)rows : pool->batch_rows;
}

/* Octets that each of so many open batches is to hold. */
static size_t goal_bytes(uint32_t open_count)
{
    const size_t bytes = OPEN_BYTES / open_count;
    return bytes < SHORTEST_BYTES ? SHORTEST_BYTES : bytes;
}

/* A free batch with memory for one of this layout. NULL when there is none. */
static struct batch *take_free(struct batch_pool *pool, const struct layout *layout)
{
    struct block_pool *blocks = &pool->blocks;
    struct block_piece piece;
    const uint32_t part_rows = rows_in(pool, layout, blocks->part_bytes);
    const bool fits = part_rows >= PART_ROWS_MIN || part_rows == pool->batch_rows;
    const bool whole = !fits || goal_bytes(pool->open_count + 1) > blocks->part_bytes;
    if (!(whole && block_take_whole(blocks, &piece)) && !(fits && block_take_part(blocks, &piece)))
        return NULL;
    struct batch *batch = &pool->batches[piece.block * BLOCK_PARTS + piece.part];
    batch->piece = piece;
    return batch;
}

/* Divides the batch's memory for so many rows. */
static void place_columns(struct batch *batch, const struct layout *layout, uint32_t row_count)
{
    const uint32_t count = layout->view.field_count + layout->view.computed_count;
    uint8_t *const memory = batch->piece.memory;
    batch->row_capacity = row_count;
    batch->run_capacity = batch_run_capacity(row_count);
    batch->columns = (uint8_t **)memory;
    batch->runs = (struct weir_run *)(batch->columns + count);
    size_t offset = align(count * sizeof *batch->columns + batch->run_capacity * sizeof *batch->runs);
    for (uint32_t i = 0; i < count; i++) {
        const size_t bytes = (size_t)row_count * layout->column_bytes[i];
        batch->columns[i] = bytes == 0 ? NULL : memory + offset;
        offset += align(bytes + WINDOW_SLACK_BYTES);
    }
    assert(offset <= batch->piece.size_bytes);
    batch->heap = memory + offset;
    batch->heap_bytes = layout->view.variable_count > 0 ? (uint32_t)(batch->piece.size_bytes - offset) : 0;
    batch->heap_used = 0;
}

static void begin(struct batch *batch, struct layout *layout)
{
    struct batch_pool *pool = batch->pool;
    const size_t goal = goal_bytes(++pool->open_count) / layout->row_bytes + ROWS_OF_A_SET;
    uint32_t row_count = rows_in(pool, layout, batch->piece.size_bytes);
    if (row_count == 0)
        row_count = 1; /* only with more fields of variable length than the guess leaves room for */
    place_columns(batch, layout, row_count < goal ? row_count : (uint32_t)goal);
    batch->view = (struct weir_batch){
        .layout = &layout->view,
        .runs = batch->runs,
        .columns = (const void *const *)batch->columns,
    };
    batch->layout = layout;
    layout->open = batch;
    layout->reference_count++;
    list_append(&pool->open, batch);
}

static void make_free(struct batch *batch)
{
    layout_unref(batch->pool->layouts, batch->layout);
    batch->layout = NULL;
    block_give_back(&batch->pool->blocks, &batch->piece);
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

bool batch_is_full(const struct batch *batch)
{
    const uint64_t bytes = (uint64_t)batch->view.row_count * batch->layout->row_bytes;
    return batch_room(batch) == 0 || batch->view.run_count == batch->run_capacity ||
           (bytes >= SHORTEST_BYTES && bytes * batch->pool->open_count >= OPEN_BYTES);
}

struct batch *batch_open(struct batch_pool *pool, struct layout *layout)
{
    struct batch *batch = layout->open;
    if (batch != NULL && batch->view.run_count < batch->run_capacity && batch_room(batch) > 0)
        return batch;
    if (batch != NULL)
        batch_close(batch);
    batch = take_free(pool, layout);
    if (batch == NULL) {
        if (pool->ready.first == NULL && pool->open.first != NULL)
            batch_close(pool->open.first);
        return NULL;
    }
    begin(batch, layout);
    return batch;
}

/* Returns the run's first row. */
static uint32_t begin_run(struct batch *batch, const struct weir_run *run, uint32_t row_count)
{
    const uint32_t first_row = batch->view.row_count;
    assert(row_count <= batch_room(batch) && batch->view.run_count < batch->run_capacity);
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
            copy(&layout->windows[i], batch->columns, first_row, records, layout->view.record_bytes, row_count);
        step_count = layout->rest_count;
    }
    for (uint32_t i = 0; i < step_count; i++) {
        const struct step *step = &layout->plan[i];
        step->copy(batch->columns[step->column] + (size_t)first_row * step->width_bytes, records + step->offset,
                   layout->view.record_bytes, row_count, step->wire_bytes);
    }
    batch->view.row_count += row_count;
}

/* Copies what one field of variable length holds in all records to the heap. */
static void append_variable(struct batch *batch, struct weir_octets *column, const uint8_t *records,
                            const struct walked *walked, uint32_t segment)
{
    const uint32_t *starts = walk_values(walked, segment), *lengths = walk_lengths(walked, segment);
    uint8_t *heap = batch->heap + batch->heap_used;
    for (uint32_t i = 0; i < walked->record_count; i++) {
        memcpy(heap, records + starts[i], lengths[i]);
        column[i] = (struct weir_octets){heap, lengths[i]};
        heap += lengths[i];
    }
    batch->heap_used = (uint32_t)(heap - batch->heap);
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
            gather(&layout->windows[i], batch->columns, first_row, records,
                   walk_starts(walked, layout->windows[i].segment), walked->record_count);
        step_count = layout->rest_count;
    }
    for (uint32_t i = 0; i < step_count; i++) {
        const struct step *step = &layout->plan[i];
        step->gather(batch->columns[step->column] + (size_t)first_row * step->width_bytes, records + step->offset,
                     walk_starts(walked, step->segment), walked->record_count, step->wire_bytes);
    }
    for (uint32_t segment = 0; segment < layout->view.variable_count; segment++) {
        const struct variable *variable = &layout->variable[segment];
        if (variable->column == UINT32_MAX)
            continue;
        append_variable(batch, (struct weir_octets *)batch->columns[variable->column] + first_row,
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
