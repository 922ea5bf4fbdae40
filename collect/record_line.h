/* SPDX-License-Identifier: MIT */
/*
 * record_line.h - a record as a line of JSON, with all that is known of where it came from
 */
#ifndef WEIR_COLLECT_RECORD_LINE_H
#define WEIR_COLLECT_RECORD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <weir/weir.h>

struct record_line {
    char *text; /* grows to the longest line and stays */
    size_t capacity;
    bool v9_names;
    bool core; /* the core columns too, as "core"; false at first */
    const struct weir_decoder *decoder; /* that the batches are from: core columns with names; NULL at first */
};

void record_line_init(struct record_line *line, bool v9_names);
void record_line_done(struct record_line *line);

/* Prints the records of one run, each as a line. -1, with errno, when that fails. */
int record_line_print_run(struct record_line *line, const struct weir_batch *batch, const struct weir_run *run,
                          FILE *out);

#endif
