/* SPDX-License-Identifier: MIT */
/*
 * chunk_writer.h - one column of one row group: the choice of its encoding, and its pages
 *
 * What is tried: a dictionary, the values as they are, and the differences of neighbours. What each of them comes to,
 * compressed or not, is told by counting (dictionaries) and by a sample of a few thousand values, which costs little
 * beside writing them all; time counts too (bytes_for_ns). What won is taken for the next few row groups of the same
 * column untried.
 */
#ifndef WEIR_STORE_CHUNK_WRITER_H
#define WEIR_STORE_CHUNK_WRITER_H

#include "dictionary.h"
#include "page_writer.h"
#include "values.h"

/* A page has so many items or, where they are long, so many octets of them (and one item at the least). */
enum { CHUNK_BOUND_BYTES = 16, CHUNK_PAGE_ITEMS = 32768, CHUNK_PAGE_BYTES = 1 << 20 };

/* Octets of the entries of a dictionary: readers have it in memory as a whole. */
enum { CHUNK_DICTIONARY_BYTES = 1 << 24 };

/* The least or the greatest value, as Parquet's statistics have it. */
struct chunk_bound {
    uint8_t octets[CHUNK_BOUND_BYTES];
    uint8_t size_bytes;
};

struct chunk_page {
    uint64_t offset; /* in the file */
    uint32_t size_bytes;
    uint64_t first_row;
    struct chunk_bound least, greatest;
};

/* What the footer tells of a chunk. */
struct chunk {
    enum parquet_codec codec;
    bool is_null;          /* no value in any row */
    bool is_bounded;       /* least and greatest are known, of each page too */
    uint32_t encodings;    /* set of enum parquet_encoding: 1 << encoding */
    uint64_t value_count;  /* with nulls */
    uint64_t distinct_count; /* 0: not known */
    uint64_t dictionary_offset; /* in the file; 0: none */
    uint64_t data_offset;
    uint64_t size_bytes, uncompressed_bytes;
    struct chunk_bound least, greatest;
    struct chunk_page *pages;
    uint32_t page_count;
};

void chunk_done(struct chunk *chunk);

/* How a column was written the last time, which is how the next row groups of about as many rows are written too. */
struct chunk_memory {
    int32_t field_id;
    uint8_t size_class; /* bits of how many items */
    uint8_t left;       /* so often more, until it is looked into anew */
    uint8_t encoding;   /* enum parquet_encoding */
    uint8_t codec;      /* enum parquet_codec */
    uint8_t level;
    bool whole_octets;  /* indices */
};

enum { CHUNK_MEMORIES = 256 };

/* See bytes_for_ns: for what is written to be merged soon, and for what is to be small at once. */
#define CHUNK_BYTES_FOR_NS_LIGHT 0.25
#define CHUNK_BYTES_FOR_NS_FULL 0.015

/* Writes chunks, with memory that it keeps from one to the next. Belongs to one thread. */
struct chunk_writer {
    struct page_writer pages;
    struct dictionary dictionary;
    struct octet_buffer body, scratch, codes;
    struct octet_buffer run_items, run_lengths; /* of a column whose neighbours are alike */
    int64_t *wide; /* CHUNK_PAGE_ITEMS */
    struct chunk_memory memories[CHUNK_MEMORIES]; /* by a hash of the field ID and the class */
    enum parquet_codec codec;
    int level;     /* of zstd */
    double bytes_for_ns; /* so many octets more an item may take where it is written a nanosecond faster; 0 at first */
    bool thorough; /* more is tried, at more cost: for what is written to stay */
};

/* 0, or -1 without memory. `level` is that of zstd. */
int chunk_writer_init(struct chunk_writer *writer, enum parquet_codec codec, int level);
void chunk_writer_done(struct chunk_writer *writer);

/* Appends the pages of a column to `to`, whose first octet comes to lie at `file_offset`. 0, or -1 without memory. The
 * field ID tells which column of the row groups before is the same. */
int chunk_write(struct chunk_writer *writer, int32_t field_id, enum store_type type, const struct store_values *values,
                uint64_t file_offset, struct octet_buffer *to, struct chunk *ret_chunk);

#endif
