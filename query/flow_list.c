/* SPDX-License-Identifier: MIT */
/* flow_list.c - flows one by one, in SQL */
#define _GNU_SOURCE
#include "flow_list.h"

#include "flow_bins.h"
#include "flow_form.h"

#include <inttypes.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *const flow_order_names[FLOW_ORDER_COUNT] = {"time", "bytes", "packets", "duration", "none"};

static const char *const order_sql[FLOW_ORDER_COUNT] = {
    [FLOW_ORDER_TIME] = " ORDER BY " FLOW_START_SQL ", " FLOW_END_SQL,
    [FLOW_ORDER_BYTES] = " ORDER BY bytes DESC NULLS LAST, " FLOW_START_SQL,
    [FLOW_ORDER_PACKETS] = " ORDER BY packets DESC NULLS LAST, " FLOW_START_SQL,
    [FLOW_ORDER_DURATION] = " ORDER BY epoch_us(time_end) - epoch_us(time_start) DESC NULLS LAST, " FLOW_START_SQL,
};

/* Of conversations by both directions. */
static const char *const joined_order_sql[FLOW_ORDER_COUNT] = {
    [FLOW_ORDER_BYTES] = " ORDER BY bytes + reverse_bytes DESC, " FLOW_START_SQL,
    [FLOW_ORDER_PACKETS] = " ORDER BY packets + reverse_packets DESC, " FLOW_START_SQL,
};

/* What else tells conversations apart, and flows. */
#define JOINED_TIES ", received, " FLOW_END_SQL ", exporter_ipv4, exporter_ipv6, exporter_port, protocol, src_ipv4, " \
                    "src_ipv6, dst_ipv4, dst_ipv6, src_port, dst_port, bytes, packets"
static const char *const tie_columns[] = {"received", "exporter_ipv4", "exporter_ipv6", "src_ipv4", "src_ipv6",
    "dst_ipv4", "dst_ipv6", "protocol", "src_port", "dst_port", "in_interface", "direction", "bytes"};

/* A column that is shown, and its name; NULL: as the word. */
struct shown {
    const char *word, *name;
};

/* What tables for people have. */
static const struct shown usual_columns[] = {{"ts", "time"}, {"duration", NULL}, {"proto", NULL}, {"src", NULL},
    {"srcport", NULL}, {"dst", NULL}, {"dstport", NULL}, {"flags", NULL}, {"packets", NULL}, {"bytes", NULL},
    {"exporter", NULL}};
static const struct shown joined_columns[] = {{"ts", "time"}, {"duration", NULL}, {"proto", NULL}, {"src", NULL},
    {"srcport", NULL}, {"dst", NULL}, {"dstport", NULL}, {"flags", NULL}, {"packets", NULL}, {"bytes", NULL},
    {"reverse_packets", NULL}, {"reverse_bytes", NULL}, {"exporter", NULL}};
static const struct shown bin_columns[] = {{"ts", "time"}, {"fl", "flows"}, {"packets", NULL}, {"bytes", NULL},
    {"bps", NULL}, {"pps", NULL}, {"bpp", NULL}};
enum { SHOWN_MAX = 16 };

static int put_column(struct text_buffer *sql, const struct flow_key *key)
{
    struct text_buffer parts[3] = {{0}, {0}, {0}};
    int result = 0;
    for (unsigned part = 0; part < flow_key_parts(key) && result == 0; part++)
        result = flow_key_put_part(&parts[part], key, part, false, key->shape == FLOW_KEY_NETWORK);
    if (result == 0)
        result = flow_key_put_text(sql, key, (const char *const[]){parts[0].data, parts[1].data, parts[2].data});
    for (unsigned part = 0; part < 3; part++)
        text_done(&parts[part]);
    return result;
}

/* Whether the footers tell which columns are null in all rows. */
static bool knows_nulls(const struct flow_source *source)
{
    return source->facts != NULL && source->facts->columns != NULL && source->table == NULL;
}

/* `number` is where the column is in the view: among those of the files it is at the same place, or nowhere near. */
static bool has_values(const struct flow_facts *facts, const char *name, size_t number)
{
    if (number < facts->column_count && strcmp(facts->columns[number].name, name) == 0)
        return facts->columns[number].has_values;
    for (uint32_t i = 0; i < facts->column_count; i++) {
        if (strcmp(facts->columns[i].name, name) == 0)
            return facts->columns[i].has_values;
    }
    return false;
}

/* All columns of the view, in its order: those with values by their names, the others as nulls. */
static void put_restored(struct text_buffer *sql, const struct flow_source *source)
{
    const char *name, *type;
    for (size_t i = 0; (name = flow_columns_at(source->columns, i, &type)) != NULL; i++) {
        text_put(sql, i > 0 ? ", " : "");
        if (!has_values(source->facts, name, i))
            text_print(sql, "CAST(NULL AS %s) AS ", type);
        flow_put_name(sql, name);
    }
}

/* A column as it is put in order: amounts multiplied where that is asked for. */
static void put_stored(struct text_buffer *sql, const struct flow_source *source, const char *name)
{
    if (source->sampled && (strcmp(name, "bytes") == 0 || strcmp(name, "packets") == 0)) {
        flow_source_put_amount(sql, source, name);
        text_put(sql, " AS ");
    }
    flow_put_name(sql, name);
}

static void put_valued(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                       size_t count)
{
    const char *name, *type, *comma = "";
    for (size_t i = 0; (name = flow_columns_at(source->columns, i, &type)) != NULL; i++) {
        if (!has_values(source->facts, name, i))
            continue;
        text_put(sql, comma);
        put_stored(sql, source, name);
        comma = ", ";
    }
    text_put(sql, comma[0] == '\0' ? "NULL" : "");
    flow_source_put_made(sql, keys, count);
}

static void put_every(struct text_buffer *sql, const struct flow_source *source)
{
    text_put(sql, "*");
    if (!source->sampled)
        return;
    text_put(sql, " REPLACE (");
    put_stored(sql, source, "bytes");
    text_put(sql, ", ");
    put_stored(sql, source, "packets");
    text_put(sql, ")");
}

/*
 * Flows that are equal by their order so far come by a hash of what else tells them apart, the same on each run and
 * whatever was merged meanwhile. 32 bits of it: keys of up to 24 octets are put in order much faster than longer ones,
 * and few of the flows are equal.
 */
static void put_ties(struct text_buffer *sql, const struct flow_source *source)
{
    for (size_t i = 0; i < COUNT(tie_columns); i++) {
        const bool is_null = knows_nulls(source) && !has_values(source->facts, tie_columns[i], SIZE_MAX);
        text_print(sql, "%s%s", i == 0 ? ", CAST(hash(" : ", ", is_null ? "NULL" : tie_columns[i]);
    }
    text_put(sql, ") >> 32 AS UINTEGER)");
}

static void put_order(struct text_buffer *sql, const struct flow_source *source,
                      const struct flow_list_request *request)
{
    const enum flow_order order = request->order;
    if (order == FLOW_ORDER_NONE)
        return;
    text_put(sql, source->is_joined && joined_order_sql[order] != NULL ? joined_order_sql[order] : order_sql[order]);
    if (source->is_joined)
        text_put(sql, JOINED_TIES);
    else if (request->group_us == 0)
        put_ties(sql, source);
}

/*
 * " FROM (SELECT * FROM ... ORDER BY ... LIMIT ...)": text is made of the rows that are left. Where it is known which
 * columns are null throughout, they join the rows behind that, as sorting would carry them along.
 */
static int put_rows(struct text_buffer *sql, const struct flow_source *source, const struct flow_list_request *request,
                    const struct flow_key *keys, size_t count)
{
    const bool is_known = knows_nulls(source);
    if (is_known) {
        text_put(sql, " FROM (SELECT ");
        put_restored(sql, source);
        flow_source_put_made(sql, keys, count);
    }
    text_put(sql, " FROM (SELECT ");
    if (is_known)
        put_valued(sql, source, keys, count);
    else
        put_every(sql, source);
    sql->failed |= flow_source_put(sql, source, keys, count) != 0;
    put_order(sql, source, request);
    if (request->limit > 0)
        text_print(sql, " LIMIT %" PRIu64, request->limit);
    text_put(sql, is_known ? "))" : ")");
    return sql->failed ? -1 : 0;
}

/* The keys as columns under their names. */
static int put_keys(struct text_buffer *sql, const struct flow_source *source, const struct flow_list_request *request,
                    const struct flow_key *keys, size_t count)
{
    int result = text_put(sql, count > 0 ? "SELECT " : "SELECT 1");
    for (size_t i = 0; i < count && result == 0; i++) {
        if (i > 0)
            result = text_put(sql, ", ");
        if (result == 0)
            result = put_column(sql, &keys[i]);
        if (result == 0 && (result = text_put(sql, " AS ")) == 0)
            result = request->form != NULL ? text_print(sql, "c%zu", i) : flow_put_name(sql, keys[i].name);
    }
    return result == 0 ? put_rows(sql, source, request, keys, count) : -1;
}

/* The columns that stand first, as they are, and the addresses, which are made text. */
static const char *const first_columns[] = {"time_start", "time_end", "src_port", "dst_port", "protocol", "tcp_flags",
    "bytes", "packets"};
static const char *const pairs[] = {"src", "dst", "exporter", "next_hop", "bgp_next_hop", "nat_src", "nat_dst"};
enum { ENDS = 2 }; /* of the pairs, those that stand first */

static bool is_put(const char *name)
{
    for (size_t i = 0; i < COUNT(first_columns); i++) {
        if (strcmp(name, first_columns[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < COUNT(pairs); i++) {
        const size_t length = strlen(pairs[i]);
        if (strncmp(name, pairs[i], length) == 0 &&
            (strcmp(name + length, "_ipv4") == 0 || strcmp(name + length, "_ipv6") == 0))
            return true;
    }
    return false;
}

/* Whether a pair may have addresses. */
static bool has_addresses(const struct flow_source *source, const char *pair)
{
    char name[32];
    bool has = false;
    for (int version = 4; version <= 6; version += 2) {
        snprintf(name, sizeof name, "%s_ipv%d", pair, version);
        has |= has_values(source->facts, name, SIZE_MAX);
    }
    return has;
}

/* What is made for the filter is no column to show. */
static void put_hidden(struct text_buffer *sql, const struct flow_source *source)
{
    const size_t count = source->filter != NULL && !knows_nulls(source) ? filter_column_count(source->filter) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct filter_column column = filter_column_at(source->filter, i);
        if (column.always)
            continue;
        text_put(sql, ", ");
        flow_put_name(sql, column.name);
    }
}

/* Whether columns that are null throughout are left to restore_nulls(), or are not wanted at all. */
static bool leaves_out_nulls(const struct flow_source *source, const struct flow_list_request *request)
{
    return knows_nulls(source) && !request->to_parquet;
}

/* The names of columns that are null throughout. */
static void put_empty(struct text_buffer *sql, const struct flow_source *source)
{
    const char *name, *type;
    for (size_t i = 0; (name = flow_columns_at(source->columns, i, &type)) != NULL; i++) {
        if (is_put(name) || has_values(source->facts, name, i))
            continue;
        text_put(sql, ", ");
        flow_put_name(sql, name);
    }
}

static int put_all(struct text_buffer *sql, const struct flow_source *source, const struct flow_list_request *request)
{
    const bool leaves_out = leaves_out_nulls(source, request);
    text_put(sql, "SELECT time_start, time_end, addr(src_ipv4, src_ipv6) AS src, src_port, addr(dst_ipv4, dst_ipv6) AS "
                  "dst, dst_port, protocol, tcp_flags, bytes, packets, ");
    for (size_t i = ENDS; i < COUNT(pairs); i++) {
        if (!leaves_out || has_addresses(source, pairs[i]))
            text_print(sql, "addr(%s_ipv4, %s_ipv6) AS %s, ", pairs[i], pairs[i], pairs[i]);
    }
    text_put(sql, "* EXCLUDE (");
    for (size_t i = 0; i < COUNT(first_columns); i++)
        text_print(sql, "%s%s", i > 0 ? ", " : "", first_columns[i]);
    for (size_t i = 0; i < COUNT(pairs); i++)
        text_print(sql, ", %s_ipv4, %s_ipv6", pairs[i], pairs[i]);
    put_hidden(sql, source);
    if (leaves_out)
        put_empty(sql, source);
    text_put(sql, ")");
    return put_rows(sql, source, request, NULL, 0);
}

/* Adds the columns that put_all() left out to the result, in their places. */
static int restore_nulls(struct query_result *result, const struct flow_source *source)
{
    const char *name, *type;
    size_t place = COUNT(first_columns) + ENDS;
    int added = 0;
    for (size_t i = ENDS; i < COUNT(pairs) && added == 0; i++, place++) {
        if (!has_addresses(source, pairs[i]))
            added = query_result_add_null(result, place, pairs[i]);
    }
    for (size_t i = 0; added == 0 && (name = flow_columns_at(source->columns, i, &type)) != NULL; i++) {
        if (is_put(name))
            continue;
        if (!has_values(source->facts, name, i))
            added = query_result_add_null(result, place, name);
        place++;
    }
    return added;
}

/* What programs get of conversations: numbers as they are stored. */
static int put_all_joined(struct text_buffer *sql, const struct flow_source *source,
                          const struct flow_list_request *request)
{
    const int result = text_put(sql, "SELECT time_start, time_end, addr(src_ipv4, src_ipv6) AS src, src_port, "
                                     "addr(dst_ipv4, dst_ipv6) AS dst, dst_port, protocol, tcp_flags, bytes, packets, "
                                     "reverse_tcp_flags, reverse_bytes, reverse_packets, flows, "
                                     "addr(exporter_ipv4, exporter_ipv6) AS exporter, exporter_port");
    return result == 0 ? put_rows(sql, source, request, NULL, 0) : -1;
}

/* -1 with a text, but where memory is short. */
static int put_shown(struct text_buffer *sql, const struct flow_source *source, const struct flow_list_request *request,
                     const struct shown *shown, size_t count, struct query_error *error)
{
    struct flow_key keys[SHOWN_MAX];
    for (size_t i = 0; i < count; i++) {
        if (flow_key_parse(shown[i].word, strlen(shown[i].word), true, source->columns, &keys[i], error) != 0)
            return -1;
        if (shown[i].name != NULL)
            snprintf(keys[i].name, sizeof keys[i].name, "%s", shown[i].name);
    }
    return put_keys(sql, source, request, keys, count);
}

static int run(const struct flow_source *source, const struct flow_list_request *request, const char *sql,
               struct query_result **ret_result, struct query_error *error)
{
    const bool has_all = request->form == NULL && request->all_columns;
    if (query_run(source->query, sql, NULL, 0, ret_result, error) != 0)
        return -1;
    if (!has_all || request->omits_nulls || !leaves_out_nulls(source, request) ||
        restore_nulls(*ret_result, source) == 0)
        return 0;
    query_result_free(*ret_result);
    snprintf(error->text, sizeof error->text, "not enough memory");
    return -1;
}

int flow_list_query(const struct flow_source *source, const struct flow_list_request *request,
                    struct query_result **ret_result, struct query_error *error)
{
    struct text_buffer sql = {0}, table = {0};
    struct flow_source bins;
    int result = 0;
    if (request->group_us > 0) {
        result = flow_bins(source, request->group_us, &table, &bins, error);
        source = &bins;
    }
    if (result == 0)
        snprintf(error->text, sizeof error->text, "not enough memory");
    if (result == 0 && request->to_parquet)
        result = text_put(&sql, QUERY_PARQUET_BEGIN);
    if (result == 0 && request->form != NULL)
        result = put_keys(&sql, source, request, request->form->keys, request->form->key_count);
    else if (result == 0 && request->group_us > 0)
        result = put_shown(&sql, source, request, bin_columns, COUNT(bin_columns), error);
    else if (result == 0 && request->all_columns)
        result = source->is_joined ? put_all_joined(&sql, source, request) : put_all(&sql, source, request);
    else if (result == 0 && source->is_joined)
        result = put_shown(&sql, source, request, joined_columns, COUNT(joined_columns), error);
    else if (result == 0)
        result = put_shown(&sql, source, request, usual_columns, COUNT(usual_columns), error);
    if (result == 0 && request->to_parquet)
        result = text_put(&sql, QUERY_PARQUET_END);
    if (result == 0)
        result = run(source, request, sql.data, ret_result, error);
    text_done(&sql);
    text_done(&table);
    return result;
}
