/* SPDX-License-Identifier: MIT */
/* flow_source.c - which flows a report is about, and what they come to */
#define _GNU_SOURCE
#include "flow_source.h"

#include "flow_element.h"

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

static bool is_before(const struct flow_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].is_made && strcmp(keys[i].column, name) == 0)
            return true;
    }
    return false;
}

/* ", EXPRESSION AS "=NAME"" for an element. */
static void put_made(struct text_buffer *sql, const struct flow_source *source, const char *name, enum filter_type type,
                     bool *by_place)
{
    bool is_by_place;
    text_put(sql, ", ");
    if (flow_element_put(sql, source, name + 1, type, &is_by_place) == 0)
        *by_place |= is_by_place;
    text_put(sql, " AS ");
    flow_put_name(sql, name);
}

/* What the filter and the keys name of elements. */
static void put_all_made(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                         size_t key_count, bool *by_place)
{
    const size_t filter_count = source->filter != NULL ? filter_column_count(source->filter) : 0;
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].is_made && !is_before(keys, i, keys[i].column))
            put_made(sql, source, keys[i].column, keys[i].type, by_place);
    }
    for (size_t i = 0; i < filter_count; i++) {
        const struct filter_column column = filter_column_at(source->filter, i);
        if (!column.always && !is_before(keys, key_count, column.name))
            put_made(sql, source, column.name, column.type, by_place);
    }
}

void flow_source_put_made(struct text_buffer *sql, const struct flow_key *keys, size_t key_count)
{
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].is_made && !is_before(keys, i, keys[i].column)) {
            text_put(sql, ", ");
            flow_put_name(sql, keys[i].column);
        }
    }
}

/* " FROM stored.flows", with what has to be made of elements. A table of another kind has that already. */
static int put_table(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                     size_t key_count)
{
    static const char by_place_table[] = "stored.flow_files()";
    const char *table = source->table != NULL ? source->table : "stored.flows", *without = "";
    struct text_buffer made = {0};
    bool by_place = false;
    if (source->table == NULL || strcmp(source->table, by_place_table) == 0)
        put_all_made(&made, source, keys, key_count, &by_place);
    if (by_place && source->table == NULL) {
        table = by_place_table;
        without = " EXCLUDE (file_index, file_row_number, filename)";
    }
    if (made.size_bytes == 0)
        text_print(sql, " FROM %s", table);
    else
        text_print(sql, " FROM (SELECT *%s%s FROM %s)", without, made.data, table);
    sql->failed |= made.failed;
    text_done(&made);
    return sql->failed ? -1 : 0;
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

/* Whether no address of IPv4 is in those columns for IPv6 that the filter asks. */
static bool is_unmapped(const struct flow_source *source)
{
    static const char *const names[FLOW_FACTS_ADDRESS_COUNT] = {
#define NAME(upper, lower) #lower "_ipv6",
        FLOW_FACTS_ADDRESSES(NAME)
#undef NAME
    };
    for (size_t i = 0; source->facts != NULL && i < filter_column_count(source->filter); i++) {
        for (int k = 0; k < FLOW_FACTS_ADDRESS_COUNT; k++) {
            if (source->facts->may_be_mapped[k] && strcmp(filter_column_at(source->filter, i).name, names[k]) == 0)
                return false;
        }
    }
    return source->facts != NULL;
}

/* " FROM ... WHERE (PREDICATE)" of one part of the filter, or of the whole. */
static void put_part(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                     size_t key_count, const struct filter_sql_options *options)
{
    struct filter_sql *predicate = filter_sql_create(source->filter, options);
    sql->failed |= put_table(sql, source, keys, key_count) != 0 || predicate == NULL;
    if (predicate != NULL)
        text_print(sql, " WHERE (%s)", predicate->text);
    filter_sql_free(predicate);
}

int flow_source_put_unfiltered(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                               size_t key_count)
{
    return put_table(sql, source, keys, key_count) == 0 && text_put(sql, " WHERE true") == 0
               ? put_span(sql, &source->span) : -1;
}

int flow_source_put_filter(struct text_buffer *sql, const struct flow_source *source)
{
    struct filter_sql_options options = {.first_parameter = 1, .literals = true};
    if (source->filter == NULL || filter_matches_all(source->filter))
        return text_put(sql, "true");
    options.unmapped = is_unmapped(source);
    struct filter_sql *predicate = filter_sql_create(source->filter, &options);
    const int result = predicate != NULL ? text_print(sql, "(%s)", predicate->text) : -1;
    filter_sql_free(predicate);
    return result;
}

int flow_source_put(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                    size_t key_count)
{
    struct filter_sql_options options = {.first_parameter = 1, .literals = true};
    const bool has_filter = source->filter != NULL && !filter_matches_all(source->filter);
    options.unmapped = has_filter && is_unmapped(source);
    const uint32_t parts = has_filter ? filter_sql_parts(source->filter, &options) : 0;
    if (parts == 0) {
        sql->failed |= put_table(sql, source, keys, key_count) != 0;
        text_put(sql, " WHERE true");
    } else if (parts == 1) {
        put_part(sql, source, keys, key_count, &options);
    } else {
        for (options.part = 1; options.part <= parts; options.part++) {
            text_put(sql, options.part == 1 ? " FROM (SELECT *" : " UNION ALL SELECT *");
            put_part(sql, source, keys, key_count, &options);
        }
        text_put(sql, ") WHERE true");
    }
    put_span(sql, &source->span);
    return sql->failed ? -1 : 0;
}

int flow_source_put_amount(struct text_buffer *sql, const struct flow_source *source, const char *amount)
{
    if (strcmp(amount, "flows") == 0)
        return text_put(sql, source->is_joined ? "1" : FLOW_COUNT_SQL);
    if (source->is_joined && (strcmp(amount, "bytes") == 0 || strcmp(amount, "packets") == 0))
        return text_print(sql, "(%s + reverse_%s)", amount, amount);
    /* 128 bits hold the product of any two, and the sum of a thousand million of these */
    return source->sampled ? text_print(sql, "(CAST(%s AS HUGEINT) * coalesce(nullif(sampling_rate, 0), 1))", amount)
                           : text_put(sql, amount);
}

int flow_source_put_bin(struct text_buffer *sql, const struct flow_source *source, const struct time_bins *bins)
{
    char start[80] = "epoch_us(" FLOW_START_SQL ")";
    if (source->span.from_us != INT64_MIN)
        snprintf(start, sizeof start, "greatest(epoch_us(" FLOW_START_SQL "), %" PRId64 ")", source->span.from_us);
    return time_bins_put_start(sql, bins, start);
}

/* ---------------------------------------------------------------------------------------------------------- answers */

int query_numbers(struct query *query, struct text_buffer *sql, double *ret_numbers, size_t count,
                  struct query_error *error)
{
    struct query_result *result = NULL;
    struct query_chunk chunk;
    int got = -1;
    if (sql->failed)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else if (query_run(query, sql->data, NULL, 0, &result, error) == 0 &&
             (got = query_next(result, &chunk, error)) == 1) {
        for (size_t i = 0; i < count; i++)
            ret_numbers[i] = query_number_at(&chunk.vectors[i], 0);
    }
    query_result_free(result);
    text_done(sql);
    return got == 1 ? 0 : -1;
}

/* Whether a column for IPv6 may have addresses of IPv4. */
static bool may_be_mapped(const struct flow_source *source, const char *name)
{
    static const char *const names[FLOW_FACTS_ADDRESS_COUNT] = {
#define NAME(upper, lower) #lower,
        FLOW_FACTS_ADDRESSES(NAME)
#undef NAME
    };
    for (int i = 0; i < FLOW_FACTS_ADDRESS_COUNT && source->facts != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return source->facts->may_be_mapped[i];
    }
    return true;
}

int flow_source_is_mapped(const struct flow_source *source, const struct flow_key *keys, size_t key_count,
                          struct query_error *error)
{
    struct text_buffer sql = {0};
    double is_mapped = 0;
    bool any = false;
    text_put(&sql, "SELECT count(*) FROM (SELECT 1 FROM stored.flows WHERE false");
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].shape != FLOW_KEY_ADDRESS && keys[i].shape != FLOW_KEY_NETWORK)
            continue;
        for (int other = 0; other < (keys[i].other[0] != '\0' ? 2 : 1); other++) {
            const char *name = other == 0 ? keys[i].column : keys[i].other;
            if (!may_be_mapped(source, name))
                continue;
            any = true;
            text_print(&sql, " OR \"%s_ipv6\"" FLOW_KEY_MAPPED_RANGE, name);
        }
    }
    text_put(&sql, " LIMIT 1)");
    if (!any) {
        text_done(&sql);
        return 0;
    }
    if (query_numbers(source->query, &sql, &is_mapped, 1, error) != 0)
        return -1;
    return is_mapped > 0;
}

bool flow_source_is_counted(const struct flow_source *source)
{
    return source->facts != NULL && source->facts->is_counted && !source->sampled &&
           (source->filter == NULL || filter_matches_all(source->filter));
}

static struct flow_totals totals_of_facts(const struct flow_facts *facts)
{
    return (struct flow_totals){
        .rows = facts->rows, .flows = (double)facts->flows, .has_span = facts->has_first, .first_us = facts->first_us,
        .last_us = facts->last_us, .sampled_rows = facts->sampled_rows,
    };
}

int flow_source_totals(const struct flow_source *source, bool wants_bytes, bool wants_packets,
                       struct flow_totals *ret_totals, struct query_error *error)
{
    struct text_buffer sql = {0};
    double numbers[8];
    if (flow_source_is_counted(source) && !wants_bytes && !wants_packets) {
        *ret_totals = totals_of_facts(source->facts);
        return 0;
    }
    text_put(&sql, "SELECT count(*), sum(");
    flow_source_put_amount(&sql, source, "flows");
    text_put(&sql, "), sum(");
    flow_source_put_amount(&sql, source, wants_bytes ? "bytes" : "0");
    text_put(&sql, "), sum(");
    flow_source_put_amount(&sql, source, wants_packets ? "packets" : "0");
    text_put(&sql, "), epoch_us(min(time_start)), epoch_us(max(time_end)), count(*) FILTER (sampling_rate > 1), ");
    text_put(&sql, source->sampled ? "count(*) FILTER (sampling_rate = 0 OR sampling_rate IS NULL)" : "0");
    flow_source_put(&sql, source, NULL, 0);
    if (query_numbers(source->query, &sql, numbers, 8, error) != 0)
        return -1;
    *ret_totals = (struct flow_totals){
        .rows = (uint64_t)numbers[0], .flows = numbers[1], .bytes = numbers[2], .packets = numbers[3],
        .has_span = numbers[0] > 0 && numbers[4] != 0, .first_us = (int64_t)numbers[4], .last_us = (int64_t)numbers[5],
        .sampled_rows = (uint64_t)numbers[6], .rateless_rows = (uint64_t)numbers[7],
    };
    return 0;
}

int flow_source_bins(const struct flow_source *source, const struct flow_totals *totals, int64_t length_us,
                     struct time_bins *ret_bins, struct query_error *error)
{
    struct text_buffer sql = {0};
    double numbers[2] = {(double)totals->first_us, (double)totals->last_us};
    if (!totals->has_span && totals->rows > 0) { /* no flow tells when it was */
        text_put(&sql, "SELECT epoch_us(min(received)), epoch_us(max(received))");
        flow_source_put(&sql, source, NULL, 0);
        if (query_numbers(source->query, &sql, numbers, 2, error) != 0)
            return -1;
    }
    const int64_t first_us = (int64_t)numbers[0], last_us = (int64_t)numbers[1];
    const struct flow_span *span = &source->span;
    time_bins_init(ret_bins, length_us, first_us > span->from_us ? first_us : span->from_us,
                   last_us < span->to_us ? last_us : span->to_us);
    return 0;
}

int flow_source_ledger(const struct flow_source *source, struct flow_ledger *ret_ledger, struct query_error *error)
{
    struct text_buffer sql = {0};
    double numbers[11];
    text_put(&sql, "SELECT count(*), count(DISTINCT addr(exporter_ipv4, exporter_ipv6)), sum(lost), "
                   "sum(lost_records), sum(datagrams_refused), sum(rows_dropped), sum(reported_flows), "
                   "count(dropped_kernel), sum(dropped_kernel), sum(dropped_journal), epoch_us(max(received)) "
                   "FROM stored.ledger WHERE true");
    if (source->span.from_us != INT64_MIN)
        text_print(&sql, " AND received >= make_timestamptz(%" PRId64 ")", source->span.from_us);
    if (source->span.to_us != INT64_MAX)
        text_print(&sql, " AND received < make_timestamptz(%" PRId64 ")", source->span.to_us + FLOW_LEDGER_EACH_US);
    if (query_numbers(source->query, &sql, numbers, 11, error) != 0)
        return -1;
    *ret_ledger = (struct flow_ledger){
        .is_there = numbers[0] > 0, .exporters = (uint64_t)numbers[1], .lost = (int64_t)numbers[2],
        .lost_records = (int64_t)numbers[3], .refused = (int64_t)numbers[4], .dropped = (int64_t)numbers[5],
        .reported = (int64_t)numbers[6], .tells_kernel = numbers[7] > 0, .dropped_kernel = (int64_t)numbers[8],
        .dropped_journal = (int64_t)numbers[9], .last_us = (int64_t)numbers[10],
    };
    return 0;
}
