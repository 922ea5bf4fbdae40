/* SPDX-License-Identifier: MIT */
/*
 * flow_join.c - both directions of a conversation as one row
 *
 *     rows            records with what they have in common with those of the other direction: the lower end first
 *     conversations   a table of a row for each of these keys; where one record follows another after a pause, a key has
 *                     several conversations, for which alone the records are put in order:
 *     gaps            where one is over and the next begins
 *     parts           its number
 *     biflows         the columns of a record out of these
 *
 * Millions of keys are held at once, so that these are packed into few numbers.
 */
#define _GNU_SOURCE
#include "flow_join.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

/* The types of ICMP that answer, and the ones that ask; report/pairing.c. */
#define ICMP_ANSWERS "0, 14, 16, 18, 9, 43"
#define ICMP6_ANSWERS "129, 134, 136, 140, 145, 161"
#define ICMP_ASKS "8, 13, 15, 17, 10, 42"
#define ICMP6_ASKS "128, 133, 135, 139, 144, 160"

/* What the records of a conversation have in common: exporter (address and port, or that of IPv6 beside it), protocol
 * and both ports, both ends of IPv4, or of IPv6. */
#define KEYS "j_exporter, j_exporter6, j_ports, j_ends, j_low6, j_high6"
static const char *const join_keys[] = {"j_exporter", "j_exporter6", "j_ports", "j_ends", "j_low6", "j_high6"};

/* Columns that every row has. */
static const char *const base_columns[] = {
    "received", "time_start", "time_end", "src_ipv4", "src_ipv6", "dst_ipv4", "dst_ipv6", "src_port", "dst_port",
    "protocol", "tcp_flags", "bytes", "packets", "reverse_bytes", "reverse_packets", "reverse_tcp_flags", "flows",
    "exporter_ipv4", "exporter_ipv6", "exporter_port", "sampling_rate",
};

/* Times may be anything that an exporter makes up: what is farther away is all the same. */
#define FAR_US ((int64_t)1 << 60)

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct builder {
    const struct flow_source *source;
    const struct flow_key *keys;
    size_t key_count;
    int64_t timeout_us;
    bool is_mapped;
    struct text_buffer sql;
    struct text_buffer others; /* names of columns that keys need besides, each with a NUL */
    bool failed;
};

static void put(struct builder *builder, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct builder *builder, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text || text_put(&builder->sql, text) != 0)
        builder->failed = true;
}

/* ------------------------------------------------------------------------------------------------- columns of keys */

static bool is_base(const char *name)
{
    for (size_t i = 0; i < COUNT(base_columns); i++) {
        if (strcmp(base_columns[i], name) == 0)
            return true;
    }
    return false;
}

static const char *next_other(const struct builder *builder, const char *name)
{
    const char *next = name == NULL ? builder->others.data : name + strlen(name) + 1;
    return next != NULL && next < builder->others.data + builder->others.size_bytes ? next : NULL;
}

static void add_other(struct builder *builder, const char *name)
{
    if (is_base(name))
        return;
    for (const char *other = next_other(builder, NULL); other != NULL; other = next_other(builder, other)) {
        if (strcasecmp(other, name) == 0)
            return;
    }
    builder->failed |= text_put_octets(&builder->others, name, strlen(name) + 1) != 0;
}

static void add_key(struct builder *builder, const struct flow_key *key, const char *column)
{
    char name[3 * FILTER_NAME_MAX];
    if (column[0] == '\0' || key->shape == FLOW_KEY_COMPUTED)
        return;
    if (flow_key_parts(key) == 1) {
        add_other(builder, column);
        return;
    }
    for (int family = 4; family <= 6; family += 2) {
        snprintf(name, sizeof name, "%s_ipv%d", column, family);
        add_other(builder, name);
    }
    if (key->shape == FLOW_KEY_END) {
        add_other(builder, "icmp_type");
        add_other(builder, "icmp_code");
    }
}

/* ---------------------------------------------------------------------------------------------------------- the rows */

static void put_address(struct builder *builder, const char *column)
{
    struct flow_key key = {.shape = FLOW_KEY_ADDRESS};
    snprintf(key.column, sizeof key.column, "%s", column);
    for (unsigned part = 0; part < 2; part++) {
        put(builder, ", ");
        builder->failed |= flow_key_put_part(&builder->sql, &key, part, false, builder->is_mapped) != 0;
        put(builder, " AS j_%s%d", column, part == 0 ? 4 : 6);
    }
}

static void put_amount(struct builder *builder, const char *column)
{
    put(builder, ", coalesce(");
    builder->failed |= flow_source_put_amount(&builder->sql, builder->source, column) != 0;
    put(builder, ", 0) AS j_%s", column);
}

/* "WITH rows AS (...)", with the columns of keys, j_turned (the source is the higher end) and j_order, by which the
 * record that began first is found. */
static void put_rows(struct builder *builder)
{
    put(builder, "WITH records AS NOT MATERIALIZED (SELECT *, epoch_us(" FLOW_START_SQL ") AS j_start, "
                 "epoch_us(greatest(" FLOW_END_SQL ", " FLOW_START_SQL ")) AS j_end");
    put_address(builder, "src");
    put_address(builder, "dst");
    put_amount(builder, "bytes");
    put_amount(builder, "packets");
    put_amount(builder, "reverse_bytes");
    put_amount(builder, "reverse_packets");
    put(builder, ", (protocol = 1 AND icmp_type IN (" ICMP_ANSWERS ")) OR (protocol = 58 AND icmp_type IN ("
                 ICMP6_ANSWERS ")) AS j_answers, (protocol = 1 AND icmp_type IN (" ICMP_ASKS ")) OR (protocol = 58 AND "
                 "icmp_type IN (" ICMP6_ASKS ")) AS j_asks, protocol IN (1, 58) AS j_is_icmp, coalesce(");
    builder->failed |= flow_source_put_filter(&builder->sql, builder->source) != 0;
    put(builder, ", false) AS j_matches");
    builder->failed |=
        flow_source_put_unfiltered(&builder->sql, builder->source, builder->keys, builder->key_count) != 0;
    put(builder, "), turned AS NOT MATERIALIZED (SELECT *, coalesce(CASE WHEN j_answers OR j_asks THEN j_answers WHEN "
                 "j_is_icmp AND icmp_type IS NOT NULL THEN false WHEN j_src4 <> j_dst4 THEN j_src4 > j_dst4 WHEN "
                 "j_src6 "
                 "<> j_dst6 THEN j_src6 > j_dst6 ELSE src_port > dst_port END, false) AS j_turned FROM records WHERE "
                 "(j_src4 IS NOT NULL AND j_dst4 IS NOT NULL) OR (j_src6 IS NOT NULL AND j_dst6 IS NOT NULL)), ");
    /* in place of ports: the type that asks; type and code of what has no other side */
    put(builder, "ported AS NOT MATERIALIZED (SELECT *, CASE WHEN j_asks THEN icmp_type WHEN j_answers THEN CASE "
                 "icmp_type "
                 "WHEN 0 THEN 8 WHEN 9 THEN 10 WHEN 43 THEN 42 ELSE icmp_type::INTEGER - 1 END WHEN j_is_icmp THEN "
                 "icmp_type WHEN j_turned THEN dst_port ELSE src_port END AS j_low_port, CASE WHEN j_asks OR j_answers "
                 "THEN 65535 WHEN j_is_icmp THEN icmp_code WHEN j_turned THEN src_port ELSE dst_port END AS "
                 "j_high_port "
                 "FROM turned), ");
    put(builder, "rows AS NOT MATERIALIZED (SELECT *, "
                 "(coalesce(exporter_ipv4, 0)::UBIGINT << 16) | coalesce(exporter_port, 0) AS j_exporter, "
                 "exporter_ipv6 AS j_exporter6, (coalesce(protocol, 256)::UBIGINT << 32) | (coalesce(j_low_port, "
                 "0)::UBIGINT "
                 "<< 16) | coalesce(j_high_port, 0)::UBIGINT AS j_ports, (if(j_turned, j_dst4, j_src4)::UBIGINT << "
                 "32) | "
                 "if(j_turned, j_src4, j_dst4) AS j_ends, CASE WHEN j_src4 IS NULL THEN if(j_turned, j_dst6, j_src6) "
                 "END AS j_low6, "
                 "CASE WHEN j_src4 IS NULL THEN if(j_turned, j_src6, j_dst6) END AS j_high6, greatest(least(j_start, "
                 "%" PRId64 "), -%" PRId64 ") * 4 + "
                 "if(src_port > dst_port, 0, 2) + if(j_turned, 1, 0) AS j_order FROM ported)", FAR_US, FAR_US);
}

/* A condition for two rows with the same key. */
static void put_same_key(struct builder *builder, const char *other)
{
    for (size_t i = 0; i < COUNT(join_keys); i++)
        put(builder, "%srows.%s IS NOT DISTINCT FROM %s.%s", i > 0 ? " AND " : "", join_keys[i], other, join_keys[i]);
}

/* ------------------------------------------------------------------------------------------------------ conversations */

/* An amount from the lower end to the higher one, and the other way. */
static void put_both_ways(struct builder *builder, const char *name)
{
    put(builder, ", sum(if(j_turned, j_reverse_%s, j_%s)) AS up_%s, sum(if(j_turned, j_%s, j_reverse_%s)) AS "
                 "down_%s", name,
        name, name, name, name, name);
}

/* Has rows added to the table of conversations, of records from `from`; `part` where a key has several. */
static void put_conversations(struct builder *builder, const char *part, const char *from)
{
    put(builder, "SELECT " KEYS ", %s AS j_part, min(j_start) AS j_first, max(j_end) AS j_last, max(j_start) > "
                 "min(j_end) + "
                 "%" PRId64 " AS j_is_apart, arg_min(j_turned, j_order) AS j_turned, arg_min_null((src_port::UINTEGER "
                 "<< "
                 "16) | dst_port, j_order) AS j_told_ports, bool_or(j_matches) AS j_matches, max(received) AS "
                 "received, "
                 "sum(" FLOW_COUNT_SQL ") AS flows, arg_min_null(sampling_rate, j_order) AS sampling_rate",
        part, builder->timeout_us);
    put_both_ways(builder, "bytes");
    put_both_ways(builder, "packets");
    put(builder, ", bit_or(tcp_flags) FILTER (NOT j_turned) AS up_flags, bit_or(tcp_flags) FILTER (j_turned) AS "
                 "down_flags");
    for (const char *name = next_other(builder, NULL); name != NULL; name = next_other(builder, name)) {
        put(builder, ", arg_min_null(");
        builder->failed |= flow_put_name(&builder->sql, name) != 0;
        put(builder, ", j_order) AS ");
        builder->failed |= flow_put_name(&builder->sql, name) != 0;
    }
    put(builder, " FROM %s GROUP BY ALL", from);
}

static int run(struct builder *builder, struct query_error *error)
{
    int result = -1;
    if (builder->failed)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else
        result = query_do(builder->source->query, builder->sql.data, error);
    text_done(&builder->sql);
    return result;
}

/* A row for each key. */
static int make_conversations(struct builder *builder, struct query_error *error)
{
    put(builder, "CREATE OR REPLACE TEMP TABLE conversations AS ");
    put_rows(builder);
    if (builder->source->filter != NULL && !filter_matches_all(builder->source->filter)) {
        put(builder, ", chosen AS NOT MATERIALIZED (SELECT * FROM rows SEMI JOIN (SELECT DISTINCT " KEYS " FROM rows "
                     "WHERE "
                     "j_matches) AS wanted ON ");
        put_same_key(builder, "wanted");
        put(builder, ") ");
        put_conversations(builder, "0", "chosen");
    } else {
        put(builder, " ");
        put_conversations(builder, "0", "rows");
    }
    return run(builder, error);
}

/* Keys whose records do not all touch: several rows in place of the one. */
static int part_conversations(struct builder *builder, struct query_error *error)
{
    static const char order[] = "PARTITION BY " KEYS " ORDER BY j_order, j_end ROWS BETWEEN UNBOUNDED PRECEDING AND";
    put(builder, "CREATE OR REPLACE TEMP TABLE parted AS ");
    put_rows(builder);
    put(builder, ", gaps AS (SELECT *, j_start > max(j_end) OVER (%s 1 PRECEDING) + %" PRId64 " AS j_begins FROM rows "
                 "SEMI "
                 "JOIN (SELECT " KEYS " FROM conversations WHERE j_is_apart) AS wanted ON "
                 "", order, builder->timeout_us);
    put_same_key(builder, "wanted");
    put(builder, "), parts AS (SELECT *, count(*) FILTER (j_begins) OVER (%s CURRENT ROW) AS j_place FROM gaps) "
                 "", order);
    put_conversations(builder, "j_place", "parts");
    return run(builder, error) == 0 &&
                   query_do(builder->source->query, "DELETE FROM conversations WHERE j_is_apart", error) == 0 &&
                   query_do(builder->source->query, "INSERT INTO conversations FROM parted", error) == 0 &&
                   query_do(builder->source->query, "DROP TABLE parted", error) == 0 ? 0 : -1;
}

/* The columns of records, of the conversations that a record matches. */
static int make_view(struct builder *builder, struct query_error *error)
{
    static const char *const amounts[] = {"bytes", "packets"};
    put(builder, "CREATE OR REPLACE TEMP VIEW biflows AS SELECT received, make_timestamptz(j_first) AS time_start, "
                 "make_timestamptz(j_last) AS time_end, if(j_turned, j_ends & 4294967295, j_ends >> 32)::UINTEGER AS "
                 "src_ipv4, "
                 "if(j_turned, j_high6, j_low6) AS src_ipv6, if(j_turned, j_ends >> 32, j_ends & "
                 "4294967295)::UINTEGER AS "
                 "dst_ipv4, if(j_turned, j_low6, j_high6) AS dst_ipv6, (j_told_ports >> 16)::USMALLINT AS src_port, "
                 "(j_told_ports & 65535)::USMALLINT AS dst_port, nullif(j_ports >> 32, 256)::UTINYINT AS protocol, "
                 "CASE WHEN j_exporter6 IS NULL THEN (j_exporter >> 16)::UINTEGER END AS exporter_ipv4, j_exporter6 "
                 "AS exporter_ipv6, "
                 "(j_exporter & 65535)::USMALLINT AS exporter_port, flows, sampling_rate, "
                 "if(j_turned, down_flags, up_flags) AS tcp_flags, if(j_turned, up_flags, down_flags) AS "
                 "reverse_tcp_flags");
    for (size_t i = 0; i < COUNT(amounts); i++)
        put(builder, ", if(j_turned, down_%s, up_%s) AS %s, if(j_turned, up_%s, down_%s) AS reverse_%s", amounts[i],
            amounts[i], amounts[i], amounts[i], amounts[i], amounts[i]);
    for (const char *name = next_other(builder, NULL); name != NULL; name = next_other(builder, name)) {
        put(builder, ", ");
        builder->failed |= flow_put_name(&builder->sql, name) != 0;
    }
    put(builder, " FROM conversations WHERE j_matches");
    return run(builder, error);
}

static int join(struct builder *builder, struct query_error *error)
{
    struct query_result *result;
    struct query_chunk chunk;
    if (make_conversations(builder, error) != 0 ||
        query_run(builder->source->query, "SELECT count(*) FROM conversations WHERE "
                                          "j_is_apart", NULL, 0, &result, error) != 0)
        return -1;
    const int got = query_next(result, &chunk, error);
    const bool any_apart = got == 1 && query_number_at(&chunk.vectors[0], 0) > 0;
    query_result_free(result);
    if (got != 1 || (any_apart && part_conversations(builder, error) != 0))
        return -1;
    return make_view(builder, error);
}

int flow_join(const struct flow_source *source, int64_t timeout_us, const struct flow_key *keys, size_t key_count,
              struct flow_source *ret_joined, struct query_error *error)
{
    const struct flow_key ends[] = {{.shape = FLOW_KEY_ADDRESS, .column = "src", .other = "dst"}};
    struct builder builder = {
        .source = source, .keys = keys, .key_count = key_count, .timeout_us = timeout_us};
    const int is_mapped = flow_source_is_mapped(source, ends, 1, error);
    if (is_mapped < 0)
        return -1;
    builder.is_mapped = is_mapped > 0;
    for (size_t i = 0; i < key_count; i++) {
        add_key(&builder, &keys[i], keys[i].column);
        add_key(&builder, &keys[i], keys[i].other);
    }
    const int result = join(&builder, error);
    text_done(&builder.others);
    if (result == 0)
        *ret_joined = (struct flow_source){.query = source->query, .columns = source->columns,
                                           .span = {source->span.from_us, INT64_MAX}, /* all end behind that */
                                           .table = "biflows", .is_joined = true};
    return result;
}
