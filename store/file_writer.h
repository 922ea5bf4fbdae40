/* SPDX-License-Identifier: MIT */
/*
 * file_writer.h - one Parquet file: row groups as they come, and what tells of them at its end
 */
#ifndef WEIR_STORE_FILE_WRITER_H
#define WEIR_STORE_FILE_WRITER_H

#include "bloom.h"
#include "chunk_writer.h"
#include "store_error.h"

/* A column of the file. The name is copied by reference: it lives as long as the writer's file. */
struct file_column {
    const char *name;
    int32_t field_id; /* 0: none */
    uint8_t type; /* enum store_type */
    bool bloom;   /* its row groups get a filter of their values */
};

struct file_row_group;

/* A file being written. Belongs to one thread; used for one file after the other it keeps its memory. */
struct file_writer {
    struct chunk_writer chunks;
    struct bloom bloom;
    struct octet_buffer blooms; /* of the row group under way */
    uint32_t bloom_sum;         /* of those before */
    uint32_t next_column;       /* of it */
    struct octet_buffer buffer; /* what is not written yet */
    uint64_t offset;            /* of it in the file */
    int fd;                     /* -1: none */
    const char *path;
    const struct file_column *columns;
    uint32_t column_count;
    struct file_row_group *groups;
    uint32_t group_count, group_capacity;
    uint64_t row_count;
};

/* 0, or -1 without memory. */
int file_writer_init(struct file_writer *writer, enum parquet_codec codec, int level);
void file_writer_done(struct file_writer *writer);

/* Creates `path`, which must not be there, with these columns; all live until the file is finished or abandoned. */
int file_writer_begin(struct file_writer *writer, const char *path, const struct file_column *columns,
                      uint32_t column_count, struct store_error *error);

/*
 * Writes a row group: values[i] of each column, all with the same number of rows. `origins[i]`, where not NULL, tells
 * the element that the column comes from here; it is copied. `sorted_by` is a column in whose order the rows stand, or
 * -1.
 */
int file_writer_row_group(struct file_writer *writer, const struct store_values *values, const char *const *origins,
                          int32_t sorted_by, struct store_error *error);

/* The same column by column, so that no more than one has to be in memory: begin, each column in its turn, end. */
int file_writer_group_begin(struct file_writer *writer, uint32_t row_count, struct store_error *error);
int file_writer_group_column(struct file_writer *writer, const struct store_values *values, const char *origin,
                             struct store_error *error);
int file_writer_group_end(struct file_writer *writer, int32_t sorted_by, struct store_error *error);

/* A pair of words that the footer has. */
struct file_note {
    const char *key, *value;
};

/* Ends the file and closes it; with `sync` it is on the disk then. The writer is ready for another. On failure the file
 * is as if abandoned. `ret_bytes` is its size. */
int file_writer_finish(struct file_writer *writer, const struct file_note *notes, uint32_t note_count, bool sync,
                       uint64_t *ret_bytes, struct store_error *error);

/* Closes the file and removes it. Nothing where there is none. */
void file_writer_abandon(struct file_writer *writer);

#endif
