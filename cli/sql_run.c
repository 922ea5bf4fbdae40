/* SPDX-License-Identifier: MIT */
/* sql_run.c - runs statements and shows what they give */
#define _GNU_SOURCE
#include "sql_run.h"

#include "exit_code.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int sql_format_find(const char *name, enum query_format *ret_format)
{
    const enum query_format format = query_format_find(name);
    if (format == QUERY_FORMAT_COUNT && strcmp(name, "parquet") != 0)
        return -1;
    *ret_format = format;
    return 0;
}

static int write_result(const struct sql_run *run, struct query_result *result, struct query_error *error)
{
    struct terminal terminal;
    uint64_t row_count;
    terminal_init(&terminal, STDOUT_FILENO);
    const struct query_output_settings settings = {
        .format = run->format,
        .fd = STDOUT_FILENO,
        .width = isatty(STDOUT_FILENO) == 1 ? terminal.width : 0,
        .utf8 = terminal.utf8,
    };
    switch (query_output_write(result, &settings, &row_count, error)) {
    case QUERY_OUTPUT_DONE:
        if (result->has_count)
            fprintf(stderr, "%llu row%s\n", (unsigned long long)row_count, row_count == 1 ? "" : "s");
        return EXIT_SUCCESS;
    case QUERY_OUTPUT_FAILED:
        fprintf(stderr, "weir sql: %s\n", error->text);
        return EXIT_FAILURE;
    case QUERY_OUTPUT_UNWRITTEN:
    default:
        if (errno == EPIPE)
            return EXIT_SUCCESS; /* as in "| head": whoever read has seen enough */
        fprintf(stderr, "weir sql: cannot write to standard output: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
}

/* DuckDB writes Parquet itself. */
static int run_to_parquet(const struct sql_run *run, const char *sql, struct query_error *error)
{
    char *copy;
    size_t length = strlen(sql);
    while (length > 0 && strchr(" \t\r\n;", sql[length - 1]) != NULL)
        length--;
    if (isatty(STDOUT_FILENO) == 1) {
        fputs("weir sql: Parquet is not for a terminal; write it to a file: weir sql -o parquet ... >FILE\n", stderr);
        return EXIT_USAGE;
    }
    /* the newline ends a comment at the end of the statement */
    if (asprintf(&copy, "COPY (%.*s\n) TO '/dev/stdout' (FORMAT parquet)", (int)length, sql) < 0) {
        fputs("weir sql: not enough memory\n", stderr);
        return EXIT_FAILURE;
    }
    struct query_result *result;
    struct query_chunk chunk;
    int got = query_run(run->query, copy, NULL, 0, &result, error) == 0 ? 1 : -1;
    free(copy);
    if (got == 1) {
        while ((got = query_next(result, &chunk, error)) == 1)
            continue;
        query_result_free(result);
    }
    if (got == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "weir sql: %s\n", error->text);
    return EXIT_FAILURE;
}

int sql_run(const struct sql_run *run, const char *sql)
{
    struct query_error error = {.text = ""};
    if (run->format == QUERY_FORMAT_COUNT)
        return run_to_parquet(run, sql, &error);
    struct query_script *script = query_script_open(run->query, sql, &error);
    struct query_result *result;
    int code = EXIT_SUCCESS, got = script != NULL ? 1 : -1;
    while (code == EXIT_SUCCESS && got == 1 && (got = query_script_next(script, &result, &error)) == 1) {
        code = write_result(run, result, &error);
        query_result_free(result);
    }
    query_script_close(script);
    if (got >= 0)
        return code;
    fprintf(stderr, "weir sql: %s\n", error.text);
    return EXIT_FAILURE;
}
