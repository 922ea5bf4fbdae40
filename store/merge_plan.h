/* SPDX-License-Identifier: MIT */
/*
 * merge_plan.h - which columns a merged file has, and which row groups become one
 */
#ifndef WEIR_STORE_MERGE_PLAN_H
#define WEIR_STORE_MERGE_PLAN_H

#include "chunk_reader.h"
#include "merge_window.h"

/* What a file may have that can be read again: columns, besides the root of its schema; and chunks, each of which takes
 * up to a few hundred octets of the footer, which has an end. */
enum { MERGE_COLUMNS_MAX = FILE_COLUMNS_MAX - 1, MERGE_CHUNKS_MAX = 1 << 19 };

/* A row group of an input. */
struct merge_input {
    uint32_t file, group;
    uint32_t row_count;   /* of those that are kept */
    uint8_t *keep;        /* an octet for each row; NULL: all */
    uint32_t form;        /* those of the same form can be put together */
    size_t octets;        /* in its largest column of texts, decoded */
    uint32_t next;        /* the next one of its output, UINT32_MAX: none */
};

/* A row group of the output: a chain of inputs. */
struct merge_output {
    uint32_t first, last;
    uint32_t row_count;
    size_t octets;
};

struct merge_plan {
    struct file_reader *files; /* the caller's */
    uint32_t file_count;
    struct file_column *columns; /* of the output */
    char **names;                /* owned: of columns whose own name was taken; or NULL */
    uint32_t *users;             /* of each: the last file that has it */
    uint32_t column_count, column_capacity;
    uint32_t **places;           /* of each file: which column of the output each of its own is */
    uint32_t **sources;          /* of each file: which of its own each column of the output is; UINT32_MAX: none */
    uint32_t *hashed, hash_size; /* columns of the output by name, plus 1 */
    uint32_t *hashed_ids;        /* the same by field ID */
    uint64_t seed;               /* of both */
    struct merge_input *inputs;
    uint32_t input_count;
    struct merge_output *outputs;
    uint32_t output_count;
};

/* Plans for open files, of whose rows those in the window are kept, where it is not NULL. `reader` is used to measure
 * columns of texts.
 * 0, or -1 with `error` filled and `ret_bad` the file that cannot be read, or -1; with E2BIG where the output would be
 * more than a file may have. Call merge_plan_done() either way. */
int merge_plan_make(struct merge_plan *plan, struct file_reader *files, uint32_t file_count,
                    struct chunk_reader *reader,
                    const struct merge_window *window, uint32_t group_rows, size_t column_bytes, int *ret_bad,
                    struct store_error *error);
void merge_plan_done(struct merge_plan *plan);

/* The chunk of a column of the output in a row group of an input, and in which column of the file; NULL where it is
 * absent. */
const struct file_reader_chunk *merge_plan_chunk(const struct merge_plan *plan, const struct merge_input *input,
                                                 uint32_t column, uint32_t *ret_source);

#endif
