/* SPDX-License-Identifier: MIT */
/*
 * value_search.h - whether a value may be in a file, by what is there to be asked before its pages are read
 *
 * The statistics of row groups are asked, and their bloom filters, where they have any: merged files have those of
 * addresses (bloom.h), of which one of twenty that are not there looks as if it were.
 */
#ifndef WEIR_STORE_VALUE_SEARCH_H
#define WEIR_STORE_VALUE_SEARCH_H

#include "file_reader.h"

/* A number of 32 bits, or octets of a fixed length. */
struct sought_value {
    const char *column;
    enum store_type type; /* STORE_U32 or STORE_FIXED_16 */
    union {
        uint32_t number;
        uint8_t octets[16];
    } as;
};

/* False when no row of the file has the value in this column. True where that cannot be told: where the column is of
 * another type, or what would tell is damaged. `buffer` is for what is read meanwhile. */
bool file_may_have(const struct file_reader *file, const struct sought_value *value, struct octet_buffer *buffer);

#endif
