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
 *
 * What shares are of, the whole, is known from the sums of all groups where each flow is in one group, and else nothing
 * is asked of the flows that the feet of their files do not tell. Their groups then go to a table of their own, g0 (and
 * g1 of IPv6), from which the largest and the whole, w, are taken; else the whole is added up first.
 */
#define _GNU_SOURCE
#include "top_query.h"

#include "filter_words.h"

#include <inttypes.h>
#include <stdio.h>

const char *const top_amount_names[TOP_AMOUNT_COUNT] = {"bytes", "packets", "flows", "bps", "pps", "bpp"};

int top_amounts_parse(const char *words, enum top_amount amounts[TOP_AMOUNT_COUNT], size_t *ret_count,
                      struct query_error *error)
{
    size_t count = 0;
    for (bool is_more = true; is_more;) {
        words += strspn(words, " ");
        const size_t to_comma = strcspn(words, ",");
        size_t length = to_comma, amount = 0;
        while (length > 0 && words[length - 1] == ' ')
            length--;
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
        is_more = words[to_comma] == ',';
        words += to_comma + is_more;
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
    bool has_whole; /* the whole is taken from the groups */
    bool is_exact;  /* sums may be of any size */
    int only_part; /* of the only key, which the groups are of; -1: all parts of all keys */
    struct text_buffer sql;
    struct time_bins bins; /* where there are spans of time */
};

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
    struct text_buffer *sql = &builder->sql;
    const struct top_request *request = builder->request;
    const char *between = "";
    text_put(sql, "SELECT ");
    if (request->group_us > 0) {
        flow_source_put_bin(sql, builder->source, &builder->bins);
        text_put(sql, " AS t");
        between = ", ";
    }
    for (size_t i = 0; i < request->key_count; i++) {
        const struct flow_key *key = &request->keys[i];
        for (unsigned part = 0; part < flow_key_parts(key); part++) {
            text_put(sql, between);
            flow_key_put_part(sql, key, part, other && key->other[0] != '\0', builder->is_mapped);
            text_print(sql, " AS k%zu_%u", i, part);
            between = ", ";
        }
    }
    for (enum top_amount amount = TOP_BYTES; amount <= TOP_FLOWS; amount++) {
        if (!(amount == TOP_BYTES ? needs(request, TOP_BYTES, TOP_BPS, TOP_BPP)
              : amount == TOP_PACKETS ? needs(request, TOP_PACKETS, TOP_PPS, TOP_BPP)
                                      : needs(request, TOP_FLOWS, TOP_FLOWS, TOP_FLOWS)))
            continue;
        text_put(sql, between);
        flow_source_put_amount(sql, builder->source, top_amount_names[amount]);
        text_print(sql, " AS n_%s", top_amount_names[amount]);
    }
    if (needs(request, TOP_BPS, TOP_PPS, TOP_PPS))
        text_print(sql, "%s" FLOW_START_SQL " AS n_start, " FLOW_END_SQL " AS n_end", between);
    flow_source_put(sql, builder->source, request->keys, request->key_count);
    for (size_t i = 0; i < request->key_count && other; i++) { /* both ends alike: counted once */
        const struct flow_key *key = &request->keys[i];
        const char *joint = " AND (";
        for (unsigned part = 0; key->other[0] != '\0' && part < flow_key_parts(key); part++, joint = " OR ") {
            text_print(sql, "%s(", joint);
            flow_key_put_part(sql, key, part, false, builder->is_mapped);
            text_put(sql, ") IS DISTINCT FROM (");
            flow_key_put_part(sql, key, part, true, builder->is_mapped);
            text_put(sql, ")");
        }
        if (key->other[0] != '\0')
            text_put(sql, ")");
    }
}

/* Doubles are added up faster than what holds any sum, and exactly where the whole is below 2^53. */
static bool is_small(double whole)
{
    return whole < 9e15;
}

static void put_sum(struct builder *builder, enum top_amount amount)
{
    struct text_buffer *sql = &builder->sql;
    const double whole = top_total(amount, builder->totals);
    if (builder->has_whole && !builder->is_exact)
        text_print(sql, "coalesce(sum(CAST(n_%s AS DOUBLE)), 0)", top_amount_names[amount]);
    else if (!builder->has_whole && whole > 0 && is_small(whole))
        text_print(sql, "CAST(coalesce(sum(CAST(n_%s AS DOUBLE)), 0) AS UBIGINT)", top_amount_names[amount]);
    else
        text_print(sql, "coalesce(sum(n_%s), 0)", top_amount_names[amount]);
}

static void put_amount(struct builder *builder, enum top_amount amount)
{
    struct text_buffer *sql = &builder->sql;
    static const char seconds[] = "nullif(greatest(epoch_us(max(n_end)) - epoch_us(min(n_start)), 0), 0)";
    switch (amount) {
    case TOP_BYTES:
    case TOP_PACKETS: put_sum(builder, amount); break;
    case TOP_FLOWS: text_put(sql, "sum(n_flows)"); break;
    case TOP_BPS: text_print(sql, "coalesce(round(sum(n_bytes) * 8e6 / %s), 0)", seconds); break;
    case TOP_PPS: text_print(sql, "coalesce(round(sum(n_packets) * 1e6 / %s), 0)", seconds); break;
    default: text_put(sql, "coalesce(round(sum(n_bytes) / nullif(sum(n_packets), 0)), 0)"); break;
    }
}

/* "k0_0, k0_1, ..." */
static void put_parts(struct builder *builder)
{
    struct text_buffer *sql = &builder->sql;
    if (builder->only_part >= 0) {
        text_print(sql, "k0_%d", builder->only_part);
        return;
    }
    for (size_t i = 0; i < builder->request->key_count; i++) {
        for (unsigned part = 0; part < flow_key_parts(&builder->request->keys[i]); part++)
            text_print(sql, "%sk%zu_%u", i + part > 0 ? ", " : "", i, part);
    }
}

static void put_order(struct builder *builder)
{
    text_print(&builder->sql, " ORDER BY %sa0 DESC, ", builder->request->group_us > 0 ? "t, " : "");
    put_parts(builder);
}

static void put_limit(struct builder *builder)
{
    struct text_buffer *sql = &builder->sql;
    const struct top_request *request = builder->request;
    if (request->group_us > 0 && request->limit > 0) {
        text_put(sql, " QUALIFY row_number() OVER (PARTITION BY t ORDER BY a0 DESC, ");
        put_parts(builder);
        text_print(sql, ") <= %" PRIu64, request->limit);
    }
    put_order(builder);
    if (request->group_us == 0 && request->limit > 0)
        text_print(sql, " LIMIT %" PRIu64, request->limit);
}

/* The groups of rows that the condition is true for. */
static void put_groups(struct builder *builder, const char *condition)
{
    struct text_buffer *sql = &builder->sql;
    const struct top_request *request = builder->request;
    bool either = false;
    for (size_t i = 0; i < request->key_count; i++)
        either |= request->keys[i].other[0] != '\0';
    text_print(sql, "SELECT %s", request->group_us > 0 ? "t, " : "");
    text_put(sql, builder->only_part == 1 ? "CAST(NULL AS UINTEGER) AS k0_0, " : "");
    put_parts(builder);
    text_print(sql, builder->only_part == 0 ? ", CAST(NULL AS BLOB) AS k0_1" : "");
    for (size_t i = 0; i < request->amount_count; i++) {
        text_put(sql, ", ");
        put_amount(builder, request->amounts[i]);
        text_print(sql, " AS a%zu", i);
    }
    text_put(sql, " FROM (");
    put_rows(builder, false);
    if (either) {
        text_put(sql, " UNION ALL ");
        put_rows(builder, true);
    }
    text_print(sql, ")%s GROUP BY %s", condition, request->group_us > 0 ? "t, " : "");
    put_parts(builder);
}

/* Whether the number of an amount is a double of a sum, for now. */
static bool is_whole_double(const struct builder *builder, size_t i)
{
    return builder->has_whole && !builder->is_exact && builder->request->amounts[i] <= TOP_PACKETS;
}

static void put_text_columns(struct builder *builder)
{
    struct text_buffer *sql = &builder->sql;
    const struct top_request *request = builder->request;
    const char *between = "";
    if (request->group_us > 0) {
        text_put(sql, "make_timestamptz(t) AS time");
        between = ", ";
    }
    for (size_t i = 0; i < request->key_count; i++, between = ", ") {
        char names[3][24];
        for (unsigned part = 0; part < 3; part++)
            snprintf(names[part], sizeof names[part], "k%zu_%u", i, part);
        text_put(sql, between);
        flow_key_put_text(sql, &request->keys[i], (const char *const[]){names[0], names[1], names[2]});
        text_put(sql, " AS ");
        flow_put_name(sql, request->keys[i].name);
    }
    for (size_t i = 0; i < request->amount_count; i++)
        text_print(sql, is_whole_double(builder, i) ? ", CAST(least(a%zu, 9e15) AS UBIGINT) AS %s" : ", a%zu AS %s", i,
                   top_amount_names[request->amounts[i]]);
    const double total = top_total(request->amounts[0], builder->totals);
    if (builder->has_whole && request->amounts[0] <= TOP_PACKETS)
        text_put(sql, ", round(a0 * 100e0 / greatest((SELECT w0 FROM w), 1), 3) AS percent");
    else if (request->amounts[0] <= TOP_FLOWS)
        text_print(sql, ", round(a0 * 100e0 / %.17g, 3) AS percent", total > 0 ? total : 1);
    for (size_t i = 0; i < request->amount_count && builder->has_whole; i++)
        text_print(sql, ", (SELECT w%zu FROM w) AS w%zu", i, i);
}

/* "WITH g0 AS MATERIALIZED (...), w AS (SELECT sum(a0) AS w0, ... FROM g0) " */
static void put_whole(struct builder *builder, bool is_apart)
{
    struct text_buffer *sql = &builder->sql;
    for (int part = 0; part < (is_apart ? 2 : 1); part++) {
        text_print(sql, "%s g%d AS MATERIALIZED (", part == 0 ? "WITH" : ",", part);
        builder->only_part = is_apart ? part : -1;
        put_groups(builder, !is_apart ? "" : part == 0 ? " WHERE k0_0 IS NOT NULL" : " WHERE k0_0 IS NULL");
        text_put(sql, ")");
    }
    builder->only_part = -1;
    text_put(sql, ", w AS (SELECT ");
    for (size_t i = 0; i < builder->request->amount_count; i++)
        text_print(sql, "%ssum(a%zu) AS w%zu", i > 0 ? ", " : "", i, i);
    text_put(sql, is_apart ? " FROM (FROM g0 UNION ALL FROM g1)) " : " FROM g0) ");
}

/* The largest groups of a part of the only key, or of all. */
static void put_largest(struct builder *builder, int part, const char *condition)
{
    builder->only_part = part;
    if (builder->has_whole)
        text_print(&builder->sql, "FROM g%d", part > 0 ? part : 0);
    else
        put_groups(builder, condition);
    put_limit(builder);
    builder->only_part = -1;
}

static void build(struct builder *builder)
{
    struct text_buffer *sql = &builder->sql;
    const struct top_request *request = builder->request;
    const bool is_apart = request->key_count == 1 && request->group_us == 0 && request->limit > 0 &&
                          flow_key_parts(&request->keys[0]) == 2;
    /* a table first: what fails does so before anything is shown */
    text_put(sql, "CREATE OR REPLACE TEMP TABLE top_groups AS ");
    if (builder->has_whole)
        put_whole(builder, is_apart);
    text_put(sql, "SELECT ");
    put_text_columns(builder);
    text_put(sql, " FROM (");
    if (is_apart) {
        text_put(sql, "FROM ((");
        put_largest(builder, 0, " WHERE k0_0 IS NOT NULL");
        text_put(sql, ") UNION ALL (");
        put_largest(builder, 1, " WHERE k0_0 IS NULL");
        text_put(sql, "))");
        put_limit(builder);
    } else {
        put_largest(builder, -1, "");
    }
    text_put(sql, ")");
    if (builder->has_whole)
        put_order(builder); /* the whole beside them may have changed it */
}

/* ----------------------------------------------------------------------------------------------------------- asking */

static int make_groups(struct builder *builder, struct query_error *error)
{
    int result = -1;
    build(builder);
    if (builder->sql.failed)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else
        result = query_do(builder->source->query, builder->sql.data, error);
    text_done(&builder->sql);
    return result;
}

/* Takes the whole of each amount out of the table. */
static int read_whole(const struct builder *builder, double *ret_whole, struct query_error *error)
{
    struct text_buffer sql = {0};
    const size_t count = builder->request->amount_count;
    text_put(&sql, "SELECT ");
    for (size_t i = 0; i < count; i++)
        text_print(&sql, "%smax(w%zu)", i > 0 ? ", " : "", i);
    text_put(&sql, " FROM top_groups");
    return query_numbers(builder->source->query, &sql, ret_whole, count, error);
}

/* Makes the groups with sums of doubles or, where those may not be exact, with others. */
static int make_groups_and_whole(struct builder *builder, struct flow_totals *totals, struct query_error *error)
{
    const struct top_request *request = builder->request;
    double whole[TOP_AMOUNT_COUNT];
    for (bool again = true; again;) {
        if (make_groups(builder, error) != 0 || read_whole(builder, whole, error) != 0)
            return -1;
        again = false;
        for (size_t i = 0; i < request->amount_count; i++)
            again |= is_whole_double(builder, i) && !is_small(whole[i]);
        builder->is_exact = again;
    }
    for (size_t i = 0; i < request->amount_count; i++) {
        totals->bytes = request->amounts[i] == TOP_BYTES ? whole[i] : totals->bytes;
        totals->packets = request->amounts[i] == TOP_PACKETS ? whole[i] : totals->packets;
    }
    return 0;
}

int top_query(const struct flow_source *source, const struct top_request *request, struct flow_totals *ret_totals,
              struct query_result **ret_result, struct query_error *error)
{
    struct flow_totals totals;
    struct text_buffer sql = {0};
    bool wants[2] = {false, false};
    for (size_t i = 0; i < request->amount_count; i++) {
        if (request->amounts[i] <= TOP_PACKETS)
            wants[request->amounts[i]] = true;
    }
    struct builder builder = {.source = source, .request = request, .totals = &totals, .only_part = -1};
    builder.has_whole = (wants[TOP_BYTES] || wants[TOP_PACKETS]) && flow_source_is_counted(source) &&
                        request->key_count == 1 && request->keys[0].other[0] == '\0';
    const int is_mapped = flow_source_is_mapped(source, request->keys, request->key_count, error);
    builder.is_mapped = is_mapped > 0;
    if (is_mapped < 0 || flow_source_totals(source, wants[TOP_BYTES] && !builder.has_whole,
                                            wants[TOP_PACKETS] && !builder.has_whole, &totals, error) != 0 ||
        (request->group_us > 0 && flow_source_bins(source, &totals, request->group_us, &builder.bins, error) != 0))
        return -1;
    if (builder.has_whole ? make_groups_and_whole(&builder, &totals, error) != 0 : make_groups(&builder, error) != 0)
        return -1;
    text_put(&sql, request->to_parquet ? QUERY_PARQUET_BEGIN "SELECT *" : "SELECT *");
    for (size_t i = 0; i < request->amount_count && builder.has_whole; i++)
        text_print(&sql, "%sw%zu", i > 0 ? ", " : " EXCLUDE (", i);
    text_print(&sql, "%s FROM top_groups%s", builder.has_whole ? ")" : "",
               request->to_parquet ? QUERY_PARQUET_END : "");
    int result = -1;
    if (sql.failed)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else
        result = query_run(source->query, sql.data, NULL, 0, ret_result, error);
    text_done(&sql);
    if (result == 0)
        *ret_totals = totals;
    return result;
}
