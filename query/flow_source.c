/* SPDX-License-Identifier: MIT */
/* flow_source.c - which flows a report is about, and what they come to */
#define _GNU_SOURCE
#include "flow_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

double query_number_at(const struct query_vector *vector, size_t row)
{
    if (query_is_null(vector, row))
        return 0;
    switch (vector->type->kind) {
    case QUERY_BOOLEAN: return ((const bool *)vector->data)[row];
    case QUERY_INT8: return ((const int8_t *)vector->data)[row];
    case QUERY_INT16: return ((const int16_t *)vector->data)[row];
    case QUERY_INT32: return ((const int32_t *)vector->data)[row];
    case QUERY_INT64: return (double)((const int64_t *)vector->data)[row];
    case QUERY_UINT8: return ((const uint8_t *)vector->data)[row];
    case QUERY_UINT16: return ((const uint16_t *)vector->data)[row];
    case QUERY_UINT32: return ((const uint32_t *)vector->data)[row];
    case QUERY_UINT64: return (double)((const uint64_t *)vector->data)[row];
    case QUERY_INT128: return (double)((const __int128 *)vector->data)[row];
    case QUERY_UINT128: return (double)((const unsigned __int128 *)vector->data)[row];
    case QUERY_FLOAT: return (double)((const float *)vector->data)[row];
    case QUERY_DOUBLE: return ((const double *)vector->data)[row];
    default: return 0;
    }
}

int query_do(struct query *query, const char *sql, struct query_error *error)
{
    struct query_result *result;
    struct query_chunk chunk;
    int got;
    if (query_run(query, sql, NULL, 0, &result, error) != 0)
        return -1;
    while ((got = query_next(result, &chunk, error)) == 1)
        continue;
    query_result_free(result);
    return got;
}

/* ------------------------------------------------------------------------------------------------------------- text */

/* ", NULL::UINTEGER AS "name"" for a column that no file has. */
static int put_missing(struct text_buffer *sql, const char *name, enum filter_type type)
{
    if (text_print(sql, ", CAST(NULL AS %s) AS ", filter_type_sql(type)) != 0)
        return -1;
    return flow_put_name(sql, name);
}

static bool is_before(const struct flow_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].is_missing && strcmp(keys[i].column, name) == 0)
            return true;
    }
    return false;
}

static int put_table(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                     size_t key_count)
{
    const size_t filter_count = source->filter != NULL ? filter_column_count(source->filter) : 0;
    const char *table = source->table != NULL ? source->table : "stored.flows";
    struct text_buffer missing = {0};
    int result = 0;
    for (size_t i = 0; i < key_count && result == 0; i++) {
        if (keys[i].is_missing && !is_before(keys, i, keys[i].column))
            result = put_missing(&missing, keys[i].column, keys[i].missing_type);
    }
    for (size_t i = 0; i < filter_count && result == 0; i++) {
        const struct filter_column column = filter_column_at(source->filter, i);
        enum filter_type type;
        if (!column.always && flow_columns_find(source->columns, column.name, &type) == NULL &&
            !is_before(keys, key_count, column.name))
            result = put_missing(&missing, column.name, column.type);
    }
    if (result == 0)
        result = missing.size_bytes == 0 ? text_print(sql, " FROM %s", table)
                                         : text_print(sql, " FROM (SELECT *%s FROM %s)", missing.data, table);
    text_done(&missing);
    return result;
}

static int put_span(struct text_buffer *sql, const struct flow_span *span)
{
    int result = 0;
    /* written so that what has its own times, nearly everything, can be told from statistics of the files */
    if (span->from_us != INT64_MIN)
        result = text_print(sql, " AND (time_end >= make_timestamptz(%" PRId64 ") OR (time_end IS NULL AND received >= "
                                 "make_timestamptz(%" PRId64 ")))", span->from_us, span->from_us);
    if (result == 0 && span->to_us != INT64_MAX)
        result = text_print(sql, " AND (time_start < make_timestamptz(%" PRId64 ") OR (time_start IS NULL AND "
                                 "received < make_timestamptz(%" PRId64 ")))", span->to_us, span->to_us);
    return result;
}

int flow_source_put_unfiltered(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                               size_t key_count)
{
    return put_table(sql, source, keys, key_count) == 0 && text_put(sql, " WHERE true") == 0
               ? put_span(sql, &source->span) : -1;
}

int flow_source_put_filter(struct text_buffer *sql, const struct flow_source *source)
{
    const struct filter_sql_options options = {.first_parameter = 1, .literals = true};
    if (source->filter == NULL || filter_matches_all(source->filter))
        return text_put(sql, "true");
    struct filter_sql *predicate = filter_sql_create(source->filter, &options);
    const int result = predicate != NULL ? text_print(sql, "(%s)", predicate->text) : -1;
    filter_sql_free(predicate);
    return result;
}

int flow_source_put(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                    size_t key_count)
{
    if (put_table(sql, source, keys, key_count) != 0 || text_put(sql, " WHERE ") != 0 ||
        flow_source_put_filter(sql, source) != 0)
        return -1;
    return put_span(sql, &source->span);
}

int flow_source_put_amount(struct text_buffer *sql, const struct flow_source *source, const char *amount)
{
    if (strcmp(amount, "flows") == 0)
        return text_put(sql, source->is_joined ? "1" : "coalesce(flows, 1)");
    if (source->is_joined && (strcmp(amount, "bytes") == 0 || strcmp(amount, "packets") == 0))
        return text_print(sql, "(%s + reverse_%s)", amount, amount);
    /* 128 bits hold the product of any two, and the sum of a thousand million of these */
    return source->sampled ? text_print(sql, "(CAST(%s AS HUGEINT) * coalesce(nullif(sampling_rate, 0), 1))", amount)
                           : text_put(sql, amount);
}

/* ---------------------------------------------------------------------------------------------------------- answers */

/* Runs a statement that has one row, and takes the numbers of its columns. */
static int run_numbers(const struct flow_source *source, struct text_buffer *sql, bool is_made, double *ret_numbers,
                       size_t count, struct query_error *error)
{
    struct query_result *result = NULL;
    struct query_chunk chunk;
    int got = -1;
    if (!is_made)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else if (query_run(source->query, sql->data, NULL, 0, &result, error) == 0 &&
             (got = query_next(result, &chunk, error)) == 1) {
        for (size_t i = 0; i < count; i++)
            ret_numbers[i] = query_number_at(&chunk.vectors[i], 0);
    }
    query_result_free(result);
    text_done(sql);
    return got == 1 ? 0 : -1;
}

int flow_source_is_mapped(const struct flow_source *source, const struct flow_key *keys, size_t key_count,
                          struct query_error *error)
{
    struct text_buffer sql = {0};
    double is_mapped = 0;
    bool any = false, is_made = text_put(&sql, "SELECT count(*) FROM (SELECT 1 FROM stored.flows WHERE false") == 0;
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].shape != FLOW_KEY_ADDRESS && keys[i].shape != FLOW_KEY_NETWORK)
            continue;
        any = true;
        for (int other = 0; other < (keys[i].other[0] != '\0' ? 2 : 1) && is_made; other++)
            is_made = text_print(&sql, " OR \"%s_ipv6\"" FLOW_KEY_MAPPED_RANGE,
                                 other == 0 ? keys[i].column : keys[i].other) == 0;
    }
    is_made = is_made && text_put(&sql, " LIMIT 1)") == 0;
    if (!any) {
        text_done(&sql);
        return 0;
    }
    if (run_numbers(source, &sql, is_made, &is_mapped, 1, error) != 0)
        return -1;
    return is_mapped > 0;
}

int flow_source_totals(const struct flow_source *source, bool wants_bytes, bool wants_packets,
                       struct flow_totals *ret_totals, struct query_error *error)
{
    struct text_buffer sql = {0};
    double numbers[8];
    const bool is_made =
        text_put(&sql, "SELECT count(*), sum(") == 0 && flow_source_put_amount(&sql, source, "flows") == 0 &&
        text_put(&sql, "), sum(") == 0 && flow_source_put_amount(&sql, source, wants_bytes ? "bytes" : "0") == 0 &&
        text_put(&sql, "), sum(") == 0 && flow_source_put_amount(&sql, source, wants_packets ? "packets" : "0") == 0 &&
        text_put(&sql, "), epoch_us(min(time_start)), epoch_us(max(time_end)), "
                       "count(*) FILTER (sampling_rate > 1), ") == 0 &&
        text_put(&sql, source->sampled ? "count(*) FILTER (sampling_rate = 0 OR sampling_rate IS NULL)" : "0") == 0 &&
        flow_source_put(&sql, source, NULL, 0) == 0;
    if (run_numbers(source, &sql, is_made, numbers, 8, error) != 0)
        return -1;
    *ret_totals = (struct flow_totals){
        .rows = (uint64_t)numbers[0], .flows = numbers[1], .bytes = numbers[2], .packets = numbers[3],
        .has_span = numbers[0] > 0 && numbers[4] != 0, .first_us = (int64_t)numbers[4], .last_us = (int64_t)numbers[5],
        .sampled_rows = (uint64_t)numbers[6], .rateless_rows = (uint64_t)numbers[7],
    };
    return 0;
}

int flow_source_ledger(const struct flow_source *source, struct flow_ledger *ret_ledger, struct query_error *error)
{
    struct text_buffer sql = {0};
    double numbers[9];
    bool is_made = text_put(&sql, "SELECT count(*), count(DISTINCT addr(exporter_ipv4, exporter_ipv6)), sum(lost), "
                                  "sum(lost_records), sum(datagrams_refused), sum(rows_dropped), sum(reported_flows), "
                                  "count(kernel_dropped), sum(kernel_dropped) "
                                  "FROM stored.ledger WHERE true") == 0;
    if (is_made && source->span.from_us != INT64_MIN)
        is_made = text_print(&sql, " AND received >= make_timestamptz(%" PRId64 ")", source->span.from_us) == 0;
    if (is_made && source->span.to_us != INT64_MAX)
        is_made = text_print(&sql, " AND received < make_timestamptz(%" PRId64 ")", source->span.to_us) == 0;
    if (run_numbers(source, &sql, is_made, numbers, 9, error) != 0)
        return -1;
    *ret_ledger = (struct flow_ledger){
        .is_there = numbers[0] > 0, .exporters = (uint64_t)numbers[1], .lost = (int64_t)numbers[2],
        .lost_records = (int64_t)numbers[3], .refused = (int64_t)numbers[4], .dropped = (int64_t)numbers[5],
        .reported = (int64_t)numbers[6], .tells_kernel = numbers[7] > 0, .kernel_dropped = (int64_t)numbers[8],
    };
    return 0;
}
