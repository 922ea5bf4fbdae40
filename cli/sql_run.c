/* SPDX-License-Identifier: MIT */
/* sql_run.c - runs statements and shows what they give */
#define _GNU_SOURCE
#include "sql_run.h"

#include "exit_code.h"
#include "query_watch.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int sql_format_find(const char *name, enum query_format *ret_format)
{
    const enum query_format format = query_format_find(name);
    if (format == QUERY_FORMAT_COUNT && strcmp(name, "parquet") != 0)
        return -1;
    *ret_format = format;
    return 0;
}

static bool before_write(void *context)
{
    struct sql_run *run = context;
    if (!run->has_written && isatty(STDOUT_FILENO) == 1)
        query_watch_hide();
    run->has_written = true;
    return query_watch_stopped() == 0;
}

static int write_result(struct sql_run *run, struct query_result *result, struct query_error *error)
{
    struct terminal terminal;
    uint64_t row_count;
    terminal_init(&terminal, STDOUT_FILENO);
    const struct query_output_settings settings = {
        .format = run->format,
        .fd = STDOUT_FILENO,
        .threads = run->store->settings.threads,
        .width = isatty(STDOUT_FILENO) == 1 ? terminal.width : 0,
        .utf8 = terminal.utf8,
        .before_write = before_write,
        .context = run,
    };
    switch (query_output_write(result, &settings, &row_count, error)) {
    case QUERY_OUTPUT_DONE:
        query_watch_hide();
        if (result->has_count)
            fprintf(stderr, "%llu row%s\n", (unsigned long long)row_count, row_count == 1 ? "" : "s");
        return EXIT_SUCCESS;
    case QUERY_OUTPUT_FAILED:
        return EXIT_FAILURE;
    case QUERY_OUTPUT_UNWRITTEN:
    default:
        query_watch_hide();
        if (errno == EPIPE)
            return EXIT_SUCCESS; /* as in "| head": whoever read has seen enough */
        if (query_watch_stopped() == 0)
            fprintf(stderr, "weir sql: cannot write to standard output: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
}

/* DuckDB writes Parquet itself, to a file that it opens and empties; what went into a pipe cannot be taken back. */
static int copy_to_parquet(struct sql_run *run, const char *copy, struct query_error *error)
{
    struct query_result *result;
    struct query_chunk chunk;
    struct stat is;
    run->has_written = fstat(STDOUT_FILENO, &is) != 0 || !S_ISREG(is.st_mode);
    int got = query_run(run->store->query, copy, NULL, 0, &result, error) == 0 ? 1 : -1;
    if (got == 1) {
        while ((got = query_next(result, &chunk, error)) == 1)
            continue;
        query_result_free(result);
    }
    return got == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* From the statement `*done` on, which is counted up. On failure `error` has a text, unless it was told. */
static int run_statements(struct sql_run *run, const char *sql, size_t *done, struct query_error *error)
{
    struct query_script *script = query_script_open(run->store->query, sql, error);
    struct query_result *result;
    int code = EXIT_SUCCESS, got = script != NULL ? 1 : -1;
    if (script != NULL)
        query_script_skip(script, *done);
    while (code == EXIT_SUCCESS && got == 1) {
        run->has_written = false;
        if ((got = query_script_next(script, &result, error)) != 1)
            break;
        code = write_result(run, result, error);
        query_result_free(result);
        *done += code == EXIT_SUCCESS;
    }
    query_script_close(script);
    return got < 0 ? EXIT_FAILURE : code;
}

/* The text for DuckDB, or NULL where it was told what is wrong. */
static char *make_copy(const char *sql, int *code)
{
    char *copy;
    size_t length = strlen(sql);
    while (length > 0 && strchr(" \t\r\n;", sql[length - 1]) != NULL)
        length--;
    *code = EXIT_USAGE;
    if (isatty(STDOUT_FILENO) == 1) {
        fputs("weir sql: Parquet is not for a terminal; write it to a file: weir sql -o parquet ... >FILE\n", stderr);
        return NULL;
    }
    *code = EXIT_FAILURE;
    if (asprintf(&copy, QUERY_PARQUET_BEGIN "%.*s" QUERY_PARQUET_END, (int)length, sql) >= 0)
        return copy;
    fputs("weir sql: not enough memory\n", stderr);
    return NULL;
}

/* Parquet has the rows of one statement. 0, or the exit code when it was told what is wrong. */
static int check_is_one(struct sql_run *run, const char *sql)
{
    struct query_error error = {.text = ""};
    struct query_script *script = query_script_open(run->store->query, sql, &error);
    const size_t count = script != NULL ? query_script_count(script) : 0;
    query_script_close(script);
    if (count == 1)
        return EXIT_SUCCESS;
    fprintf(stderr, "weir sql: %s\n",
            script == NULL ? error.text : "-o parquet takes one statement, as a file has one table");
    return EXIT_FAILURE;
}

/* Whether the statement that failed is to be run again; if not, it is told why. */
static bool tries_again(struct sql_run *run, struct query_error *error)
{
    const size_t before = run->store->left_out_count;
    const bool is_mended = query_store_mend(run->store, error) == 1;
    const bool is_damage = run->store->left_out_count > before;
    query_store_tell(run->store);
    if (is_mended && !run->has_written)
        return true;
    if (query_watch_stopped() != 0)
        return false;
    if (!is_mended)
        fprintf(stderr, "weir sql: %s\n", error->text);
    else if (is_damage)
        fputs("weir sql: the output ends early, as files of the store are damaged; with --verify they are left out "
              "from the beginning\n", stderr);
    else
        fputs("weir sql: the output ends early, as files of the store were merged or expired meanwhile; try again\n",
              stderr);
    return false;
}

int sql_run(struct sql_run *run, const char *sql)
{
    size_t done = 0;
    int code = EXIT_SUCCESS;
    const bool is_parquet = run->format == QUERY_FORMAT_COUNT;
    char *copy = is_parquet && (code = check_is_one(run, sql)) == EXIT_SUCCESS ? make_copy(sql, &code) : NULL;
    for (bool is_again = copy != NULL || !is_parquet; is_again;) {
        struct query_error error = {.text = ""};
        query_watch_begin(run->store->query);
        code = is_parquet ? copy_to_parquet(run, copy, &error) : run_statements(run, sql, &done, &error);
        query_watch_end();
        is_again = code != EXIT_SUCCESS && error.text[0] != '\0' && tries_again(run, &error);
    }
    free(copy);
    return query_watch_stopped() != 0 ? query_watch_stopped() : code;
}
