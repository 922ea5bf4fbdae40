/* SPDX-License-Identifier: MIT */
/*
 * top_query.c - the largest groups of flows
 *
 *     SELECT addr(k0_0, k0_1) AS "src", a0 AS "bytes" FROM
 *         (SELECT k0_0, k0_1, sum(bytes) AS a0 FROM (SELECT src_ipv4 AS k0_0, src_ipv6 AS k0_1, bytes FROM ...)
 *          GROUP BY ... ORDER BY a0 DESC LIMIT 10)
 *
 * Grouping by a number is much faster than by octets, or by both. Where an address is the only key IPv4 and IPv6 are
 * grouped apart, and the larger of both taken.
 */
#define _GNU_SOURCE
#include "top_query.h"

#include "filter_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const char *const top_amount_names[TOP_AMOUNT_COUNT] = {"bytes", "packets", "flows", "bps", "pps", "bpp"};

int top_amounts_parse(const char *words, enum top_amount amounts[TOP_AMOUNT_COUNT], size_t *ret_count,
                      struct query_error *error)
{
    size_t count = 0;
    for (bool is_more = true; is_more;) {
        const size_t length = strcspn(words, ",");
        size_t amount = 0;
        while (amount < TOP_AMOUNT_COUNT &&
               (strlen(top_amount_names[amount]) != length || strncmp(top_amount_names[amount], words, length) != 0))
            amount++;
        for (size_t i = 0; i < count; i++) {
            if (amounts[i] == amount)
                amount = TOP_AMOUNT_COUNT; /* not twice, which keeps them in bounds too */
        }
        if (amount == TOP_AMOUNT_COUNT) {
            snprintf(error->text, sizeof error->text,
                     "'%.*s' is not one of bytes, packets, flows, bps, pps and bpp, each once", (int)length, words);
            return -1;
        }
        amounts[count++] = (enum top_amount)amount;
        is_more = words[length] == ',';
        words += length + is_more;
    }
    *ret_count = count;
    return 0;
}

double top_total(enum top_amount amount, const struct flow_totals *totals)
{
    return amount == TOP_BYTES ? totals->bytes : amount == TOP_PACKETS ? totals->packets
           : amount == TOP_FLOWS ? totals->flows : 0;
}

/* --------------------------------------------------------------------------------------------------------- the text */

struct builder {
    const struct flow_source *source;
    const struct top_request *request;
    const struct flow_totals *totals;
    bool is_mapped;
    int only_part; /* of the only key, which the groups are of; -1: all parts of all keys */
    struct text_buffer sql;
    bool failed;
};

static void put(struct builder *builder, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct builder *builder, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text || text_put(&builder->sql, text) != 0)
        builder->failed = true;
}

static bool needs(const struct top_request *request, enum top_amount first, enum top_amount second,
                  enum top_amount third)
{
    for (size_t i = 0; i < request->amount_count; i++) {
        if (request->amounts[i] == first || request->amounts[i] == second || request->amounts[i] == third)
            return true;
    }
    return false;
}

/* What is read of each flow: from its one end or, of keys that mean either, from its `other`. */
static void put_rows(struct builder *builder, bool other)
{
    const struct top_request *request = builder->request;
    const char *between = "";
    put(builder, "SELECT ");
    if (request->group_us > 0) {
        put(builder, "epoch_us(" FLOW_START_SQL ") // %" PRId64 " AS t", request->group_us);
        between = ", ";
    }
    for (size_t i = 0; i < request->key_count; i++) {
        const struct flow_key *key = &request->keys[i];
        for (unsigned part = 0; part < flow_key_parts(key); part++) {
            put(builder, "%s", between);
            if (flow_key_put_part(&builder->sql, key, part, other && key->other[0] != '\0', builder->is_mapped) != 0)
                builder->failed = true;
            put(builder, " AS k%zu_%u", i, part);
            between = ", ";
        }
    }
    for (enum top_amount amount = TOP_BYTES; amount <= TOP_FLOWS; amount++) {
        if (!(amount == TOP_BYTES ? needs(request, TOP_BYTES, TOP_BPS, TOP_BPP)
              : amount == TOP_PACKETS ? needs(request, TOP_PACKETS, TOP_PPS, TOP_BPP)
                                      : needs(request, TOP_FLOWS, TOP_FLOWS, TOP_FLOWS)))
            continue;
        put(builder, "%s", between);
        if (flow_source_put_amount(&builder->sql, builder->source, top_amount_names[amount]) != 0)
            builder->failed = true;
        put(builder, " AS n_%s", top_amount_names[amount]);
    }
    if (needs(request, TOP_BPS, TOP_PPS, TOP_PPS))
        put(builder, "%s" FLOW_START_SQL " AS n_start, " FLOW_END_SQL " AS n_end", between);
    if (flow_source_put(&builder->sql, builder->source, request->keys, request->key_count) != 0)
        builder->failed = true;
    for (size_t i = 0; i < request->key_count && other; i++) { /* both ends alike: counted once */
        const struct flow_key *key = &request->keys[i];
        const char *joint = " AND (";
        for (unsigned part = 0; key->other[0] != '\0' && part < flow_key_parts(key); part++, joint = " OR ") {
            put(builder, "%s(", joint);
            builder->failed |= flow_key_put_part(&builder->sql, key, part, false, builder->is_mapped) != 0;
            put(builder, ") IS DISTINCT FROM (");
            builder->failed |= flow_key_put_part(&builder->sql, key, part, true, builder->is_mapped) != 0;
            put(builder, ")");
        }
        if (key->other[0] != '\0')
            put(builder, ")");
    }
}

/* Doubles are added up faster than what holds any sum, and exactly where the whole is below 2^53. */
static void put_sum(struct builder *builder, enum top_amount amount)
{
    const double whole = top_total(amount, builder->totals);
    if (whole > 0 && whole < 9e15)
        put(builder, "CAST(coalesce(sum(CAST(n_%s AS DOUBLE)), 0) AS UBIGINT)", top_amount_names[amount]);
    else
        put(builder, "coalesce(sum(n_%s), 0)", top_amount_names[amount]);
}

static void put_amount(struct builder *builder, enum top_amount amount)
{
    static const char seconds[] = "nullif(epoch_us(max(n_end)) - epoch_us(min(n_start)), 0)";
    switch (amount) {
    case TOP_BYTES:
    case TOP_PACKETS: put_sum(builder, amount); break;
    case TOP_FLOWS: put(builder, "sum(n_flows)"); break;
    case TOP_BPS: put(builder, "coalesce(round(sum(n_bytes) * 8e6 / %s), 0)", seconds); break;
    case TOP_PPS: put(builder, "coalesce(round(sum(n_packets) * 1e6 / %s), 0)", seconds); break;
    default: put(builder, "coalesce(round(sum(n_bytes) / nullif(sum(n_packets), 0)), 0)"); break;
    }
}

/* "k0_0, k0_1, ..." */
static void put_parts(struct builder *builder)
{
    if (builder->only_part >= 0) {
        put(builder, "k0_%d", builder->only_part);
        return;
    }
    for (size_t i = 0; i < builder->request->key_count; i++) {
        for (unsigned part = 0; part < flow_key_parts(&builder->request->keys[i]); part++)
            put(builder, "%sk%zu_%u", i + part > 0 ? ", " : "", i, part);
    }
}

static void put_limit(struct builder *builder)
{
    const struct top_request *request = builder->request;
    if (request->group_us > 0 && request->limit > 0) {
        put(builder, " QUALIFY row_number() OVER (PARTITION BY t ORDER BY a0 DESC, ");
        put_parts(builder);
        put(builder, ") <= %" PRIu64, request->limit);
    }
    put(builder, " ORDER BY %sa0 DESC, ", request->group_us > 0 ? "t, " : "");
    put_parts(builder);
    if (request->group_us == 0 && request->limit > 0)
        put(builder, " LIMIT %" PRIu64, request->limit);
}

/* The groups of rows that the condition is true for. */
static void put_groups(struct builder *builder, const char *condition)
{
    const struct top_request *request = builder->request;
    bool either = false;
    for (size_t i = 0; i < request->key_count; i++)
        either |= request->keys[i].other[0] != '\0';
    put(builder, "SELECT %s", request->group_us > 0 ? "t, " : "");
    put(builder, builder->only_part == 1 ? "CAST(NULL AS UINTEGER) AS k0_0, " : "");
    put_parts(builder);
    put(builder, builder->only_part == 0 ? ", CAST(NULL AS BLOB) AS k0_1" : "");
    for (size_t i = 0; i < request->amount_count; i++) {
        put(builder, ", ");
        put_amount(builder, request->amounts[i]);
        put(builder, " AS a%zu", i);
    }
    put(builder, " FROM (");
    put_rows(builder, false);
    if (either) {
        put(builder, " UNION ALL ");
        put_rows(builder, true);
    }
    put(builder, ")%s GROUP BY %s", condition, request->group_us > 0 ? "t, " : "");
    put_parts(builder);
    put_limit(builder);
}

static void put_text_columns(struct builder *builder)
{
    const struct top_request *request = builder->request;
    const char *between = "";
    if (request->group_us > 0) {
        put(builder, "make_timestamptz(t * %" PRId64 ") AS time", request->group_us);
        between = ", ";
    }
    for (size_t i = 0; i < request->key_count; i++, between = ", ") {
        char names[3][24];
        for (unsigned part = 0; part < 3; part++)
            snprintf(names[part], sizeof names[part], "k%zu_%u", i, part);
        put(builder, "%s", between);
        builder->failed |=
            flow_key_put_text(&builder->sql, &request->keys[i],
                              (const char *const[]){names[0], names[1], names[2]}) != 0;
        put(builder, " AS ");
        builder->failed |= flow_put_name(&builder->sql, request->keys[i].name) != 0;
    }
    for (size_t i = 0; i < request->amount_count; i++)
        put(builder, ", a%zu AS %s", i, top_amount_names[request->amounts[i]]);
    const double total = top_total(request->amounts[0], builder->totals);
    if (request->amounts[0] <= TOP_FLOWS)
        put(builder, ", round(a0 * 100e0 / %.17g, 3) AS percent", total > 0 ? total : 1);
}

static void build(struct builder *builder)
{
    const struct top_request *request = builder->request;
    const bool apart = request->key_count == 1 && request->group_us == 0 && request->limit > 0 &&
                       flow_key_parts(&request->keys[0]) == 2;
    /* a table first: what fails does so before anything is shown */
    put(builder, "CREATE OR REPLACE TEMP TABLE top_groups AS SELECT ");
    put_text_columns(builder);
    put(builder, " FROM (");
    if (apart) {
        put(builder, "SELECT * FROM ((");
        builder->only_part = 0;
        put_groups(builder, " WHERE k0_0 IS NOT NULL");
        put(builder, ") UNION ALL (");
        builder->only_part = 1;
        put_groups(builder, " WHERE k0_0 IS NULL");
        put(builder, "))");
        builder->only_part = -1;
        put_limit(builder);
    } else {
        put_groups(builder, "");
    }
    put(builder, ")");
}

int top_query(const struct flow_source *source, const struct top_request *request, const struct flow_totals *totals,
              struct query_result **ret_result, struct query_error *error)
{
    struct builder builder = {.source = source, .request = request, .totals = totals, .only_part = -1};
    const int is_mapped = flow_source_is_mapped(source, request->keys, request->key_count, error);
    if (is_mapped < 0)
        return -1;
    builder.is_mapped = is_mapped > 0;
    build(&builder);
    int result = -1;
    if (builder.failed)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else
        result = query_do(source->query, builder.sql.data, error);
    text_done(&builder.sql);
    return result == 0 ? query_run(source->query, "FROM top_groups", NULL, 0, ret_result, error) : -1;
}
