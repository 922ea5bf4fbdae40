/* SPDX-License-Identifier: MIT */
/* query_without_duckdb.c - stands in where DuckDB's header was missing when the program was built */
#include "query.h"

#include <stdio.h>
#include <stdlib.h>

struct query *query_open(const struct query_files *files, const struct query_settings *settings,
                         struct query_error *error)
{
    (void)files;
    (void)settings;
    snprintf(error->text, sizeof error->text,
             "this program was built without DuckDB's header, and cannot answer queries; tools/setup.sh of the sources "
             "gets it: run it, remove the folder build/ and build the program anew");
    return NULL;
}

void query_close(struct query *query)
{
    (void)query;
}

size_t query_skipped(const struct query *query, const struct query_skipped **ret_skipped)
{
    (void)query;
    *ret_skipped = NULL;
    return 0;
}

bool query_flows_are_known(const struct query *query)
{
    (void)query;
    return false;
}

void query_interrupt(struct query *query)
{
    (void)query;
}

double query_progress(struct query *query)
{
    (void)query;
    return -1;
}

/* None of these can be reached: there is no connection. */
static int unreachable(void)
{
    abort();
}

int query_add_origins(struct query *query, struct query_error *error)
{
    (void)query, (void)error;
    return unreachable();
}

int query_run(struct query *query, const char *sql, const struct query_value *values, size_t value_count,
              struct query_result **ret_result, struct query_error *error)
{
    (void)query, (void)sql, (void)values, (void)value_count, (void)ret_result, (void)error;
    return unreachable();
}

struct query_script *query_script_open(struct query *query, const char *sql, struct query_error *error)
{
    (void)query, (void)sql, (void)error;
    unreachable();
    return NULL;
}

int query_script_next(struct query_script *script, struct query_result **ret_result, struct query_error *error)
{
    (void)script, (void)ret_result, (void)error;
    return unreachable();
}

size_t query_script_count(const struct query_script *script)
{
    (void)script;
    return 0;
}

void query_script_skip(struct query_script *script, size_t count)
{
    (void)script, (void)count;
}

int query_set_files(struct query *query, const struct query_files *files, struct query_error *error)
{
    (void)query, (void)files, (void)error;
    return unreachable();
}

int query_read_file(struct query *query, const char *path, struct query_error *error)
{
    (void)query, (void)path, (void)error;
    return unreachable();
}

void query_script_close(struct query_script *script)
{
    (void)script;
}

int query_result_add_null(struct query_result *result, size_t place, const char *name)
{
    (void)result, (void)place, (void)name;
    return unreachable();
}

int query_next(struct query_result *result, struct query_chunk *ret_chunk, struct query_error *error)
{
    (void)result, (void)ret_chunk, (void)error;
    return unreachable();
}

int query_take(struct query_result *result, struct query_rows **ret_rows, struct query_error *error)
{
    (void)result, (void)ret_rows, (void)error;
    return unreachable();
}

void query_rows_free(struct query_rows *rows)
{
    (void)rows;
}

void query_result_free(struct query_result *result)
{
    (void)result;
}
