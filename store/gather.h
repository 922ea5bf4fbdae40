/* SPDX-License-Identifier: MIT */
/*
 * gather.h - rows of one form, column by column, until there are enough to write
 *
 * A gather takes rows of batches whose columns have the same names, types and widths and come from the same elements,
 * and whose exporters have addresses of the same family: what becomes one row group, in which a column is wholly there
 * or wholly absent. Rows are copied a column at a time; what is the same for all rows of a run is kept once for the run.
 */
#ifndef WEIR_STORE_GATHER_H
#define WEIR_STORE_GATHER_H

#include "column.h"
#include "octet_buffer.h"
#include "values.h"

/* How the values of a column come out of a batch. */
enum gather_how { GATHER_NUMBERS, GATHER_TEXT, GATHER_OCTETS, GATHER_CONSTANT };

struct gather_column {
    int32_t index;        /* enum store_column_index, or -1: a field under its own name */
    char *name;           /* of a field; owned */
    char *origin;         /* of a core column: the element that it comes from, "octetDeltaCount"; owned; or NULL */
    int32_t field_id;
    uint8_t type;         /* enum store_type */
    uint8_t how;          /* enum gather_how */
    uint8_t kind;         /* enum weir_kind of the batch's column */
    bool redundant;       /* left out where time_start or time_end gives it back: as long as no value is 0 or beyond them */
    uint32_t column;      /* of the batch */
    uint32_t width_bytes; /* there, and here for numbers */
    uint32_t constant;
    uint64_t redundant_max;
    struct octet_buffer data;
    struct octet_buffer lengths; /* uint32_t each, of texts and octets */
};

struct gather {
    uint64_t key;  /* of what it is made from */
    uint8_t family; /* of its exporters: 4, 6, 0 */
    bool options;
    uint16_t version;
    uint32_t row_count;
    uint32_t run_count;
    struct gather_column *columns;
    uint32_t column_count;
    struct octet_buffer run_columns[STORE_COLUMN_RUN_COUNT]; /* one value for each run */
    struct octet_buffer run_rows; /* uint32_t each */
    uint32_t all_rows; /* what constants are repeated by: a copy of row_count */
};

/* Makes one for rows of this layout from exporters of this family. NULL without memory. */
struct gather *gather_create(const struct weir_layout *layout, uint8_t family);
void gather_free(struct gather *gather);

/* Whether rows of that layout and family go in here. */
bool gather_fits(const struct gather *gather, const struct gather *other);

/* Empty again, with its memory kept. */
void gather_clear(struct gather *gather);

/* Takes runs [first_run, first_run + run_count) of a batch of such a layout, whose columns lie as `like` tells: one
 * made for that very layout. Returns the octets added; 0 without memory, and then the gather is as it was. */
size_t gather_append(struct gather *gather, const struct gather *like, const struct weir_batch *batch, uint32_t first_run,
                     uint32_t run_count);

/* The values of a column, or of one of the run; absent ones have no items. */
struct store_values gather_values(struct gather *gather, const struct gather_column *column);
struct store_values gather_run_values(struct gather *gather, enum store_column_index index);
struct store_values gather_null(const struct gather *gather);

/* Whether a redundant column can be left out. */
bool gather_can_leave_out(struct gather *gather, const struct gather_column *column);

#endif
