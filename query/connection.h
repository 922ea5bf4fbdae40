/* SPDX-License-Identifier: MIT */
/*
 * connection.h - what the files of this folder share of a connection
 */
#ifndef WEIR_QUERY_CONNECTION_H
#define WEIR_QUERY_CONNECTION_H

#include "duckdb_library.h"
#include "query.h"

struct functions;
struct skipped_files;

struct query {
    const struct duckdb_functions *duckdb;
    duckdb_database database;
    duckdb_connection connection;
    struct functions *functions;
    struct skipped_files *skipped;
    bool has_places;      /* query_settings.places */
    bool has_origins;     /* flow_origins is made */
    char *flow_files, *flow_paths; /* read_parquet(...) of the flows, and the list of their paths; NULL: no files */
    bool flows_are_known; /* see query_flows_are_known() */
};

/* Runs statements of the program's own that have no rows. 0, or -1. */
int connection_do(struct query *query, const char *sql, struct query_error *error);

/* Takes over a statement that is prepared, and runs it. 0, or -1. */
int result_start(struct query *query, duckdb_prepared_statement statement, struct query_result **ret_result,
                 struct query_error *error);

/* DuckDB's text without the newlines at its end; NULL is told as a lack of memory. */
void connection_error(struct query_error *error, const char *text);

#endif
