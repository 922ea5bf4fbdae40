/* SPDX-License-Identifier: MIT */
/*
 * row_maker.h - batches of made rows, and the same rows as the store would have them
 *
 * Each batch has a layout of its own: which core columns it has, of what kind, and which further fields, is drawn.
 * Values are drawn from few, so that filters have something to find; a value goes into the batch and, as JSON, into the
 * row.
 */
#ifndef ROW_MAKER_H
#define ROW_MAKER_H

#include <stdint.h>
#include <stdio.h>
#include <weir/weir.h>

enum { ROW_FIELDS = 16, ROW_COLUMNS = ROW_FIELDS + WEIR_CORE_COUNT, ROW_ROWS = 64, ROW_RUNS = 4 };

struct row_batch {
    struct weir_batch batch;
    struct weir_layout layout;
    struct weir_field fields[ROW_FIELDS];
    struct weir_core_column core[WEIR_CORE_COUNT];
    struct weir_run runs[ROW_RUNS];
    const void *columns[ROW_COLUMNS];
    uint64_t memory[ROW_COLUMNS][ROW_ROWS * 2]; /* 16 octets a value */
    uint8_t octets[ROW_COLUMNS][ROW_ROWS][16];  /* of values of variable length */
};

/* Makes a batch. Where `out` is not NULL a line of JSON is written for each row: columns that are not null. */
void row_batch_make(struct row_batch *made, uint64_t *random, FILE *out);

/* The columns that rows may have, as a JSON object of names and types of DuckDB. */
void row_columns_print(FILE *out);

/* The next of a sequence of numbers. */
uint64_t row_random(uint64_t *random);

#endif
