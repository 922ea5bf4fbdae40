/* SPDX-License-Identifier: MIT */
/*
 * footer_columns.h - the columns that files have together, by their field IDs
 */
#ifndef WEIR_CLI_FOOTER_COLUMNS_H
#define WEIR_CLI_FOOTER_COLUMNS_H

#include "file_reader.h"
#include "query.h"

struct footer_column {
    char *name;
    int32_t field_id;
    uint8_t type;    /* enum store_type: the widest of all */
    uint64_t first;  /* where it comes first: number of the file, and of the column in it */
    bool has_values; /* in a row group of any */
};

/* Starts as {0}. */
struct footer_columns {
    struct footer_column *items;
    uint32_t count, capacity;
    bool differ; /* they do not go together by ID: one has none, or its name or type is another one elsewhere; or DuckDB
                    cannot be told its type */
    bool failed; /* memory was short */
};

/* Adds those of a file, which is the one of that number. */
void footer_columns_add(struct footer_columns *columns, const struct file_reader *file, uint64_t number);

/* Adds those of `other`. */
void footer_columns_join(struct footer_columns *columns, const struct footer_columns *other);

/* The columns in their order, in one block for free(), their names with it; NULL where they differ. 0, or -1 when
 * memory is short. */
int footer_columns_take(struct footer_columns *columns, struct query_known_column **ret_columns, uint32_t *ret_count);
void footer_columns_done(struct footer_columns *columns);

#endif
