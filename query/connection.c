/* SPDX-License-Identifier: MIT */
/* connection.c - a database in memory, its settings, and statements */
#define _GNU_SOURCE
#include "connection.h"

#include "functions.h"
#include "usable_files.h"
#include "views.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct query_script {
    struct query *query;
    duckdb_extracted_statements statements;
    idx_t count;
    idx_t next;
};

/* Most of what is wrong in a file fails wherever in DuckDB it is met with, in words that tell nothing of files. */
static bool blames_files(const char *text)
{
    static const char *const kinds[] = {"IO Error",    "Invalid Error",       "INTERNAL Error",
                                        "FATAL Error", "Serialization Error", "Not implemented Error",
                                        "Out of Memory Error"};
    if (strstr(text, "Could not write") != NULL)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
            return true;
    }
    /* what statements themselves are refused for has the same name */
    return strncmp(text, "Invalid Input Error", 19) == 0 &&
           (strstr(text, "Failed to read file") != NULL || strstr(text, "arquet") != NULL);
}

void connection_error(struct query_error *error, const char *text)
{
    if (text == NULL || text[0] == '\0')
        text = "not enough memory";
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    if (length >= sizeof error->text)
        length = sizeof error->text - 1;
    error->blames_files = blames_files(text);
    error->is_interrupted = strncmp(text, "INTERRUPT Error", 15) == 0;
    memmove(error->text, text, length);
    error->text[length] = '\0';
}

int connection_do(struct query *query, const char *sql, struct query_error *error)
{
    duckdb_result result;
    const duckdb_state state = query->duckdb->query(query->connection, sql, &result);
    if (state != DuckDBSuccess)
        connection_error(error, query->duckdb->result_error(&result));
    query->duckdb->destroy_result(&result);
    return state == DuckDBSuccess ? 0 : -1;
}

/* ---------------------------------------------------------------------------------------------------- settings */

static uint64_t machine_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : (uint64_t)4 << 30;
}

/* Nothing is fetched from elsewhere and no code is loaded; what does not fit into memory has a place to go. */
static int configure(const struct duckdb_functions *duckdb, duckdb_config config, const struct query_settings *settings)
{
    char memory[32], threads[32], folder[4096];
    const uint64_t memory_bytes = settings->memory_bytes > 0 ? settings->memory_bytes : machine_memory() / 4;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const char *temp = getenv("TMPDIR");
    snprintf(memory, sizeof memory, "%luKiB", (unsigned long)(memory_bytes / 1024 > 0 ? memory_bytes / 1024 : 1));
    snprintf(threads, sizeof threads, "%ld",
             settings->threads > 0 ? (long)settings->threads : processors > 0 ? processors : 1);
    if (settings->temp_folder != NULL)
        snprintf(folder, sizeof folder, "%s", settings->temp_folder);
    else
        snprintf(folder, sizeof folder, "%s/weir-query-%ld", temp != NULL && temp[0] == '/' ? temp : "/tmp",
                 (long)getpid());
    const char *const values[][2] = {
        {"memory_limit", memory},
        {"threads", threads},
        {"temp_directory", folder},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (duckdb->set_config(config, values[i][0], values[i][1]) != DuckDBSuccess)
            return -1;
    }
    return 0;
}

/* The foot of a file is read once, and not by each statement; rows that are fetched are made ahead; groups by a port are
 * found by its number, 17 bits with null, and not by a hash of it. */
static const char settings_sql[] = "SET parquet_metadata_cache = true; SET streaming_buffer_size = '16MiB';"
                                   " SET perfect_ht_threshold = 17";

static int open_database(struct query *query, const struct query_settings *settings, struct query_error *error)
{
    const struct duckdb_functions *duckdb = query->duckdb;
    duckdb_config config = NULL;
    char *fault = NULL;
    int result = -1;
    if (duckdb->create_config(&config) != DuckDBSuccess)
        connection_error(error, NULL);
    else if (configure(duckdb, config, settings) != 0)
        connection_error(error, "DuckDB refuses the settings: its version may be too new");
    else if (duckdb->open_ext(NULL, &query->database, config, &fault) != DuckDBSuccess)
        connection_error(error, fault);
    else if (duckdb->connect(query->database, &query->connection) != DuckDBSuccess)
        connection_error(error, NULL);
    else
        result = 0;
    if (fault != NULL)
        duckdb->free(fault);
    duckdb->destroy_config(&config);
    return result;
}

struct query *query_open(const struct query_files *files, const struct query_settings *settings,
                         struct query_error *error)
{
    static const struct query_files no_files;
    static const struct query_settings usual_settings;
    static const char progress_sql[] = "SET enable_progress_bar = true; SET enable_progress_bar_print = false";
    const struct duckdb_functions *duckdb = duckdb_library(error);
    if (duckdb == NULL)
        return NULL;
    struct query *query = calloc(1, sizeof *query);
    if (query == NULL) {
        connection_error(error, NULL);
        return NULL;
    }
    if (settings == NULL)
        settings = &usual_settings;
    query->duckdb = duckdb;
    query->has_places = settings->places;
    query->skipped = calloc(1, sizeof *query->skipped);
    if (query->skipped == NULL)
        connection_error(error, NULL);
    else if (open_database(query, settings, error) == 0 &&
             connection_do(query, settings_sql, error) == 0 &&
             (!settings->progress || connection_do(query, progress_sql, error) == 0) &&
             functions_register(query, error) == 0 &&
             views_create(query, files != NULL ? files : &no_files, error) == 0)
        return query;
    query_close(query);
    return NULL;
}

void query_close(struct query *query)
{
    if (query == NULL)
        return;
    if (query->connection != NULL)
        query->duckdb->disconnect(&query->connection);
    if (query->database != NULL)
        query->duckdb->close(&query->database);
    functions_free(query->functions);
    if (query->skipped != NULL)
        skipped_files_clear(query->skipped);
    free(query->skipped);
    free(query->flow_files);
    free(query->flow_paths);
    free(query);
}

int query_set_files(struct query *query, const struct query_files *files, struct query_error *error)
{
    skipped_files_clear(query->skipped);
    return views_create(query, files, error);
}

int query_read_file(struct query *query, const char *path, struct query_error *error)
{
    const struct query_value value = {.kind = QUERY_VALUE_TEXT, .octets = {path, strlen(path)}};
    struct query_result *result;
    struct query_chunk chunk;
    int got;
    if (query_run(query, "FROM read_parquet($1, hive_partitioning = false)", &value, 1, &result, error) != 0)
        return -1;
    while ((got = query_next(result, &chunk, error)) == 1)
        continue;
    query_result_free(result);
    return got;
}

size_t query_skipped(const struct query *query, const struct query_skipped **ret_skipped)
{
    *ret_skipped = query->skipped->items;
    return query->skipped->count;
}

bool query_flows_are_known(const struct query *query)
{
    return query->flows_are_known;
}

void query_interrupt(struct query *query)
{
    query->duckdb->interrupt(query->connection);
}

double query_progress(struct query *query)
{
    const double percentage = query->duckdb->query_progress(query->connection).percentage;
    return percentage >= 0 && percentage <= 100 ? percentage / 100 : -1;
}

/* --------------------------------------------------------------------------------------------------- statements */

static int bind(const struct duckdb_functions *duckdb, duckdb_prepared_statement statement, idx_t index,
                const struct query_value *value)
{
    switch (value->kind) {
    case QUERY_VALUE_U64:
        return duckdb->bind_uint64(statement, index, value->u64) == DuckDBSuccess ? 0 : -1;
    case QUERY_VALUE_I64:
        return duckdb->bind_int64(statement, index, value->i64) == DuckDBSuccess ? 0 : -1;
    case QUERY_VALUE_DOUBLE:
        return duckdb->bind_double(statement, index, value->number) == DuckDBSuccess ? 0 : -1;
    case QUERY_VALUE_TEXT:
        return duckdb->bind_varchar_length(statement, index, value->octets.data, value->octets.size_bytes) ==
                       DuckDBSuccess ? 0 : -1;
    case QUERY_VALUE_OCTETS:
        return duckdb->bind_blob(statement, index, value->octets.data, value->octets.size_bytes) == DuckDBSuccess ? 0
                                                                                                                 : -1;
    case QUERY_VALUE_NULL:
    default:
        return duckdb->bind_null(statement, index) == DuckDBSuccess ? 0 : -1;
    }
}

int query_run(struct query *query, const char *sql, const struct query_value *values, size_t value_count,
              struct query_result **ret_result, struct query_error *error)
{
    const struct duckdb_functions *duckdb = query->duckdb;
    duckdb_prepared_statement statement = NULL;
    int result = 0;
    if (duckdb->prepare(query->connection, sql, &statement) != DuckDBSuccess) {
        connection_error(error, duckdb->prepare_error(statement));
        result = -1;
    } else if (duckdb->nparams(statement) != value_count) {
        snprintf(error->text, sizeof error->text, "the statement takes %lu values, and there are %lu",
                 (unsigned long)duckdb->nparams(statement), (unsigned long)value_count);
        result = -1;
    }
    for (size_t i = 0; result == 0 && i < value_count; i++) {
        if ((result = bind(duckdb, statement, i + 1, &values[i])) != 0)
            snprintf(error->text, sizeof error->text, "value %lu of the statement cannot be used",
                     (unsigned long)(i + 1));
    }
    if (result == 0)
        return result_start(query, statement, ret_result, error);
    duckdb->destroy_prepare(&statement);
    return result;
}

struct query_script *query_script_open(struct query *query, const char *sql, struct query_error *error)
{
    const struct duckdb_functions *duckdb = query->duckdb;
    struct query_script *script = calloc(1, sizeof *script);
    if (script == NULL) {
        connection_error(error, NULL);
        return NULL;
    }
    script->query = query;
    script->count = duckdb->extract_statements(query->connection, sql, &script->statements);
    const char *fault = script->count > 0 ? NULL : duckdb->extract_statements_error(script->statements);
    if (fault == NULL)
        return script;
    connection_error(error, fault);
    query_script_close(script);
    return NULL;
}

int query_script_next(struct query_script *script, struct query_result **ret_result, struct query_error *error)
{
    const struct duckdb_functions *duckdb = script->query->duckdb;
    duckdb_prepared_statement statement = NULL;
    if (script->next == script->count)
        return 0;
    if (duckdb->prepare_extracted_statement(script->query->connection, script->statements, script->next++,
                                            &statement) == DuckDBSuccess)
        return result_start(script->query, statement, ret_result, error) == 0 ? 1 : -1;
    connection_error(error, duckdb->prepare_error(statement));
    duckdb->destroy_prepare(&statement);
    return -1;
}

size_t query_script_count(const struct query_script *script)
{
    return script->count;
}

void query_script_skip(struct query_script *script, size_t count)
{
    script->next = script->count - script->next < count ? script->count : script->next + count;
}

void query_script_close(struct query_script *script)
{
    if (script == NULL)
        return;
    script->query->duckdb->destroy_extracted(&script->statements);
    free(script);
}
