/* SPDX-License-Identifier: MIT */
/*
 * test_query_functions.c - Weir's functions in SQL: both families, text, nulls in constants and in columns
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query_text.h"

static struct query *query;

static int set_up(void **state)
{
    struct query_error error = {.text = ""};
    (void)state;
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

/* Each expression as a constant, which DuckDB folds. */
static void check(const char *const pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char sql[1024];
        snprintf(sql, sizeof sql, "SELECT %s", pairs[i][0]);
        const char *got = query_text(query, sql);
        if (strcmp(got, pairs[i][1]) != 0)
            print_error("%s\n", sql);
        assert_string_equal(got, pairs[i][1]);
    }
}

#define CHECK(...)                                                                                                     \
    do {                                                                                                               \
        static const char *const pairs[][2] = {__VA_ARGS__};                                                          \
        check(pairs, sizeof pairs / sizeof *pairs);                                                                    \
    } while (0)

static void test_addr(void **state)
{
    (void)state;
    CHECK({"addr(0::UINTEGER)", "0.0.0.0"}, {"addr(4294967295::UINTEGER)", "255.255.255.255"},
          {"addr(3232235777::UINTEGER)", "192.168.1.1"}, {"addr(167772170::UINTEGER)", "10.0.0.10"},
          {"addr(NULL::UINTEGER)", "-"}, {"addr(NULL::BLOB)", "-"}, {"addr(NULL::VARCHAR)", "-"},
          {"addr(unhex('20010db8000000000000000000000001'))", "2001:db8::1"},
          {"addr(unhex('20010db8000000010001000100010001'))", "2001:db8:0:1:1:1:1:1"},
          {"addr(unhex('20010000000000010000000000000001'))", "2001:0:0:1::1"},
          {"addr(unhex('00000000000000000000000000000000'))", "::"},
          {"addr(unhex('00000000000000000000ffffc0000221'))", "192.0.2.33"},
          {"addr(unhex('20010db8'))", "-"}, {"addr(''::BLOB)", "-"},
          {"addr(1::UINTEGER, NULL)", "0.0.0.1"}, {"addr(NULL, unhex('20010db8000000000000000000000001'))",
                                                   "2001:db8::1"},
          {"addr(NULL::UINTEGER, NULL::BLOB)", "-"}, {"addr('2001:DB8:0:0:0::1')", "2001:db8::1"},
          {"addr('::ffff:192.0.2.33')", "192.0.2.33"}, {"addr('192.0.2.1')", "192.0.2.1"}, {"addr('192.0.2')", "-"},
          {"addr('')", "-"}, {"addr('1')", "-"}, {"addr('192.0.2.1 ')", "-"}, {"addr('192.0.2.1/24')", "-"},
          {"addr(repeat('1', 4000))", "-"}, {"addr('1.2.3.4' || chr(0))", "-"});
}

static void test_stored_form(void **state)
{
    (void)state;
    CHECK({"ipv4('192.168.1.1')", "3232235777"}, {"ipv4('::ffff:192.168.1.1')", "3232235777"},
          {"ipv4('2001:db8::1')", "-"}, {"ipv4('x')", "-"}, {"ipv4(NULL)", "-"},
          {"typeof(ipv4('1.2.3.4'))", "UINTEGER"},
          {"ipv6('2001:db8::1')", "0x20010db8000000000000000000000001"}, {"ipv6('1.2.3.4')", "-"},
          {"ipv6('::ffff:1.2.3.4')", "-"}, {"ipv6(NULL)", "-"}, {"addr(ipv6('2001:db8::1')) = addr('2001:DB8::1')",
                                                                 "true"});
}

static void test_in_net(void **state)
{
    (void)state;
    CHECK({"in_net(ipv4('10.1.2.3'), '10.0.0.0/8')", "true"}, {"in_net(ipv4('11.0.0.0'), '10.0.0.0/8')", "false"},
          {"in_net(ipv4('10.255.255.255'), '10.0.0.0/8')", "true"}, {"in_net(ipv4('9.255.255.255'), '10.0.0.0/8')",
                                                                     "false"},
          {"in_net(ipv4('10.0.0.127'), '10.0.0.0/25')", "true"}, {"in_net(ipv4('10.0.0.128'), '10.0.0.0/25')", "false"},
          {"in_net(ipv4('10.0.0.1'), '10.9.9.9/8')", "true"}, {"in_net(ipv4('1.2.3.4'), '0.0.0.0/0')", "true"},
          {"in_net(ipv4('1.2.3.4'), '1.2.3.4')", "true"}, {"in_net(ipv4('1.2.3.5'), '1.2.3.4')", "false"},
          {"in_net(ipv4('1.2.3.5'), '1.2.3.4/31')", "true"}, {"in_net(ipv4('1.2.3.6'), '1.2.3.4/31')", "false"},
          {"in_net(ipv4('1.2.3.5'), '::/0')", "false"},
          {"in_net(ipv4('10.1.1.1'), '::ffff:10.0.0.0/104')", "true"},
          {"in_net(ipv6('2001:db8::1'), '2001:db8::/32')", "true"}, {"in_net(ipv6('2001:db9::1'), '2001:db8::/32')",
                                                                     "false"},
          {"in_net(ipv6('2001:db8::1'), '2001:db8::1')", "true"}, {"in_net(ipv6('2001:db8::2'), '2001:db8::1/128')",
                                                                   "false"},
          {"in_net(ipv6('2001:db8::1'), '0.0.0.0/0')", "false"}, {"in_net(ipv6('2001:db8::1'), '::/0')", "true"},
          {"in_net(unhex('00000000000000000000ffff0a010203'), '10.0.0.0/8')", "true"},
          {"in_net('10.1.2.3', '10.0.0.0/8')", "true"}, {"in_net('2001:db8::1', '2001:db8::/32')", "true"},
          {"in_net('no address', '10.0.0.0/8')", "-"}, {"in_net(unhex('0a'), '10.0.0.0/8')", "-"},
          {"in_net(ipv4('10.0.0.1'), NULL, '10.0.0.0/8')", "true"},
          {"in_net(NULL, ipv6('2001:db8::1'), '2001:db8::/32')", "true"},
          {"in_net(NULL::UINTEGER, NULL::BLOB, '10.0.0.0/8')", "-"}, {"in_net(NULL::UINTEGER, '10.0.0.0/8')", "-"},
          {"in_net(ipv4('10.0.0.1'), NULL)", "-"});
}

static void test_in_net_refuses(void **state)
{
    static const char *const nets[] = {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", "10/8",
                                       "2001:db8::/129", "10.0.0.0/0x8", "10.0.0.0/0008", "::ffff:10.0.0.0/95", "host"};
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        char sql[200], wanted[200];
        snprintf(sql, sizeof sql, "SELECT in_net(1::UINTEGER, '%s')", nets[i]);
        snprintf(wanted, sizeof wanted,
                 "error: Invalid Input Error: in_net: '%s' is no network; one is written 10.0.0.0/8 or 2001:db8::/32",
                 nets[i]);
        assert_string_equal(query_text(query, sql), wanted);
    }
}

static void test_names(void **state)
{
    (void)state;
    CHECK({"service(443, 6)", "https"}, {"service(22::USMALLINT, 6::UTINYINT)", "ssh"}, {"service(22, 1)", "-"},
          {"service(65530, 6)", "-"}, {"service(65536, 6)", "-"}, {"service(-1, 6)", "-"}, {"service(443, 262)", "-"},
          {"service(NULL, 6)", "-"}, {"service(443, NULL)", "-"}, {"proto_name(6)", "TCP"},
          {"proto_name(58::UTINYINT)", "ICMPv6"}, {"proto_name(255)", "PROTO 255"}, {"proto_name(256)", "-"},
          {"proto_name(-1)", "-"}, {"proto_name(NULL)", "-"});
}

static void test_texts(void **state)
{
    (void)state;
    CHECK({"tcp_flags(0)", "........"}, {"tcp_flags(2)", "......S."}, {"tcp_flags(27::USMALLINT)", "...AP.SF"},
          {"tcp_flags(255)", "CEUAPRSF"}, {"tcp_flags(257)", "N.......F"}, {"tcp_flags(-1)", "-"},
          {"tcp_flags(NULL)", "-"},
          {"mac(unhex('001b213c4d5e'))", "00:1b:21:3c:4d:5e"}, {"mac(unhex('ff'))", "ff"}, {"mac(''::BLOB)", "-"},
          {"mac(repeat('1', 17)::BLOB)", "-"}, {"mac(NULL)", "-"},
          {"human_bytes(0)", "0"}, {"human_bytes(999)", "999"}, {"human_bytes(4250000::UBIGINT)", "4.25M"},
          {"human_bytes(sum(4250000::UBIGINT))", "4.25M"}, {"human_bytes(avg(1500))", "1.50K"},
          {"human_bytes(-1000)", "-1.00K"}, {"human_bytes(-1000.0::DOUBLE)", "-1.00K"},
          {"human_bytes(18446744073709551615::UBIGINT)", "18.45E"},
          {"human_bytes(170141183460469231731687303715884105727::HUGEINT)", "1000000000000000.00E"},
          {"human_bytes(1e300::DOUBLE)", "1000000000000000.00E"}, {"human_bytes('nan'::DOUBLE)", "-"},
          {"human_bytes(NULL)", "-"});
}

/* Columns of many chunks, with nulls in them, in several threads: nothing of a constant helps. */
static void test_columns(void **state)
{
    (void)state;
    assert_string_equal(query_text(query, "CREATE TABLE t AS SELECT i, CASE WHEN i % 3 = 0 THEN i::UINTEGER END AS v4,"
                                          " CASE WHEN i % 3 = 1 THEN unhex(printf('20010db8%024x', i)) END AS v6,"
                                          " CASE WHEN i % 2 = 0 THEN '0.0.0.0/16' ELSE '2001:db8::/113' END AS net"
                                          " FROM range(500000) r(i)"), "500000");
    assert_string_equal(query_text(query,
                                   "SELECT count(*), count(addr(v4)), count(addr(v6)), count(addr(v4, v6)) FROM t"),
                        "500000,166667,166667,333334");
    assert_string_equal(query_text(query, "SELECT count(*) FROM t WHERE i % 3 = 0 AND addr(v4, v6) = "
                                          "printf('%d.%d.%d.%d', i >> 24, i >> 16 & 255, i >> 8 & 255, i & 255)"),
                                          "166667");
    assert_string_equal(query_text(query, "SELECT count(*) FROM t WHERE ipv4(addr(v4)) = v4 OR ipv6(addr(v6)) = v6"),
                        "333334");
    assert_string_equal(query_text(query, "SELECT count(*) FROM t WHERE in_net(v4, v6, '0.0.0.0/16')"), "21846");
    assert_string_equal(query_text(query, "SELECT count(*) FROM t WHERE in_net(addr(v4, v6), '2001:db8::/112')"),
                        "21845");
    assert_string_equal(query_text(query, "SELECT count(*), count(in_net(v4, v6, net)) FROM t"), "500000,333334");
    assert_string_equal(query_text(query, "SELECT count(*) FROM t WHERE in_net(v4, v6, net)"), "16385");
    assert_string_equal(query_text(query,
                                   "SELECT count(proto_name(i)), count(tcp_flags(i)), count(DISTINCT human_bytes(i))"
                                          " > 1000 FROM t"), "256,65536,true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addr),           cmocka_unit_test(test_stored_form), cmocka_unit_test(test_in_net),
        cmocka_unit_test(test_in_net_refuses), cmocka_unit_test(test_names),       cmocka_unit_test(test_texts),
        cmocka_unit_test(test_columns),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
