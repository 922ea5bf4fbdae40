/* SPDX-License-Identifier: MIT */
/*
 * batch.h - the batches of a decoder, made at start and used again and again
 *
 * Each has a block of memory, or a part of one (block.h), and begins with room for as many rows as it is to take:
 *
 *     +--------------------+------+---------+-------+---------+-------+-----+------+
 *     | column pointers[n] | runs | (align) | col 0 | (align) | col 1 | ... | heap |
 *     +--------------------+------+---------+-------+---------+-------+-----+------+
 *
 * The heap has what the fields of variable length hold; their columns point into it. Computed columns (core.h) stand
 * behind those of the fields.
 *
 * When many layouts take turns, their batches are shorter, so that all that is being written stays in the cache; and
 * what is short lies close together, in few pages of memory.
 *
 * A batch is free, open (taking rows of its layout), ready (waiting to be taken by the user) or held (by the
 * user), and goes round in that order.
 */
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include "block.h"
#include "layout.h"

struct batch {
    struct weir_batch view; /* what the user sees; first, so that one is the other */
    struct batch_pool *pool;
    struct batch *next; /* in the list of its state */
    struct batch *previous; /* in the open list */
    struct layout *layout;
    struct weir_run *runs;
    uint8_t **columns; /* NULL where a column has no width */
    uint32_t row_capacity, run_capacity;
    uint8_t *heap;
    uint32_t heap_bytes, heap_used;
    bool held;
    struct block_piece piece;
};

struct batch_list {
    struct batch *first, *last;
};

struct batch_pool {
    struct block_pool blocks;
    struct batch *batches; /* one for each part of each block */
    uint32_t batch_rows;
    struct batch_list open; /* oldest first */
    uint32_t open_count;
    struct batch_list ready;
    struct layout_table *layouts;
};

/* How many runs a batch of so many rows has room for, and the octets that they take. */
uint32_t batch_run_capacity(uint32_t batch_rows);
size_t batch_run_bytes(uint32_t batch_rows);

/* 0, or -1 when memory is short. Batches drop references to layouts of `layouts`. */
int batch_pool_init(struct batch_pool *pool, uint32_t batch_count, size_t batch_bytes, uint32_t batch_rows,
                    struct layout_table *layouts);
void batch_pool_done(struct batch_pool *pool);

/* The open batch of a layout with room for a row and a run. NULL when none is free; the oldest open one has then
 * been made ready, if there was one, and the user is to take it first. */
struct batch *batch_open(struct batch_pool *pool, struct layout *layout);

/* Whether a batch has as many rows as it should have; it is to be closed at once, so that its memory is used again
 * while it is still in the cache. */
bool batch_is_full(const struct batch *batch);

/* Rows that the batch can still take. */
static inline uint32_t batch_room(const struct batch *batch)
{
    return batch->row_capacity - batch->view.row_count;
}

/* Appends rows of one run: `records` are row_count records back to back. The caller has checked the room. */
void batch_append(struct batch *batch, const struct weir_run *run, const uint8_t *records, uint32_t row_count);

/* Records of different lengths, found by walk.h; `texts` has what their lists were written as, or is NULL when the
 * layout has none. */
struct walked;
void batch_append_walked(struct batch *batch, const struct weir_run *run, const uint8_t *records,
                         const struct walked *walked, const char *texts);

/* Octets that the heap of the batch can still take. */
static inline uint32_t batch_heap_room(const struct batch *batch)
{
    return batch->heap_bytes - batch->heap_used;
}

/* Makes an open batch, or all of them, ready; one without rows becomes free again. */
void batch_close(struct batch *batch);
void batch_close_all(struct batch_pool *pool);

/* The next ready batch, now held by the user, or NULL. */
struct batch *batch_take(struct batch_pool *pool);

#endif
