/* SPDX-License-Identifier: MIT */
/* result_output.c - the rows of a report on standard output */
#define _GNU_SOURCE
#include "result_output.h"

#include "terminal.h"

#include <unistd.h>

enum query_output_end result_output_write(struct query_result *result, enum query_format format,
                                          struct query_error *error)
{
    struct terminal terminal;
    uint64_t row_count;
    terminal_init(&terminal, STDOUT_FILENO);
    const struct query_output_settings settings = {
        .format = format,
        .fd = STDOUT_FILENO,
        .width = isatty(STDOUT_FILENO) == 1 ? terminal.width : 0,
        .utf8 = terminal.utf8,
        .omit_nulls = true,
    };
    return query_output_write(result, &settings, &row_count, error);
}
