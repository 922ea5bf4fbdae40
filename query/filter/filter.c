/* SPDX-License-Identifier: MIT */
/*
 * filter.c - what a filter holds: its arrays, columns and types
 */
#include "filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filter_ast.h"

const char *filter_type_sql(enum filter_type type)
{
    static const char *const names[FILTER_TYPE_COUNT] = {
        [FILTER_U8] = "UTINYINT", [FILTER_U16] = "USMALLINT", [FILTER_U32] = "UINTEGER", [FILTER_U64] = "UBIGINT",
        [FILTER_I8] = "TINYINT", [FILTER_I16] = "SMALLINT", [FILTER_I32] = "INTEGER", [FILTER_I64] = "BIGINT",
        [FILTER_FLOAT] = "FLOAT", [FILTER_DOUBLE] = "DOUBLE", [FILTER_BOOL] = "BOOLEAN", [FILTER_TIME] = "TIMESTAMPTZ",
        [FILTER_TIME_NS] = "TIMESTAMP_NS", [FILTER_IPV4] = "UINTEGER", [FILTER_IPV6] = "BLOB", [FILTER_MAC] = "BLOB",
        [FILTER_OCTETS] = "BLOB", [FILTER_TEXT] = "VARCHAR", [FILTER_LIST] = "VARCHAR",
    };
    return names[type];
}

uint64_t filter_type_max(enum filter_type type)
{
    switch (type) {
    case FILTER_U8: return UINT8_MAX;
    case FILTER_U16: return UINT16_MAX;
    case FILTER_U32: return UINT32_MAX;
    case FILTER_I8: return INT8_MAX;
    case FILTER_I16: return INT16_MAX;
    case FILTER_I32: return INT32_MAX;
    case FILTER_I64: return INT64_MAX;
    default: return UINT64_MAX;
    }
}

enum filter_class filter_class_of(const struct filter_source *source)
{
    switch ((enum filter_type)source->type) {
    case FILTER_I8:
    case FILTER_I16:
    case FILTER_I32:
    case FILTER_I64:
    case FILTER_TIME:
    case FILTER_TIME_NS: return FILTER_CLASS_I;
    case FILTER_FLOAT:
    case FILTER_DOUBLE: return FILTER_CLASS_REAL;
    case FILTER_IPV4:
    case FILTER_IPV6: return FILTER_CLASS_ADDRESS;
    case FILTER_MAC:
    case FILTER_OCTETS:
    case FILTER_TEXT:
    case FILTER_LIST: return FILTER_CLASS_OCTETS;
    default: return FILTER_CLASS_U;
    }
}

bool filter_reserve(void **items, uint32_t *room, uint32_t count, size_t item_bytes)
{
    if (count < *room)
        return true;
    const uint32_t more = count + count / 2 + 8;
    void *grown = realloc(*items, more * item_bytes);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = more;
    return true;
}

uint32_t filter_add_source(struct filter *filter, const struct filter_source *source)
{
    for (uint32_t i = 0; i < filter->source_count; i++) {
        if (strcasecmp(filter->sources[i].name, source->name) == 0)
            return i;
    }
    if (!filter_reserve((void **)&filter->sources, &filter->source_room, filter->source_count, sizeof *source))
        return FILTER_NONE;
    filter->sources[filter->source_count] = *source;
    return filter->source_count++;
}

void filter_free(struct filter *filter)
{
    if (filter == NULL)
        return;
    for (uint32_t i = 0; i < filter->source_count; i++)
        free(filter->sources[i].owned);
    free(filter->sources);
    free(filter->nodes);
    free(filter->terms);
    free(filter->values);
    free(filter->octets);
    free(filter);
}

bool filter_matches_all(const struct filter *filter)
{
    return filter->root == FILTER_NONE;
}

size_t filter_column_count(const struct filter *filter)
{
    size_t count = 0;
    for (uint32_t i = 0; i < filter->source_count; i++)
        count += filter->sources[i].column_ipv6 != NULL ? 2 : 1;
    return count;
}

struct filter_column filter_column_at(const struct filter *filter, size_t index)
{
    for (uint32_t i = 0; i < filter->source_count; i++) {
        const struct filter_source *source = &filter->sources[i];
        if (index == 0)
            return (struct filter_column){source->column, (enum filter_type)source->type, source->always};
        if (source->column_ipv6 != NULL && --index == 0)
            return (struct filter_column){source->column_ipv6, FILTER_IPV6, source->always};
        index--;
    }
    return (struct filter_column){0};
}
