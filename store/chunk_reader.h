/* SPDX-License-Identifier: MIT */
/*
 * chunk_reader.h - the values of one column of one row group
 *
 * Each page's checksum is compared before anything of the page is used.
 */
#ifndef WEIR_STORE_CHUNK_READER_H
#define WEIR_STORE_CHUNK_READER_H

#include "file_reader.h"
#include "values.h"

struct ZSTD_DCtx_s;

/* Values that were read, as struct store_values has them; without repeats. A column of zeros is empty. */
struct column_data {
    struct octet_buffer data;
    struct octet_buffer lengths; /* uint32_t of each item, where they are variable */
    uint32_t item_count;
};

void column_data_done(struct column_data *column);
void column_data_clear(struct column_data *column);

/* Reads chunks, with memory that it keeps from one to the next. Belongs to one thread. */
struct chunk_reader {
    struct ZSTD_DCtx_s *zstd;
    struct octet_buffer raw;  /* the chunk as it is in the file */
    struct octet_buffer body; /* a page, decompressed; a few octets more are readable */
    struct column_data dictionary;
    struct octet_buffer starts; /* uint32_t: where each entry of a variable dictionary begins */
    int64_t *wide;
    uint32_t *codes;
    bool ignore_checksums; /* for fuzzers, to which they would be a wall */
    bool only_checksums;   /* nothing is decompressed, and nothing can be kept */
};

/* 0, or -1 without memory. */
int chunk_reader_init(struct chunk_reader *reader);
void chunk_reader_done(struct chunk_reader *reader);

/*
 * Appends the values of a column of a row group to `to`, as values of type `as`: the column's own or a wider one of its
 * kind.
 * A column that is absent appends nothing. With `to` NULL everything is checked and nothing kept. No more than
 * `bytes_max` octets are kept; what has more is an error, with its number ENOBUFS. 0, or -1 with `error` filled.
 */
int chunk_reader_read(struct chunk_reader *reader, const struct file_reader *file, uint32_t group, uint32_t column,
                      enum store_type as, size_t bytes_max, struct column_data *to, struct store_error *error);

/* How many octets a value of this type takes in memory; 0: variable. */
uint32_t chunk_width(enum store_type type);

#endif
