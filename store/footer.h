/* SPDX-License-Identifier: MIT */
/*
 * footer.h - what stands at the end of a Parquet file
 */
#ifndef WEIR_STORE_FOOTER_H
#define WEIR_STORE_FOOTER_H

#include "file_writer.h"

struct file_row_group {
    struct chunk *chunks; /* one for each column */
    char **origins;       /* the same; NULL where there is nothing to tell */
    uint32_t row_count;
    int32_t sorted_by; /* -1: nothing */
    uint64_t offset;
    uint64_t *column_index_offset, *offset_index_offset;
    uint32_t *column_index_bytes, *offset_index_bytes; /* 0: none */
    uint64_t *bloom_offset;
    uint32_t *bloom_bytes; /* 0: none */
};

/* Appends the page indexes of all row groups, noting where they stand; then the footer with its length. Failure of
 * memory is kept in the buffer. */
void footer_append_indexes(struct file_writer *writer);
void footer_append(struct file_writer *writer, const struct file_note *notes, uint32_t note_count);

#endif
