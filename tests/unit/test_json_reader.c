/* SPDX-License-Identifier: MIT */
/*
 * test_json_reader.c - all forms of JSON, what is torn, what is odd, what is none of ours
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow_maker.h"
#include "json_entry.h"
#include "json_reader.h"

#define FLOWS_MAX 64

static struct flow flows[FLOWS_MAX];
static unsigned flow_count, flows_wanted;
static struct json_reader_result result;

static bool on_flow(void *context, const struct flow *flow)
{
    (void)context;
    if (flow_count < FLOWS_MAX) {
        flows[flow_count] = *flow;
    }
    flow_count++;
    return flow_count != flows_wanted;
}

static int read_bytes(const char *text, size_t length)
{
    /* An exact copy, so that a sanitizer sees a read beyond it. */
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    flow_count = 0;
    flows_wanted = 0;
    int status = json_read_memory(copy, length, on_flow, NULL, &result);
    free(copy);
    assert_int_equal(result.flows, flow_count);
    if (status != 0) {
        assert_true(result.error[0] != '\0');
    }
    return status;
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void assert_address(const struct weir_address *address, const char *expected)
{
    char text[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(address, text);
    assert_string_equal(text, expected);
}

#define FLOW_4                                                                                                    \
    "{\"IN_BYTES\": 4456448, \"IN_PKTS\": 3200, \"PROTOCOL\": 6, \"L4_SRC_PORT\": 22, \"L4_DST_PORT\": 40000, "   \
    "\"IPV4_SRC_ADDR\": \"192.0.2.7\", \"IPV4_DST_ADDR\": \"192.0.2.9\", \"FIRST_SWITCHED\": 1000, "               \
    "\"LAST_SWITCHED\": 5000, \"IP_PROTOCOL_VERSION\": 4, \"TCP_FLAGS\": 27}"
#define FLOW_6                                                                                                    \
    "{\"IN_BYTES\": 5, \"IN_PKTS\": 1, \"PROTOCOL\": 17, \"L4_SRC_PORT\": 1, \"L4_DST_PORT\": 2, "                 \
    "\"IPV6_SRC_ADDR\": \"2001:db8::1\", \"IPV6_DST_ADDR\": \"2001:db8::2\", \"IP_PROTOCOL_VERSION\": 6}"

static void test_one_object(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"1509225421.123456\": [" FLOW_4 ", " FLOW_6 "],\n"
                               "\"1509225422\": [" FLOW_6 "]}\n"), 0);
    assert_int_equal(flow_count, 3);
    assert_int_equal(result.entries, 2);
    assert_false(result.torn);
    assert_true(flows[0].received_us == 1509225421123456);
    assert_true(flows[0].bytes == 4456448);
    assert_true(flows[0].packets == 3200);
    assert_int_equal(flows[0].protocol, 6);
    assert_int_equal(flows[0].source_port, 22);
    assert_int_equal(flows[0].destination_port, 40000);
    assert_address(&flows[0].source, "192.0.2.7");
    assert_address(&flows[0].destination, "192.0.2.9");
    assert_int_equal(flows[0].clock, FLOW_CLOCK_UPTIME);
    assert_int_equal(flow_duration_ms(&flows[0]), 4000);
    assert_int_equal(flows[0].exporter, 0);
    assert_address(&flows[1].source, "2001:db8::1");
    assert_int_equal(flows[1].clock, FLOW_CLOCK_NONE);
    assert_true(flows[2].received_us == 1509225422000000);
}

/* The object form has no uptime: the latest end of a datagram stands for it, across the wrap. */
static void test_ends_without_a_header(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"10\": [{\"IPV4_SRC_ADDR\": \"192.0.2.7\", \"IPV4_DST_ADDR\": \"192.0.2.9\", "
                               "\"IN_BYTES\": 1, \"FIRST_SWITCHED\": 4294966296, \"LAST_SWITCHED\": 4294966296}, "
                               "{\"IPV4_SRC_ADDR\": \"192.0.2.7\", \"IPV4_DST_ADDR\": \"192.0.2.9\", "
                               "\"IN_BYTES\": 1, \"FIRST_SWITCHED\": 500, \"LAST_SWITCHED\": 500}]}"), 0);
    assert_int_equal(flow_count, 2);
    assert_int_equal(flows[0].ended_us, 8500000); /* 1000 ms before the wrap, 500 behind it */
    assert_int_equal(flows[1].ended_us, 10000000);
}

/* The header that is written of IPFIX has an uptime of 0, which is none. */
static void test_ends_of_ipfix(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"10\": {\"client\": [\"192.0.2.250\", 2055], \"header\": {\"version\": 10, "
                               "\"uptime\": 0}, "
                               "\"flows\": [{\"IPV4_SRC_ADDR\": \"192.0.2.7\", \"IPV4_DST_ADDR\": \"192.0.2.9\", "
                               "\"IN_BYTES\": 1, \"FIRST_SWITCHED\": 4294000000, \"LAST_SWITCHED\": 4294000000}, "
                               "{\"IPV4_SRC_ADDR\": \"192.0.2.7\", \"IPV4_DST_ADDR\": \"192.0.2.9\", "
                               "\"IN_BYTES\": 1, \"FIRST_SWITCHED\": 4294000100, \"LAST_SWITCHED\": 4294000500}]}}"),
                               0);
    assert_int_equal(flow_count, 2);
    assert_int_equal(flows[0].ended_us, 9500000);
    assert_int_equal(flows[1].ended_us, 10000000);
}

static void test_lines(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"1509225421.5\": {\"client\": [\"192.0.2.250\", 2055], \"header\": {\"version\": 9, "
                               "\"uptime\": 7000, \"source_id\": 0}, \"flows\": [" FLOW_4 "], "
                               "\"options\": [{\"a\": 1}]}}\n"
                               "{\"1509225422.5\": {\"client\": [\"192.0.2.251\", 2055], \"flows\": [" FLOW_6 "]}}\n"
                               "{\"1509225423.5\": {\"client\": [\"::ffff:192.0.2.250\", 2055], \"header\": {}, "
                               "\"flows\": [" FLOW_6 "]}}\n"
                               "{\"1509225424.5\": {\"header\": {\"version\": 9}, \"options\": []}}"), 0);
    assert_int_equal(flow_count, 3);
    assert_int_equal(result.entries, 4);
    assert_int_equal(result.entries_skipped, 0);
    assert_true(flows[0].exporter != 0);
    assert_true(flows[0].exporter != flows[1].exporter);
    assert_true(flows[0].exporter == flows[2].exporter);
    assert_true(flows[0].received_us - flows[0].ended_us == 2000000); /* it had ended 2 s before it was sent */
}

static void test_between_the_generations(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"1.5\": {\"client\": [\"192.0.2.250\", 2055], \"flows\": [" FLOW_4 "]}, "
                               "\"2.5\": {\"flows\": [" FLOW_4 "]}}{\"3\":[" FLOW_4 "]}"), 0);
    assert_int_equal(flow_count, 3);
}

static void test_addresses_as_integers(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"1\": [{\"IPV4_SRC_ADDR\": 3221225991, \"IPV4_DST_ADDR\": 16909060, \"IN_BYTES\": 1},"
                               "{\"IPV6_SRC_ADDR\": 42540766411282592856903984951653826561, \"IPV6_DST_ADDR\": 1},"
                               "{\"IPV6_SRC_ADDR\":340282366920938463463374607431768211455,\"IPV6_DST_ADDR\":"
                               "338288524927261089654018896841347694593}]}"), 0);
    assert_int_equal(flow_count, 3);
    assert_address(&flows[0].source, "192.0.2.7");
    assert_address(&flows[0].destination, "1.2.3.4");
    assert_address(&flows[1].source, "2001:db8::1");
    assert_address(&flows[1].destination, "::1");
    assert_address(&flows[2].source, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assert_address(&flows[2].destination, "fe80::1");
}

static void test_names_of_other_versions(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"1\": [{\"IPV4_SRC_ADDR\": 1, \"IPV4_DST_ADDR\": 2, \"IN_OCTETS\": 7, "
                               "\"IN_PACKETS\": 3, "
                               "\"PROTO\": 17, \"SRC_PORT\": 53, \"DST_PORT\": 1024},"
                               "{\"sourceIPv4Address\": \"1.2.3.4\", \"destinationIPv4Address\": \"1.2.3.5\", "
                               "\"octetTotalCount\": 9, \"octetDeltaCount\": 0, \"packetTotalCount\": 2, "
                               "\"protocolIdentifier\": 6, \"sourceTransportPort\": 80, "
                               "\"flowStartMilliseconds\": 1509225421000, "
                               "\"flowEndMilliseconds\": 1509225422500}]}"), 0);
    assert_int_equal(flow_count, 2);
    assert_true(flows[0].bytes == 7 && flows[0].packets == 3 && flows[0].protocol == 17);
    assert_int_equal(flows[0].source_port, 53);
    assert_true(flows[1].bytes == 9 && flows[1].packets == 2 && flows[1].source_port == 80);
    assert_int_equal(flows[1].clock, FLOW_CLOCK_ABSOLUTE);
    assert_int_equal(flow_duration_ms(&flows[1]), 1500);
    assert_true(flows[1].ended_us == 1509225422500000);
}

/* Of several rates the one that the collector tells goes first; 0 is none. */
static void test_sampling_rates(void **state)
{
    static const struct {
        const char *fields;
        uint32_t rate;
    } all[] = {
        {"", 0},
        {", \"sampling_rate\": 100", 100},
        {", \"SAMPLING_INTERVAL\": 10", 10},
        {", \"samplingInterval\": 11", 11},
        {", \"NTERVAL\": 12", 12},
        {", \"SAMPLING_INTERVAL\": 10, \"sampling_rate\": 1", 1},
        {", \"SAMPLING_INTERVAL\": 0, \"samplerRandomInterval\": 4294967295", UINT32_MAX},
    };
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        snprintf(text, sizeof(text),
                 "{\"1.0\": [{\"IPV4_SRC_ADDR\": \"192.0.2.1\", \"IPV4_DST_ADDR\": \"192.0.2.2\", \"IN_BYTES\": 7%s}]}",
                 all[i].fields);
        assert_int_equal(read_text(text), 0);
        assert_int_equal(flow_count, 1);
        assert_true(flows[0].sampling_rate == all[i].rate);
        assert_true(flows[0].bytes == 7);
    }
    assert_int_equal(read_text("{\"1.0\": [{\"IPV4_SRC_ADDR\": \"192.0.2.1\", \"IPV4_DST_ADDR\": \"192.0.2.2\", "
                               "\"sampling_rate\": 4294967296}]}"), 0);
    assert_int_equal(result.flows_skipped, 1);
    assert_non_null(strstr(result.skipped_first, "a sampling rate above 4294967295"));
}

static void test_icmp_types(void **state)
{
#define ENDS "\"IPV4_SRC_ADDR\": 1, \"IPV4_DST_ADDR\": 2"
    (void)state;
    assert_int_equal(read_text("{\"1\": [{" ENDS ", \"PROTOCOL\": 1, \"L4_SRC_PORT\": 0, \"L4_DST_PORT\": 2048},"
                               "{" ENDS ", \"PROTOCOL\": 1, \"ICMP_TYPE\": 2048, \"L4_DST_PORT\": 0},"
                               "{" ENDS ", \"PROTOCOL\": 1, \"ICMP_TYPE\": 0, \"L4_DST_PORT\": 769},"
                               "{" ENDS ", \"PROTOCOL\": 1, \"ICMP_TYPE\": 0, \"L4_DST_PORT\": 0},"
                               "{" ENDS ", \"PROTOCOL\": 58, \"ICMP_TYPE\": 33024},"
                               "{" ENDS ", \"PROTOCOL\": 1},"
                               "{" ENDS ", \"PROTOCOL\": 6, \"ICMP_TYPE\": 2048}]}"), 0);
    assert_int_equal(flow_count, 7);
    assert_int_equal(flows[0].icmp_type, 8);
    assert_int_equal(flows[1].icmp_type, 8);
    assert_int_equal(flows[2].icmp_type, 3);
    assert_int_equal(flows[2].icmp_code, 1);
    assert_true(flows[3].has_icmp && flows[3].icmp_type == 0);
    assert_int_equal(flows[4].icmp_type, 129);
    assert_false(flows[5].has_icmp);
    assert_false(flows[6].has_icmp);
}

/* Cut anywhere, what is whole before the cut is read, and nothing else. */
static void test_torn_at_every_length(void **state)
{
    static const char text[] = "{\"1\": [" FLOW_4 "],\n\"2.5\": [" FLOW_6 ", {\"IPV6_SRC_ADDR\": "
                               "42540766411282592856903984951653826561, \"a\\\"]\": [true, null]}]}";
    size_t first_end = (size_t)(strstr(text, "],\n") - text) + 1;
    (void)state;
    for (size_t length = 1; length < sizeof(text) - 1; length++) {
        assert_int_equal(read_bytes(text, length), 0);
        assert_true(result.torn);
        assert_int_equal(flow_count, length >= sizeof(text) - 2 ? 2 : length >= first_end ? 1 : 0);
    }
    assert_int_equal(read_text(text), 0);
    assert_false(result.torn);
    assert_int_equal(flow_count, 2);
    assert_int_equal(result.flows_skipped, 1);
}

static void test_zeros_that_a_power_loss_leaves(void **state)
{
    char text[2048] = "{\"1\": [" FLOW_4 "]";
    (void)state;
    assert_int_equal(read_bytes(text, 1024), 0);
    assert_true(result.torn);
    assert_int_equal(flow_count, 1);
    strcat(text, ",\n\"2\": [{\"IN_");
    assert_int_equal(read_bytes(text, 1024), 0);
    assert_true(result.torn);
    assert_int_equal(flow_count, 1);
    /* The last page of the entry made it to the disk, one in its middle did not. */
    size_t length = strlen(text) + 50;
    memcpy(text + length, "BYTES\": 5}]}\n", 13);
    assert_int_equal(read_bytes(text, length + 13), 0);
    assert_true(result.torn);
    assert_int_equal(flow_count, 1);
    assert_int_equal(result.entries_skipped, 1);
}

static void test_empty_ones(void **state)
{
    (void)state;
    assert_int_equal(read_text("{}"), 0);
    assert_int_equal(read_text(" {\n} \n"), 0);
    assert_int_equal(read_text("{\"1\": []}"), 0);
    assert_int_equal(result.entries, 1);
    assert_false(result.torn);
    assert_int_equal(read_text("\xef\xbb\xbf{\"1\": [" FLOW_4 "]}"), 0);
    assert_int_equal(flow_count, 1);
    assert_int_equal(read_text(""), -1);
    assert_non_null(strstr(result.error, "nothing in it"));
    assert_int_equal(read_text(" \n"), -1);
}

static void test_not_ours(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"hello", "line 1, octet 1: 'h'"},
        {"\n\n[1, 2]", "line 3, octet 3: '['"},
        {"{1: 2}", "instead of the key"},
        {"{\"name\": \"weir\"}", "its first key is \"name\""},
        {"{\"1\" 2}", "instead of ':'"},
        {"{\"1\": ]}", "instead of a value"},
        {"{\"1\": 5}", "nothing but"},
        {"{\"1\": [" FLOW_4 "], \"2\": [" FLOW_4 "] garbage", "the 2 entries before it were read"},
        {"{\"1\": [" FLOW_4 "]} x", "damaged at"},
        {"\x1f\x8b\x08", "octet 1f"},
        {"\xd4\xc3\xb2\xa1\x02", "packet capture"},
        {"\x0a\x0d\x0d\x0a", "packet capture"},
        {"<html>", "'<'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_text(cases[i].text), -1);
        if (strstr(result.error, cases[i].says) == NULL) {
            fail_msg("'%s' does not tell '%s'", result.error, cases[i].says);
        }
    }
}

/* Each costs its flow, not its neighbours. */
static void test_odd_flows(void **state)
{
    static const char *const odd[] = {
        "5", "null", "\"x\"", "[]", "{}",
        "{\"IPV4_SRC_ADDR\": \"1.2.3.4\"}",
        "{\"IPV4_SRC_ADDR\": \"1.2.3\", \"IPV4_DST_ADDR\": \"1.2.3.4\"}",
        "{\"IPV4_SRC_ADDR\": 4294967296, \"IPV4_DST_ADDR\": 1}",
        "{\"IPV4_SRC_ADDR\": -1, \"IPV4_DST_ADDR\": 1}",
        "{\"IPV4_SRC_ADDR\": true, \"IPV4_DST_ADDR\": 1}",
        "{\"IPV6_SRC_ADDR\": 340282366920938463463374607431768211456, \"IPV6_DST_ADDR\": 1}",
        "{\"IPV6_SRC_ADDR\": \"1.2.3.4\", \"IPV6_DST_ADDR\": 1}",
        "{" ENDS ", \"IN_BYTES\": -5}",
        "{" ENDS ", \"IN_BYTES\": NaN}",
        "{" ENDS ", \"IN_BYTES\": Infinity}",
        "{" ENDS ", \"IN_BYTES\": 1e999}",
        "{" ENDS ", \"IN_BYTES\": 99999999999999999999999999}",
        "{" ENDS ", \"IN_BYTES\": [1]}",
        "{" ENDS ", \"IN_BYTES\": {\"a\": {}}}",
        "{" ENDS ", \"IN_BYTES\": \"many\"}",
        "{" ENDS ", \"L4_SRC_PORT\": 65536}",
        "{" ENDS ", \"PROTOCOL\": 256}",
        "{" ENDS ", \"PROTOCOL\": 012}x",
    };
    char text[2048];
    (void)state;
    for (size_t i = 0; i + 1 < sizeof(odd) / sizeof(odd[0]); i++) {
        snprintf(text, sizeof(text), "{\"1\": [" FLOW_4 ", %s, " FLOW_6 "]}", odd[i]);
        assert_int_equal(read_text(text), 0);
        if (flow_count != 2 || result.flows_skipped != 1 || result.skipped_first[0] == '\0') {
            fail_msg("%s: %u flows, %u skipped", odd[i], flow_count, (unsigned)result.flows_skipped);
        }
    }
}

static void test_odd_numbers_that_are_fine(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"1\": [{" ENDS ", \"IN_BYTES\": 18446744073709551615, \"IN_PKTS\": 3.0},"
                               "{" ENDS ", \"IN_BYTES\": \"17\", \"IN_PKTS\": 1e3, \"X\": 1e999, \"Y\": NaN, "
                               "\"Z\": null, "
                               "\"IN_PKTS_2\": {}}]}"), 0);
    assert_int_equal(flow_count, 2);
    assert_true(flows[0].bytes == UINT64_MAX);
    assert_true(flows[0].packets == 3);
    assert_true(flows[1].bytes == 17);
}

/* Each costs its entry, not its neighbours. */
static void test_odd_entries(void **state)
{
    static const char *const odd[] = {
        "\"2\": 5", "\"2\": \"x\"", "\"2\": null", "\"2\": {}", "\"2\": {\"flows\": 5}", "\"x\": [" FLOW_4 "]",
        "\"-2\": [" FLOW_4 "]", "\"99999999999\": []", "\"1e5\": []", "\"2\": [}", "\"2\": {\"flows\": [,]}",
        "\"2\": [\"\xff\xfe\"]", "\"2\": NaN", "\"\": []", "\"2.5.5\": []",
    };
    char text[2048];
    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        snprintf(text, sizeof(text), "{\"1\": [" FLOW_4 "], %s, \"3\": [" FLOW_6 "]}", odd[i]);
        int status = read_text(text);
        if (status != 0 || flow_count != 2 || result.entries_skipped != 1 || result.torn) {
            fail_msg("%s: %u flows, %u skipped, %s", odd[i], flow_count, (unsigned)result.entries_skipped,
                     result.error);
        }
    }
}

/* An entry at the end that is whole and makes no sense is odd, and no sign of a writer that was killed. */
static void test_odd_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"1\": [" FLOW_4 "], \"x\": [" FLOW_6 "]}"), 0);
    assert_int_equal(result.entries_skipped, 1);
    assert_false(result.torn);
    assert_int_equal(read_text("{\"1\": [" FLOW_4 "], \"2\": 5}"), 0);
    assert_int_equal(result.entries_skipped, 1);
    assert_false(result.torn);
    assert_int_equal(read_text("{\"1\": [" FLOW_4 "], \"2\": [}"), 0);
    assert_int_equal(result.entries_skipped, 1);
    assert_true(result.torn);
}

static void test_deep_nesting(void **state)
{
    char text[4096] = "{\"1\": [" FLOW_4 "], \"2\": ";
    (void)state;
    memset(text + strlen(text), '[', 2000);
    assert_int_equal(read_text(text), -1);
    assert_int_equal(flow_count, 1);
}

static ssize_t read_endless(void *context, void *buffer, size_t size_bytes, char error[256])
{
    size_t *count = context;
    (void)error;
    memset(buffer, ' ' + 1, size_bytes);
    if (*count == 0) {
        memcpy(buffer, "{\"1\": [\"", 8);
    }
    *count += size_bytes;
    assert_true(*count < 2 * JSON_ENTRY_MAX);
    return (ssize_t)size_bytes;
}

static void test_an_entry_without_end(void **state)
{
    size_t count = 0;
    struct json_reader_options options = {read_endless, &count, on_flow, NULL};
    (void)state;
    assert_int_equal(json_read(&options, &result), -1);
    assert_non_null(strstr(result.error, "64 MiB"));
}

static ssize_t read_failing(void *context, void *buffer, size_t size_bytes, char error[256])
{
    int *count = context;
    (void)size_bytes;
    if ((*count)++ > 0) {
        snprintf(error, 256, "the disk is gone");
        return -1;
    }
    memcpy(buffer, "{\"1\": [", 7);
    return 7;
}

static void test_input_that_fails(void **state)
{
    int count = 0;
    struct json_reader_options options = {read_failing, &count, on_flow, NULL};
    (void)state;
    assert_int_equal(json_read(&options, &result), -1);
    assert_string_equal(result.error, "the disk is gone");
    assert_int_equal(count, 2);
}

static void test_the_callback_stops(void **state)
{
    static const char text[] = "{\"1\": [" FLOW_4 ", " FLOW_4 "], \"2\": [" FLOW_4 "]}";
    (void)state;
    flow_count = 0;
    flows_wanted = 1;
    assert_int_equal(json_read_memory(text, sizeof(text) - 1, on_flow, NULL, &result), 0);
    assert_int_equal(flow_count, 1);
    assert_true(result.stopped);
    assert_false(result.torn);
}

static void test_times_of_entries(void **state)
{
    int64_t time_us = 0;
    (void)state;
    assert_int_equal(json_entry_time("1509225421.123456", &time_us), 0);
    assert_true(time_us == 1509225421123456);
    assert_int_equal(json_entry_time("1509225421.1", &time_us), 0);
    assert_true(time_us == 1509225421100000);
    assert_int_equal(json_entry_time("1509225421.1234567", &time_us), 0); /* a second datagram in a microsecond */
    assert_true(time_us == 1509225421123456);
    assert_int_equal(json_entry_time("0", &time_us), 0);
    assert_int_equal(json_entry_time("7258118401", &time_us), -1);
    assert_int_equal(json_entry_time(".5", &time_us), -1);
    assert_int_equal(json_entry_time("1509225421x", &time_us), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_object),
        cmocka_unit_test(test_ends_without_a_header),
        cmocka_unit_test(test_ends_of_ipfix),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_between_the_generations),
        cmocka_unit_test(test_addresses_as_integers),
        cmocka_unit_test(test_names_of_other_versions),
        cmocka_unit_test(test_sampling_rates),
        cmocka_unit_test(test_icmp_types),
        cmocka_unit_test(test_torn_at_every_length),
        cmocka_unit_test(test_zeros_that_a_power_loss_leaves),
        cmocka_unit_test(test_empty_ones),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_odd_flows),
        cmocka_unit_test(test_odd_numbers_that_are_fine),
        cmocka_unit_test(test_odd_entries),
        cmocka_unit_test(test_odd_at_the_end),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_an_entry_without_end),
        cmocka_unit_test(test_input_that_fails),
        cmocka_unit_test(test_the_callback_stops),
        cmocka_unit_test(test_times_of_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
