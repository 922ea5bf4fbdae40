/* SPDX-License-Identifier: MIT */
/*
 * test_flow_list.c - lists of flows whose footers tell which columns are null have the same columns as others, and what
 * is equal by its order comes in the same order always
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow_list.h"
#include "query_text.h"

enum { COLUMNS_MAX = 200 };

static char path[] = "/tmp/weir-flow-list-XXXXXX";
static struct query *query;
static struct flow_columns *columns;
static struct query_error error;

static int set_up(void **state)
{
    char sql[600];
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    query = query_open(NULL, NULL, &error);
    assert_non_null(query);
    query_text(query, "CREATE TABLE made AS SELECT *, 7::UTINYINT AS \"odd \"\"name\", NULL::BLOB AS rare"
                      " FROM stored.flows");
    query_text(query, "INSERT INTO made BY NAME SELECT make_timestamptz(1700000000000000 - i // 4) AS received,"
                      " 10 + i // 4 AS bytes, i // 4 AS packets, 2 AS sampling_rate, 16909060 + i AS src_ipv4,"
                      " 8 AS \"odd \"\"name\" FROM range(12) r(i)");
    snprintf(sql, sizeof sql, "COPY made TO '%s' (FORMAT parquet)", path);
    query_text(query, sql);
    query_close(query);
    query = query_open(&(struct query_files){.flows = {(const char *const[]){path}, 1}}, NULL, &error);
    columns = query != NULL ? flow_columns_read(query, &error) : NULL;
    return columns != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    flow_columns_free(columns);
    query_close(query);
    unlink(path);
    return 0;
}

/* What footers would tell where the columns with values were those of which there is a name in `valued`. */
static struct flow_facts make_facts(struct query_known_column *known, const char *valued)
{
    const char *name, *type;
    struct flow_facts facts = {.columns = known};
    while ((name = flow_columns_at(columns, facts.column_count, &type)) != NULL) {
        assert_true(facts.column_count < COLUMNS_MAX);
        known[facts.column_count++] = (struct query_known_column){.name = name, .has_values = strstr(valued, name) != NULL};
    }
    return facts;
}

/* The rows of a list as lines of CSV, or of JSON without nulls. */
static char *list(const struct flow_source *source, const struct flow_list_request *request)
{
    static char text[1 << 19];
    char name[] = "/tmp/weir-flow-list-out-XXXXXX";
    struct query_result *result;
    uint64_t rows;
    const int fd = mkstemp(name);
    const struct query_output_settings settings = {.format = request->omits_nulls ? QUERY_NDJSON : QUERY_CSV, .fd = fd,
                                                   .omit_nulls = request->omits_nulls};
    assert_true(fd >= 0);
    unlink(name);
    if (flow_list_query(source, request, &result, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(query_output_write(result, &settings, &rows, &error), QUERY_OUTPUT_DONE);
    query_result_free(result);
    const ssize_t size = pread(fd, text, sizeof text - 1, 0);
    assert_true(size > 0);
    text[size] = '\0';
    close(fd);
    return text;
}

static void nulls_are_restored(void **state)
{
    struct query_known_column known[COLUMNS_MAX];
    const struct flow_facts facts = make_facts(known, "received bytes packets sampling_rate src_ipv4 odd \"name");
    struct filter_error filter_error;
    const struct filter_options options = flow_columns_filter_options(columns);
    struct filter *filter = filter_parse("not natEvent 4", 14, &options, &filter_error);
    (void)state;
    assert_non_null(filter);
    for (unsigned way = 0; way < 16 * FLOW_ORDER_COUNT; way++) {
        const struct flow_list_request request = {.all_columns = (way & 1) != 0, .limit = (way & 2) != 0 ? 2 : 0,
                                                  .order = (enum flow_order)(way / 16)};
        struct flow_source source = {.query = query, .columns = columns, .span = FLOW_SPAN_ALL,
                                     .sampled = (way & 4) != 0, .filter = (way & 8) != 0 ? filter : NULL};
        char *usual = strdup(list(&source, &request));
        source.facts = &facts;
        assert_string_equal(list(&source, &request), usual);
        free(usual);
    }
    filter_free(filter);
}

static size_t column_count(const struct flow_source *source, const struct flow_list_request *request)
{
    struct query_result *result;
    if (flow_list_query(source, request, &result, &error) != 0)
        fail_msg("%s", error.text);
    const size_t count = result->column_count;
    query_result_free(result);
    return count;
}

static void nulls_throughout_are_left_out_of_json(void **state)
{
    struct query_known_column known[COLUMNS_MAX];
    const struct flow_facts facts = make_facts(known, "received bytes packets sampling_rate src_ipv4 odd \"name");
    const struct flow_list_request request = {.all_columns = true, .omits_nulls = true};
    struct flow_source source = {.query = query, .columns = columns, .span = FLOW_SPAN_ALL};
    (void)state;
    char *usual = strdup(list(&source, &request));
    const size_t count = column_count(&source, &request);
    source.facts = &facts;
    assert_string_equal(list(&source, &request), usual);
    assert_non_null(strstr(usual, "\"odd"));
    assert_in_range(column_count(&source, &request), 10, count - 10);
    free(usual);
}

/* They are added to the result, where they have no type of their own. */
static void nulls_throughout_are_not_asked_for(void **state)
{
    struct query_known_column known[COLUMNS_MAX];
    const struct flow_facts facts = make_facts(known, "received bytes src_ipv4");
    struct flow_source source = {.query = query, .columns = columns, .span = FLOW_SPAN_ALL, .facts = &facts};
    struct query_result *result;
    size_t typed = 0;
    (void)state;
    if (flow_list_query(&source, &(struct flow_list_request){.all_columns = true}, &result, &error) != 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < result->column_count; i++) {
        typed += result->columns[i].type.kind != QUERY_INT32;
        assert_true(strcmp(result->columns[i].name, "next_hop") != 0 || result->columns[i].type.kind == QUERY_INT32);
    }
    assert_int_equal(typed, 11); /* the ten that stand first, and when it was received */
    query_result_free(result);
}

/* What they tell is believed, even where it is wrong. */
static void facts_are_used(void **state)
{
    struct query_known_column known[COLUMNS_MAX], others[COLUMNS_MAX];
    const struct flow_facts facts = make_facts(known, "received packets"), none = make_facts(others, "");
    const struct flow_list_request request = {.all_columns = false};
    struct flow_source source = {.query = query, .columns = columns, .span = FLOW_SPAN_ALL, .facts = &facts};
    (void)state;
    assert_non_null(strstr(list(&source, &request), ",2,,\n"));
    source.facts = &none;
    assert_null(strstr(list(&source, &request), "2"));
}

/* Many flows of the same times and sizes, in an order of its own. */
static void make_equal(const char *table, const char *order)
{
    char sql[900];
    snprintf(sql, sizeof sql,
             "CREATE TABLE %s AS SELECT NULL::USMALLINT AS reverse_tcp_flags, * FROM stored.flows LIMIT 0", table);
    query_text(query, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO %s BY NAME SELECT make_timestamptz(1700000000000000 + i %% 2) AS received,"
             " make_timestamptz(1600000000000000) AS time_start, make_timestamptz(1600000000000001) AS time_end,"
             " 1 AS bytes, 1 AS packets, 0 AS reverse_bytes, 0 AS reverse_packets, 6 AS protocol,"
             " 3232235521 AS exporter_ipv4, i %% 7 AS src_ipv4, i %% 11 AS dst_ipv4, i %% 13 AS src_port,"
             " i %% 17 AS dst_port FROM range(3000) r(i) ORDER BY %s",
             table, order);
    query_text(query, sql);
}

static void equal_flows_come_in_one_order(void **state)
{
    (void)state;
    make_equal("upwards", "i");
    make_equal("turned", "i % 71, i DESC");
    for (unsigned way = 0; way < 4 * FLOW_ORDER_NONE; way++) {
        const struct flow_list_request request = {.limit = (way & 1) != 0 ? 50 : 0,
                                                  .order = (enum flow_order)(way / 4)};
        struct flow_source source = {.query = query, .columns = columns, .span = FLOW_SPAN_ALL, .table = "upwards",
                                     .is_joined = (way & 2) != 0};
        char *usual = strdup(list(&source, &request));
        source.table = "turned";
        assert_string_equal(list(&source, &request), usual);
        free(usual);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nulls_are_restored),
                                       cmocka_unit_test(nulls_throughout_are_left_out_of_json),
                                       cmocka_unit_test(nulls_throughout_are_not_asked_for),
                                       cmocka_unit_test(facts_are_used),
                                       cmocka_unit_test(equal_flows_come_in_one_order)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
