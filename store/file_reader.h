/* SPDX-License-Identifier: MIT */
/*
 * file_reader.h - what the footer of a file of the store tells
 *
 * Reads the subset of Parquet that file_writer.h writes, and refuses the rest: flat files whose columns are optional,
 * and wholly there or wholly absent in each row group. Files may hold anything: whatever was damaged or made up gives
 * an error with the name of the file and what is wrong, at the cost of a small multiple of the file's size in memory.
 */
#ifndef WEIR_STORE_FILE_READER_H
#define WEIR_STORE_FILE_READER_H

#include "chunk_writer.h"
#include "file_writer.h"

enum { FILE_GROUP_ROWS_MAX = 1 << 26, FILE_COLUMNS_MAX = 1 << 16 };

/* One column of one row group. */
struct file_reader_chunk {
    uint64_t offset, size_bytes; /* of its pages in the file */
    uint64_t uncompressed_bytes;
    uint64_t dictionary_offset; /* 0: none */
    uint32_t encodings;         /* set of enum parquet_encoding: 1 << encoding */
    uint8_t codec;              /* enum parquet_codec */
    bool is_null;               /* no value in any row */
    bool is_bounded;            /* least and greatest are told */
    struct chunk_bound least, greatest;
    const char *origin;         /* "weir.from": the element that it comes from, or NULL */
    uint64_t bloom_offset;      /* 0: none */
    uint32_t bloom_bytes;
};

struct file_reader_group {
    uint32_t row_count;
    int32_t sorted_by; /* -1: not told */
    struct file_reader_chunk *chunks; /* one for each column */
};

struct file_reader {
    const char *path; /* for messages; the caller's */
    int fd;           /* -1: from memory */
    const uint8_t *memory;
    uint64_t size_bytes;
    uint64_t data_end; /* where pages end at the latest */
    struct file_column *columns;
    uint32_t column_count;
    struct file_reader_group *groups;
    uint32_t group_count, group_capacity;
    struct file_note *notes;
    uint32_t note_count;
    uint64_t row_count;
    char *texts; /* names and notes, each with a NUL */
    size_t text_bytes;
    uint32_t column_capacity, note_capacity;
};

/* Opens a file and reads its footer. 0, or -1 with `error` filled and nothing to be closed: its number is ENOTSUP where
 * a later version of Weir wrote the file, or another program (store_format.h), and ENOENT where nothing is there, not
 * even a link. */
int file_reader_open(struct file_reader *reader, const char *path, struct store_error *error);

/* The same of octets in memory, which live as long as the reader; `path` is for messages. */
int file_reader_open_memory(struct file_reader *reader, const char *path, const uint8_t *data, size_t size_bytes,
                            struct store_error *error);
void file_reader_close(struct file_reader *reader);

/* The value of a note, or NULL. */
const char *file_reader_note(const struct file_reader *reader, const char *key);

/* Checks what this program asks of its own files: that they are of a format that it knows (else ENOTSUP), and that as
 * many rows are there as were stored. */
int file_reader_check_notes(const struct file_reader *reader, struct store_error *error);

/* Octets of the file, read into `buffer`. */
int file_reader_read(const struct file_reader *reader, uint64_t offset, uint64_t size_bytes,
                     struct octet_buffer *buffer, struct store_error *error);

#endif
