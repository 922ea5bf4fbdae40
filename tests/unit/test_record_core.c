/* SPDX-License-Identifier: MIT */
/*
 * test_record_core.c - core columns of records as JSON
 */
#define _GNU_SOURCE
#include "core_decode.h"
#include "record_core.h"
#include "record_line.h"

#include <jansson.h>

static void expect(const char *expected)
{
    char *text = malloc(record_core_size(core_batch->layout));
    assert_non_null(text);
    *record_core_put(text, core_batch, 0) = '\0';
    assert_string_equal(text, expected);
    free(text);
}

static void test_all_forms(void **state)
{
    (void)state;
    core_decode(9, "22:4 21:4 8:4 1:4 70:3", "0000c350 00015f90 c0000201 00000007 00fa01");
    expect(",\"core\":{\"time_start\":1599999950000000,\"time_end\":1599999990000000,\"ip_version\":4,"
           "\"src_address\":\"192.0.2.1\",\"bytes\":7,\"sampling_rate\":0,\"mpls_label_1\":\"0x00fa01\"}");
}

static void test_two_families(void **state)
{
    (void)state;
    core_decode(9, "8:4 27:16", "c0000201 00000000000000000000000000000000");
    expect(",\"core\":{\"time_start\":1600000000000000,\"time_end\":1600000000000000,\"ip_version\":4,"
           "\"src_address\":\"::ffff:192.0.2.1\",\"sampling_rate\":0}");
}

static void test_off(void **state)
{
    (void)state;
    core_options.core = false;
    core_decode(9, "8:4", "c0000201");
    assert_int_equal(record_core_size(core_batch->layout), 0);
}

/* The longest name that a record can have, all of octets that take the most room, as a field and once more. */
static void test_the_longest(void **state)
{
    static char record[4000];
    struct record_line line;
    char *text = NULL;
    size_t size = 0;
    (void)state;
    strcpy(record, "ff03e8");
    for (int i = 0; i < 1000; i++)
        strcat(record, "01");
    core_decode(10, "371:65535", record);
    FILE *out = open_memstream(&text, &size);
    record_line_init(&line, false);
    line.core = true;
    assert_int_equal(record_line_print_run(&line, core_batch, &core_batch->runs[0], out), 0);
    fclose(out);
    record_line_done(&line);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    const char *name = json_string_value(json_object_get(json_object_get(json, "core"), "user_name"));
    assert_int_equal(strlen(name), 1000);
    assert_string_equal(name, json_string_value(json_object_get(json_object_get(json, "fields"), "userName")));
    json_decref(json);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_forms, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_two_families, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_off, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_the_longest, core_setup, core_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
