/* SPDX-License-Identifier: MIT */
/*
 * test_text_buffer.c - text that grows, and what of hostile text is shown
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text_buffer.h"
#include "value_text.h"

static void test_growth(void **state)
{
    struct text_buffer text = {0};
    (void)state;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(text_put_char(&text, (char)('a' + i % 26)), 0);
        assert_int_equal(strlen(text.data), i + 1);
    }
    assert_int_equal(text_print(&text, "%s-%d", "end", 7), 0);
    assert_string_equal(text.data + 10000, "end-7");
    for (int i = 0; i < 10000; i++)
        assert_int_equal(text.data[i], 'a' + i % 26);
    text.size_bytes = 0;
    assert_int_equal(text_put(&text, ""), 0);
    assert_string_equal(text.data, "");
    text_done(&text);
    assert_null(text.data);
}

/* A print that ends exactly at the end of the room. */
static void test_room(void **state)
{
    (void)state;
    for (size_t size = 200; size < 300; size++) {
        struct text_buffer text = {0};
        char *long_text = malloc(size + 1);
        assert_non_null(long_text);
        memset(long_text, 'x', size);
        long_text[size] = '\0';
        assert_int_equal(text_print(&text, "%s", long_text), 0);
        assert_int_equal(text.size_bytes, size);
        assert_int_equal(text_put(&text, long_text), 0);
        assert_int_equal(strlen(text.data), size * 2);
        text_done(&text);
        free(long_text);
    }
}

static void test_too_much(void **state)
{
    struct text_buffer text = {0};
    (void)state;
    assert_int_equal(text_put(&text, "kept"), 0);
    assert_false(text.failed);
    assert_int_equal(text_reserve(&text, SIZE_MAX - 2), -1);
    assert_true(text.failed);
    assert_int_equal(text_reserve(&text, SIZE_MAX / 2), -1);
    assert_int_equal(text_put(&text, ", and more"), 0);
    assert_string_equal(text.data, "kept, and more");
    assert_true(text.failed); /* until somebody asks */
    text_done(&text);
    assert_false(text.failed);
}

static void test_hostile_text(void **state)
{
    static const char hostile[] = "a\"\\\n\x1b[2J\x7f\xc2\x9b\xc3\xa9\xc2\xa0z\xc2";
    struct text_buffer text = {0};
    (void)state;
    assert_int_equal(value_put_json_string(&text, (const uint8_t *)hostile, sizeof hostile - 1), 0);
    assert_string_equal(text.data, "\"a\\\"\\\\\\u000a\\u001b[2J\\u007f\\u009b\xc3\xa9\xc2\xa0z\xc2\"");
    text.size_bytes = 0;
    assert_int_equal(value_put_printable(&text, (const uint8_t *)hostile, sizeof hostile - 1), 0);
    assert_string_equal(text.data, "a\"\\\\n\\x1b[2J\\x7f\\x9b\xc3\xa9\xc2\xa0z\xc2");
    text_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth), cmocka_unit_test(test_room), cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_hostile_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
