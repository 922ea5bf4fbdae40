/* SPDX-License-Identifier: MIT */
/*
 * output_rows.h - rows become text in several threads, and are written in their order by one
 */
#ifndef WEIR_QUERY_OUTPUT_ROWS_H
#define WEIR_QUERY_OUTPUT_ROWS_H

#include "output.h"

enum { OUTPUT_PART_BYTES = 4 << 20 }; /* what is made at once: that, and a row */

/* A chunk of rows, and the text of some of them. */
struct output_part {
    const struct query_chunk *chunk;
    size_t row;    /* the first one that is not in the text yet */
    bool is_first; /* no chunk is before it */
    size_t number; /* how many are before it */
    struct text_buffer text;
};

/* Whether another row belongs to the text: there is one, and what is there is not long yet. */
static inline bool output_part_goes_on(const struct output_part *part)
{
    return part->row < part->chunk->row_count && part->text.size_bytes < OUTPUT_PART_BYTES;
}

/* Whether a column has no value in all of the chunk. */
static inline bool output_is_empty(const struct query_vector *vector, size_t row_count)
{
    if (vector->validity == NULL)
        return vector->type->kind == QUERY_OTHER;
    for (size_t row = 0; row < row_count; row += 64) {
        const uint64_t bits = row_count - row >= 64 ? UINT64_MAX : ((uint64_t)1 << (row_count - row)) - 1;
        if ((vector->validity[row / 64] & bits) != 0)
            return false;
    }
    return true;
}

struct output_rows_format {
    /* Adds rows to the text, and counts `row` up, while output_part_goes_on(). Called by several threads. 0, or -1 when
     * memory is short. */
    int (*put)(const void *context, struct output_part *part);
    const void *context;
};

/* Writes all rows that are left, but for what output_flush() holds back. Rows before those that fail are written; then
 * `error` tells. */
enum query_output_end output_rows(struct output_file *file, struct query_result *result,
                                  const struct output_rows_format *format, uint64_t *row_count,
                                  struct query_error *error);

#endif
