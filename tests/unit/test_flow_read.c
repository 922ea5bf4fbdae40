/* SPDX-License-Identifier: MIT */
/*
 * test_flow_read.c - flows of a store in the order of receipt, whatever slices they are read in
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

#include "flow_read.h"
#include "query_text.h"

enum { ROWS = 1000, FILES = 3 };

static char folder[] = "/tmp/weir-flow-read-XXXXXX";
static char paths[FILES][64];
static struct query *query;
static struct flow_columns *columns;
static struct query_error error;

static void run(const char *sql)
{
    const char *text = query_text(query, sql);
    if (strncmp(text, "error", 5) == 0)
        fail_msg("%s", text);
}

/* File f has the rows f, f + 3, f + 6, ...; the number of a row is in its bytes. A tenth of all come at one moment,
 * half of them within a few milliseconds; a few tell of no hosts; those of IPv6 are in the second file. */
static void make_file(int f)
{
    char sql[2048];
    snprintf(paths[f], sizeof paths[f], "%s/%d.parquet", folder, f);
    run("CREATE OR REPLACE TABLE made AS FROM stored.flows");
    snprintf(sql, sizeof sql,
             "INSERT INTO made BY NAME SELECT make_timestamptz(CASE WHEN i %% 10 = 0 THEN 1700000500000000 ELSE"
             " 1700000000000000 + (hash(i) %% CASE WHEN i %% 10 < 6 THEN 4000 ELSE 1000000000 END)::BIGINT END) AS "
             "received, i AS bytes, 2 AS packets,"
             " 16909060::UINTEGER AS exporter_ipv4, CASE WHEN %d <> 1 AND i %% 100 <> 1 THEN i END AS src_ipv4,"
             " CASE WHEN %d <> 1 THEN 5 END AS dst_ipv4,"
             " CASE WHEN %d = 1 THEN "
             "'\\x20\\x01\\x0D\\xB8\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01'::BLOB END"
             " AS src_ipv6,"
             " CASE WHEN %d = 1 THEN "
             "'\\x20\\x01\\x0D\\xB8\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02'::BLOB END"
             " AS dst_ipv6, 6 AS protocol FROM range(%d, %d, 3) AS r(i)", f, f, f, f, f, ROWS);
    run(sql);
    snprintf(sql, sizeof sql, "COPY made TO '%s' (FORMAT parquet)", paths[f]);
    run(sql);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    query = query_open(NULL, NULL, &error);
    assert_non_null(query);
    for (int f = 0; f < FILES; f++)
        make_file(f);
    query_close(query);
    const char *const names[FILES] = {paths[0], paths[1], paths[2]};
    const struct query_files files = {.flows = {names, FILES}};
    query = query_open(&files, &(struct query_settings){.places = true}, &error);
    columns = query != NULL ? flow_columns_read(query, &error) : NULL;
    if (columns == NULL)
        print_error("%s\n", error.text);
    return columns != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    flow_columns_free(columns);
    query_close(query);
    for (int f = 0; f < FILES; f++)
        unlink(paths[f]);
    rmdir(folder);
    return 0;
}

struct seen {
    int64_t received_us[ROWS];
    uint64_t numbers[ROWS];
    size_t count, enough;
};

static bool see(void *context, const struct flow *flow)
{
    struct seen *seen = context;
    assert_true(seen->count < ROWS);
    assert_int_equal(flow->packets, 2);
    assert_int_equal(flow->source.family, flow->bytes % 3 == 1 ? 6 : 4);
    assert_int_equal(flow->destination.octets[flow->source.family == 4 ? 3 : 15], flow->source.family == 4 ? 5 : 2);
    seen->received_us[seen->count] = flow->received_us;
    seen->numbers[seen->count++] = flow->bytes;
    return seen->count != seen->enough;
}

static struct seen read_all(uint32_t slice_rows, size_t enough, struct flow_span span, uint64_t *ret_skipped)
{
    struct seen seen = {.enough = enough};
    const struct flow_source source = {.query = query, .columns = columns, .span = span};
    const struct flow_read_options options = {.flow = see, .context = &seen, .slice_rows = slice_rows};
    struct flow_read_counts counts = {0};
    assert_int_equal(flow_read(&source, &options, &counts, &error), 0);
    assert_int_equal(counts.flows, seen.count);
    *ret_skipped = counts.skipped;
    return seen;
}

/* By time; of the same time by file and place in it. */
static void expect_order(const struct seen *seen)
{
    for (size_t i = 1; i < seen->count; i++) {
        const uint64_t a = seen->numbers[i - 1], b = seen->numbers[i];
        assert_true(seen->received_us[i - 1] <= seen->received_us[i]);
        if (seen->received_us[i - 1] == seen->received_us[i])
            assert_true(a % 3 < b % 3 || (a % 3 == b % 3 && a < b));
    }
}

static void test_any_slice_gives_the_same(void **state)
{
    uint64_t skipped;
    (void)state;
    const struct seen whole = read_all(0, 0, FLOW_SPAN_ALL, &skipped);
    assert_int_equal(skipped, 6); /* 1, 101, ... 901, but those in the second file: 1, 301, 601, 901 */
    assert_int_equal(whole.count, ROWS - skipped);
    expect_order(&whole);
    static const uint32_t slices[] = {13, 99, 500, ROWS};
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
        const struct seen seen = read_all(slices[i], 0, FLOW_SPAN_ALL, &skipped);
        assert_int_equal(seen.count, whole.count);
        assert_memory_equal(seen.numbers, whole.numbers, sizeof whole.numbers);
        assert_memory_equal(seen.received_us, whole.received_us, sizeof whole.received_us);
    }
}

static void test_it_ends_when_there_is_enough(void **state)
{
    uint64_t skipped;
    (void)state;
    const struct seen whole = read_all(0, 0, FLOW_SPAN_ALL, &skipped);
    for (size_t enough = 1; enough < ROWS - 10; enough += 301) {
        const struct seen seen = read_all(50, enough, FLOW_SPAN_ALL, &skipped);
        assert_int_equal(seen.count, enough);
        assert_memory_equal(seen.numbers, whole.numbers, enough * sizeof whole.numbers[0]);
    }
}

static void test_a_span_chooses(void **state)
{
    uint64_t skipped;
    (void)state;
    const struct flow_span span = {1700000500000000, 1700000600000000};
    const struct seen some = read_all(30, 0, span, &skipped);
    assert_true(some.count > 90 && some.count < ROWS / 3);
    assert_true(some.received_us[0] >= span.from_us && some.received_us[some.count - 1] < span.to_us);
    expect_order(&some);
    assert_int_equal(read_all(30, 0, (struct flow_span){0, 1}, &skipped).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_slice_gives_the_same),
        cmocka_unit_test(test_it_ends_when_there_is_enough),
        cmocka_unit_test(test_a_span_chooses),
    };
    return cmocka_run_group_tests_name("flow_read", tests, set_up, tear_down);
}
