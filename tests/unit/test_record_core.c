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
    *record_core_put(text, core_decoder, core_batch, &core_batch->runs[0], 0) = '\0';
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

/* Told as options by IDs of other lengths than the records have; a name that no JSON can hold as it is. */
static void test_names(void **state)
{
    (void)state;
    core_continue(10, 1, "10:4 82:8", "0000000c 6574683132000000 0000000d 6122625c0a000000 0000000e 0000000000000000");
    core_continue(10, 1, "10:4 82:8 83:4", "0000000e 0000000000000000 64657363"); /* described only */
    core_continue(10, 1, "95:4 96:65535", "0d000123 03 737368");
    core_continue(10, 1, "234:4 236:8", "00000007 7265640000000000 00000008 ff01000000000000");
    core_continue(10, 0, "10:2 14:4 95:4 234:4 235:4", "000c 0000000d 0d000123 00000007 00000008");
    expect(",\"core\":{\"time_start\":1600000000000000,\"time_end\":1600000000000000,\"sampling_rate\":0,"
           "\"in_interface\":12,\"out_interface\":13,\"in_vrf\":7,\"out_vrf\":8,\"application_id\":\"0x0d000123\","
           "\"application_name\":\"ssh\",\"in_interface_name\":\"eth12\",\"out_interface_name\":\"a\\\"b\\\\\\n\","
           "\"in_vrf_name\":\"red\",\"out_vrf_name\":\"0xff01\"}");
    core_continue(10, 0, "10:4 14:4 95:65535", "0000000e 00000063 04 0d000123");
    expect(",\"core\":{\"time_start\":1600000000000000,\"time_end\":1600000000000000,\"sampling_rate\":0,"
           "\"in_interface\":14,\"out_interface\":99,\"application_id\":\"0x0d000123\",\"application_name\":\"ssh\"}");
}

/* All names as long as they can be, of octets that take the most room: a sanitizer or a guard tells. */
static void test_the_longest_names(void **state)
{
    static char told[1200];
    char *text;
    (void)state;
    strcpy(told, "00000001 ff 00ff");
    for (int i = 0; i < 255; i++)
        strcat(told, "01");
    core_continue(10, 1, "10:4 82:65535", told);
    core_continue(10, 1, "234:4 236:65535", told);
    core_continue(10, 1, "95:4 96:65535", told);
    core_continue(10, 0, "10:4 14:4 95:4 234:4 235:4", "00000001 00000001 00000001 00000001 00000001");
    const size_t size = record_core_size(core_batch->layout);
    text = malloc(size);
    assert_non_null(text);
    const char *end = record_core_put(text, core_decoder, core_batch, &core_batch->runs[0], 0);
    assert_true((size_t)(end - text) > 5 * 255 * 6 && (size_t)(end - text) < size);
    free(text);
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
        cmocka_unit_test_setup_teardown(test_names, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_the_longest_names, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_off, core_setup, core_teardown),
        cmocka_unit_test_setup_teardown(test_the_longest, core_setup, core_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
