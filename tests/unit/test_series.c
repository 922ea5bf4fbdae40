/* SPDX-License-Identifier: MIT */
/*
 * test_series.c - bytes over time: spread evenly, none lost whatever the span, the graph and statistics drawn of them
 */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "flow_maker.h"
#include "graph.h"
#include "series.h"
#include "stats.h"

#define NEAR(a, b) (fabs((a) - (double)(b)) < 1e-6 * (1 + fabs((double)(b))))

static void test_bytes_are_spread(void **state)
{
    struct series *series = series_create();
    (void)state;
    assert_non_null(series);
    series_add(series, "a", 10 * SECOND_US, 20 * SECOND_US, 1000);
    assert_true(NEAR(series_sum(series, 0, 10e6, 20e6), 1000));
    assert_true(NEAR(series_sum(series, 0, 10e6, 15e6), 500));
    assert_true(NEAR(series_sum(series, 0, 19e6, 25e6), 100));
    assert_true(NEAR(series_sum(series, 0, 0, 10e6), 0));
    series_add(series, "a", 12 * SECOND_US, 12 * SECOND_US, 50); /* a single packet */
    assert_true(NEAR(series_sum(series, 0, 12e6, 12.1e6), 50 + 10));
    series_free(series);
}

static double total(const struct series *series)
{
    double sum = 0;
    for (int slot = 0; slot < SERIES_SLOTS; slot++) {
        sum += series_sum(series, slot, (double)series->first_us - 1e16, (double)series->last_us + 1e16);
    }
    return sum;
}

static void test_time_grows_both_ways(void **state)
{
    struct series *series = series_create();
    int64_t start_us = 1509225421 * SECOND_US;
    (void)state;
    series_add(series, "a", start_us, start_us + SECOND_US, 1000);
    series_add(series, "a", start_us + 86400 * SECOND_US, start_us + 86401 * SECOND_US, 200);
    assert_true(NEAR(total(series), 1200));
    series_add(series, "a", start_us - 86400 * SECOND_US, start_us, 30);
    assert_true(NEAR(total(series), 1230));
    series_add(series, "a", 0, 5, 4); /* 1970 */
    assert_true(NEAR(total(series), 1234));
    assert_true(NEAR(series_sum(series, 0, -1e16, 1e15), 4));
    series_free(series);
}

static void test_many_labels_join_the_others(void **state)
{
    struct series *series = series_create();
    int slots[SERIES_SLOTS];
    char label[16];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(label, sizeof(label), "%d", i);
        series_add(series, "large", i * SECOND_US, i * SECOND_US, 1000);
        series_add(series, label, i * SECOND_US, i * SECOND_US, 1);
    }
    assert_true(NEAR(total(series), 1000 * 1001));
    int count = series_top(series, slots);
    assert_int_equal(count, SERIES_SLOTS - 1);
    assert_string_equal(series->slots[slots[0]].label, "large");
    assert_true(NEAR(series->slots[SERIES_SLOTS - 1].total, 1000 - (SERIES_SLOTS - 2)));
    series_free(series);
}

/* ------------------------------------------------------------------------------------------------------- drawn */

static struct services *services;

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    services = services_create();
    return services == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    services_free(services);
    return 0;
}

/* A minute of SSH at 1 MiB/s from one host, then a minute of HTTP at half of that; both answered with little. */
static void each_connection(void (*take)(void *context, const struct connection *connection), void *context)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint16_t port = i == 0 ? 22 : 80;
        uint64_t bytes = (i == 0 ? 60u : 30u) << 20;
        struct connection connection = {
            .from = make_flow("192.0.2.7", port, "192.0.2.9", 40000, i * 60000, i * 60000 + 60000, bytes),
            .to = make_flow("192.0.2.9", 40000, "192.0.2.7", port, i * 60000, i * 60000 + 60000, 1024),
            .paired = true,
        };
        connection.from.ended_us = connection.to.ended_us = connection.from.received_us + (i + 1) * 60 * SECOND_US;
        connection.from.received_us = connection.to.received_us = connection.from.ended_us;
        take(context, &connection);
    }
}

static void take_graph(void *context, const struct connection *connection)
{
    graph_add(context, connection);
}

static void take_stats(void *context, const struct connection *connection)
{
    stats_add(context, connection);
}

static char text[65536];

static const char *draw(const struct terminal *terminal, bool empty)
{
    struct graph *graph = graph_create(services);
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(graph);
    assert_non_null(out);
    if (!empty) {
        each_connection(take_graph, graph);
    }
    graph_print(graph, out, terminal);
    fclose(out);
    graph_free(graph);
    return text;
}

static size_t count_of(const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

static void test_graph_in_ascii(void **state)
{
    const struct terminal terminal = {.width = 80};
    (void)state;
    draw(&terminal, false);
    assert_non_null(strstr(text, "Bytes per second by service\n"
                                 "2017-10-28 21:17.01 to 2017-10-28 21:19.01, a column is 2 s\n"));
    assert_non_null(strstr(text, "1.00M/s +"));
    assert_non_null(strstr(text, "512.00K/s +")); /* what answers add to 1 MiB is too little to see */
    assert_non_null(strstr(text, "0 ++--"));
    assert_non_null(strstr(text, "21:17:0"));
    assert_non_null(strstr(text, "# SSH 60.00M   = HTTP 30.00M"));
    assert_null(strstr(text, "other"));
    assert_null(strchr(text, '\033'));
    for (const char *at = text; *at != '\0'; at++) {
        assert_true((unsigned char)*at < 0x80);
    }
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_true(strchr(line, '\n') - line <= 80);
    }
    /* SSH is twice as high as HTTP, for as long. */
    assert_in_range(count_of("#"), 2 * count_of("=") - 40, 2 * count_of("=") + 80);
}

static void test_graph_in_colour(void **state)
{
    const struct terminal terminal = {.width = 100, .colour = true, .utf8 = true};
    (void)state;
    draw(&terminal, false);
    assert_non_null(strstr(text, "\033[38;5;39m█\033[0m SSH 60.00M"));
    assert_non_null(strstr(text, "┤"));
    assert_null(strchr(text, '#'));
}

static void test_graph_of_nothing(void **state)
{
    const struct terminal terminal = {.width = 100};
    (void)state;
    assert_string_equal(draw(&terminal, true), "No flows, nothing to draw.\n");
}

/* One moment, the whole of history, huge and no bytes: nothing breaks. */
static void test_graph_of_extremes(void **state)
{
    const struct terminal narrow = {.width = 40}, wide = {.width = 240, .colour = true, .utf8 = true};
    static const int64_t spans_s[] = {0, 1, 3600, 86400 * 30, INT64_C(86400) * 365 * 60};
    (void)state;
    for (size_t i = 0; i < sizeof(spans_s) / sizeof(spans_s[0]); i++) {
        struct graph *graph = graph_create(services);
        FILE *out = fmemopen(text, sizeof(text), "w");
        struct connection connection = {.from = make_flow("192.0.2.7", 1, "192.0.2.9", 2, 0, 0, UINT64_MAX)};
        graph_add(graph, &connection);
        graph_print(graph, out, &narrow);
        connection.from.bytes = 0;
        connection.from.received_us += spans_s[i] * SECOND_US;
        connection.from.ended_us = i % 2 == 0 ? connection.from.received_us : INT64_MIN;
        connection.from.last_ms = INT32_MAX;
        graph_add(graph, &connection);
        graph_print(graph, out, i % 2 == 0 ? &narrow : &wide);
        graph_print(graph, out, i % 2 == 0 ? &wide : &narrow);
        fclose(out);
        graph_free(graph);
        assert_non_null(strstr(text, "/s"));
    }
}

static void test_statistics(void **state)
{
    const struct terminal terminal = {.width = 80};
    struct stats *stats = stats_create(services);
    FILE *out = fmemopen(text, sizeof(text), "w");
    struct connection alone = {.from = make_flow("192.0.2.8", 40000, "192.0.2.9", 9999, 0, 10, 512)};
    (void)state;
    each_connection(take_stats, stats);
    stats_add(stats, &alone);
    stats_print(stats, out, &terminal, NULL, 3);
    fclose(out);
    stats_free(stats);
    assert_non_null(strstr(text, "Flows         5 in 3 connections\n"));
    assert_non_null(strstr(text, "Bytes         90.00M (94 374 400), both directions\n"));
    assert_non_null(strstr(text, "Received      2017-10-28 21:17.01 to 2017-10-28 21:19.01 (02:00 min)\n"));
    assert_non_null(strstr(text, "Completeness  80.0 % of the flows found their other side, 1 did not\n"));
    assert_non_null(strstr(text, "Left out      3 "));
    assert_non_null(strstr(text, "  192.0.2.9     90.00M  100.0 %  ########################\n"));
    assert_non_null(strstr(text, "  192.0.2.8        512    0.0 %  #\n"));
    assert_non_null(strstr(text, "  SSH          60.00M   66.7 %  ########################\n"));
    assert_non_null(strstr(text, "  HTTP         30.00M   33.3 %  ############\n"));
    assert_non_null(strstr(text, "  TCP/9999        512    0.0 %  #\n"));
    assert_non_null(strstr(text, "  TCP     90.00M  100.0 %"));
    assert_non_null(strstr(text, "  192.0.2.7 <-> 192.0.2.9     90.00M  100.0 %"));
    assert_null(strstr(text, "more"));
}

static void test_bars(void **state)
{
    const struct terminal ascii = {.width = 80}, utf8 = {.width = 80, .utf8 = true};
    char bar[64];
    (void)state;
    terminal_bar(&ascii, 1, 1, 10, bar);
    assert_string_equal(bar, "##########");
    terminal_bar(&ascii, 0, 1, 10, bar);
    assert_string_equal(bar, "");
    terminal_bar(&ascii, 1e-9, 1, 10, bar);
    assert_string_equal(bar, "#");
    terminal_bar(&ascii, 5, 0, 10, bar);
    assert_string_equal(bar, "#");
    terminal_bar(&utf8, 1, 2, 5, bar);
    assert_string_equal(bar, "██▌");
    terminal_bar(&utf8, 7, 1, 3, bar);
    assert_string_equal(bar, "███");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_spread),
        cmocka_unit_test(test_time_grows_both_ways),
        cmocka_unit_test(test_many_labels_join_the_others),
        cmocka_unit_test(test_graph_in_ascii),
        cmocka_unit_test(test_graph_in_colour),
        cmocka_unit_test(test_graph_of_nothing),
        cmocka_unit_test(test_graph_of_extremes),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_bars),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
