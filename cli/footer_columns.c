/* SPDX-License-Identifier: MIT */
/* footer_columns.c - the columns that files have together, by their field IDs */
#define _GNU_SOURCE
#include "footer_columns.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MAX = 1 << 16 };

/* What DuckDB reads of a type of the store. Of JSON it finds the name only when it looks into files. */
static const char *const sql_types[STORE_TYPE_COUNT] = {
    [STORE_U8] = "UTINYINT", [STORE_U16] = "USMALLINT", [STORE_U32] = "UINTEGER", [STORE_U64] = "UBIGINT",
    [STORE_I8] = "TINYINT", [STORE_I16] = "SMALLINT", [STORE_I32] = "INTEGER", [STORE_I64] = "BIGINT",
    [STORE_F32] = "FLOAT", [STORE_F64] = "DOUBLE", [STORE_TIME_MS] = "TIMESTAMP WITH TIME ZONE",
    [STORE_TIME_US] = "TIMESTAMP WITH TIME ZONE", [STORE_FIXED_6] = "BLOB", [STORE_FIXED_16] = "BLOB",
    [STORE_OCTETS] = "BLOB", [STORE_STRING] = "VARCHAR", [STORE_JSON] = NULL,
};

/* The column of that ID; `hint` is where it is when files have the same columns. */
static uint32_t find(const struct footer_columns *columns, int32_t field_id, uint32_t hint)
{
    if (hint < columns->count && columns->items[hint].field_id == field_id)
        return hint;
    for (uint32_t i = 0; i < columns->count; i++) {
        if (columns->items[i].field_id == field_id)
            return i;
    }
    return columns->count;
}

/* All of it but the name is that of `column`. */
static void append(struct footer_columns *columns, const char *name, const struct footer_column *column)
{
    if (columns->count == COLUMNS_MAX) {
        columns->differ = true;
        return;
    }
    if (columns->count == columns->capacity) {
        const uint32_t capacity = columns->capacity == 0 ? 128 : columns->capacity * 2;
        struct footer_column *items = realloc(columns->items, capacity * sizeof *items);
        if (items == NULL) {
            columns->failed = true;
            return;
        }
        columns->items = items;
        columns->capacity = capacity;
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        columns->failed = true;
        return;
    }
    columns->items[columns->count] = *column;
    columns->items[columns->count++].name = copy;
}

/* Returns where it is, or would be. */
static uint32_t add(struct footer_columns *columns, const char *name, const struct footer_column *column, uint32_t hint)
{
    const uint32_t at = find(columns, column->field_id, hint);
    if (at == columns->count) {
        append(columns, name, column);
        return at;
    }
    struct footer_column *item = &columns->items[at];
    columns->differ |= strcmp(item->name, name) != 0 || !store_types_agree(item->type, column->type);
    if (column->type > item->type)
        item->type = column->type;
    if (column->first < item->first)
        item->first = column->first;
    item->has_values |= column->has_values;
    return at;
}

static bool has_values(const struct file_reader *file, uint32_t column)
{
    for (uint32_t group = 0; group < file->group_count; group++) {
        if (!file->groups[group].chunks[column].is_null)
            return true;
    }
    return false;
}

void footer_columns_add(struct footer_columns *columns, const struct file_reader *file, uint64_t number)
{
    uint32_t hint = 0;
    for (uint32_t i = 0; i < file->column_count && !columns->differ && !columns->failed; i++) {
        const struct file_column *column = &file->columns[i];
        const struct footer_column added = {.field_id = column->field_id, .type = column->type,
                                            .first = number * FILE_COLUMNS_MAX + i, .has_values = has_values(file, i)};
        if (column->field_id == 0 || sql_types[column->type] == NULL)
            columns->differ = true; /* another one of its file has its ID, or it cannot be named */
        else
            hint = add(columns, column->name, &added, hint) + 1;
    }
}

void footer_columns_join(struct footer_columns *columns, const struct footer_columns *other)
{
    columns->differ |= other->differ;
    columns->failed |= other->failed;
    for (uint32_t i = 0; i < other->count && !columns->differ && !columns->failed; i++)
        add(columns, other->items[i].name, &other->items[i], i);
}

static int by_first(const void *a, const void *b)
{
    const struct footer_column *left = a, *right = b;
    return left->first < right->first ? -1 : left->first > right->first;
}

static int by_name(const void *a, const void *b)
{
    const struct footer_column *left = a, *right = b;
    return strcasecmp(left->name, right->name);
}

/* To DuckDB names are the same in whatever case. */
static bool has_twins(struct footer_columns *columns)
{
    qsort(columns->items, columns->count, sizeof *columns->items, by_name);
    for (uint32_t i = 1; i < columns->count; i++) {
        if (strcasecmp(columns->items[i - 1].name, columns->items[i].name) == 0)
            return true;
    }
    return false;
}

int footer_columns_take(struct footer_columns *columns, struct query_known_column **ret_columns, uint32_t *ret_count)
{
    size_t size_bytes = columns->count * sizeof **ret_columns;
    if (columns->failed)
        return -1;
    if (columns->differ || columns->count == 0 || has_twins(columns)) {
        *ret_columns = NULL;
        *ret_count = 0;
        return 0;
    }
    qsort(columns->items, columns->count, sizeof *columns->items, by_first);
    for (uint32_t i = 0; i < columns->count; i++)
        size_bytes += strlen(columns->items[i].name) + 1;
    struct query_known_column *taken = malloc(size_bytes);
    if (taken == NULL)
        return -1;
    char *text = (char *)(taken + columns->count);
    for (uint32_t i = 0; i < columns->count; i++) {
        const struct footer_column *item = &columns->items[i];
        taken[i] = (struct query_known_column){.name = text, .type = sql_types[item->type], .field_id = item->field_id,
                                               .has_values = item->has_values};
        text = stpcpy(text, item->name) + 1;
    }
    *ret_columns = taken;
    *ret_count = columns->count;
    return 0;
}

void footer_columns_done(struct footer_columns *columns)
{
    for (uint32_t i = 0; i < columns->count; i++)
        free(columns->items[i].name);
    free(columns->items);
    *columns = (struct footer_columns){0};
}
