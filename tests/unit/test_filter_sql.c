/* SPDX-License-Identifier: MIT */
/*
 * test_filter_sql.c - the SQL of filters, to the letter: forms that DuckDB can compare with statistics, types of
 * parameters, quoting
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

#include "filter.h"

static struct filter_sql *make(const char *text, const struct filter_sql_options *options)
{
    struct filter_error error;
    struct filter *filter = filter_parse(text, strlen(text), NULL, &error);
    assert_non_null(filter);
    struct filter_sql *sql = filter_sql_create(filter, options);
    assert_non_null(sql);
    filter_free(filter); /* the SQL stands alone */
    return sql;
}

static const struct {
    const char *text;
    const char *sql;
} CASES[] = {
    {"", "TRUE"},
    {"dst port 53", "(\"dst_port\" = $1::USMALLINT)"},
    {"dst port != 53", "\"dst_port\" <> $1::USMALLINT"},
    {"port != 53", "((\"src_port\" IS NOT NULL) OR (\"dst_port\" IS NOT NULL)) AND "
                   "(\"src_port\" = $1::USMALLINT) IS NOT TRUE AND (\"dst_port\" = $2::USMALLINT) IS NOT TRUE"},
    {"dst port in [53 80]", "(\"dst_port\" IN ($1::USMALLINT, $2::USMALLINT))"},
    {"dst port 53-80", "(\"dst_port\" >= $1::USMALLINT AND \"dst_port\" <= $2::USMALLINT)"},
    {"bytes > 1M", "(\"bytes\" > $1::UBIGINT)"},
    {"proto tcp and dst port 53", "((\"protocol\" = $1::UTINYINT)) AND ((\"dst_port\" = $2::USMALLINT))"},
    {"not dst port 53", "((\"dst_port\" = $1::USMALLINT)) IS NOT TRUE"},
    {"src ip 10.0.0.1", "(\"src_ipv4\" = $1::UINTEGER OR \"src_ipv6\" = $2::BLOB)"},
    {"src net 2001:db8::/32", "((\"src_ipv6\" >= $1::BLOB AND \"src_ipv6\" <= $2::BLOB))"},
    {"exporterIPv4Address = 2001:db8::1", "(FALSE)"},
    {"flags S", "\"protocol\" = 6::UTINYINT AND ((\"tcp_flags\" & $1::USMALLINT) = $2::USMALLINT)"},
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct filter_sql *sql = make(CASES[i].text, NULL);
        if (strcmp(sql->text, CASES[i].sql) != 0)
            print_error("%s\n", CASES[i].text);
        assert_string_equal(sql->text, CASES[i].sql);
        filter_sql_free(sql);
    }
}

static void check_octets(const struct filter_parameter *parameter, enum filter_type type, const void *octets,
                         size_t size)
{
    assert_int_equal(parameter->type, type);
    assert_int_equal(parameter->value.octets.size_bytes, size);
    assert_memory_equal(parameter->value.octets.data, octets, size);
}

static void test_parameters(void **state)
{
    static const uint8_t low[16] = {[10] = 0xff, 0xff, 10, 0, 0, 0}, high[16] = {[10] = 0xff, 0xff, 10, 255, 255, 255};
    (void)state;
    const struct filter_sql_options seventh = {.first_parameter = 7};
    struct filter_sql *sql = make("src net 10/8 and user 'o''neil' and src mac 00:01:02:03:04:05 and bps > 1.5 and "
                                  "time_end < 1970-01-02 and mibObjectValueInteger = -5 and "
                                  "dataRecordsReliability true and observationTimeNanoseconds > 1970-01-01", &seventh);
    assert_non_null(strstr(sql->text, "\"src_ipv4\" >= $7::UINTEGER AND \"src_ipv4\" <= $8::UINTEGER"));
    const struct filter_parameter *p = sql->parameters;
    assert_int_equal(sql->parameter_count, 12);
    assert_int_equal(p[0].type, FILTER_IPV4);
    assert_int_equal(p[0].value.u, 0x0a000000);
    assert_int_equal(p[1].value.u, 0x0affffff);
    check_octets(&p[2], FILTER_IPV6, low, 16);
    check_octets(&p[3], FILTER_IPV6, high, 16);
    check_octets(&p[4], FILTER_TEXT, "o'neil", 6);
    check_octets(&p[5], FILTER_MAC, "\0\1\2\3\4\5", 6);
    check_octets(&p[6], FILTER_MAC, "\0\1\2\3\4\5", 6);
    assert_int_equal(p[7].type, FILTER_DOUBLE);
    assert_true(p[7].value.d > 1.49 && p[7].value.d < 1.51);
    assert_int_equal(p[8].type, FILTER_TIME);
    assert_int_equal(p[8].value.i, 86400000000);
    assert_int_equal(p[9].type, FILTER_I32);
    assert_int_equal(p[9].value.i, -5);
    assert_int_equal(p[10].type, FILTER_BOOL);
    assert_int_equal(p[10].value.u, 1);
    assert_int_equal(p[11].type, FILTER_I64);
    assert_int_equal(p[11].value.i, 86399999999999);
    filter_sql_free(sql);
}

static void test_literals(void **state)
{
    const struct filter_sql_options literals = {.literals = true}, unmapped = {.literals = true, .unmapped = true};
    (void)state;
    struct filter_sql *sql = make("user 'o''neil \\x' or src mac 00:01:02:03:04:ff or time_end < 1970-01-02",
                                  &literals);
    assert_int_equal(sql->parameter_count, 0);
    assert_string_equal(sql->text,
                        "((\"user_name\" = 'o''neil \\x'::VARCHAR)) OR "
                        "((\"src_mac\" = '\\x00\\x01\\x02\\x03\\x04\\xFF'::BLOB) OR "
                        "(\"post_src_mac\" = '\\x00\\x01\\x02\\x03\\x04\\xFF'::BLOB)) OR "
                        "((\"time_end\" < '1970-01-02 00:00:00.000000+00'::TIMESTAMPTZ))");
    filter_sql_free(sql);
    sql = make("src ip 10.0.0.1", &unmapped);
    assert_string_equal(sql->text, "(\"src_ipv4\" = 167772161::UINTEGER)");
    filter_sql_free(sql);
}

static void test_parts(void **state)
{
    static const struct {
        const char *text;
        bool unmapped;
        uint32_t part, count;
        const char *sql;
    } cases[] = {
        {"ip 10.0.0.1", true, 1, 2, "\"src_ipv4\" = 167772161::UINTEGER"},
        {"ip 10.0.0.1", true, 2, 2,
         "\"dst_ipv4\" = 167772161::UINTEGER AND (\"src_ipv4\" = 167772161::UINTEGER) IS NOT TRUE"},
        {"dst port 53 and src ip 10.0.0.1", false, 2, 2,
         "((\"dst_port\" = 53::USMALLINT)) AND (\"src_ipv6\" = '\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
         "\\xFF\\xFF\\x0A\\x00\\x00\\x01'::BLOB AND (\"src_ipv4\" = 167772161::UINTEGER) IS NOT TRUE)"},
        {"src ip 10.0.0.1", true, 1, 1, "(\"src_ipv4\" = 167772161::UINTEGER)"},
        {"ip 10.0.0.1 or dst port 53", true, 1, 1,
         "((\"src_ipv4\" = 167772161::UINTEGER) OR (\"dst_ipv4\" = 167772161::UINTEGER)) OR "
         "((\"dst_port\" = 53::USMALLINT))"},
        {"", true, 1, 1, "TRUE"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct filter_sql_options options = {.literals = true, .unmapped = cases[i].unmapped,
                                                   .part = cases[i].part};
        struct filter_error error;
        struct filter *filter = filter_parse(cases[i].text, strlen(cases[i].text), NULL, &error);
        assert_non_null(filter);
        assert_int_equal(filter_sql_parts(filter, &options), cases[i].count);
        filter_free(filter);
        struct filter_sql *sql = make(cases[i].text, &options);
        assert_string_equal(sql->text, cases[i].sql);
        filter_sql_free(sql);
    }
}

/* "src_ipv4 10.0.0.1, ..." of each set of addresses, of which each record that matches has one. */
static const char *addresses_text(const char *text)
{
    static char shown[4000];
    struct filter_address addresses[FILTER_ADDRESSES_MAX];
    struct filter_error error;
    size_t length = 0;
    struct filter *filter = filter_parse(text, strlen(text), NULL, &error);
    assert_non_null(filter);
    shown[0] = '\0';
    for (uint32_t index = 0, count; (count = filter_addresses(filter, index, addresses)) > 0; index++) {
        length += (size_t)snprintf(shown + length, sizeof shown - length, "%s", index > 0 ? "; " : "");
        for (uint32_t i = 0; i < count; i++) {
            struct weir_address address = {.family = addresses[i].type == FILTER_IPV4 ? 4 : 6};
            char one[WEIR_ADDRESS_TEXT_SIZE];
            memcpy(address.octets, addresses[i].octets, sizeof address.octets);
            weir_address_text(&address, one);
            length += (size_t)snprintf(shown + length, sizeof shown - length, "%s%s %s", i > 0 ? ", " : "",
                                       addresses[i].column, one);
        }
    }
    filter_free(filter);
    return shown;
}

static void test_addresses(void **state)
{
    static const char *const cases[][2] = {
        {"src ip 10.0.0.1", "src_ipv4 10.0.0.1, src_ipv6 ::ffff:10.0.0.1"},
        {"ip 2001:db8::1", "src_ipv6 2001:db8::1, dst_ipv6 2001:db8::1"},
        {"proto tcp and (src ip 10.0.0.1 and dst ip [10.0.0.2 2001:db8::2])",
         "src_ipv4 10.0.0.1, src_ipv6 ::ffff:10.0.0.1; dst_ipv4 10.0.0.2, dst_ipv6 ::ffff:10.0.0.2, dst_ipv6 2001:db8::2"},
        {"src ip 10.0.0.1 or dst ip 10.0.0.1", ""},
        {"not src ip 10.0.0.1", ""},
        {"src ip != 10.0.0.1", ""},
        {"src net 10.0.0.0/24", ""},
        {"sourceIPv4Prefix = 10.0.0.1", ""}, /* which may be the source's address, as it is */
        {"sourceIPv4Prefix = 10.0.0.1 and dst ip 10.0.0.2", "dst_ipv4 10.0.0.2, dst_ipv6 ::ffff:10.0.0.2"},
        {"src ip [1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7 8.8.8.8 9.9.9.9]", ""},
        {"dst port 53", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(addresses_text(cases[i][0]), cases[i][1]);
}

/* Where no octets at all are kept there is still a place that parameters point at. */
static void test_no_octets(void **state)
{
    (void)state;
    struct filter_sql *sql = make("user ''", NULL);
    assert_string_equal(sql->text, "(\"user_name\" = $1::VARCHAR)");
    assert_int_equal(sql->parameters[0].value.octets.size_bytes, 0);
    assert_non_null(sql->parameters[0].value.octets.data);
    filter_sql_free(sql);
}

static bool any_column(void *context, const char *name, enum filter_type *ret_type)
{
    (void)name;
    *ret_type = *(const enum filter_type *)context;
    return true;
}

/* Names that only a caller knows can have but the octets of words. */
static void test_name(void **state)
{
    enum filter_type type = FILTER_FLOAT;
    const struct filter_options options = {any_column, &type};
    struct filter_error error;
    (void)state;
    struct filter *filter = filter_parse("a/b:c%d*.e > 0.1", 16, &options, &error);
    assert_non_null(filter);
    struct filter_sql *sql = filter_sql_create(filter, &(struct filter_sql_options){.literals = true});
    assert_string_equal(sql->text, "(NOT isnan(CAST(\"a/b:c%d*.e\" AS DOUBLE)) AND CAST(\"a/b:c%d*.e\" AS DOUBLE) > "
                                   "'0.10000000149011612'::DOUBLE)");
    filter_sql_free(sql);
    filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_literals), cmocka_unit_test(test_parts), cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_no_octets),
        cmocka_unit_test(test_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
