/* SPDX-License-Identifier: MIT */
/* flow_element.c - an element as a column of flows, wherever files have its values */
#define _GNU_SOURCE
#include "flow_element.h"

#include "filter_source.h"
#include "flow_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Rows of a row group in which a core column is there, in the order of columns, files and rows. */
struct group {
    char *column, *file;
    uint64_t first_row, row_count;
    bool is_from; /* the column is the element there */
};

struct groups {
    struct group *items;
    size_t count;
};

/* --------------------------------------------------------------------------------------------------------- the groups */

static char *text_at(const struct query_chunk *chunk, size_t column, size_t row)
{
    const struct query_octets text = query_octets_at(&chunk->vectors[column], row);
    return strndup((const char *)text.data, text.size_bytes);
}

static int add(struct groups *groups, const struct query_chunk *chunk, size_t row)
{
    struct group *items = realloc(groups->items, (groups->count + 1) * sizeof *items);
    if (items == NULL)
        return -1;
    groups->items = items;
    struct group *group = &items[groups->count++];
    *group = (struct group){.column = text_at(chunk, 0, row), .file = text_at(chunk, 1, row),
                            .first_row = ((const uint64_t *)chunk->vectors[2].data)[row],
                            .row_count = ((const uint64_t *)chunk->vectors[3].data)[row],
                            .is_from = ((const bool *)chunk->vectors[4].data)[row]};
    return group->column != NULL && group->file != NULL ? 0 : -1;
}

static void groups_done(struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        free(groups->items[i].column);
        free(groups->items[i].file);
    }
    free(groups->items);
    *groups = (struct groups){0};
}

/* Those of columns that are the element somewhere. */
static int read_groups(struct groups *groups, struct query *query, const char *name)
{
    struct query_error error;
    struct query_result *result;
    struct query_chunk chunk;
    char origin[2 * FILTER_NAME_MAX];
    const char *reversed = filter_source_reversed(name);
    snprintf(origin, sizeof origin, "%s%s", reversed != NULL ? "reverse " : "", reversed != NULL ? reversed : name);
    const struct query_value value = {.kind = QUERY_VALUE_TEXT, .octets = {origin, strlen(origin)}};
    int got = query_add_origins(query, &error);
    if (got != 1)
        return got;
    if (query_run(query, "SELECT path, file_name, first_row, row_count, coalesce(origin = lower($1), false) FROM "
                         "flow_origins WHERE path IN (SELECT path FROM flow_origins WHERE origin = lower($1)) "
                         "ORDER BY ALL", &value, 1, &result, &error) != 0)
        return -1;
    while ((got = query_next(result, &chunk, &error)) == 1) {
        for (size_t row = 0; row < chunk.row_count && got == 1; row++)
            got = add(groups, &chunk, row) == 0 ? 1 : -1;
        if (got < 0)
            break;
    }
    query_result_free(result);
    return got;
}

/* The end of the groups from `first` on that are of the same column and, where `file`, of the same file. */
static size_t end_of(const struct groups *groups, size_t first, bool file)
{
    size_t end = first;
    while (end < groups->count && strcmp(groups->items[end].column, groups->items[first].column) == 0 &&
           (!file || strcmp(groups->items[end].file, groups->items[first].file) == 0))
        end++;
    return end;
}

static bool are_from(const struct groups *groups, size_t first, size_t end, bool all)
{
    for (size_t i = first; i < end; i++) {
        if (groups->items[i].is_from != all)
            return !all;
    }
    return all;
}

/* -------------------------------------------------------------------------------------------------------- expressions */

static void put_literal(struct text_buffer *sql, const char *text)
{
    text_put_char(sql, '\'');
    for (; *text != '\0'; text++)
        text_put_octets(sql, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
    text_put_char(sql, '\'');
}

static bool is_number(enum filter_type type)
{
    return type <= FILTER_I64;
}

static bool is_uptime(const char *name)
{
    return strcasecmp(name, "flowStartSysUpTime") == 0 || strcasecmp(name, "flowEndSysUpTime") == 0;
}

/* Whether a core column has the element's values where it was made of it. */
static bool fits(const char *column, const char *name, enum filter_type type)
{
    const struct filter_source *core = filter_source_core(column, strlen(column));
    if (core == NULL)
        return false;
    const bool is_ipv6 = core->column_ipv6 != NULL && strcmp(core->column_ipv6, column) == 0;
    const enum filter_type core_type = is_ipv6 ? FILTER_IPV6 : (enum filter_type)core->type;
    if (core_type == FILTER_TIME && (type == FILTER_TIME || is_uptime(name))) /* either is also made of the other */
        return (core->core == WEIR_CORE_TIME_START) == (strcasestr(name, "Start") != NULL);
    return core_type == type || (is_number(core_type) && is_number(type));
}

/* A core column as the element that it was made of. */
static void put_core(struct text_buffer *sql, const char *column, const char *name, enum filter_type type)
{
    if (is_uptime(name)) /* docs/schema.md */
        text_print(sql, "CAST((CAST(sys_uptime_ms AS BIGINT) - (epoch_us(export_time) - epoch_us(%s)) // 1000) & "
                        "4294967295 AS UINTEGER)", column);
    else if (is_number(type))
        text_print(sql, "TRY_CAST(%s AS %s)", column, filter_type_sql(type));
    else
        text_put(sql, column);
}

/* " WHEN filename = '...' AND (file_row_number BETWEEN 0 AND 99 OR ...) THEN ..." */
static void put_file(struct text_buffer *sql, const struct groups *groups, size_t first, size_t end, const char *name,
                     enum filter_type type)
{
    const char *between = " AND (";
    text_put(sql, " WHEN filename = ");
    put_literal(sql, groups->items[first].file);
    for (size_t i = first; i < end && !are_from(groups, first, end, true); i++) {
        const struct group *group = &groups->items[i];
        if (!group->is_from)
            continue;
        text_print(sql, "%sfile_row_number BETWEEN %" PRIu64 " AND %" PRIu64, between, group->first_row,
                   group->first_row + group->row_count - 1);
        between = " OR ";
    }
    text_put(sql, between[1] == 'O' ? ") THEN " : " THEN ");
    put_core(sql, groups->items[first].column, name, type);
}

/* The core column where it is the element. True where that is not everywhere. */
static bool put_groups(struct text_buffer *sql, const struct groups *groups, size_t first, size_t end, const char *name,
                       enum filter_type type)
{
    if (are_from(groups, first, end, true)) {
        put_core(sql, groups->items[first].column, name, type);
        return false;
    }
    text_put(sql, "CASE");
    for (size_t i = first, next; i < end; i = next) {
        next = end_of(groups, i, true);
        if (are_from(groups, i, next, false))
            put_file(sql, groups, i, next, name, type);
    }
    text_put(sql, " END");
    return true;
}

/* NTP: seconds since 1900 and their fraction, RFC 7011 section 6.1.9; none before 1970. `unit`: parts of a second. */
static void put_ntp(struct text_buffer *sql, const char *column, const char *make, const char *unit)
{
    text_print(sql, "CASE WHEN %s >> 32 >= 2208988800 THEN %s(CAST(((%s >> 32) - 2208988800) * %s + "
                    "(((%s & 4294967295) * %s) >> 32) AS BIGINT)) END", column, make, column, unit, column, unit);
}

/* The element's own column. */
static void put_own(struct text_buffer *sql, const char *name, const char *sql_type, enum filter_type type)
{
    struct text_buffer column = {0};
    const enum weir_type element = filter_source_element_type(name);
    flow_put_name(&column, name);
    sql->failed |= column.failed;
    if (column.failed)
        return;
    if ((type != FILTER_TIME && type != FILTER_TIME_NS) || sql_type[0] != 'U') /* U...INT */
        text_put(sql, column.data);
    else if (element == WEIR_TYPE_DATE_TIME_SECONDS)
        text_print(sql, "make_timestamptz(CAST(%s AS BIGINT) * 1000000)", column.data);
    else if (element == WEIR_TYPE_DATE_TIME_MILLISECONDS)
        text_print(sql, "CASE WHEN %s <= 9223372036854775 THEN make_timestamptz(CAST(%s AS BIGINT) * 1000) END",
                   column.data, column.data);
    else if (element == WEIR_TYPE_DATE_TIME_MICROSECONDS)
        put_ntp(sql, column.data, "make_timestamptz", "1000000");
    else if (element == WEIR_TYPE_DATE_TIME_NANOSECONDS)
        put_ntp(sql, column.data, "make_timestamp_ns", "1000000000");
    else
        text_put(sql, column.data);
    text_done(&column);
}

int flow_element_put(struct text_buffer *sql, const struct flow_source *source, const char *name,
                     enum filter_type type, bool *ret_by_place)
{
    struct text_buffer parts = {0};
    struct groups groups = {0};
    const char *stored = flow_columns_sql_type(source->columns, name);
    size_t count = stored != NULL;
    bool by_place = false;
    const int got = read_groups(&groups, source->query, name);
    if (stored != NULL)
        put_own(&parts, name, stored, type);
    for (size_t i = 0, next; i < groups.count; i = next) {
        next = end_of(&groups, i, false);
        if (!fits(groups.items[i].column, name, type))
            continue;
        text_put(&parts, count++ > 0 ? ", " : "");
        by_place |= put_groups(&parts, &groups, i, next, name, type);
    }
    if (count == 0)
        text_print(sql, "CAST(NULL AS %s)", filter_type_sql(type));
    else
        text_print(sql, count == 1 ? "%s" : "coalesce(%s)", parts.data != NULL ? parts.data : "");
    sql->failed |= parts.failed || got != 0;
    groups_done(&groups);
    text_done(&parts);
    *ret_by_place = by_place;
    return sql->failed ? -1 : 0;
}
