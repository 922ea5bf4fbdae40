/* SPDX-License-Identifier: MIT */
/*
 * functions.h - Weir's own functions in SQL; query.h lists them
 *
 * Each takes a chunk of up to 2,048 rows at a time. They keep nothing, so that any number of threads run them at once.
 * A null gives null.
 */
#ifndef WEIR_QUERY_FUNCTIONS_H
#define WEIR_QUERY_FUNCTIONS_H

#include "connection.h"

#include "services.h"

#include <pthread.h>

/* What the functions of one connection find behind them. */
struct functions {
    const struct duckdb_functions *duckdb;
    pthread_mutex_t lock;
    struct services *services; /* read by the first that needs it */
};

enum { FUNCTION_PARAMETERS_MAX = 3 };

/* One of the forms of a function; those of the same name follow each other. The first parameter type that is
 * DUCKDB_TYPE_INVALID ends the list of them. */
struct function_form {
    const char *name;
    duckdb_type parameters[FUNCTION_PARAMETERS_MAX];
    duckdb_type result;
    duckdb_scalar_function_t run;
    bool takes_null; /* else rows with a null are never looked at */
};

extern const struct function_form functions_of_addresses[];
extern const size_t functions_of_addresses_count;
extern const struct function_form functions_of_names[];
extern const size_t functions_of_names_count;

/* 0, or -1. They end with functions_free(), after the database. */
int functions_register(struct query *query, struct query_error *error);
void functions_free(struct functions *functions);

/* ------------------------------------------------------------------------------------- for those who write them */

/* The column of an argument: its values in `data`. */
struct argument {
    const void *data;
    const uint64_t *validity; /* NULL: no null */
};

/* Where a function's results go. */
struct output {
    const struct duckdb_functions *duckdb;
    duckdb_vector vector;
    void *data;
    uint64_t *validity; /* NULL until there is a null */
};

struct call {
    struct functions *functions;
    duckdb_function_info info;
    size_t row_count;
    struct argument arguments[FUNCTION_PARAMETERS_MAX];
    struct output output;
};

void call_init(struct call *call, duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output,
               size_t argument_count);
void call_put_null(struct call *call, size_t row);
void call_put_text(struct call *call, size_t row, const char *text, size_t size_bytes);
void call_fail(struct call *call, const char *text); /* ends the statement */

static inline bool argument_is_null(const struct argument *argument, size_t row)
{
    return argument->validity != NULL && (argument->validity[row / 64] >> row % 64 & 1) == 0;
}

static inline struct query_octets argument_octets(const struct argument *argument, size_t row)
{
    return query_octets_at(&(struct query_vector){.data = argument->data}, row);
}

#endif
