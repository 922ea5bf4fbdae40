/* SPDX-License-Identifier: MIT */
/*
 * test_text.c - values and addresses as text
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <weir/weir.h>

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/* What a program's locale may do to the decimal point: the linker puts these in sprintf()'s place. */
static const char *decimal_point;

static int print(char *to, const char *format, va_list arguments)
{
    char text[400];
    size_t length = 0;
    vsnprintf(text, sizeof text, format, arguments);
    for (const char *at = text; *at != '\0'; at++) {
        const char piece[] = {*at, '\0'}, *put = *at == '.' && decimal_point != NULL ? decimal_point : piece;
        memcpy(to + length, put, strlen(put));
        length += strlen(put);
    }
    to[length] = '\0';
    return (int)length;
}

int __wrap_sprintf(char *to, const char *format, ...);
int __wrap___sprintf_chk(char *to, int flag, size_t size_bytes, const char *format, ...);

int __wrap_sprintf(char *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = print(to, format, arguments);
    va_end(arguments);
    return length;
}

int __wrap___sprintf_chk(char *to, int flag, size_t size_bytes, const char *format, ...)
{
    (void)flag;
    (void)size_bytes;
    va_list arguments;
    va_start(arguments, format);
    const int length = print(to, format, arguments);
    va_end(arguments);
    return length;
}

static void check(enum weir_kind kind, enum weir_type type, uint32_t width_bytes, const void *value,
                  const char *expected)
{
    const struct weir_field field = {.kind = (uint8_t)kind, .type = (uint8_t)type, .width_bytes = width_bytes};
    char *text = malloc(WEIR_VALUE_JSON_SIZE(width_bytes));
    assert_non_null(text);
    const size_t length = weir_value_json(&field, value, text);
    assert_true(length < WEIR_VALUE_JSON_SIZE(width_bytes));
    text[length] = '\0';
    assert_string_equal(text, expected);
    free(text);
}

/* The C library writes ::102:304 as ::1.2.3.4, which RFC 5952 reserves for prefixes that are known. */
static bool is_compatible(const uint8_t *octets)
{
    static const uint8_t zeros[12];
    return memcmp(octets, zeros, 12) == 0 && (octets[12] != 0 || octets[13] != 0);
}

static void test_addresses_against_inet_ntop(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct weir_address address = {.family = i % 8 == 0 ? 4 : 6};
        char text[WEIR_ADDRESS_TEXT_SIZE], expected[INET6_ADDRSTRLEN];
        const uint64_t zeros = random_next();
        for (unsigned k = 0; k < (address.family == 4 ? 4 : 16); k++) {
            if ((zeros >> (k / 2) & 1) == 0 && (zeros >> (16 + k) & 3) != 0)
                address.octets[k] = (uint8_t)random_next();
        }
        if (i % 100 == 6) { /* IPv4 in IPv6 */
            memset(address.octets, 0, 10);
            memset(address.octets + 10, 0xff, 2);
        }
        if (address.family == 6 && is_compatible(address.octets))
            continue;
        const size_t length = weir_address_text(&address, text);
        inet_ntop(address.family == 4 ? AF_INET : AF_INET6, address.octets, expected, sizeof expected);
        assert_string_equal(text, expected);
        assert_int_equal(length, strlen(text));
    }
}

static void test_addresses_at_the_edges(void **state)
{
    const struct weir_address none = {0}, compatible = {.octets = {[12] = 1, 2, 3, 4}, .family = 6};
    struct weir_address longest = {.family = 6};
    char text[WEIR_ADDRESS_TEXT_SIZE];
    (void)state;
    assert_int_equal(weir_address_text(&none, text), 0);
    assert_string_equal(text, "");
    weir_address_text(&compatible, text);
    assert_string_equal(text, "::102:304");
    memset(longest.octets, 0xff, 16);
    assert_int_equal(weir_address_text(&longest, text), 39);
    check(WEIR_KIND_IPV6, WEIR_TYPE_IPV6_ADDRESS, 16, longest.octets, "\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"");
    check(WEIR_KIND_IPV4, WEIR_TYPE_IPV4_ADDRESS, 4, &(uint32_t){0xc0000201}, "\"192.0.2.1\"");
    check(WEIR_KIND_MAC, WEIR_TYPE_MAC_ADDRESS, 6, "\x00\x1b\xff\x0a\x09\x80", "\"00:1b:ff:0a:09:80\"");
}

static void test_integers(void **state)
{
    (void)state;
    check(WEIR_KIND_U8, WEIR_TYPE_UNSIGNED8, 1, &(uint8_t){255}, "255");
    check(WEIR_KIND_U16, WEIR_TYPE_UNSIGNED16, 2, &(uint16_t){65535}, "65535");
    check(WEIR_KIND_U32, WEIR_TYPE_UNSIGNED32, 4, &(uint32_t){0}, "0");
    check(WEIR_KIND_U64, WEIR_TYPE_UNSIGNED64, 8, &(uint64_t){UINT64_MAX}, "18446744073709551615");
    check(WEIR_KIND_I8, WEIR_TYPE_SIGNED8, 1, &(int8_t){INT8_MIN}, "-128");
    check(WEIR_KIND_I16, WEIR_TYPE_SIGNED16, 2, &(int16_t){-1}, "-1");
    check(WEIR_KIND_I32, WEIR_TYPE_SIGNED32, 4, &(int32_t){INT32_MAX}, "2147483647");
    check(WEIR_KIND_I64, WEIR_TYPE_SIGNED64, 8, &(int64_t){INT64_MIN}, "-9223372036854775808");
    check(WEIR_KIND_NULL, WEIR_TYPE_STRING, 0, NULL, "null");
}

static void check_ntp(uint64_t seconds, uint64_t fraction, const char *micros, const char *nanos)
{
    const uint64_t ntp = seconds << 32 | fraction;
    check(WEIR_KIND_U64, WEIR_TYPE_DATE_TIME_MICROSECONDS, 8, &ntp, micros);
    check(WEIR_KIND_U64, WEIR_TYPE_DATE_TIME_NANOSECONDS, 8, &ntp, nanos);
}

static void test_times(void **state)
{
    (void)state;
    check_ntp(2208988800u, 0, "0", "0");
    check_ntp(2208988801u, 0x80000000, "1500000", "1500000000");
    check_ntp(2208988799u, 0, "\"0x83aa7e7f00000000\"", "\"0x83aa7e7f00000000\""); /* before 1970: no time */
    check_ntp(0, 0, "\"0x0000000000000000\"", "\"0x0000000000000000\"");
    check_ntp(UINT32_MAX, UINT32_MAX, "2085978496000000", "2085978495999999999");
    check_ntp(2208988800u, 0x000010c7, "1", "1000");      /* a microsecond, its bottom 11 bits in place */
    check_ntp(2208988800u, 0x00001000, "1", "953");       /* and without */
    check_ntp(2208988800u, 0xffffef00, "999999", "999998986");
    check_ntp(2208988800u, 0xffffe800, "999999", "999998569");
    check_ntp(2208988800u, 0x000007ff, "0", "476");
    check(WEIR_KIND_U32, WEIR_TYPE_DATE_TIME_SECONDS, 4, &(uint32_t){1600000000}, "1600000000");
    check(WEIR_KIND_U64, WEIR_TYPE_DATE_TIME_MILLISECONDS, 8, &(uint64_t){1600000000123}, "1600000000123");
}

static void test_booleans(void **state)
{
    (void)state;
    check(WEIR_KIND_BOOL, WEIR_TYPE_BOOLEAN, 1, &(uint8_t){1}, "true");
    check(WEIR_KIND_BOOL, WEIR_TYPE_BOOLEAN, 1, &(uint8_t){2}, "false");
    check(WEIR_KIND_BOOL, WEIR_TYPE_BOOLEAN, 1, &(uint8_t){0}, "\"0x00\"");
    check(WEIR_KIND_BOOL, WEIR_TYPE_BOOLEAN, 1, &(uint8_t){3}, "\"0x03\"");
}

static void test_floats(void **state)
{
    (void)state;
    check(WEIR_KIND_F32, WEIR_TYPE_FLOAT32, 4, &(float){0.1f}, "0.100000001");
    check(WEIR_KIND_F32, WEIR_TYPE_FLOAT64, 4, &(float){-2.5f}, "-2.5");
    check(WEIR_KIND_F64, WEIR_TYPE_FLOAT64, 8, &(double){0.1}, "0.10000000000000001");
    check(WEIR_KIND_F64, WEIR_TYPE_FLOAT64, 8, &(double){1e300}, "1.0000000000000001e+300");
    check(WEIR_KIND_F64, WEIR_TYPE_FLOAT64, 8, &(double){-DBL_MIN}, "-2.2250738585072014e-308");
    check(WEIR_KIND_F64, WEIR_TYPE_FLOAT64, 8, &(double){(double)NAN}, "null");
    check(WEIR_KIND_F64, WEIR_TYPE_FLOAT64, 8, &(double){(double)INFINITY}, "null");
    check(WEIR_KIND_F32, WEIR_TYPE_FLOAT32, 4, &(float){-INFINITY}, "null");
}

static void test_floats_in_other_locales(void **state)
{
    static const char *const points[] = {",", "\xd9\xab"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char text[16];
        decimal_point = points[i];
        sprintf(text, "%.1f", 0.5);
        assert_string_not_equal(text, "0.5");
        check(WEIR_KIND_F64, WEIR_TYPE_FLOAT64, 8, &(double){-1.5e-7}, "-1.4999999999999999e-07");
        check(WEIR_KIND_F32, WEIR_TYPE_FLOAT32, 4, &(float){12.5f}, "12.5");
        decimal_point = NULL;
    }
}

static void test_floats_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = random_next();
        const struct weir_field field = {.kind = WEIR_KIND_F64, .type = WEIR_TYPE_FLOAT64, .width_bytes = 8};
        double value;
        char text[WEIR_VALUE_JSON_SIZE(8)];
        memcpy(&value, &bits, 8);
        if (!isfinite(value))
            continue;
        text[weir_value_json(&field, &value, text)] = '\0';
        assert_true(strtod(text, NULL) == value);
    }
}

static void check_string(const char *octets, uint32_t width_bytes, const char *expected)
{
    check(WEIR_KIND_OCTETS, WEIR_TYPE_STRING, width_bytes, octets, expected);
}

static void test_strings(void **state)
{
    (void)state;
    check_string("eth0\0\0\0\0", 8, "\"eth0\"");
    check_string("\0\0\0", 3, "\"\"");
    check_string("a\0b\0", 4, "\"a\\u0000b\"");
    check_string("\"\\/", 3, "\"\\\"\\\\/\"");
    check_string("\n\t\r\x01\x1f\x7f", 6, "\"\\n\\t\\u000d\\u0001\\u001f\\u007f\"");
    check_string("\xc2\x80\xc2\x9b" "31m\xc2\x9f\xc2\xa0\xc3\x9b", 13, "\"\\u0080\\u009b31m\\u009f\xc2\xa0\xc3\x9b\"");
    check_string("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9f", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9f\"");
    check_string("\xff", 1, "\"0xff\"");
    check_string("ab\xc3", 3, "\"0x6162c3\"");         /* cut in the middle */
    check_string("ab\xc3\0", 4, "\"0x6162c300\"");
    check_string("\xc0\x80", 2, "\"0xc080\"");         /* longer than it need be */
    check_string("\xe0\x80\x80", 3, "\"0xe08080\"");
    check_string("\xed\xa0\x80", 3, "\"0xeda080\"");   /* half of a surrogate pair */
    check_string("\xf4\x90\x80\x80", 4, "\"0xf4908080\""); /* beyond U+10FFFF */
    check_string("\xf5\x80\x80\x80", 4, "\"0xf5808080\"");
    check_string("\x80", 1, "\"0x80\"");
    check_string("\xe2\x28\xa1", 3, "\"0xe228a1\"");
    check_string("\xe2\x82\x28", 3, "\"0xe28228\"");
}

static void test_octets(void **state)
{
    (void)state;
    check(WEIR_KIND_OCTETS, WEIR_TYPE_OCTET_ARRAY, 3, "\x00\xab\x10", "\"0x00ab10\"");
    check(WEIR_KIND_OCTETS, WEIR_TYPE_UNSIGNED64, 9, "abcdefghi", "\"0x616263646566676869\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_against_inet_ntop),
        cmocka_unit_test(test_addresses_at_the_edges),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_floats_in_other_locales),
        cmocka_unit_test(test_floats_come_back),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
