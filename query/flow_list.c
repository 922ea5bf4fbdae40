/* SPDX-License-Identifier: MIT */
/* flow_list.c - flows one by one, in SQL */
#define _GNU_SOURCE
#include "flow_list.h"

#include "flow_form.h"

#include <inttypes.h>
#include <stdio.h>

const char *const flow_order_names[FLOW_ORDER_COUNT] = {"time", "bytes", "packets", "duration", "none"};

static const char *const order_sql[FLOW_ORDER_COUNT] = {
    [FLOW_ORDER_TIME] = " ORDER BY " FLOW_START_SQL ", " FLOW_END_SQL,
    [FLOW_ORDER_BYTES] = " ORDER BY bytes DESC NULLS LAST, " FLOW_START_SQL,
    [FLOW_ORDER_PACKETS] = " ORDER BY packets DESC NULLS LAST, " FLOW_START_SQL,
    [FLOW_ORDER_DURATION] = " ORDER BY epoch_us(time_end) - epoch_us(time_start) DESC NULLS LAST, " FLOW_START_SQL,
    [FLOW_ORDER_NONE] = "",
};

/* What tables for people have, and their names. */
static const char *const usual_columns[] = {"ts", "duration", "proto", "src", "srcport", "dst", "dstport", "flags",
                                            "packets", "bytes", "exporter"};

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

/* " FROM (SELECT * FROM ... ORDER BY ... LIMIT ...)": text is made of the rows that are left. */
static int put_rows(struct text_buffer *sql, const struct flow_source *source, const struct flow_list_request *request,
                    const struct flow_key *keys, size_t count)
{
    int result = text_put(sql, " FROM (SELECT *");
    for (int i = 0; i < 2 && source->sampled && result == 0; i++) {
        if ((result = text_put(sql, i == 0 ? " REPLACE (" : " AS bytes, ")) == 0)
            result = flow_source_put_amount(sql, source, i == 0 ? "bytes" : "packets");
    }
    if (result == 0 && source->sampled)
        result = text_put(sql, " AS packets)");
    if (result == 0)
        result = flow_source_put(sql, source, keys, count);
    if (result == 0)
        result = text_put(sql, order_sql[request->order]);
    if (result == 0 && request->limit > 0)
        result = text_print(sql, " LIMIT %" PRIu64, request->limit);
    return result == 0 ? text_put(sql, ")") : -1;
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

static int put_all(struct text_buffer *sql, const struct flow_source *source, const struct flow_list_request *request)
{
    static const char *const pairs[] = {"src", "dst", "exporter", "next_hop", "bgp_next_hop", "nat_src", "nat_dst"};
    int result = text_put(sql, "SELECT time_start, time_end, addr(src_ipv4, src_ipv6) AS src, src_port, "
                               "addr(dst_ipv4, dst_ipv6) AS dst, dst_port, protocol, tcp_flags, bytes, packets, ");
    for (size_t i = 2; i < sizeof pairs / sizeof *pairs && result == 0; i++)
        result = text_print(sql, "addr(%s_ipv4, %s_ipv6) AS %s, ", pairs[i], pairs[i], pairs[i]);
    if (result == 0)
        result = text_put(sql, "* EXCLUDE (time_start, time_end, src_port, dst_port, protocol, tcp_flags, bytes, "
                               "packets");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && result == 0; i++)
        result = text_print(sql, ", %s_ipv4, %s_ipv6", pairs[i], pairs[i]);
    if (result == 0)
        result = text_put(sql, ")");
    return result == 0 ? put_rows(sql, source, request, NULL, 0) : -1;
}

int flow_list_query(const struct flow_source *source, const struct flow_list_request *request,
                    struct query_result **ret_result, struct query_error *error)
{
    struct flow_key usual[sizeof usual_columns / sizeof *usual_columns];
    const size_t usual_count = sizeof usual_columns / sizeof *usual_columns;
    struct text_buffer sql = {0};
    int result;
    if (request->form != NULL) {
        result = put_keys(&sql, source, request, request->form->keys, request->form->key_count);
    } else if (request->all_columns) {
        result = put_all(&sql, source, request);
    } else {
        for (size_t i = 0; i < usual_count; i++) {
            const char *word = usual_columns[i];
            if (flow_key_parse(word, strlen(word), true, source->columns, &usual[i], error) != 0)
                return -1;
        }
        snprintf(usual[0].name, sizeof usual[0].name, "time");
        result = put_keys(&sql, source, request, usual, usual_count);
    }
    if (result != 0)
        snprintf(error->text, sizeof error->text, "not enough memory");
    else
        result = query_run(source->query, sql.data, NULL, 0, ret_result, error);
    text_done(&sql);
    return result;
}
