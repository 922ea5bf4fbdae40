/* SPDX-License-Identifier: MIT */
/* flow_columns.c - the columns that the flows of a connection have */
#define _GNU_SOURCE
#include "flow_columns.h"

#include "filter_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct column {
    char *name, *sql_type;
    enum filter_type type;
};

struct flow_columns {
    struct column *items;
    size_t count;
};

/* ------------------------------------------------------------------------------------------------------------ types */

/* What a registered element of that name holds; FILTER_TYPE_COUNT when there is none. */
static enum filter_type type_of_element(const char *name)
{
    struct filter_source source = {0};
    if (!filter_source_find(name, strlen(name), NULL, &source))
        return FILTER_TYPE_COUNT;
    free(source.owned);
    return source.type;
}

/* What the file has decides; what its numbers and octets mean, the element tells. */
static enum filter_type type_of_column(const char *name, const char *sql_type)
{
    static const struct {
        const char *sql;
        enum filter_type type;
    } types[] = {
        {"UTINYINT", FILTER_U8}, {"USMALLINT", FILTER_U16}, {"UINTEGER", FILTER_U32}, {"UBIGINT", FILTER_U64},
        {"TINYINT", FILTER_I8}, {"SMALLINT", FILTER_I16}, {"INTEGER", FILTER_I32}, {"BIGINT", FILTER_I64},
        {"FLOAT", FILTER_FLOAT}, {"DOUBLE", FILTER_DOUBLE}, {"BOOLEAN", FILTER_BOOL}, {"VARCHAR", FILTER_TEXT},
        {"BLOB", FILTER_OCTETS}, {"TIMESTAMP WITH TIME ZONE", FILTER_TIME}, {"TIMESTAMP_NS", FILTER_TIME_NS},
    };
    enum filter_type type = FILTER_LIST; /* which nothing is compared with */
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].sql, sql_type) == 0)
            type = types[i].type;
    }
    const enum filter_type of_element = type_of_element(name);
    if (((type == FILTER_U32 || type == FILTER_U64) && (of_element == FILTER_TIME || of_element == FILTER_TIME_NS)) ||
        (type == FILTER_U32 && of_element == FILTER_IPV4) || (type == FILTER_TEXT && of_element == FILTER_LIST) ||
        (type == FILTER_OCTETS && (of_element == FILTER_IPV6 || of_element == FILTER_MAC)))
        return of_element;
    return type;
}

/* ---------------------------------------------------------------------------------------------------------- columns */

static int add(struct flow_columns *columns, const struct query_chunk *chunk, size_t row)
{
    const struct query_octets name = query_octets_at(&chunk->vectors[0], row);
    const struct query_octets type = query_octets_at(&chunk->vectors[1], row);
    struct column *items = realloc(columns->items, (columns->count + 1) * sizeof *items);
    if (items == NULL)
        return -1;
    columns->items = items;
    struct column *item = &items[columns->count++];
    item->name = strndup((const char *)name.data, name.size_bytes);
    item->sql_type = strndup((const char *)type.data, type.size_bytes);
    if (item->name == NULL || item->sql_type == NULL)
        return -1;
    item->type = type_of_column(item->name, item->sql_type);
    return 0;
}

struct flow_columns *flow_columns_read(struct query *query, struct query_error *error)
{
    struct flow_columns *columns = calloc(1, sizeof *columns);
    struct query_result *result = NULL;
    struct query_chunk chunk;
    int got = -1;
    snprintf(error->text, sizeof error->text, "not enough memory");
    if (columns != NULL && query_run(query, "SELECT column_name, column_type FROM (DESCRIBE stored.flows)", NULL, 0,
                                     &result, error) == 0) {
        while ((got = query_next(result, &chunk, error)) == 1) {
            for (size_t row = 0; row < chunk.row_count && got == 1; row++)
                got = add(columns, &chunk, row) == 0 ? 1 : -1;
            if (got < 0)
                break;
        }
    }
    query_result_free(result);
    if (got == 0)
        return columns;
    flow_columns_free(columns);
    return NULL;
}

void flow_columns_free(struct flow_columns *columns)
{
    if (columns == NULL)
        return;
    for (size_t i = 0; i < columns->count; i++) {
        free(columns->items[i].name);
        free(columns->items[i].sql_type);
    }
    free(columns->items);
    free(columns);
}

const char *flow_columns_at(const struct flow_columns *columns, size_t number, const char **ret_sql_type)
{
    if (number >= columns->count)
        return NULL;
    *ret_sql_type = columns->items[number].sql_type;
    return columns->items[number].name;
}

static const struct column *find(const struct flow_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcasecmp(columns->items[i].name, name) == 0)
            return &columns->items[i];
    }
    return NULL;
}

const char *flow_columns_sql_type(const struct flow_columns *columns, const char *name)
{
    const struct column *column = find(columns, name);
    return column != NULL ? column->sql_type : NULL;
}

static bool has_column(void *context, const char *name, enum filter_type *ret_type)
{
    const struct column *column = find(context, name);
    if (column != NULL)
        *ret_type = column->type;
    return column != NULL;
}

struct filter_options flow_columns_filter_options(const struct flow_columns *columns)
{
    union {
        const struct flow_columns *constant;
        void *plain; /* has_column() changes nothing */
    } context = {.constant = columns};
    return (struct filter_options){.column = has_column, .context = context.plain, .mark = FLOW_ELEMENT_MARK};
}
