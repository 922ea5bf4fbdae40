/* SPDX-License-Identifier: MIT */
/*
 * stored_form.h - what the metadata of row groups tells of the rows in them
 *
 * The columns of the core mean the same in every row. What they were made of matters where rows are to be compared more
 * closely than that: uptimes are exact among each other, and as times since 1970 only to the second of the header.
 */
#ifndef WEIR_QUERY_STORED_FORM_H
#define WEIR_QUERY_STORED_FORM_H

#include "query.h"

enum stored_clock {
    STORED_CLOCK_TIMES,  /* the exporter tells times, or it is not known what it tells */
    STORED_CLOCK_UPTIME, /* it tells uptimes, in the manner of NetFlow: time_start and time_end give them back */
    STORED_CLOCK_NONE,   /* it tells none: the export time stands in their place */
};

/* Of the rows up to `end_row` of a file, behind those of the group before. */
struct stored_form {
    uint64_t end_row;
    uint8_t clock; /* enum stored_clock */
    bool both_families; /* the columns of IPv6 have both, IPv4 as ::ffff:a.b.c.d */
};

struct stored_file {
    struct stored_form *forms;
    size_t count;
};

struct stored_forms {
    bool is_mixed;             /* else `common` is the form of all rows */
    struct stored_form common;
    struct stored_file *files; /* by file_index, where it is mixed */
    size_t file_count;
};

/* Of a connection with files of flows, and query_settings.places. 0, or -1. */
int stored_forms_read(struct stored_forms *forms, struct query *query, struct query_error *error);
void stored_forms_done(struct stored_forms *forms);

/* The form of a row, where it is mixed. */
const struct stored_form *stored_forms_find(const struct stored_forms *forms, uint64_t file_index, uint64_t row);

#endif
