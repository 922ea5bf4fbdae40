/* SPDX-License-Identifier: MIT */
/*
 * test_query_output.c - CSV, JSON, Markdown and boxes to the letter, hostile text, and files that cannot be written
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "query_output.h"

static struct query *query;
static struct query_error error;
static char written[1 << 16];

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    query = query_open(NULL, NULL, &error);
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

static enum query_output_end write_to(int fd, const char *sql, struct query_output_settings settings,
                                      uint64_t *ret_rows)
{
    struct query_result *result;
    assert_int_equal(query_run(query, sql, NULL, 0, &result, &error), 0);
    settings.fd = fd;
    const enum query_output_end end = query_output_write(result, &settings, ret_rows, &error);
    const int fault = errno;
    query_result_free(result);
    errno = fault;
    return end;
}

static const char *output_with(const char *sql, struct query_output_settings settings)
{
    uint64_t rows;
    char path[] = "/tmp/test_query_output_XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write_to(fd, sql, settings, &rows), QUERY_OUTPUT_DONE);
    const ssize_t size = pread(fd, written, sizeof written - 1, 0);
    assert_true(size >= 0);
    written[size] = '\0';
    close(fd);
    return written;
}

static const char *output(const char *sql, enum query_format format)
{
    return output_with(sql, (struct query_output_settings){.format = format, .utf8 = true});
}

static void test_format_names(void **state)
{
    (void)state;
    assert_int_equal(query_format_find("box"), QUERY_BOX);
    assert_int_equal(query_format_find("ndjson"), QUERY_NDJSON);
    assert_int_equal(query_format_find("xml"), QUERY_FORMAT_COUNT);
    assert_int_equal(query_format_find(""), QUERY_FORMAT_COUNT);
}

static void test_csv(void **state)
{
    (void)state;
    assert_string_equal(output("SELECT 1 AS a, NULL AS b, '' AS c, 'x,\"y\"' AS \"q,\"\"\", [1, 2] AS l, 'a' || "
                               "chr(10) AS n",
                               QUERY_CSV), "a,b,c,\"q,\"\"\",l,n\n1,,\"\",\"x,\"\"y\"\"\",\"[1, 2]\",\"a\n\"\n");
    assert_string_equal(output("SELECT 1 AS a WHERE false", QUERY_CSV), "a\n");
    assert_string_equal(output("SELECT NULL AS a, NULL AS b, NULL AS c FROM range(2)", QUERY_CSV), "a,b,c\n,,\n,,\n");
    assert_string_equal(output("SELECT NULL AS a, i AS b, NULL AS c, CASE WHEN i = 2 THEN 'z' END AS d, NULL AS e FROM "
                               "range(3) r(i)", QUERY_CSV), "a,b,c,d,e\n,0,,,\n,1,,,\n,2,,z,\n");
    assert_string_equal(output("SELECT CASE WHEN i = 1 THEN NULL ELSE i END AS a FROM range(3) r(i)", QUERY_CSV),
                        "a\n0\n\n2\n");
    assert_string_equal(output("CREATE TABLE nothing(a INTEGER)", QUERY_CSV), "");
}

/* A null in the last row of a chunk whose number is no multiple of 64, and a value there alone. */
static void test_csv_edges(void **state)
{
    (void)state;
    const char *text = output("SELECT CASE WHEN i IN (63, 64, 2047, 2048, 2049) THEN i END AS a FROM range(2050) r(i)",
                              QUERY_CSV);
    size_t row = 0;
    for (const char *line = strchr(text, '\n') + 1; *line != '\0'; line = strchr(line, '\n') + 1, row++) {
        const bool has = row == 63 || row == 64 || (row >= 2047 && row <= 2049);
        assert_int_equal(*line != '\n', has);
        if (has)
            assert_int_equal(atoi(line), row);
    }
    assert_int_equal(row, 2050);
}

static void test_json(void **state)
{
    static const char sql[] = "SELECT i AS a, CASE WHEN i = 1 THEN NULL ELSE 'x\"\\' || chr(27) || chr(127) || "
                              "chr(155) END AS \"b\"\"\","
                              " 'nan'::DOUBLE AS c, TIMESTAMPTZ '2026-11-23 14:05:00Z' AS t, 'x'::BLOB AS o, true AS y,"
                              " [DATE '2026-01-01', NULL] AS l FROM range(2) r(i)";
#define REST "\"c\":null,\"t\":\"2026-11-23T14:05:00.000000Z\",\"o\":\"0x78\",\"y\":true,\"l\":[\"2026-01-01\", null]}"
    (void)state;
    assert_string_equal(output(sql, QUERY_NDJSON), "{\"a\":0,\"b\\\"\":\"x\\\"\\\\\\u001b\\u007f\\u009b\"," REST "\n"
                                                   "{\"a\":1,\"b\\\"\":null," REST "\n");
    assert_string_equal(output(sql, QUERY_JSON), "[\n{\"a\":0,\"b\\\"\":\"x\\\"\\\\\\u001b\\u007f\\u009b\"," REST ",\n"
                                                 "{\"a\":1,\"b\\\"\":null," REST "\n]\n");
    assert_string_equal(output("SELECT 1 AS a WHERE false", QUERY_JSON), "[]\n");
    assert_string_equal(output("SELECT 1 AS a WHERE false", QUERY_NDJSON), "");
    assert_string_equal(output_with("SELECT NULL AS a, 1 AS b UNION ALL SELECT NULL, NULL",
                                    (struct query_output_settings){.format = QUERY_NDJSON, .omit_nulls = true}),
                        "{\"b\":1}\n{}\n");
}

/* Text is copied 8 octets at once, while all of them stand for themselves. */
static void test_json_text(void **state)
{
    static const struct {
        const char *sql, *json;
    } specials[] = {{"'\"'", "\\\""}, {"'\\'", "\\\\"}, {"chr(1)", "\\u0001"}, {"chr(31)", "\\u001f"},
                    {"chr(127)", "\\u007f"}, {"chr(155)", "\\u009b"}, {"' '", " "}, {"'!'", "!"}, {"'~'", "~"},
                    {"'['", "["}, {"'\u00e9'", "\u00e9"}};
    char sql[200], wanted[200];
    (void)state;
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        for (int before = 0; before < 20; before++) {
            const int behind = 19 - before;
            snprintf(sql, sizeof sql, "SELECT repeat('a', %d) || %s || repeat('b', %d) AS t", before, specials[i].sql,
                     behind);
            snprintf(wanted, sizeof wanted, "{\"t\":\"%.*s%s%.*s\"}\n", before, "aaaaaaaaaaaaaaaaaaaa",
                     specials[i].json, behind, "bbbbbbbbbbbbbbbbbbbb");
            assert_string_equal(output(sql, QUERY_NDJSON), wanted);
        }
    }
}

/* Of names of all lengths; what is null in a whole chunk, and in some rows of another. */
static void test_json_keys(void **state)
{
    char sql[200], wanted[200];
    (void)state;
    for (int length = 1; length <= 70; length++) {
        snprintf(sql, sizeof sql, "SELECT 1 AS \"%0*d\", 2 AS b", length, 7);
        snprintf(wanted, sizeof wanted, "{\"%0*d\":1,\"b\":2}\n", length, 7);
        assert_string_equal(output(sql, QUERY_NDJSON), wanted);
    }
    const char *text = output_with("SELECT if(i >= 2048 AND i % 2 = 0, i, NULL) AS a, if(i = 2051, 'x', NULL) AS b"
                                   " FROM range(2053) r(i)",
                                   (struct query_output_settings){.format = QUERY_NDJSON, .omit_nulls = true});
    for (int i = 0; i < 2048; i++, text += 3)
        assert_memory_equal(text, "{}\n", 3);
    assert_string_equal(text, "{\"a\":2048}\n{}\n{\"a\":2050}\n{\"b\":\"x\"}\n{\"a\":2052}\n");
}

/* Seconds that are kept push out each other; some are of years with more digits, or before 1970. */
static void test_json_times(void **state)
{
    static const struct {
        const char *sql, *json;
    } times[] = {{"0", "1970-01-01T00:00:00.000000Z"}, {"64000001", "1970-01-01T00:01:04.000001Z"},
                 {"-1", "1969-12-31T23:59:59.999999Z"}, {"-63999999", "1969-12-31T23:58:56.000001Z"},
                 {"253402300800000000", "10000-01-01T00:00:00.000000Z"},
                 {"-62198755200000000", "-1-01-01T00:00:00.000000Z"}};
    char sql[200], wanted[200];
    (void)state;
    for (int i = 0; i < 36; i++) {
        const size_t a = (size_t)i % 6, b = (size_t)i / 6;
        snprintf(sql, sizeof sql, "SELECT make_timestamptz(%s) AS a, make_timestamptz(%s) AS b", times[a].sql,
                 times[b].sql);
        snprintf(wanted, sizeof wanted, "{\"a\":\"%s\",\"b\":\"%s\"}\n", times[a].json, times[b].json);
        assert_string_equal(output(sql, QUERY_NDJSON), wanted);
    }
}

static void test_markdown(void **state)
{
    (void)state;
    assert_string_equal(output("SELECT 'a|b' || chr(10) AS \"x|\", 1 AS n, NULL AS z", QUERY_MARKDOWN),
                        "| x\\| | n | z |\n| --- | ---: | ---: |\n| a\\|b\\n | 1 |  |\n");
}

static void test_box(void **state)
{
    (void)state;
    assert_string_equal(output("SELECT 'süß' AS name, 7 AS n UNION ALL SELECT 'x' || chr(27) || '[2J', 1234 ORDER BY "
                               "n", QUERY_BOX),
                        "┌──────────┬──────┐\n"
                        "│ name     │    n │\n"
                        "├──────────┼──────┤\n"
                        "│ süß      │    7 │\n"
                        "│ x\\x1b[2J │ 1234 │\n"
                        "└──────────┴──────┘\n");
    assert_string_equal(output_with("SELECT 1 AS a WHERE false", (struct query_output_settings){.format = QUERY_BOX}),
                        "+---+\n| a |\n+---+\n+---+\n0 rows\n");
    /* local time, and only as much of it as there is */
    assert_string_equal(output("SELECT TIMESTAMPTZ '2026-11-23 14:05:00Z' AS t UNION ALL SELECT TIMESTAMPTZ "
                               "'2026-07-01 23:59:59.5Z'", QUERY_BOX),
                        "┌─────────────────────────┐\n"
                        "│ t                       │\n"
                        "├─────────────────────────┤\n"
                        "│ 2026-11-23 15:05:00     │\n"
                        "│ 2026-07-02 01:59:59.500 │\n"
                        "└─────────────────────────┘\n");
}

static void test_box_narrow(void **state)
{
    (void)state;
    struct query_output_settings settings = {.format = QUERY_BOX, .utf8 = true, .width = 40};
    assert_string_equal(output_with("SELECT repeat('x', 30) AS a, repeat('y', 10) AS b, 1 AS c", settings),
                        "┌──────────────────────┬───┐\n"
                        "│ a                    │ … │\n"
                        "├──────────────────────┼───┤\n"
                        "│ xxxxxxxxxxxxxxxxxxx… │ … │\n"
                        "└──────────────────────┴───┘\n"
                        "1 row, the first 1 of 3 columns\n");
    /* with the sign for more, to the column */
    settings.width = 17;
    assert_string_equal(output_with("SELECT 'aaa' AS a, 'bbb' AS b, 'ccc' AS c", settings),
                        "┌─────┬─────┬───┐\n│ a   │ b   │ … │\n├─────┼─────┼───┤\n│ aaa │ bbb │ … │\n└─────┴─────┴───┘\n"
                        "1 row, the first 2 of 3 columns\n");
    settings.width = 16;
    assert_string_equal(output_with("SELECT 'aaa' AS a, 'bbb' AS b, 'ccc' AS c", settings),
                        "┌─────┬───┐\n│ a   │ … │\n├─────┼───┤\n│ aaa │ … │\n└─────┴───┘\n1 row, the first 1 of 3 "
                        "columns\n");
    /* what fits to the column is whole */
    settings.width = 13;
    assert_string_equal(output_with("SELECT 'aaa' AS a, 'bbb' AS b", settings),
                        "┌─────┬─────┐\n│ a   │ b   │\n├─────┼─────┤\n│ aaa │ bbb │\n└─────┴─────┘\n");
    settings.width = 12;
    assert_string_equal(output_with("SELECT 'aaa' AS a, 'bbb' AS b", settings),
                        "┌─────┬───┐\n│ a   │ … │\n├─────┼───┤\n│ aaa │ … │\n└─────┴───┘\n1 row, the first 1 of 2 "
                        "columns\n");
}

static void test_failures(void **state)
{
    uint64_t rows;
    int ends[2];
    (void)state;
    for (enum query_format format = 0; format < QUERY_FORMAT_COUNT; format++) {
        const struct query_output_settings settings = {.format = format};
        const int full = open("/dev/full", O_WRONLY);
        assert_int_equal(write_to(full, "SELECT 1", settings, &rows), QUERY_OUTPUT_UNWRITTEN);
        assert_int_equal(errno, ENOSPC);
        close(full);
        assert_int_equal(pipe(ends), 0);
        close(ends[0]);
        assert_int_equal(write_to(ends[1], "SELECT * FROM range(1000000)", settings, &rows), QUERY_OUTPUT_UNWRITTEN);
        assert_int_equal(errno, EPIPE);
        close(ends[1]);
        const int null = open("/dev/null", O_WRONLY);
        assert_int_equal(write_to(null,
                                  "SELECT CASE WHEN i = 2999999 THEN error('late') ELSE i END FROM range(3000000) r(i)",
                                  settings, &rows), QUERY_OUTPUT_FAILED);
        assert_string_equal(error.text, "Invalid Input Error: late");
        assert_int_equal(write_to(null, "SELECT i FROM range(10000) r(i)", settings, &rows), QUERY_OUTPUT_DONE);
        assert_int_equal(rows, 10000);
        close(null);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_names), cmocka_unit_test(test_csv),        cmocka_unit_test(test_csv_edges),
        cmocka_unit_test(test_json), cmocka_unit_test(test_json_text),
        cmocka_unit_test(test_json_keys),    cmocka_unit_test(test_json_times), cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_box_narrow),   cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
