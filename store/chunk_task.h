/* SPDX-License-Identifier: MIT */
/*
 * chunk_task.h - a column being written, for the files that do parts of it: chunk_writer.c, chunk_bounds.c,
 * chunk_choice.c
 */
#ifndef WEIR_STORE_CHUNK_TASK_H
#define WEIR_STORE_CHUNK_TASK_H

#include "chunk_writer.h"
#include "column.h"

struct chunk_task {
    struct chunk_writer *writer;
    const struct store_values *values;
    const struct store_type_parquet *parquet;
    enum store_type type;
    int32_t field_id;
    bool is_number, is_signed, is_time;
    enum parquet_encoding encoding;
    unsigned code_bits; /* of dictionary indices */
    int64_t least, greatest; /* of numbers */
    struct octet_buffer *to;
    struct chunk *chunk;
};

/* How many items go to the page that begins with item `first`. */
uint32_t chunk_page_items(const struct chunk_task *task, uint32_t first);

/* Makes the chunk's pages, with the bounds of each and of all. 0, or -1 without memory. */
int chunk_find_bounds(struct chunk_task *task);

/* Makes the dictionary and sets encoding, code_bits, the codec and the level. Bounds are there. 0, or -1 without
 * memory. */
int chunk_choose(struct chunk_task *task);

/* Makes a page's body of items in the task's encoding; of variable ones `*start` is where the first begins, and is
 * moved on. */
void chunk_make_body(const struct chunk_task *task, uint32_t first, uint32_t count, size_t *start);

/* The same of entries of the dictionary. */
void chunk_make_entries(const struct chunk_task *task, uint32_t first, uint32_t count);

/* Sets the level for entries: they are often in order, so that much comes again whatever the indices are. Returns the
 * level for those. */
int chunk_entries_level(const struct chunk_task *task);

#endif
