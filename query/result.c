/* SPDX-License-Identifier: MIT */
/* result.c - the rows of a statement, a few thousand at a time, without DuckDB's own types */
#define _GNU_SOURCE
#include "connection.h"

#include <assert.h>
#include <stdlib.h>

static_assert(sizeof(duckdb_string_t) == 16, "query_octets_at() reads it");
static_assert(sizeof(duckdb_list_entry) == sizeof(struct query_list), "");
static_assert(sizeof(duckdb_interval) == sizeof(struct query_interval), "");

enum { DEPTH_MAX = 32 }; /* of lists in lists: statements come from anywhere */

struct result {
    struct query_result public; /* first */
    const struct duckdb_functions *duckdb;
    duckdb_prepared_statement statement;
    duckdb_result rows;
    bool has_rows;
    struct query_column *columns;
    bool *is_added; /* of each column: it is null throughout, and not of DuckDB; NULL: of none */
    struct query_rows *last; /* of query_next() */
};

/* A chunk, and what points into it. */
struct rows {
    struct query_rows public; /* first */
    const struct duckdb_functions *duckdb;
    duckdb_data_chunk chunk;
    size_t column_count;
    struct query_vector vectors[];
};

/* -------------------------------------------------------------------------------------------------------- types */

static enum query_kind kind_of(duckdb_type type)
{
    switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return QUERY_BOOLEAN;
    case DUCKDB_TYPE_TINYINT: return QUERY_INT8;
    case DUCKDB_TYPE_SMALLINT: return QUERY_INT16;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_SQLNULL: return QUERY_INT32; /* the type of a bare NULL */
    case DUCKDB_TYPE_BIGINT: return QUERY_INT64;
    case DUCKDB_TYPE_UTINYINT: return QUERY_UINT8;
    case DUCKDB_TYPE_USMALLINT: return QUERY_UINT16;
    case DUCKDB_TYPE_UINTEGER: return QUERY_UINT32;
    case DUCKDB_TYPE_UBIGINT: return QUERY_UINT64;
    case DUCKDB_TYPE_HUGEINT: return QUERY_INT128;
    case DUCKDB_TYPE_UHUGEINT: return QUERY_UINT128;
    case DUCKDB_TYPE_FLOAT: return QUERY_FLOAT;
    case DUCKDB_TYPE_DOUBLE: return QUERY_DOUBLE;
    case DUCKDB_TYPE_DECIMAL: return QUERY_DECIMAL;
    case DUCKDB_TYPE_VARCHAR: return QUERY_TEXT;
    case DUCKDB_TYPE_BLOB: return QUERY_OCTETS;
    case DUCKDB_TYPE_DATE: return QUERY_DATE;
    case DUCKDB_TYPE_TIME: return QUERY_TIME;
    case DUCKDB_TYPE_TIMESTAMP: return QUERY_TIMESTAMP;
    case DUCKDB_TYPE_TIMESTAMP_TZ: return QUERY_TIMESTAMP_TZ;
    case DUCKDB_TYPE_TIMESTAMP_S: return QUERY_TIMESTAMP_S;
    case DUCKDB_TYPE_TIMESTAMP_MS: return QUERY_TIMESTAMP_MS;
    case DUCKDB_TYPE_TIMESTAMP_NS: return QUERY_TIMESTAMP_NS;
    case DUCKDB_TYPE_INTERVAL: return QUERY_INTERVAL;
    case DUCKDB_TYPE_UUID: return QUERY_UUID;
    case DUCKDB_TYPE_ENUM: return QUERY_ENUM;
    case DUCKDB_TYPE_LIST: return QUERY_LIST;
    case DUCKDB_TYPE_ARRAY: return QUERY_ARRAY;
    case DUCKDB_TYPE_STRUCT: return QUERY_STRUCT;
    case DUCKDB_TYPE_MAP: return QUERY_MAP;
    default: return QUERY_OTHER;
    }
}

static void type_done(struct query_type *type)
{
    for (size_t i = 0; i < type->child_count; i++)
        type_done(&type->children[i]);
    for (size_t i = 0; i < type->name_count; i++)
        free(type->names[i]);
    free(type->children);
    free(type->names);
}

static int type_init(const struct duckdb_functions *duckdb, duckdb_logical_type from, int depth,
                     struct query_type *type);

/* Takes over `from`. */
static int child_init(const struct duckdb_functions *duckdb, duckdb_logical_type from, int depth,
                      struct query_type *type)
{
    const int result = type_init(duckdb, from, depth + 1, type);
    duckdb->destroy_logical_type(&from);
    return result;
}

/* Room for the children and names of a type; the counts grow as they are filled in. */
static int make_room(struct query_type *type, size_t children, size_t name_count)
{
    type->children = children > 0 ? calloc(children, sizeof *type->children) : NULL;
    type->names = name_count > 0 ? calloc(name_count, sizeof *type->names) : NULL;
    return (children > 0 && type->children == NULL) || (name_count > 0 && type->names == NULL) ? -1 : 0;
}

/* Takes over a name from DuckDB. */
static int add_name(const struct duckdb_functions *duckdb, struct query_type *type, char *name)
{
    char *copy = name != NULL ? strdup(name) : NULL;
    duckdb->free(name);
    if (copy == NULL)
        return -1;
    type->names[type->name_count++] = copy;
    return 0;
}

static int struct_init(const struct duckdb_functions *duckdb, duckdb_logical_type from, int depth,
                       struct query_type *type)
{
    const idx_t count = duckdb->struct_type_child_count(from);
    if (make_room(type, count, count) != 0)
        return -1;
    for (idx_t i = 0; i < count; i++) {
        type->child_count++;
        if (add_name(duckdb, type, duckdb->struct_type_child_name(from, i)) != 0 ||
            child_init(duckdb, duckdb->struct_type_child_type(from, i), depth, &type->children[i]) != 0)
            return -1;
    }
    return 0;
}

/* A map is a list of structs of key and value. */
static int map_init(const struct duckdb_functions *duckdb, duckdb_logical_type from, int depth, struct query_type *type)
{
    if (make_room(type, 1, 0) != 0)
        return -1;
    struct query_type *entry = &type->children[0];
    type->child_count = 1;
    entry->kind = QUERY_STRUCT;
    if (make_room(entry, 2, 2) != 0)
        return -1;
    entry->child_count = 2;
    if (child_init(duckdb, duckdb->map_type_key_type(from), depth + 1, &entry->children[0]) != 0 ||
        child_init(duckdb, duckdb->map_type_value_type(from), depth + 1, &entry->children[1]) != 0)
        return -1;
    for (; entry->name_count < 2; entry->name_count++) {
        if ((entry->names[entry->name_count] = strdup(entry->name_count == 0 ? "key" : "value")) == NULL)
            return -1;
    }
    return 0;
}

static int enum_init(const struct duckdb_functions *duckdb, duckdb_logical_type from, struct query_type *type)
{
    const uint32_t count = duckdb->enum_dictionary_size(from);
    type->stored = kind_of(duckdb->enum_internal_type(from));
    if (make_room(type, 0, count) != 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        if (add_name(duckdb, type, duckdb->enum_dictionary_value(from, i)) != 0)
            return -1;
    }
    return 0;
}

static int type_init(const struct duckdb_functions *duckdb, duckdb_logical_type from, int depth,
                     struct query_type *type)
{
    *type = (struct query_type){.kind = depth < DEPTH_MAX ? kind_of(duckdb->get_type_id(from)) : QUERY_OTHER};
    switch (type->kind) {
    case QUERY_DECIMAL:
        type->stored = kind_of(duckdb->decimal_internal_type(from));
        type->scale = duckdb->decimal_scale(from);
        return 0;
    case QUERY_ENUM:
        return enum_init(duckdb, from, type);
    case QUERY_LIST:
    case QUERY_ARRAY:
        if (make_room(type, 1, 0) != 0)
            return -1;
        type->child_count = 1;
        if (type->kind == QUERY_LIST)
            return child_init(duckdb, duckdb->list_type_child_type(from), depth, &type->children[0]);
        type->size = duckdb->array_type_array_size(from);
        return child_init(duckdb, duckdb->array_type_child_type(from), depth, &type->children[0]);
    case QUERY_STRUCT:
        return struct_init(duckdb, from, depth, type);
    case QUERY_MAP:
        return map_init(duckdb, from, depth, type);
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------------------------------------------ vectors */

static void vector_done(struct query_vector *vector)
{
    for (size_t i = 0; vector->children != NULL && i < vector->type->child_count; i++)
        vector_done(&vector->children[i]);
    free(vector->children);
}

static int vector_init(struct query_vector *vector, const struct query_type *type)
{
    *vector = (struct query_vector){.type = type};
    if (type->child_count == 0)
        return 0;
    vector->children = calloc(type->child_count, sizeof *vector->children);
    for (size_t i = 0; vector->children != NULL && i < type->child_count; i++) {
        if (vector_init(&vector->children[i], &type->children[i]) != 0)
            return -1;
    }
    return vector->children != NULL ? 0 : -1;
}

/* Points it at the values of a chunk. */
static void vector_set(const struct duckdb_functions *duckdb, struct query_vector *vector, duckdb_vector from)
{
    const struct query_type *type = vector->type;
    vector->validity = duckdb->vector_get_validity(from);
    vector->data = type->kind == QUERY_STRUCT || type->kind == QUERY_ARRAY ? NULL : duckdb->vector_get_data(from);
    if (type->kind == QUERY_LIST || type->kind == QUERY_MAP)
        vector_set(duckdb, &vector->children[0], duckdb->list_vector_get_child(from));
    else if (type->kind == QUERY_ARRAY)
        vector_set(duckdb, &vector->children[0], duckdb->array_vector_get_child(from));
    for (size_t i = 0; type->kind == QUERY_STRUCT && i < type->child_count; i++)
        vector_set(duckdb, &vector->children[i], duckdb->struct_vector_get_child(from, i));
}

/* The column of the chunk, or nothing but nulls. */
static void vector_fill(const struct result *result, struct query_vector *vector, duckdb_data_chunk chunk,
                        size_t number, size_t *fetched_count)
{
    static const uint64_t no_values[QUERY_CHUNK_ROWS / 64];
    if (result->is_added != NULL && result->is_added[number])
        vector->validity = no_values;
    else
        vector_set(result->duckdb, vector, result->duckdb->data_chunk_get_vector(chunk, (*fetched_count)++));
}

/* Takes over the chunk; NULL when memory is short. */
static struct rows *rows_create(const struct result *result, duckdb_data_chunk chunk)
{
    const size_t count = result->public.column_count;
    size_t fetched_count = 0;
    struct rows *rows = calloc(1, sizeof *rows + count * sizeof *rows->vectors);
    if (rows == NULL) {
        result->duckdb->destroy_data_chunk(&chunk);
        return NULL;
    }
    rows->duckdb = result->duckdb;
    rows->chunk = chunk;
    for (; rows->column_count < count; rows->column_count++) {
        struct query_vector *vector = &rows->vectors[rows->column_count];
        if (vector_init(vector, &result->columns[rows->column_count].type) != 0) {
            vector_done(vector);
            query_rows_free(&rows->public);
            return NULL;
        }
        vector_fill(result, vector, chunk, rows->column_count, &fetched_count);
    }
    rows->public.chunk.row_count = rows->duckdb->data_chunk_get_size(chunk);
    assert(rows->public.chunk.row_count <= QUERY_CHUNK_ROWS);
    rows->public.chunk.vectors = rows->vectors;
    return rows;
}

void query_rows_free(struct query_rows *public)
{
    struct rows *rows = (struct rows *)public;
    if (rows == NULL)
        return;
    for (size_t i = 0; i < rows->column_count; i++)
        vector_done(&rows->vectors[i]);
    rows->duckdb->destroy_data_chunk(&rows->chunk);
    free(rows);
}

/* ------------------------------------------------------------------------------------------------------- result */

static int columns_init(struct result *result)
{
    const struct duckdb_functions *duckdb = result->duckdb;
    const idx_t count = duckdb->column_count(&result->rows);
    result->columns = calloc(count + 1, sizeof *result->columns);
    if (result->columns == NULL)
        return -1;
    result->public.columns = result->columns;
    for (idx_t i = 0; i < count; i++) {
        struct query_column *column = &result->columns[i];
        duckdb_logical_type type = duckdb->column_logical_type(&result->rows, i);
        const char *name = duckdb->column_name(&result->rows, i);
        result->public.column_count++;
        column->name = name != NULL ? name : "";
        const int made = type_init(duckdb, type, 0, &column->type);
        duckdb->destroy_logical_type(&type);
        if (made != 0)
            return -1;
    }
    return 0;
}

int result_start(struct query *query, duckdb_prepared_statement statement, struct query_result **ret_result,
                 struct query_error *error)
{
    const struct duckdb_functions *duckdb = query->duckdb;
    struct result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        duckdb->destroy_prepare(&statement);
        connection_error(error, NULL);
        return -1;
    }
    result->duckdb = duckdb;
    result->statement = statement;
    result->has_rows = true;
    if (duckdb->execute_prepared_streaming(statement, &result->rows) != DuckDBSuccess) {
        connection_error(error, duckdb->result_error(&result->rows));
        query_result_free(&result->public);
        return -1;
    }
    const duckdb_result_type type = duckdb->result_return_type(result->rows);
    result->public.has_rows = type == DUCKDB_RESULT_TYPE_QUERY_RESULT;
    result->public.has_count = type == DUCKDB_RESULT_TYPE_CHANGED_ROWS;
    if (columns_init(result) != 0) {
        connection_error(error, NULL);
        query_result_free(&result->public);
        return -1;
    }
    *ret_result = &result->public;
    return 0;
}

int query_result_add_null(struct query_result *public, size_t place, const char *name)
{
    struct result *result = (struct result *)public;
    const size_t count = public->column_count;
    struct query_column *columns = realloc(result->columns, (count + 1) * sizeof *columns);
    if (columns == NULL)
        return -1;
    public->columns = result->columns = columns;
    bool *is_added = realloc(result->is_added, count + 1);
    if (is_added == NULL)
        return -1;
    if (result->is_added == NULL)
        memset(is_added, 0, count);
    result->is_added = is_added;
    memmove(columns + place + 1, columns + place, (count - place) * sizeof *columns);
    memmove(is_added + place + 1, is_added + place, count - place);
    columns[place] = (struct query_column){.name = name, .type = {.kind = QUERY_INT32}}; /* as that of a bare NULL */
    is_added[place] = true;
    public->column_count++;
    return 0;
}

int query_take(struct query_result *public, struct query_rows **ret_rows, struct query_error *error)
{
    struct result *result = (struct result *)public;
    const struct duckdb_functions *duckdb = result->duckdb;
    duckdb_data_chunk chunk;
    while ((chunk = duckdb->fetch_chunk(result->rows)) != NULL && duckdb->data_chunk_get_size(chunk) == 0)
        duckdb->destroy_data_chunk(&chunk);
    if (chunk == NULL) {
        const char *fault = duckdb->result_error(&result->rows);
        if (fault == NULL || fault[0] == '\0')
            return 0;
        connection_error(error, fault);
        return -1;
    }
    struct rows *rows = rows_create(result, chunk);
    if (rows == NULL) {
        connection_error(error, NULL);
        return -1;
    }
    *ret_rows = &rows->public;
    return 1;
}

int query_next(struct query_result *public, struct query_chunk *ret_chunk, struct query_error *error)
{
    struct result *result = (struct result *)public;
    query_rows_free(result->last);
    result->last = NULL;
    const int got = query_take(public, &result->last, error);
    if (got == 1)
        *ret_chunk = result->last->chunk;
    return got;
}

void query_result_free(struct query_result *public)
{
    struct result *result = (struct result *)public;
    if (result == NULL)
        return;
    const struct duckdb_functions *duckdb = result->duckdb;
    query_rows_free(result->last);
    for (size_t i = 0; i < public->column_count; i++)
        type_done(&result->columns[i].type);
    free(result->columns);
    free(result->is_added);
    if (result->has_rows)
        duckdb->destroy_result(&result->rows);
    duckdb->destroy_prepare(&result->statement);
    free(result);
}
