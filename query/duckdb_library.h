/* SPDX-License-Identifier: MIT */
/*
 * duckdb_library.h - DuckDB's shared library, opened when it is first needed
 *
 * Nothing links against it: the program starts, collects and decodes without it. What is used of its C API is a table
 * of pointers.
 */
#ifndef WEIR_QUERY_DUCKDB_LIBRARY_H
#define WEIR_QUERY_DUCKDB_LIBRARY_H

#include "query.h"

#include <duckdb.h>

/* Every function that is used, without "duckdb_". */
#define DUCKDB_FUNCTIONS(X)                                                                                            \
    X(add_scalar_function_to_set) X(array_type_array_size) X(array_type_child_type) X(array_vector_get_child)          \
    X(bind_blob) X(bind_double) X(bind_int64) X(bind_null) X(bind_uint64) X(bind_varchar_length)                       \
    X(close) X(column_count) X(column_logical_type) X(column_name) X(connect) X(create_config)                         \
    X(create_logical_type) X(create_scalar_function) X(create_scalar_function_set)                                     \
    X(data_chunk_get_size) X(data_chunk_get_vector) X(decimal_internal_type) X(decimal_scale)                          \
    X(destroy_config) X(destroy_data_chunk) X(destroy_extracted) X(destroy_logical_type) X(destroy_prepare)            \
    X(destroy_result) X(destroy_scalar_function) X(destroy_scalar_function_set) X(disconnect)                          \
    X(enum_dictionary_size) X(enum_dictionary_value) X(enum_internal_type) X(execute_prepared_streaming)               \
    X(extract_statements) X(extract_statements_error) X(fetch_chunk) X(free) X(get_type_id) X(interrupt)               \
    X(library_version) X(list_type_child_type) X(list_vector_get_child) X(map_type_key_type)                           \
    X(map_type_value_type) X(nparams) X(open_ext) X(prepare) X(prepare_error) X(prepare_extracted_statement) X(query)  \
    X(query_progress) X(register_scalar_function_set)                                                                  \
    X(result_error) X(result_return_type)                                              \
    X(scalar_function_add_parameter) X(scalar_function_get_extra_info) X(scalar_function_set_error)                    \
    X(scalar_function_set_extra_info) X(scalar_function_set_function) X(scalar_function_set_name)                      \
    X(scalar_function_set_return_type) X(scalar_function_set_special_handling) X(set_config)                           \
    X(struct_type_child_count) X(struct_type_child_name) X(struct_type_child_type) X(struct_vector_get_child)          \
    X(vector_assign_string_element_len) X(vector_ensure_validity_writable) X(vector_get_data) X(vector_get_validity)

struct duckdb_functions {
#define X(name) __typeof__(duckdb_##name) *name;
    DUCKDB_FUNCTIONS(X)
#undef X
};

/*
 * The functions, from the first of these that can be used: the file that WEIR_DUCKDB names (and no other then), the
 * system's library, the one installed with this program, the one that tools/setup.sh got for a build that was not
 * installed. NULL with a text that tells what to install. May be called by several threads.
 */
const struct duckdb_functions *duckdb_library(struct query_error *error);

/* Whether a library that tells this version ("v1.4.4") can be used: 1.2 or later. What is no version, as that of
 * a build of one's own, can. */
bool duckdb_version_is_usable(const char *version);

#endif
