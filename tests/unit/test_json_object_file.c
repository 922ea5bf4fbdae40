/* SPDX-License-Identifier: MIT */
/* The JSON sink's object form: what it writes, which files it takes over, what it calls new ones. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "json_maker.h"

/* ----------------------------------------------------------------------------------------------------- writing */

static void file_is_whole_after_every_write(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);

    (void)state;
    check_entries(path, 0);
    for (uint32_t i = 0; i < 50; i++) {
        write_datagrams(sink, i, 1);
        check_entries(path, i + 1);
    }
    sink_close(sink);
    check_entries(path, 50);
}

static void fields_have_their_values(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    size_t length;

    (void)state;
    write_datagrams(sink, 0, 1);
    sink_close(sink);
    char *text = file_get(path, &length);
    assert_string_equal(text, "{\n\"1509225421.123456\": [{\"IN_BYTES\": 0, \"L4_SRC_PORT\": 0, \"IPV4_SRC_ADDR\": "
                              "\"192.0.2.0\", \"IF_NAME\": \"a\\\"]}\\n\\u0001{[,\\\\\", \"PROTOCOL\": null}]\n}\n");
    free(text);
}

static void a_file_is_taken_up_again(void **state)
{
    const char *path = maker_path("a.json");

    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        struct sink *sink = sink_open(path);
        write_datagrams(sink, i * 2, 2);
        sink_close(sink);
        assert_int_equal(warning_count, 0);
        check_entries(path, (i + 1) * 2);
    }
}

static void datagrams_of_one_microsecond_keep_their_keys(void **state)
{
    const char *path = maker_path("a.json");
    struct sink_error error;

    (void)state;
    for (uint32_t i = 0; i < 30; i++) {
        struct sink *sink = sink_open(path);
        assert_int_equal(maker_datagram(sink, 0, START_US, i * 2, 1, &error), 0);
        assert_int_equal(maker_datagram(sink, 1, START_US - i % 4 * 1000000, i * 2 + 1, 1, &error), 0);
        sink_close(sink);
    }
    json_t *object = file_object(path);
    assert_int_equal(json_object_size(object), 60);
    assert_int_equal(octets_at(object, 59, 0), 59);
    json_decref(object);
}

static void layouts_of_one_datagram_share_an_entry(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    const struct weir_datagram told = {.received_us = START_US};
    struct sink_error error;
    static struct maker maker;

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        maker_begin(&maker, i == 1);
        maker_run(&maker, 5, START_US, i * 10, 2);
        assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    }
    assert_int_equal(sink->class->datagram(sink, &told, &error), 0);
    sink_close(sink);

    json_t *object = file_object(path);
    assert_int_equal(json_object_size(object), 1);
    assert_int_equal(json_array_size(entry_at(object, 0)), 4); /* the options records are left out */
    assert_int_equal(octets_at(object, 0, 1), 1);
    assert_int_equal(octets_at(object, 0, 2), 20);
    json_decref(object);
}

static void a_datagram_without_flows_makes_no_entry(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    const struct weir_datagram told = {.received_us = START_US};
    struct sink_error error;
    static struct maker maker;

    (void)state;
    maker_begin(&maker, true);
    maker_run(&maker, 0, START_US, 0, 2);
    assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    assert_int_equal(sink->class->datagram(sink, &told, &error), 0);
    assert_int_equal(maker_datagram(sink, 1, START_US, 0, 0, &error), 0);
    sink_close(sink);
    check_entries(path, 0);
}

/* Rows that had waited come with a later datagram's, and at the end with none. */
static void late_rows_have_their_own_time(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    const struct weir_datagram told = {.received_us = START_US + 9};
    struct sink_error error;
    static struct maker maker;

    (void)state;
    maker_begin(&maker, false);
    maker_run(&maker, 0, START_US, 0, 2)->late = true;
    maker_run(&maker, 1, START_US + 1, 10, 1)->late = true;
    maker_run(&maker, 9, START_US + 9, 90, 1);
    maker_run(&maker, 1, START_US + 1, 11, 1)->late = true;
    assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    assert_int_equal(sink->class->datagram(sink, &told, &error), 0);
    maker_begin(&maker, false);
    maker_run(&maker, 2, START_US + 2, 20, 1)->late = true;
    assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    sink_close(sink);

    json_t *object = file_object(path);
    assert_int_equal(json_object_size(object), 4);
    assert_int_equal(json_array_size(json_object_get(object, "1509225421.123456")), 2);
    assert_int_equal(json_array_size(json_object_get(object, "1509225421.123457")), 2);
    assert_int_equal(json_array_size(json_object_get(object, "1509225421.123465")), 1);
    assert_int_equal(json_array_size(json_object_get(object, "1509225421.1234581")), 1);
    json_decref(object);
}

static void groups_are_written_with_the_tick_and_at_the_end(void **state)
{
    const char *path = maker_path("a.json");
    const struct json_sink_options options = {.path = path, .group_bytes = 1000000};
    struct sink_error error;
    struct sink *sink = json_sink_create(&options, &error);

    (void)state;
    assert_non_null(sink);
    write_datagrams(sink, 0, 10);
    check_entries(path, 0);
    assert_int_equal(sink->class->tick(sink, START_US, &error), 0);
    check_entries(path, 10);
    write_datagrams(sink, 10, 10);
    check_entries(path, 10);
    sink_close(sink);
    check_entries(path, 20);
}

/* 65,000 records of one octet, with names that make them long: more than one entry may hold. */
static void an_entry_that_is_too_large_becomes_several(void **state)
{
    enum { FIELDS = 40, RUNS = 16 };
    static struct weir_field fields[FIELDS];
    static const void *columns[FIELDS];
    static uint8_t octets[65000];
    const struct weir_layout layout = {.fields = fields, .field_count = FIELDS, .record_bytes = FIELDS};
    const struct weir_run run = {.row_count = 65000, .received_us = START_US};
    const struct weir_batch batch = {.layout = &layout, .runs = &run, .columns = columns, .row_count = 65000,
                                     .run_count = 1};
    static char names[FIELDS][16];
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    struct sink_error error;
    size_t row_count = 0;

    (void)state;
    for (size_t i = 0; i < FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "NAME_%zu", i);
        fields[i] = (struct weir_field){.v9_name = names[i]};
    }
    fields[0].kind = WEIR_KIND_U8;
    fields[0].type = WEIR_TYPE_UNSIGNED8;
    fields[0].width_bytes = 1;
    columns[0] = octets;
    assert_int_equal(sink->class->batch(sink, &batch, &error), 0);
    sink_close(sink);

    json_t *object = file_object(path);
    assert_true(json_object_size(object) > 1);
    for (size_t i = 0; i < json_object_size(object); i++) {
        row_count += json_array_size(entry_at(object, i));
    }
    assert_int_equal(row_count, 65000);
    json_decref(object);
}

/* ------------------------------------------------------------------------------------------- what was there before */

static void files_of_the_original_are_appended_to(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{ }\n\n",
        "{\"1509225000.5\": [{\"IPV4_SRC_ADDR\": 3221225985, \"IN_BYTES\": 12}]}",
        "{\"1509225000.5\": [], \"1509225001.1234567\": [{\"X\": \"]}\\\\\\\"\"}, {\"Y\": [[]]}]}   \n",
        "{\n    \"1509225000\": [\n        {\n            \"A\": 1\n        }\n    ]\n}\n",
    };
    static const size_t counts[] = {0, 0, 1, 2, 1};
    const char *path = maker_path("a.json");

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        file_put(path, texts[i], strlen(texts[i]));
        struct sink *sink = sink_open(path);
        write_datagrams(sink, 0, 1);
        json_t *object = file_object(path);
        assert_int_equal(json_object_size(object), counts[i] + 1);
        json_decref(object);
        write_datagrams(sink, 1, 1);
        sink_close(sink);
        object = file_object(path);
        assert_int_equal(json_object_size(object), counts[i] + 2);
        assert_int_equal(octets_at(object, counts[i] + 1, 0), 10);
        json_decref(object);
        assert_int_equal(warning_count, 0);
    }
}

static void other_files_are_left_alone(void **state)
{
    static const char *const texts[] = {
        "[]", "hello", "\n", "{\"a\": 1}", "{\"1\": 1}", "{\"1\": {}}", "{\"1\": []} {", "{\"1\": []}}", "{1: []}",
        "{\"1\": [] \"2\": []}", "{\"-1\": []}", "{,\"1\": []}", "{\"1.\": []}", "{\"1\": [],}",
        "{\"1509225421.5\": {\"client\": [\"192.0.2.1\", 5], \"flows\": []}}\n", "\x1f\x8b\x08", "[{\"1\": []}]",
        "{\"1\": []}x",
    };
    const char *path = maker_path("a.json");
    struct sink_error error;
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        file_put(path, texts[i], strlen(texts[i]));
        if (sink_try(path, &error) != NULL) {
            fail_msg("taken: %s", texts[i]);
        }
        assert_non_null(strstr(error.text, path));
        assert_non_null(strstr(error.text, "left as it is"));
        char *text = file_get(path, &length);
        assert_int_equal(length, strlen(texts[i]));
        assert_memory_equal(text, texts[i], length);
        free(text);
    }
}

static void an_empty_file_is_a_new_one(void **state)
{
    const char *path = maker_path("a.json");

    (void)state;
    file_put(path, "", 0);
    struct sink *sink = sink_open(path);
    write_datagrams(sink, 0, 2);
    sink_close(sink);
    check_entries(path, 2);
}

static void what_cannot_be_opened_is_told(void **state)
{
    struct sink_error error;

    (void)state;
    assert_null(sink_try("/nowhere/at/all.json", &error));
    assert_non_null(strstr(error.text, "cannot open /nowhere/at/all.json: No such file or directory"));
    assert_null(sink_try(maker_folder, &error));
    assert_non_null(strstr(error.text, "Is a directory"));
    assert_null(sink_try("/dev/null", &error));
    assert_non_null(strstr(error.text, "not a regular file"));
}

static void two_writers_keep_out_of_each_others_way(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    struct sink_error error;

    (void)state;
    assert_null(sink_try(path, &error));
    assert_non_null(strstr(error.text, "is being written by another process"));
    write_datagrams(sink, 0, 2);
    sink_close(sink);
    sink_close(sink_open(path));
    check_entries(path, 2);
}

/* ----------------------------------------------------------------------------------------------------- rotation */

static void rotation_begins_a_file_with_its_time(void **state)
{
    const char *path = maker_path("flows.json");
    const struct json_sink_options options = {.path = path, .rotating = true, .start_us = 1509225421000000};
    struct sink_error error;
    struct sink *sink = json_sink_create(&options, &error);

    (void)state;
    assert_non_null(sink);
    assert_string_equal(json_sink_path(sink), maker_path("flows-20171028-211701.json"));
    write_datagrams(sink, 0, 3);
    assert_int_equal(sink->class->rotate(sink, 1509225481000000, &error), 0);
    assert_string_equal(json_sink_path(sink), maker_path("flows-20171028-211801.json"));
    assert_int_equal(sink->class->rotate(sink, 1509225481000001, &error), 0);
    assert_string_equal(json_sink_path(sink), maker_path("flows-20171028-211801-1.json"));
    write_datagrams(sink, 0, 2);
    sink_close(sink);
    check_entries(maker_path("flows-20171028-211701.json"), 3);
    check_entries(maker_path("flows-20171028-211801.json"), 0);
    check_entries(maker_path("flows-20171028-211801-1.json"), 2);
}

static void rotation_of_the_default_name(void **state)
{
    const char *path = maker_path("1509225421.json");
    const struct json_sink_options options = {
        .path = path, .rotating = true, .unix_names = true, .start_us = 1509225421000000};
    struct sink_error error;
    size_t length;

    (void)state;
    file_put(path, "mine", 4);
    struct sink *sink = json_sink_create(&options, &error);
    assert_non_null(sink);
    assert_string_equal(json_sink_path(sink), maker_path("1509225421-1.json"));
    assert_int_equal(sink->class->rotate(sink, 1509225481000000, &error), 0);
    assert_string_equal(json_sink_path(sink), maker_path("1509225481.json"));
    sink_close(sink);
    char *text = file_get(path, &length);
    assert_string_equal(text, "mine");
    free(text);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, maker_setup, maker_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_is_whole_after_every_write),
        TEST(fields_have_their_values),
        TEST(a_file_is_taken_up_again),
        TEST(datagrams_of_one_microsecond_keep_their_keys),
        TEST(layouts_of_one_datagram_share_an_entry),
        TEST(a_datagram_without_flows_makes_no_entry),
        TEST(late_rows_have_their_own_time),
        TEST(groups_are_written_with_the_tick_and_at_the_end),
        TEST(an_entry_that_is_too_large_becomes_several),
        TEST(files_of_the_original_are_appended_to),
        TEST(other_files_are_left_alone),
        TEST(an_empty_file_is_a_new_one),
        TEST(what_cannot_be_opened_is_told),
        TEST(two_writers_keep_out_of_each_others_way),
        TEST(rotation_begins_a_file_with_its_time),
        TEST(rotation_of_the_default_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
