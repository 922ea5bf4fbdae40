/* SPDX-License-Identifier: MIT */
/* test_utf8.c - what is text (RFC 3629), and what is none */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* In a piece of its own, so that what is read beyond its end is found. */
static bool valid(const void *text, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes == 0 ? 1 : size_bytes);
    memcpy(copy, text, size_bytes);
    const bool result = utf8_valid(copy, size_bytes);
    free(copy);
    return result;
}

/* Written as the RFC's table says. */
static size_t write_character(uint32_t code, uint8_t *to)
{
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    const size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (uint8_t)(heads[more] | code >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        to[i] = (uint8_t)(0x80 | (code >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

static void every_character(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x200000; code++) {
        uint8_t text[4];
        const size_t size_bytes = write_character(code, text);
        const bool is_character = code < 0xd800 || (code > 0xdfff && code < 0x110000);
        if (utf8_valid(text, size_bytes) != is_character)
            fail_msg("U+%04X", code);
    }
}

static void cut_and_broken(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    static const size_t ends[] = {0, 1, 3, 6, 10, 11};
    for (size_t size_bytes = 0, k = 0; size_bytes <= 11; size_bytes++) {
        const bool whole = size_bytes == ends[k];
        assert_int_equal(valid(text, size_bytes), whole);
        k += whole;
    }
    for (int first = 0xc2; first < 0xf5; first++) {
        const uint8_t broken[] = {(uint8_t)first, 'a', 0x80, 0x80}, late[] = {(uint8_t)first, 0x90, 0x80, 'a'};
        assert_false(valid(broken, 4));
        assert_int_equal(valid(late, 4), first < 0xe0 ? false : first < 0xf0 && first != 0xe0 ? true : false);
    }
}

static void longer_than_need_be(void **state)
{
    (void)state;
    assert_false(valid("\xc0\x80", 2));
    assert_false(valid("\xc1\xbf", 2));
    assert_false(valid("\xe0\x9f\xbf", 3));
    assert_false(valid("\xf0\x8f\xbf\xbf", 4));
    assert_false(valid("\x80", 1));
    assert_false(valid("\xff", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_character), cmocka_unit_test(cut_and_broken),
                                       cmocka_unit_test(longer_than_need_be)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
