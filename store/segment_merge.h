/* SPDX-License-Identifier: MIT */
/*
 * segment_merge.h - several files of the store become one
 *
 * Row groups in which the same columns are there, and come from the same elements, are put together; their rows keep their order. One column
 * of one row group is in memory at a time.
 */
#ifndef WEIR_STORE_SEGMENT_MERGE_H
#define WEIR_STORE_SEGMENT_MERGE_H

#include "chunk_reader.h"
#include "merge_window.h"
#include "segment_name.h"

#include <stdatomic.h>

enum {
    MERGE_GROUP_ROWS = 1 << 20,       /* a row group has about so many at the most, and never half as many more */
    MERGE_GROUP_ROWS_LARGE = 1 << 22, /* the same where memory is not short: a dictionary then serves more rows */
    MERGE_COLUMN_BYTES = 32 << 20,  /* or with so many octets in a column of texts */
    MERGE_INPUTS_MAX = 64
};

/* Merges, with memory that it keeps from one time to the next. Belongs to one thread. */
struct segment_merge {
    struct file_writer writer;
    struct chunk_reader reader;
    struct column_data column;
    uint32_t group_rows; /* MERGE_GROUP_ROWS at first */
    const struct merge_window *window; /* only rows of that time; NULL: all */
    bool commits; /* what becomes of them is a segment too, and tells what it has of each commit (commit_notes.h) */
    const atomic_bool *stop; /* the caller's, or NULL: true ends what is under way, with ECANCELED */
    void (*progress)(void *context, uint64_t more_bytes); /* of the files, that were read; or NULL */
    void *context;
};

/* `level` is that of zstd. 0, or -1 without memory. */
int segment_merge_init(struct segment_merge *merge, int level, const atomic_bool *stop);
void segment_merge_done(struct segment_merge *merge);

struct segment_merged {
    uint64_t row_count, size_bytes;
    uint32_t group_count;
};

/*
 * Merges files of one kind, in this order, into `path`, which must not be there. On failure there is no such file, and `ret_bad` is
 * the file that cannot be read, or -1 where it is something else that failed.
 */
int segment_merge_files(struct segment_merge *merge, const char *const *paths, uint32_t path_count, const char *path, bool sync,
                        struct segment_merged *ret_merged, int *ret_bad, struct store_error *error);

#endif
