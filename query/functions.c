/* SPDX-License-Identifier: MIT */
/* functions.c - makes Weir's functions known to a connection, and what all of them need */
#define _GNU_SOURCE
#include "functions.h"

#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------------------------------- registration */

static int add_type(const struct duckdb_functions *duckdb, duckdb_scalar_function function, duckdb_type type,
                    void (*add)(duckdb_scalar_function, duckdb_logical_type))
{
    duckdb_logical_type logical = duckdb->create_logical_type(type);
    if (logical == NULL)
        return -1;
    add(function, logical);
    duckdb->destroy_logical_type(&logical);
    return 0;
}

static int add_form(struct functions *functions, duckdb_scalar_function_set set, const struct function_form *form)
{
    const struct duckdb_functions *duckdb = functions->duckdb;
    duckdb_scalar_function function = duckdb->create_scalar_function();
    int result = function != NULL ? 0 : -1;
    for (size_t i = 0; result == 0 && i < FUNCTION_PARAMETERS_MAX && form->parameters[i] != DUCKDB_TYPE_INVALID; i++)
        result = add_type(duckdb, function, form->parameters[i], duckdb->scalar_function_add_parameter);
    if (result == 0)
        result = add_type(duckdb, function, form->result, duckdb->scalar_function_set_return_type);
    if (result == 0) {
        duckdb->scalar_function_set_name(function, form->name);
        duckdb->scalar_function_set_function(function, form->run);
        duckdb->scalar_function_set_extra_info(function, functions, NULL);
        if (form->takes_null)
            duckdb->scalar_function_set_special_handling(function);
        result = duckdb->add_scalar_function_to_set(set, function) == DuckDBSuccess ? 0 : -1;
    }
    if (function != NULL)
        duckdb->destroy_scalar_function(&function);
    return result;
}

/* The forms of one name are one set. */
static int register_forms(struct query *query, struct functions *functions, const struct function_form *forms,
                          size_t count)
{
    const struct duckdb_functions *duckdb = query->duckdb;
    int result = 0;
    for (size_t first = 0, next; result == 0 && first < count; first = next) {
        duckdb_scalar_function_set set = duckdb->create_scalar_function_set(forms[first].name);
        for (next = first; result == 0 && next < count && strcmp(forms[next].name, forms[first].name) == 0; next++)
            result = add_form(functions, set, &forms[next]);
        if (result == 0 && duckdb->register_scalar_function_set(query->connection, set) != DuckDBSuccess)
            result = -1;
        duckdb->destroy_scalar_function_set(&set);
    }
    return result;
}

int functions_register(struct query *query, struct query_error *error)
{
    query->functions = calloc(1, sizeof *query->functions);
    if (query->functions == NULL) {
        connection_error(error, NULL);
        return -1;
    }
    query->functions->duckdb = query->duckdb;
    pthread_mutex_init(&query->functions->lock, NULL);
    if (register_forms(query, query->functions, functions_of_addresses, functions_of_addresses_count) == 0 &&
        register_forms(query, query->functions, functions_of_names, functions_of_names_count) == 0)
        return 0;
    connection_error(error, "DuckDB does not take Weir's functions: its version may be too new");
    return -1;
}

void functions_free(struct functions *functions)
{
    if (functions == NULL)
        return;
    services_free(functions->services);
    pthread_mutex_destroy(&functions->lock);
    free(functions);
}

/* --------------------------------------------------------------------------------------------------------- calls */

void call_init(struct call *call, duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output,
               size_t argument_count)
{
    struct functions *functions;
    /* The table is what leads to the call that finds the table: of the process there is but one. */
    struct query_error error;
    const struct duckdb_functions *duckdb = duckdb_library(&error);
    functions = duckdb->scalar_function_get_extra_info(info);
    *call = (struct call){.functions = functions, .info = info, .row_count = duckdb->data_chunk_get_size(input)};
    for (size_t i = 0; i < argument_count; i++) {
        duckdb_vector vector = duckdb->data_chunk_get_vector(input, i);
        call->arguments[i] =
            (struct argument){duckdb->vector_get_data(vector), duckdb->vector_get_validity(vector)};
    }
    call->output = (struct output){.duckdb = duckdb, .vector = output, .data = duckdb->vector_get_data(output)};
}

void call_put_null(struct call *call, size_t row)
{
    struct output *output = &call->output;
    if (output->validity == NULL) {
        output->duckdb->vector_ensure_validity_writable(output->vector);
        output->validity = output->duckdb->vector_get_validity(output->vector);
    }
    output->validity[row / 64] &= ~((uint64_t)1 << row % 64);
}

void call_put_text(struct call *call, size_t row, const char *text, size_t size_bytes)
{
    struct output *output = &call->output;
    if (size_bytes > 12) {
        output->duckdb->vector_assign_string_element_len(output->vector, row, text, size_bytes);
        return;
    }
    uint8_t entry[16] = {(uint8_t)size_bytes}; /* what is short lies in the vector itself, see query_octets_at() */
    const uint32_t length = (uint32_t)size_bytes;
    memcpy(entry, &length, sizeof length);
    memcpy(entry + 4, text, size_bytes);
    memcpy((uint8_t *)output->data + row * sizeof entry, entry, sizeof entry);
}

void call_fail(struct call *call, const char *text)
{
    call->output.duckdb->scalar_function_set_error(call->info, text);
}
