/* SPDX-License-Identifier: MIT */
/*
 * test_format.c - sizes, durations and times to the letter, the lines and the table, names of services
 */
#define _GNU_SOURCE
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
#include "format.h"

static struct services *services;

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
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

static void test_sizes(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0"}, {1, "1"}, {1023, "1023"}, {1024, "1.00K"}, {1025, "1.00K"}, {1536, "1.50K"},
        {1048575, "1024.00K"}, {1048576, "1.00M"}, {4456448, "4.25M"}, {1073741823, "1024.00M"},
        {1073741824, "1.00G"}, {1649267441664, "1536.00G"}, {UINT64_MAX, "17179869184.00G"},
        {1029, "1.00K"}, {1030, "1.01K"},
    };
    char text[FORMAT_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(format_size(cases[i].bytes, text), cases[i].text);
    }
}

static void test_durations(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0 sec"}, {999, "0 sec"}, {1000, "1 sec"}, {59999, "59 sec"}, {60000, "01:00 min"}, {90000, "01:30 min"},
        {3599000, "59:59 min"}, {3600000, "60:00 min"}, {3600999, "60:00 min"}, {3601000, "1:00.01 hours"},
        {3723000, "1:02.03 hours"}, {360000000, "100:00.00 hours"}, {-5, "0 sec"},
    };
    char text[FORMAT_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(format_duration(cases[i].ms, text), cases[i].text);
    }
}

static void test_times(void **state)
{
    char text[FORMAT_TEXT_SIZE];
    (void)state;
    assert_string_equal(format_time(1509225421123456, text), "2017-10-28 23:17.01"); /* summer time */
    assert_string_equal(format_time(1509225421999999, text), "2017-10-28 23:17.01");
    assert_string_equal(format_time(1514764800000000, text), "2018-01-01 01:00.00");
    assert_string_equal(format_time(-1, text), "1970-01-01 00:59.59");
}

static void test_counts(void **state)
{
    char text[FORMAT_TEXT_SIZE];
    (void)state;
    assert_string_equal(format_count(0, text), "0");
    assert_string_equal(format_count(999, text), "999");
    assert_string_equal(format_count(1000, text), "1 000");
    assert_string_equal(format_count(2298347, text), "2 298 347");
    assert_string_equal(format_count(UINT64_MAX, text), "18 446 744 073 709 551 615");
}

static void test_sizes_that_people_type(void **state)
{
    static const char *const bad[] = {"", "M", "-1", "1X", "1MM", "inf", "nan", "0x10", "1e30", " 1", "1 M", "1iB"};
    uint64_t bytes = 0;
    (void)state;
    assert_int_equal(format_parse_size("0", &bytes), 0);
    assert_true(bytes == 0);
    assert_int_equal(format_parse_size("1M", &bytes), 0);
    assert_true(bytes == 1048576);
    assert_int_equal(format_parse_size("1.5k", &bytes), 0);
    assert_true(bytes == 1536);
    assert_int_equal(format_parse_size("2G", &bytes), 0);
    assert_true(bytes == 2147483648);
    assert_int_equal(format_parse_size("10MiB", &bytes), 0);
    assert_true(bytes == 10485760);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (format_parse_size(bad[i], &bytes) == 0) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static struct connection make_connection(uint16_t source_port, uint16_t destination_port)
{
    struct connection connection = {
        .from = make_flow("192.0.2.7", source_port, "192.0.2.9", destination_port, 1000, 91000, 4456448),
        .to = make_flow("192.0.2.9", destination_port, "192.0.2.7", source_port, 1000, 91000, 1000),
        .paired = true,
        .time_us = 1509225421123456,
    };
    connection.from.packets = 3000;
    connection.to.packets = 200;
    return connection;
}

/* What a function prints. */
static char *printed(void (*print)(FILE *, const struct connection *, const struct services *, const char *,
                                   const char *),
                     const struct connection *connection, const char *from, const char *to)
{
    static char text[2048];
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    print(out, connection, services, from, to);
    fclose(out);
    return text;
}

static void test_the_line(void **state)
{
    struct connection connection = make_connection(22, 40000);
    (void)state;
    assert_string_equal(printed(format_line, &connection, "localmachine-1", "localmachine-2"),
                        "2017-10-28 23:17.01: SSH from localmachine-1 (192.0.2.7) to localmachine-2 (192.0.2.9) "
                        "size 4.25M\n");
    assert_string_equal(printed(format_line, &connection, NULL, ""),
                        "2017-10-28 23:17.01: SSH from 192.0.2.7 (192.0.2.7) to 192.0.2.9 (192.0.2.9) size 4.25M\n");
    connection = make_connection(40000, 443);
    assert_non_null(strstr(printed(format_line, &connection, NULL, NULL), ": HTTPS from "));
    connection = make_connection(40000, 40001);
    assert_non_null(strstr(printed(format_line, &connection, NULL, NULL), ": UNKNOWN from "));
    connection = make_connection(22, 443);
    assert_non_null(strstr(printed(format_line, &connection, NULL, NULL), ": SSH from "));
    connection.from.protocol = PROTOCOL_ICMP; /* has no ports */
    assert_non_null(strstr(printed(format_line, &connection, NULL, NULL), ": UNKNOWN from "));
}

static void test_the_table(void **state)
{
    struct connection connection = make_connection(22, 40000);
    char text[512];
    (void)state;
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    format_table_header(out);
    fclose(out);
    assert_string_equal(text,
                        "Timestamp           | Service        | Size     | Duration  | Packets | Involved hosts\n"
                        "----------------------------------------------------------------------------------------------"
                        "------\n");
    assert_string_equal(printed(format_table_row, &connection, "one", NULL),
                        "2017-10-28 23:17.01 | SSH            | 4.25M    | 01:30 min |    3200 | "
                        "Between one (192.0.2.7) and 192.0.2.9 (192.0.2.9)\n");
    connection = make_connection(40000, 40001);
    assert_string_equal(printed(format_table_row, &connection, NULL, NULL),
                        "2017-10-28 23:17.01 | (40000 40001)  | 4.25M    | 01:30 min |    3200 | "
                        "Between 192.0.2.7 (192.0.2.7) and 192.0.2.9 (192.0.2.9)\n");
}

static void test_json(void **state)
{
    struct connection connection = make_connection(22, 40000);
    (void)state;
    assert_string_equal(
        printed(format_json, &connection, "a\"b\\c\n", NULL),
        "{\"time\": \"2017-10-28T21:17:01.123456Z\", \"service\": \"SSH\", \"protocol\": \"TCP\", "
        "\"protocol_number\": 6, "
        "\"from\": {\"address\": \"192.0.2.7\", \"name\": \"a\\\"b\\\\c\\u000a\", \"port\": 22}, \"to\": {\"address\": "
        "\"192.0.2.9\", \"name\": null, \"port\": 40000}, \"size\": 4456448, \"size_back\": 1000, \"packets\": 3200, "
        "\"duration_ms\": 90000, \"paired\": true}\n");
    connection.paired = false;
    connection.from.clock = FLOW_CLOCK_NONE;
    assert_non_null(strstr(printed(format_json, &connection, NULL, NULL),
                           "\"size_back\": 0, \"packets\": 3000, \"duration_ms\": null, \"paired\": false}"));
}

static void test_services(void **state)
{
    struct connection connection = make_connection(40000, 9999);
    char text[SERVICE_TEXT_SIZE];
    (void)state;
    assert_string_equal(services_find(services, 22, PROTOCOL_TCP), "ssh");
    assert_string_equal(services_find(services, 514, PROTOCOL_UDP), "syslog"); /* tcp/514 is another */
    assert_null(services_find(services, 22, PROTOCOL_ICMP));
    assert_null(services_find(services, 0, PROTOCOL_TCP));
    assert_null(services_find(services, 65535, PROTOCOL_UDP));
    assert_string_equal(services_label(services, &connection, text), "TCP/9999");
    connection.from.protocol = 99;
    assert_string_equal(services_label(services, &connection, text), "PROTO 99");
    connection.from.protocol = PROTOCOL_ICMP6;
    assert_string_equal(services_label(services, &connection, text), "ICMPv6");
}

static void test_unpaired(void **state)
{
    struct connection connection = make_connection(22, 40000);
    char text[512];
    (void)state;
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    format_unpaired(out, &connection.from, "one", NULL);
    fclose(out);
    assert_string_equal(text,
                        "From one (192.0.2.7):22 to 192.0.2.9:40000 with proto TCP and size 4.25M (3000 packets)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_sizes_that_people_type),
        cmocka_unit_test(test_the_line),
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_unpaired),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
