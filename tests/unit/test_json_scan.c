/* SPDX-License-Identifier: MIT */
/* What is an object to append to, and where its last whole member ends: in one piece, or in any two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "json_scan.h"

#include <string.h>

static const struct {
    const char *text;
    enum json_scan_end end;
    uint64_t whole_bytes;
    uint64_t members;
} cases[] = {
    {"{}", JSON_SCAN_WHOLE, 1, 0},
    {" { } \n", JSON_SCAN_WHOLE, 2, 0},
    {"{\"1\":[]}", JSON_SCAN_WHOLE, 7, 1},
    {"{\"1.5\": [1, 2] , \"2\" : [\"]\"]\t}", JSON_SCAN_WHOLE, 28, 2},
    {"{\"1\": [{\"a\": \"\\\"]}\", \"b\": [[], {}]}]}", JSON_SCAN_WHOLE, 36, 1},
    {"{\"1\": [\"\\\\\"]}", JSON_SCAN_WHOLE, 12, 1},
    {"{", JSON_SCAN_TORN, 1, 0},
    {"{\"1", JSON_SCAN_TORN, 1, 0},
    {"{\"1\": [\"\\\\\\\"]}", JSON_SCAN_TORN, 1, 0},
    {"{\"1\": []", JSON_SCAN_TORN, 8, 1},
    {"{\"1\": [],\n\"2\": [\"]\"", JSON_SCAN_TORN, 8, 1},
    {"{\"1\": [], ", JSON_SCAN_TORN, 8, 1},
    {"[", JSON_SCAN_FOREIGN, 0, 0},
    {"\"", JSON_SCAN_FOREIGN, 0, 0},
    {" ", JSON_SCAN_FOREIGN, 0, 0},
    {"{]", JSON_SCAN_FOREIGN, 1, 0},
    {"{\"\": []}", JSON_SCAN_FOREIGN, 1, 0},
    {"{\"1\" []}", JSON_SCAN_FOREIGN, 1, 0},
    {"{\"1\": {}}", JSON_SCAN_FOREIGN, 1, 0},
    {"{\"1\": [],}", JSON_SCAN_FOREIGN, 8, 1},
    {"{\"1\": []}{", JSON_SCAN_FOREIGN, 8, 1},
};

static void check(const struct json_scan *scan, size_t i)
{
    if (json_scan_end(scan) != cases[i].end || scan->whole_bytes != cases[i].whole_bytes ||
        scan->members != cases[i].members) {
        fail_msg("%s: end %d, whole %lu, members %lu", cases[i].text, (int)json_scan_end(scan),
                 (unsigned long)scan->whole_bytes, (unsigned long)scan->members);
    }
}

static void texts_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_scan scan;
        json_scan_init(&scan, '[');
        json_scan_feed(&scan, cases[i].text, strlen(cases[i].text));
        check(&scan, i);
    }
}

static void pieces_make_no_difference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].text);
        for (size_t cut = 0; cut <= length; cut++) {
            struct json_scan scan;
            json_scan_init(&scan, '[');
            if (json_scan_feed(&scan, cases[i].text, cut)) {
                json_scan_feed(&scan, cases[i].text + cut, length - cut);
            }
            check(&scan, i);
        }
    }
}

/* Wherever a page that was never written begins, what is whole before it is found. */
static void a_nul_is_a_tear(void **state)
{
    static const char text[] = "{\"1\": [\"a\\\"\", [2]], \"2\": [3]}";
    char torn[sizeof text];

    (void)state;
    for (size_t at = 1; at < sizeof text; at++) {
        struct json_scan scan;
        memcpy(torn, text, sizeof text);
        torn[at] = '\0';
        json_scan_init(&scan, '[');
        assert_false(json_scan_feed(&scan, torn, sizeof torn));
        assert_int_equal(json_scan_end(&scan), JSON_SCAN_TORN);
        assert_int_equal(scan.whole_bytes, at < 18 ? 1 : at < 28 ? 18 : 28);
    }
}

static void the_place_of_what_is_wrong_is_known(void **state)
{
    struct json_scan scan;

    (void)state;
    json_scan_init(&scan, '[');
    assert_false(json_scan_feed(&scan, "{\"1\": [],\n\"x\"", 13));
    assert_int_equal(scan.at, 11);
}

static void lines_are_told_apart(void **state)
{
    static const char *const good[] = {"{\"1\": {}}\n", "{\"1.5\": {\"a\": []}}", "{\"1\": {\"a\"", "{", "{\"1",
                                       "{\"1\": {}}\n{\"2\": {}}\n", "{\"1\": {}}\nwhatever"};
    static const char *const bad[] = {"{}\n", "{\n\"1\": {}}\n", "[]\n", "{\"1\": []}\n", "{\"1\": {}, \"2\": {}}\n",
                                      "{\"1\": {}} x\n", "\n", "{\"1\": {\n}}\n"};
    struct json_scan scan;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!json_scan_is_line(&scan, good[i], strlen(good[i]))) {
            fail_msg("%s", good[i]);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (json_scan_is_line(&scan, bad[i], strlen(bad[i]))) {
            fail_msg("%s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_told_apart),
        cmocka_unit_test(pieces_make_no_difference),
        cmocka_unit_test(a_nul_is_a_tear),
        cmocka_unit_test(the_place_of_what_is_wrong_is_known),
        cmocka_unit_test(lines_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
