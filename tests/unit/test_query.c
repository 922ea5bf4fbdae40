/* SPDX-License-Identifier: MIT */
/*
 * test_query.c - connections, statements with values, scripts, results of every type, errors early and late
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "query_text.h"

static struct query *query;
static struct query_error error;

static int set_up(void **state)
{
    (void)state;
    query = query_open(NULL, &(struct query_settings){.memory_bytes = 256 << 20, .threads = 2}, &error);
    if (query == NULL)
        print_error("%s\n", error.text);
    return query != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    query_close(query);
    return 0;
}

static void test_settings(void **state)
{
    (void)state;
    assert_string_equal(query_text(query, "SELECT current_setting('memory_limit'), current_setting('threads'),"
                                          " current_setting('autoload_known_extensions'),"
                                          " current_setting('autoinstall_known_extensions')"),
                        "256.0 MiB,2,false,false");
    assert_string_equal(query_text(query,
                                   "SELECT count(*) FROM duckdb_extensions() WHERE extension_name = 'httpfs' AND "
                                   "loaded"),
                        "0");
}

/* Groups by a column of two octets are found by its number: with all of them, and null. */
static void test_groups_by_port(void **state)
{
    (void)state;
    assert_string_equal(query_text(query, "CREATE TABLE ports AS SELECT (range % 65536)::USMALLINT AS port, range AS n"
                                          " FROM range(131072) UNION ALL SELECT NULL, 7"), "131073");
    assert_string_equal(query_text(query,
                                   "SELECT count(*), count(port), min(port), max(port), sum(n), max(n) FILTER (port IS "
                                   "NULL)"
                                          " FROM (SELECT port, sum(n) AS n FROM ports GROUP BY port)"),
                        "65537,65536,0,65535,8589869063,7");
    assert_non_null(strstr(query_text(query, "EXPLAIN SELECT port, sum(n) FROM (SELECT port, n FROM ports UNION ALL"
                                             " SELECT port, n FROM ports) GROUP BY port"), "PERFECT_HASH_GROUP_BY"));
    assert_string_equal(query_text(query, "DROP TABLE ports"), "");
}

static void test_views_without_files(void **state)
{
    static const char *const views[] = {"flows", "exporters", "templates", "interfaces", "applications", "ledger",
                                        "options"};
    (void)state;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", views[i]);
        assert_string_equal(query_text(query, sql), "0");
    }
    assert_string_equal(query_text(query,
                                   "SELECT typeof(src), typeof(src_ipv4), typeof(dst_ipv6), typeof(bytes), "
                                   "typeof(received)"
                                          " FROM (SELECT 1) LEFT JOIN flows ON true"),
                        "VARCHAR,UINTEGER,BLOB,UBIGINT,TIMESTAMP WITH TIME ZONE");
    assert_string_equal(query_text(query, "SELECT exporter, flows, lost FROM exporters"), "");
    assert_string_equal(query_text(query, "SELECT interface, name, description FROM interfaces"), "");
    assert_string_equal(query_text(query, "SELECT application_id, name FROM applications"), "");
}

static void test_missing_file(void **state)
{
    static const char *const paths[] = {"/nonexistent/it's.parquet"};
    (void)state;
    const struct query_files files = {.flows = {paths, 1}};
    assert_null(query_open(&files, NULL, &error));
    assert_non_null(strstr(error.text, "/nonexistent/it's.parquet"));
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* The columns that are always there and two more, with the IDs that DuckDB gives them by their order. */
struct known {
    struct query_known_column columns[100];
    char names[100][40], types[100][40];
    size_t count;
};

static void know_columns(struct known *known)
{
    struct query_result *result;
    struct query_chunk chunk;
    known->count = 0;
    assert_int_equal(query_run(query, "SELECT column_name, column_type FROM (DESCRIBE stored.flows)"
                                      " UNION ALL VALUES ('further', 'UINTEGER'), ('it''s', 'VARCHAR')",
                               NULL, 0, &result, &error), 0);
    while (query_next(result, &chunk, &error) == 1) {
        for (size_t row = 0; row < chunk.row_count; row++, known->count++) {
            const struct query_octets name = query_octets_at(&chunk.vectors[0], row);
            const struct query_octets type = query_octets_at(&chunk.vectors[1], row);
            const size_t i = known->count;
            assert_true(i < 100);
            snprintf(known->names[i], 40, "%.*s", (int)name.size_bytes, (const char *)name.data);
            snprintf(known->types[i], 40, "%.*s", (int)type.size_bytes, (const char *)type.data);
            known->columns[i] = (struct query_known_column){known->names[i], known->types[i], (int32_t)i};
        }
    }
    query_result_free(result);
}

static void copy_to(const char *path, const char *what)
{
    char sql[400];
    snprintf(sql, sizeof sql, "COPY (SELECT %s FROM (SELECT 1) LEFT JOIN stored.flows t ON true) TO '%s'"
                              " (FORMAT parquet, FIELD_IDS 'auto')", what, path);
    assert_string_equal(query_text(query, sql), "1");
}

/* Files of which the columns are known are read without being looked at before: one that lacks some, and has one
 * narrower than the others; others that are damaged are left out; with one that is whole, and not known, all are looked
 * at. */
static void test_known_files(void **state)
{
    static const char all[] = "SELECT bytes, further, \"it's\", src FROM flows ORDER BY bytes";
    char folder[] = "/tmp/test_query_XXXXXX", a[100], b[100], torn[100], other[100];
    const char *const paths[] = {a, torn, b, other};
    bool is_known[] = {true, false, true, false};
    struct known known;
    const struct query_skipped *skipped;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(a, sizeof a, "%s/a.parquet", folder);
    snprintf(b, sizeof b, "%s/b.parquet", folder);
    snprintf(torn, sizeof torn, "%s/torn", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    copy_to(a, "t.* REPLACE (7::UBIGINT AS bytes), 1::UTINYINT AS further");
    copy_to(b, "t.* REPLACE (8::UBIGINT AS bytes), 70000::UINTEGER AS further, 'y' AS \"it's\"");
    copy_to(other, "'z' AS \"it's\", t.* REPLACE (9::UBIGINT AS bytes)");
    put_file(torn, "PAR1 and nothing more");
    know_columns(&known);
    struct query_files files = {.flows = {paths, 3, is_known, known.columns, known.count}};
    struct query *open = query_open(&files, NULL, &error);
    assert_non_null(open);
    assert_true(query_flows_are_known(open));
    assert_string_equal(query_text(open, all), "7,1,-,-;8,70000,y,-");
    assert_string_equal(query_text(open, "SELECT bytes FROM flows WHERE further = 1"), "7");
    assert_string_equal(query_text(open, "SELECT bytes FROM flows WHERE further = 70000"), "8");
    assert_string_equal(query_text(open, "SELECT bytes FROM flows WHERE \"it's\" IS NULL"), "7");
    assert_int_equal(query_skipped(open, &skipped), 1);
    assert_string_equal(skipped[0].path, torn);
    assert_string_equal(skipped[0].why, "it does not begin and end as Parquet does");
    query_close(open);

    files.flows.count = 4;
    open = query_open(&files, NULL, &error);
    assert_non_null(open);
    assert_false(query_flows_are_known(open));
    assert_string_equal(query_text(open, all), "7,1,-,-;8,70000,y,-;9,-,z,-");
    assert_int_equal(query_skipped(open, &skipped), 1);
    query_close(open);

    /* somebody is wrong about what there is: all are looked at */
    is_known[3] = true;
    known.columns[known.count - 2].type = "no type";
    open = query_open(&files, NULL, &error);
    assert_non_null(open);
    assert_false(query_flows_are_known(open));
    assert_string_equal(query_text(open, all), "7,1,-,-;8,70000,y,-;9,-,z,-");
    query_close(open);
    for (size_t i = 0; i < 4; i++)
        unlink(paths[i]);
    rmdir(folder);
}

/* Nothing is known: those that cannot be read are left out all the same. */
static void test_unknown_files(void **state)
{
    char folder[] = "/tmp/test_query_XXXXXX", path[100], torn[100], cut[100];
    const char *const paths[] = {path, torn, cut};
    const struct query_files files = {.flows = {.paths = paths, .count = 3}};
    const struct query_skipped *skipped;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/whole.parquet", folder);
    snprintf(torn, sizeof torn, "%s/torn", folder);
    snprintf(cut, sizeof cut, "%s/cut", folder);
    copy_to(path, "t.* REPLACE (7::UBIGINT AS bytes, 70000::UINTEGER AS dst_port), 1 AS further");
    put_file(torn, "PAR1 and nothing more");
    put_file(cut, "PAR1 and \x0a\x01\x01\x01PAR1");
    struct query *open = query_open(&files, NULL, &error);
    assert_non_null(open);
    assert_false(query_flows_are_known(open));
    assert_string_equal(query_text(open, "SELECT bytes, dst_port, src, further FROM flows"), "7,70000,-,1");
    assert_int_equal(query_skipped(open, &skipped), 2);
    assert_string_equal(skipped[0].path, torn);
    assert_string_equal(skipped[0].why, "it does not begin and end as Parquet does");
    assert_string_equal(skipped[1].path, cut);
    assert_string_equal(skipped[1].why, "its foot is longer than the file");
    query_close(open);
    for (size_t i = 0; i < 3; i++)
        unlink(paths[i]);
    rmdir(folder);
}

/* A file with `further`, behind the columns that are always there. */
static void put_flows(const char *path, int bytes, const char *further)
{
    char what[100];
    snprintf(what, sizeof what, "t.* REPLACE (%d::UBIGINT AS bytes), 1 AS %s", bytes, further);
    copy_to(path, what);
}

static bool refuses_seven(const uint8_t *tail, size_t size_bytes, char why[QUERY_WHY_SIZE])
{
    assert_true(size_bytes > 8 && size_bytes <= QUERY_TAIL_BYTES);
    snprintf(why, QUERY_WHY_SIZE, "it is of seven");
    return memcmp(tail + size_bytes - 4, "PAR1", 4) == 0 && memmem(tail, size_bytes, "seven", 5) != NULL;
}

/* Other files take the place of the first, with other columns, whether their columns are known or not; what the
 * statements made stays. */
static void test_set_files(void **state)
{
    char folder[] = "/tmp/test_query_XXXXXX", one[100], seven[100], three[100];
    const char *const paths[] = {one, seven}, *const others[] = {three};
    const bool one_is_known[] = {true, false};
    const struct query_skipped *skipped;
    struct known known;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(one, sizeof one, "%s/one.parquet", folder);
    snprintf(seven, sizeof seven, "%s/seven.parquet", folder);
    snprintf(three, sizeof three, "%s/three.parquet", folder);
    put_flows(one, 1, "one");
    put_flows(seven, 7, "seven");
    put_flows(three, 3, "three");
    know_columns(&known);
    struct query_known_column *further = &known.columns[known.count - 2];
    for (int knows = 0; knows < 2; knows++) {
        const bool *const is_known = knows ? one_is_known : NULL;
        const struct query_files files = {.flows = {paths, 2, is_known, known.columns, known.count - 1},
                                          .refuses = refuses_seven};
        const struct query_files other_files = {.flows = {others, 1, is_known, known.columns, known.count - 1},
                                                .options = {.paths = others, .count = 1}, .refuses = refuses_seven};
        *further = (struct query_known_column){"one", "INTEGER", further->field_id};
        struct query *other = query_open(&files, NULL, &error);
        assert_non_null(other);
        assert_int_equal(query_flows_are_known(other), knows);
        assert_string_equal(query_text(other, "SELECT bytes, one FROM flows"), "1,1");
        assert_int_equal(query_skipped(other, &skipped), 1);
        assert_string_equal(skipped[0].path, seven);
        assert_string_equal(skipped[0].why, "it is of seven");
        query_text(other, "CREATE TABLE mine AS SELECT 5 AS five");
        further->name = "three";
        assert_int_equal(query_set_files(other, &other_files, &error), 0);
        assert_int_equal(query_skipped(other, &skipped), 0);
        assert_int_equal(query_flows_are_known(other), knows);
        assert_string_equal(query_text(other, "SELECT bytes, src, three FROM flows"), "3,-,1");
        assert_string_equal(query_text(other, "SELECT count(*) FROM options"), "1");
        assert_string_equal(query_text(other, "FROM mine"), "5");
        assert_int_equal(strncmp(query_text(other, "SELECT one FROM flows"), "error", 5), 0);
        query_close(other);
    }
    unlink(one);
    unlink(seven);
    unlink(three);
    rmdir(folder);
}

/* What may be the fault of a file, and what never is. */
static void test_blame(void **state)
{
    char folder[] = "/tmp/test_query_XXXXXX", path[100];
    const char *const paths[] = {path};
    const struct query_files files = {.flows = {.paths = paths, .count = 1}};
    struct query_result *result;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/whole.parquet", folder);
    put_flows(path, 1, "one");
    struct query *other = query_open(&files, NULL, &error);
    assert_non_null(other);
    assert_int_equal(query_read_file(other, path, &error), 0);
    static const char *const mistakes[] = {"SELECT error('Aha')", "SELECT 'x'::INTEGER FROM flows",
                                           "SELECT nosuch FROM flows",
                                           "SELEKT", "SELECT 9223372036854775807 + bytes::BIGINT FROM flows"};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        error = (struct query_error){.blames_files = true};
        struct query_chunk chunk;
        int got = query_run(other, mistakes[i], NULL, 0, &result, &error);
        if (got == 0) {
            got = query_next(result, &chunk, &error);
            query_result_free(result);
        }
        assert_int_equal(got, -1);
        assert_false(error.blames_files);
    }
    unlink(path);
    assert_int_equal(query_read_file(other, path, &error), -1);
    assert_true(error.blames_files);
    assert_int_equal(query_run(other, "FROM flows", NULL, 0, &result, &error), -1);
    assert_true(error.blames_files);
    query_close(other);
    rmdir(folder);
}

static void test_values(void **state)
{
    const struct query_value values[] = {
        {.kind = QUERY_VALUE_U64, .u64 = UINT64_MAX},
        {.kind = QUERY_VALUE_I64, .i64 = INT64_MIN},
        {.kind = QUERY_VALUE_DOUBLE, .number = 0.1},
        {.kind = QUERY_VALUE_TEXT, .octets = {"it's; DROP TABLE x", 18}},
        {.kind = QUERY_VALUE_OCTETS, .octets = {"\0\xff", 2}},
        {.kind = QUERY_VALUE_NULL},
    };
    struct query_result *result;
    struct query_chunk chunk;
    (void)state;
    assert_int_equal(query_run(query, "SELECT $1, $2, $3, $4, $5, $6", values, 6, &result, &error), 0);
    assert_int_equal(result->column_count, 6);
    assert_int_equal(query_next(result, &chunk, &error), 1);
    assert_int_equal(chunk.row_count, 1);
    assert_true(*(const uint64_t *)chunk.vectors[0].data == UINT64_MAX);
    assert_true(*(const int64_t *)chunk.vectors[1].data == INT64_MIN);
    assert_true(*(const double *)chunk.vectors[2].data == 0.1);
    const struct query_octets text = query_octets_at(&chunk.vectors[3], 0);
    const struct query_octets octets = query_octets_at(&chunk.vectors[4], 0);
    assert_int_equal(text.size_bytes, 18);
    assert_memory_equal(text.data, "it's; DROP TABLE x", 18);
    assert_int_equal(octets.size_bytes, 2);
    assert_memory_equal(octets.data, "\0\xff", 2);
    assert_true(query_is_null(&chunk.vectors[5], 0));
    assert_int_equal(query_next(result, &chunk, &error), 0);
    query_result_free(result);
    assert_int_equal(query_run(query, "SELECT $1, $2", values, 1, &result, &error), -1);
    assert_string_equal(error.text, "the statement takes 2 values, and there are 1");
}

static void test_errors(void **state)
{
    struct query_result *result;
    struct query_chunk chunk;
    int got;
    (void)state;
    assert_int_equal(query_run(query, "SELECT 1,\n  nosuch FROM flows", NULL, 0, &result, &error), -1);
    assert_non_null(strstr(error.text, "LINE 2:   nosuch FROM flows\n          ^"));
    assert_int_equal(query_run(query, "SELECT 1; SELECT 2", NULL, 0, &result, &error), -1);
    assert_int_equal(query_run(query, "", NULL, 0, &result, &error), -1);
    /* in the middle of the rows */
    assert_int_equal(query_run(query,
                               "SELECT CASE WHEN i = 2999999 THEN error('too late') ELSE i END FROM range(3000000) "
                               "r(i)", NULL, 0, &result, &error), 0);
    uint64_t rows = 0;
    while ((got = query_next(result, &chunk, &error)) == 1)
        rows += chunk.row_count;
    assert_int_equal(got, -1);
    assert_true(rows > 0 && rows < 3000000);
    assert_string_equal(error.text, "Invalid Input Error: too late");
    query_result_free(result);
    assert_string_equal(query_text(query, "SELECT 42"), "42");
}

static void test_script(void **state)
{
    static const struct {
        bool has_rows, has_count;
    } wanted[] = {{true, false}, {false, false}, {false, true}, {true, false}};
    struct query_result *result;
    struct query_chunk chunk;
    (void)state;
    struct query_script *script = query_script_open(
        query, "SELECT 1 AS a; -- a comment\nCREATE TABLE s(i BIGINT);;INSERT INTO s FROM range(7);SELECT 2 AS b",
        &error);
    assert_non_null(script);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(query_script_next(script, &result, &error), 1);
        assert_int_equal(result->has_rows, wanted[i].has_rows);
        assert_int_equal(result->has_count, wanted[i].has_count);
        if (wanted[i].has_rows)
            assert_string_equal(result->columns[0].name, i == 0 ? "a" : "b");
        while (query_next(result, &chunk, &error) == 1)
            assert_int_equal(chunk.row_count, 1);
        query_result_free(result);
    }
    assert_int_equal(query_script_next(script, &result, &error), 0);
    query_script_close(script);
    assert_string_equal(query_text(query, "SELECT count(*) FROM s"), "7");
    assert_null(query_script_open(query, "SELECT 1; SELEKT 2", &error));
    assert_non_null(strstr(error.text, "SELEKT"));
    script = query_script_open(query, "SELECT 1; SELECT nosuch; SELECT 3", &error);
    assert_int_equal(query_script_next(script, &result, &error), 1);
    query_result_free(result);
    assert_int_equal(query_script_next(script, &result, &error), -1);
    query_script_close(script);
    script = query_script_open(query, " -- nothing", &error);
    assert_non_null(script);
    assert_int_equal(query_script_next(script, &result, &error), 0);
    query_script_close(script);
}

/* More rows than a chunk, than what is made ahead, and not fetched to the end. */
static void test_many_rows(void **state)
{
    struct query_result *result;
    struct query_chunk chunk;
    uint64_t rows = 0, sum = 0;
    (void)state;
    assert_int_equal(query_run(query, "SELECT i FROM range(5000000) r(i)", NULL, 0, &result, &error), 0);
    while (query_next(result, &chunk, &error) == 1) {
        assert_true(chunk.row_count > 0 && chunk.row_count <= 2048);
        for (size_t row = 0; row < chunk.row_count; row++)
            sum += (uint64_t)((const int64_t *)chunk.vectors[0].data)[row];
        rows += chunk.row_count;
    }
    query_result_free(result);
    assert_int_equal(rows, 5000000);
    assert_int_equal(sum, 12499997500000);
    assert_int_equal(query_run(query, "SELECT i FROM range(5000000) r(i)", NULL, 0, &result, &error), 0);
    assert_int_equal(query_next(result, &chunk, &error), 1);
    query_result_free(result);
    assert_string_equal(query_text(query, "SELECT 1"), "1");
}

/* In front, between others and behind, also where a chunk is full. */
static void test_added_nulls(void **state)
{
    struct query_result *result;
    struct query_chunk chunk;
    size_t rows = 0;
    (void)state;
    assert_int_equal(query_run(query, "SELECT i, [i, i] AS twice FROM range(5000) r(i) ORDER BY i", NULL, 0, &result,
                               &error), 0);
    assert_int_equal(query_result_add_null(result, 1, "between"), 0);
    assert_int_equal(query_result_add_null(result, 0, "first"), 0);
    assert_int_equal(query_result_add_null(result, 4, "last"), 0);
    static const char *const names[] = {"first", "i", "between", "twice", "last"};
    assert_int_equal(result->column_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(result->columns[i].name, names[i]);
    while (query_next(result, &chunk, &error) == 1) {
        for (size_t row = 0; row < chunk.row_count; row++, rows++) {
            for (size_t i = 0; i < 5; i++)
                assert_int_equal(query_is_null(&chunk.vectors[i], row), i % 2 == 0);
            assert_int_equal(((const int64_t *)chunk.vectors[1].data)[row], rows);
            assert_int_equal(((const int64_t *)chunk.vectors[3].children[0].data)[2 * row + 1], rows);
        }
    }
    assert_int_equal(rows, 5000);
    query_result_free(result);
}

static void *interrupt_soon(void *unused)
{
    (void)unused;
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    query_interrupt(query);
    return NULL;
}

static void test_interrupt(void **state)
{
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
    const char *text = query_text(query,
                                  "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, "
                                  "b.range) = 1");
    pthread_join(thread, NULL);
    assert_non_null(strstr(text, "INTERRUPT"));
    assert_string_equal(query_text(query, "SELECT 1"), "1");
}

static void test_types(void **state)
{
    static const char *const pairs[][2] = {
        {"true", "true"}, {"(-128)::TINYINT", "-128"}, {"(-32768)::SMALLINT", "-32768"}, {"-2147483648", "-2147483648"},
        {"(-9223372036854775808)::BIGINT", "-9223372036854775808"}, {"255::UTINYINT", "255"},
        {"65535::USMALLINT", "65535"},
        {"4294967295::UINTEGER", "4294967295"}, {"18446744073709551615::UBIGINT", "18446744073709551615"},
        {"(-170141183460469231731687303715884105728)::HUGEINT", "-170141183460469231731687303715884105728"},
        {"340282366920938463463374607431768211455::UHUGEINT", "340282366920938463463374607431768211455"},
        {"0.1::FLOAT", "0.1"}, {"0.1::DOUBLE", "0.1"}, {"(1/3)::DOUBLE", "0.3333333333333333"},
        {"'-inf'::DOUBLE", "-inf"},
        {"1e23::DOUBLE", "1e+23"}, {"0.1::DOUBLE + 0.2::DOUBLE", "0.30000000000000004"},
        {"16777217::FLOAT", "16777216"}, {"(-0.05)::DECIMAL(4,2)", "-0.05"},
        {"12345678901234567890123456789012345.678::DECIMAL(38,3)", "12345678901234567890123456789012345.678"},
        {"7::DECIMAL(9,0)", "7"}, {"''", ""}, {"'123456789012'", "123456789012"}, {"'1234567890123'", "1234567890123"},
        {"'\\x00\\xFF'::BLOB", "0x00ff"}, {"''::BLOB", "0x"}, {"DATE '1970-01-01'", "1970-01-01"},
        {"DATE '2000-02-29'", "2000-02-29"}, {"DATE '1969-12-31'", "1969-12-31"}, {"DATE '0001-01-01'", "0001-01-01"},
        {"DATE '9999-12-31'", "9999-12-31"}, {"DATE '12345-03-01'", "12345-03-01"}, {"'infinity'::DATE", "infinity"},
        {"TIME '23:59:59.000001'", "23:59:59.000001"},
        {"TIMESTAMP '2026-11-23 14:05:00'", "2026-11-23T14:05:00.000000"},
        {"TIMESTAMPTZ '2026-11-23 14:05:00.25+02'", "2026-11-23T12:05:00.250000Z"},
        {"TIMESTAMP '1969-12-31 23:59:59.999999'", "1969-12-31T23:59:59.999999"}, {"'infinity'::TIMESTAMP", "infinity"},
        {"'2026-11-23 14:05:00'::TIMESTAMP_S", "2026-11-23T14:05:00"},
        {"'2026-11-23 14:05:00.123'::TIMESTAMP_MS", "2026-11-23T14:05:00.123"},
        {"'2026-11-23 14:05:00.123456789'::TIMESTAMP_NS", "2026-11-23T14:05:00.123456789"},
        {"INTERVAL '14 months 3 days -1.5 seconds'", "14 months 3 days -00:00:01.500000"},
        {"INTERVAL 90 HOUR", "90:00:00"},
        {"'00112233-4455-6677-8899-aabbccddeeff'::UUID", "00112233-4455-6677-8899-aabbccddeeff"},
        {"'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
        {"'b'::ENUM('a', 'b')", "b"}, {"[1, NULL, 3]", "[1, null, 3]"}, {"[]::INTEGER[]", "[]"},
        {"[['a'], NULL]", "[[\"a\"], null]"},
        {"{'a': 1, 'b': NULL, 'c': 'x\"'}", "{\"a\": 1, \"b\": null, \"c\": \"x\\\"\"}"},
        {"MAP {'k': [1]}", "[{\"key\": \"k\", \"value\": [1]}]"}, {"NULL", "-"}, {"NULL::INTEGER[]", "-"},
        {"[DATE '2026-01-01']", "[\"2026-01-01\"]"}, {"union_value(a := 1)", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char sql[400];
        /* in the second row of several, so that places count */
        snprintf(sql, sizeof sql, "SELECT CASE WHEN i = 1 THEN %s END FROM range(3) r(i)", pairs[i][0]);
        const char *got = query_text(query, sql);
        char wanted[200];
        snprintf(wanted, sizeof wanted, "-;%s;-", pairs[i][1]);
        if (strcmp(got, wanted) != 0)
            print_error("%s\n", sql);
        assert_string_equal(got, wanted);
    }
    assert_string_equal(query_text(query, "SELECT array_value(i, NULL, i + 1) FROM range(2) r(i)"),
                        "[0, null, 1];[1, null, 2]");
}

/* Of two columns, each value is the same text as the one beside it. */
static void expect_same(const char *sql, size_t row_count)
{
    const char *text = query_text(query, sql);
    size_t rows = 0;
    while (*text != '\0') {
        const size_t left = strcspn(text, ",;"), right = strcspn(text + left + 1, ",;");
        if (left != right || strncmp(text, text + left + 1, left) != 0)
            fail_msg("%.*s", (int)(left + 1 + right), text);
        text += left + 1 + right;
        text += *text != '\0';
        rows++;
    }
    assert_int_equal(rows, row_count);
}

/* Numbers of each length, and days in any order, as DuckDB writes them. */
static void test_lengths_and_days(void **state)
{
    (void)state;
    expect_same("SELECT n, n::VARCHAR FROM (SELECT (d || repeat(z, i))::UBIGINT AS n FROM range(19) r(i), (VALUES ('1', '0'), "
                "('9', '9'), ('1', '1')) t(d, z))", 57);
    expect_same("SELECT -n, (-n)::VARCHAR FROM (SELECT ('1' || repeat('0', i))::BIGINT AS n FROM range(19) r(i))", 19);
    expect_same("SELECT d, d::VARCHAR FROM (SELECT DATE '1970-01-01' + (i * 7919 % 2000000 - 700000)::INTEGER AS d FROM "
                "range(5000) r(i))", 5000);
    expect_same("SELECT t, strftime(t, '%Y-%m-%dT%H:%M:%S.%f') FROM (SELECT make_timestamp(1764115199000000 + i * 40009) AS t FROM "
                "range(100) r(i))", 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings), cmocka_unit_test(test_groups_by_port),
        cmocka_unit_test(test_views_without_files), cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_known_files), cmocka_unit_test(test_unknown_files),
        cmocka_unit_test(test_set_files), cmocka_unit_test(test_blame),
        cmocka_unit_test(test_values),   cmocka_unit_test(test_errors),              cmocka_unit_test(test_script),
        cmocka_unit_test(test_many_rows), cmocka_unit_test(test_interrupt),          cmocka_unit_test(test_types),
        cmocka_unit_test(test_lengths_and_days), cmocka_unit_test(test_added_nulls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
