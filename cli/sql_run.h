/* SPDX-License-Identifier: MIT */
/*
 * sql_run.h - runs statements and shows what they give
 */
#ifndef WEIR_CLI_SQL_RUN_H
#define WEIR_CLI_SQL_RUN_H

#include "query_output.h"
#include "query_store.h"

struct sql_run {
    struct query_store *store;
    enum query_format format; /* QUERY_FORMAT_COUNT: Parquet */
    bool has_written; /* rows of the statement that runs */
};

/* "box", "parquet", ...: 0, or -1 where there is no such format. */
int sql_format_find(const char *name, enum query_format *ret_format);

/*
 * Runs the statements of a text up to the first that fails, and writes their rows to standard output. One that fails as
 * a file is damaged or gone is run again without it, unless rows of it were written. Errors are told, and what is left
 * out. Returns the program's exit code. That nobody reads the output any more is no failure.
 */
int sql_run(struct sql_run *run, const char *sql);

#endif
