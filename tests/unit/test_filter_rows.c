/* SPDX-License-Identifier: MIT */
/*
 * test_filter_rows.c - which rows a filter finds: four flows that are told of here, and each kind of term
 *
 *     row 0  TCP 10.0.0.1:40000 > 192.0.2.1:443 SYN ACK, 3000 bytes in 4 packets in 2 s, exporter 198.51.100.1, IPFIX
 *     row 1  UDP 10.0.0.2:53 > 192.0.2.1:40001, flags 0x10 none the less, 100 bytes in 1 packet in no time, the same
 *     row 2  ICMPv6 2001:db8::1 > 2001:db8::2 type 128, 1 packet of 64 bytes, without ports, exporter 2001:db8::ffff,
 * v9
 *     row 3  TCP as ::ffff:10.0.0.1:80 > ::ffff:10.0.0.9:81 RST, the same exporter
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "filter.h"

static const uint8_t PROTOCOL[] = {6, 17, 58, 6}, FLAGS[] = {0x12, 0x10, 0, 0x04}, ICMP_TYPE[] = {0, 0, 128, 0},
                     TOS[] = {184, 0, 187, 188}, VERSION[] = {4, 4, 6, 4};
static const uint16_t SRC_PORT[] = {40000, 53, 0, 80}, DST_PORT[] = {443, 40001, 0, 81};
static const uint64_t BYTES[] = {3000, 100, 64, 7}, PACKETS[] = {4, 1, 1, 0};
static const int64_t START[] = {1000000, 5000000, 7000000, 9000000}, END[] = {3000000, 5000000, 7500000, 8000000};
static const uint32_t SRC4[] = {0x0a000001, 0x0a000002}, DST4[] = {0xc0000201, 0xc0000201};
static const uint8_t SRC6[][16] = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, {[10] = 0xff, 0xff, 10, 0, 0, 1}};
static const uint8_t DST6[][16] = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}, {[10] = 0xff, 0xff, 10, 0, 0, 9}};
static const uint8_t APPLICATION[][4] = {{13, 0, 1, 197}, {3, 0, 0, 53}, {13, 0, 1, 197}, {13, 0, 0, 0}};
static const uint8_t NAME[][8] = {"eth0", "eth1", "", "eth0.1"};

/* Two batches of two rows, of IPv4 and of IPv6; the second has no flags in row 2's place but zeros, and no application.
 * */
struct made {
    struct weir_core_column core[WEIR_CORE_COUNT];
    struct weir_field field;
    struct weir_layout layout;
    struct weir_run run;
    const void *columns[16];
    struct weir_batch batch;
};

static void core(struct made *made, enum weir_core core, uint32_t *count, uint8_t kind, uint32_t width,
                 const void *data)
{
    made->core[core] = (struct weir_core_column){.how = WEIR_CORE_COMPUTED, .column = *count, .kind = kind,
                                                 .width_bytes = width};
    made->columns[(*count)++] = data;
}

static void make(struct made *made, int half)
{
    uint32_t count = 1;
    const int at = 2 * half;
    memset(made, 0, sizeof *made);
    made->columns[0] = NAME[at];
    core(made, WEIR_CORE_PROTOCOL, &count, WEIR_KIND_U8, 1, PROTOCOL + at);
    core(made, WEIR_CORE_TCP_FLAGS, &count, WEIR_KIND_U8, 1, FLAGS + at);
    core(made, WEIR_CORE_TOS, &count, WEIR_KIND_U8, 1, TOS + at);
    core(made, WEIR_CORE_IP_VERSION, &count, WEIR_KIND_U8, 1, VERSION + at);
    core(made, WEIR_CORE_SRC_PORT, &count, WEIR_KIND_U16, 2, SRC_PORT + at);
    core(made, WEIR_CORE_DST_PORT, &count, WEIR_KIND_U16, 2, DST_PORT + at);
    core(made, WEIR_CORE_BYTES, &count, WEIR_KIND_U64, 8, BYTES + at);
    core(made, WEIR_CORE_PACKETS, &count, WEIR_KIND_U64, 8, PACKETS + at);
    core(made, WEIR_CORE_TIME_START, &count, WEIR_KIND_I64, 8, START + at);
    core(made, WEIR_CORE_TIME_END, &count, WEIR_KIND_I64, 8, END + at);
    core(made, WEIR_CORE_ICMP_TYPE, &count, WEIR_KIND_U8, 1, ICMP_TYPE + at);
    if (half == 0) {
        core(made, WEIR_CORE_SRC_ADDRESS, &count, WEIR_KIND_IPV4, 4, SRC4);
        core(made, WEIR_CORE_DST_ADDRESS, &count, WEIR_KIND_IPV4, 4, DST4);
        core(made, WEIR_CORE_APPLICATION_ID, &count, WEIR_KIND_OCTETS, 4, APPLICATION);
        made->core[WEIR_CORE_SAMPLING_RATE] =
            (struct weir_core_column){.how = WEIR_CORE_CONSTANT, .kind = WEIR_KIND_U32, .width_bytes = 4,
                                      .value = 1000};
        made->run.exporter = (struct weir_address){{198, 51, 100, 1}, 4};
    } else {
        core(made, WEIR_CORE_SRC_ADDRESS, &count, WEIR_KIND_IPV6, 16, SRC6);
        core(made, WEIR_CORE_DST_ADDRESS, &count, WEIR_KIND_IPV6, 16, DST6);
        made->run.exporter = (struct weir_address){{0x20, 0x01, 0x0d, 0xb8, [14] = 0xff, 0xff}, 6};
    }
    made->field = (struct weir_field){.name = "interfaceName", .v9_name = "", .type = WEIR_TYPE_STRING,
                                      .kind = WEIR_KIND_OCTETS, .width_bytes = 8};
    made->layout = (struct weir_layout){.fields = &made->field, .field_count = 1, .core = made->core};
    made->run.row_count = 2;
    made->run.version = half == 0 ? 10 : 9;
    made->batch = (struct weir_batch){&made->layout, &made->run, made->columns, 2, 1};
}

static const struct {
    const char *text;
    const char *rows; /* which of the four */
} CASES[] = {
    {"", "1111"},
    {"any", "1111"},
    {"not any", "0000"},
    {"proto tcp", "1001"},
    {"proto != tcp", "0110"},
    {"not proto tcp", "0110"},
    /* IPv4 in either form */
    {"src ip 10.0.0.1", "1001"},
    {"ip 10.0.0.9", "0001"},
    {"src net 10.0.0.0/30", "1101"},
    {"src net 2001:db8::/32", "0010"},
    {"src net ::/0", "0010"},
    {"src net 0.0.0.0/0", "1101"},
    {"not src net 10/8", "0010"},
    {"src ip != 10.0.0.1", "0110"},
    {"ip != 192.0.2.1", "0011"},
    {"src and dst net 10/8", "0001"},
    {"inet", "1101"},
    {"inet6", "0010"},
    /* either side, both, and what is not there */
    {"port 53", "0100"},
    {"port 80-443", "1001"},
    {"port < 53", "0010"},
    {"src and dst port > 40000", "0000"},
    {"src and dst port >= 80", "1001"},
    {"port != 443", "0111"},
    {"port not in [53 80]", "1010"},
    {"not port in [53 80]", "1010"},
    {"vlan 5", "0000"},
    {"vlan != 5", "0000"},
    {"not vlan 5", "1111"},
    {"vlan < 5 or vlan >= 5", "0000"},
    {"not (vlan 5 or proto udp)", "1011"},
    {"not (not vlan 5)", "0000"},
    {"sampled", "1100"},
    {"not sampled", "0011"},
    /* only TCP has flags */
    {"flags S", "1000"},
    {"flags A", "1000"},
    {"flags SA", "1000"},
    {"flags SR", "0000"},
    {"flags = A", "0000"},
    {"flags = SA", "1000"},
    {"flags 18", "1000"},
    {"flags > 4", "1000"},
    {"not flags SR", "0110"},
    {"not (flags SR)", "1111"},
    {"not flags A", "0111"},
    {"tcp_flags = A", "0100"},
    /* only ICMP has a type */
    {"icmp-type 0", "0000"},
    {"icmp-type 128", "0010"},
    {"icmp-type != 8", "0010"},
    {"not icmp-type 128", "1101"},
    {"dscp ef", "1010"},
    {"dscp > 46", "0001"},
    {"dscp <= 46", "1110"},
    {"tos 187", "0010"},
    {"bytes > 1k", "1000"},
    {"bytes in [64 100]", "0110"},
    {"flows 1", "1111"},
    {"flows > 1", "0000"},
    {"duration > 1s", "1000"},
    {"duration 500", "0010"},
    {"duration <= 0", "0101"}, /* row 3 ends before it begins */
    {"pps 2", "1010"},
    {"pps < 1", "0101"},
    {"bps 12k", "1000"},
    {"bps = 1024", "0010"},
    {"bps >= 0", "1111"}, /* row 3 ends before it begins */
    {"bpp 750", "1000"},
    {"bpp in [100 64]", "0110"},
    {"bpp 0", "0001"},
    {"app 13:453", "1000"},
    {"app != 13:453", "0100"},
    {"app 3:53", "0100"},
    {"exporter 198.51.100.1", "1100"},
    {"router ip in [2001:db8::/32]", "0011"},
    {"version 10", "1100"},
    {"sys_uptime_ms 0", "0011"},
    {"interfaceName = eth0", "1000"},
    {"interfaceName = ''", "0010"},
    {"interfaceName in [eth0 'eth1']", "1100"},
    {"samplingAlgorithm 1", "0000"},
    {"time_start < 1970-01-01T00:00:05", "1000"},
    {"time_start = 1970-01-01T00:00:07", "0010"},
    {"proto tcp and (src net 10.0.0.0/8 or dst port in [80 443]) and bytes > 1k and not flags R", "1000"},
};

static void test_rows(void **state)
{
    struct made halves[2];
    (void)state;
    make(&halves[0], 0);
    make(&halves[1], 1);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct filter_error error;
        char found[5] = "";
        struct filter *filter = filter_parse(CASES[i].text, strlen(CASES[i].text), NULL, &error);
        assert_non_null(filter);
        struct filter_rows *rows = filter_rows_create(filter);
        assert_non_null(rows);
        for (int row = 3; row >= 0; row--) { /* in any order */
            filter_rows_batch(rows, &halves[row / 2].batch);
            found[row] = filter_rows_match(rows, (uint32_t)row % 2) ? '1' : '0';
        }
        if (strcmp(found, CASES[i].rows) != 0)
            print_error("%s\n", CASES[i].text);
        assert_string_equal(found, CASES[i].rows);
        filter_rows_free(rows);
        filter_free(filter);
    }
}

/* Runs are found whichever row is asked about next. */
static void test_runs(void **state)
{
    static const uint32_t order[] = {3, 0, 2, 1, 3, 3, 0};
    struct weir_run runs[3] = {{.first_row = 0, .row_count = 1, .domain = 7}, {.first_row = 1, .row_count = 2,
                                                                               .domain = 8},
                               {.first_row = 3, .row_count = 1, .domain = 7}};
    const struct weir_layout layout = {.options = true}; /* without core columns */
    const struct weir_batch batch = {.layout = &layout, .runs = runs, .row_count = 4, .run_count = 3};
    struct filter_error error;
    struct filter *filter = filter_parse("domain 7 and not port 80", 24, NULL, &error);
    struct filter_rows *rows = filter_rows_create(filter);
    (void)state;
    filter_rows_batch(rows, &batch);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_int_equal(filter_rows_match(rows, order[i]), order[i] == 0 || order[i] == 3);
    filter_rows_free(rows);
    filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
