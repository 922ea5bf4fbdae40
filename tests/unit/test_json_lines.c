/* SPDX-License-Identifier: MIT */
/* The JSON sink's line form, plain and gzipped: its fields, readable at any time, torn at any octet. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "json_maker.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <zlib.h>

/* The text of a file, gzipped or not; every member must be whole. The caller frees it. */
static char *text_get(const char *path)
{
    size_t length, room = 4 * 1024 * 1024, used = 0;
    char *raw = file_get(path, &length);

    if (strstr(path, ".gz") == NULL || length == 0) {
        return raw;
    }
    char *text = calloc(1, room);
    z_stream stream = {.next_in = (Bytef *)raw, .avail_in = (uInt)length};
    assert_non_null(text);
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    while (stream.avail_in > 0) {
        stream.next_out = (Bytef *)text + used;
        stream.avail_out = (uInt)(room - 1 - used);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        used = room - 1 - stream.avail_out;
        inflateReset(&stream);
    }
    inflateEnd(&stream);
    free(raw);
    return text;
}

/* The n-th line as an object; NULL behind the last. */
static json_t *line_get(const char *path, size_t n)
{
    char *text = text_get(path);
    char *line = text;

    while (n-- > 0 && *line != '\0') {
        line = strchr(line, '\n') + 1;
    }
    json_t *object = NULL;
    if (*line != '\0') {
        *strchr(line, '\n') = '\0';
        object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(object);
    }
    free(text);
    return object;
}

/* The file holds the lines that write_datagrams() made from 0 on, and nothing else. */
static void check_lines(const char *path, size_t count)
{
    char *text = text_get(path);
    char *line = text;

    for (size_t i = 0; i < count; i++) {
        char *end = strchr(line, '\n');
        if (end == NULL) {
            fail_msg("%s: %zu lines, not %zu", path, i, count);
        }
        *end = '\0';
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(object);
        json_t *flows = json_object_get(json_object_iter_value(json_object_iter(object)), "flows");
        assert_int_equal(json_array_size(flows), 1 + i % 3);
        assert_int_equal(json_integer_value(json_object_get(json_array_get(flows, 0), "IN_BYTES")), i * 10);
        json_decref(object);
        line = end + 1;
    }
    assert_string_equal(line, "");
    free(text);
}

/* ------------------------------------------------------------------------------------------------------- lines */

static void a_line_tells_the_datagram(void **state)
{
    const char *path = maker_path("a.ndjson");
    struct sink *sink = sink_open(path);
    size_t length;

    (void)state;
    write_datagrams(sink, 0, 1);
    sink_close(sink);
    char *text = file_get(path, &length);
    assert_string_equal(text, "{\"1509225421.123456\": {\"client\": [\"192.0.2.1\", 50000], \"header\": "
                              "{\"version\": 9, \"count\": 1, \"uptime\": 5000, \"timestamp\": 1509225421, "
                              "\"sequence\": 0, \"source_id\": 11}, \"flows\": [{\"IN_BYTES\": 0, \"L4_SRC_PORT\": 0, "
                              "\"IPV4_SRC_ADDR\": \"192.0.2.0\", \"IF_NAME\": \"a\\\"]}\\n\\u0001{[,\\\\\", "
                              "\"PROTOCOL\": null}]}}\n");
    free(text);
}

static void options_records_are_there(void **state)
{
    const char *path = maker_path("a.ndjson");
    struct sink *sink = sink_open(path);
    const struct weir_datagram told = {.received_us = START_US};
    struct sink_error error;
    static struct maker maker;

    (void)state;
    maker_begin(&maker, true);
    maker_run(&maker, 0, START_US, 7, 2);
    assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    assert_int_equal(sink->class->datagram(sink, &told, &error), 0);
    assert_int_equal(maker_datagram(sink, 1, START_US, 0, 0, &error), 0); /* nothing in it: no line */
    sink_close(sink);

    json_t *line = line_get(path, 0);
    json_t *datagram = json_object_get(line, "1509225421.123456");
    assert_int_equal(json_array_size(json_object_get(datagram, "flows")), 0);
    json_t *options = json_object_get(datagram, "options");
    assert_int_equal(json_array_size(options), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(options, 1), "IN_BYTES")), 8);
    json_decref(line);
    assert_null(line_get(path, 1));
}

static void late_rows_have_a_line_of_their_own(void **state)
{
    const char *path = maker_path("a.ndjson");
    struct sink *sink = sink_open(path);
    const struct weir_datagram told = {.received_us = START_US + 1};
    struct sink_error error;
    static struct maker maker;

    (void)state;
    maker_begin(&maker, false);
    maker_run(&maker, 0, START_US, 0, 1)->late = true;
    maker_run(&maker, 1, START_US + 1, 10, 2);
    assert_int_equal(sink->class->batch(sink, &maker.batch, &error), 0);
    assert_int_equal(sink->class->datagram(sink, &told, &error), 0);
    check_lines(path, 2);
    sink_close(sink);
}

static void lines_are_there_at_once(void **state)
{
    const char *path = maker_path("a.ndjson");
    struct sink *sink = sink_open(path);

    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        write_datagrams(sink, i, 1);
        check_lines(path, i + 1);
    }
    sink_close(sink);
}

static void json_lines_may_be_asked_for(void **state)
{
    const char *path = maker_path("a.json");
    const struct json_sink_options options = {.path = path, .lines = true};
    struct sink_error error;
    struct sink *sink = json_sink_create(&options, &error);

    (void)state;
    assert_non_null(sink);
    write_datagrams(sink, 0, 3);
    sink_close(sink);
    check_lines(path, 3);
}

static void lines_go_into_a_pipe(void **state)
{
    const char *path = maker_path("pipe");
    const struct json_sink_options options = {.path = path, .lines = true};
    struct sink_error error;
    char text[512];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct sink *sink = json_sink_create(&options, &error);
    assert_non_null(sink);
    write_datagrams(sink, 0, 1);
    assert_true(read(reader, text, sizeof text) > 100);
    assert_memory_equal(text, "{\"1509225421.123456\": {", 23);
    close(reader);
    assert_int_equal(maker_datagram(sink, 1, START_US, 0, 1, &error), -1);
    assert_non_null(strstr(error.text, "Broken pipe"));
    assert_int_equal(sink->class->close(sink, &error), -1);
}

/* -------------------------------------------------------------------------------------------- both kinds of file */

static void a_file_is_taken_up_again(void **state)
{
    static const char *const names[] = {"a.ndjson", "a.json.gz"};

    (void)state;
    for (size_t n = 0; n < 2; n++) {
        const char *path = maker_path(names[n]);
        for (uint32_t i = 0; i < 10; i++) {
            struct sink *sink = sink_open(path);
            write_datagrams(sink, i * 2, 2);
            sink_close(sink);
            assert_int_equal(warning_count, 0);
            check_lines(path, (i + 1) * 2);
        }
    }
}

static void other_files_are_left_alone(void **state)
{
    static const char *const texts[] = {"[]\n", "hello\n", "\n", "{}\n", "{\"a\": {}}\n", "{\n\"1\": [{}]\n}\n",
                                        "{\"1\": []}\n", "{\"1\": {}, \"2\": {}}\n", "h"};
    static const char *const names[] = {"a.ndjson", "a.json.gz"};
    struct sink_error error;
    size_t length;

    (void)state;
    for (size_t n = 0; n < 2; n++) {
        const char *path = maker_path(names[n]);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            file_put(path, texts[i], strlen(texts[i]));
            if (sink_try(path, &error) != NULL) {
                fail_msg("%s taken: %s", names[n], texts[i]);
            }
            assert_non_null(strstr(error.text, "left as it is"));
            char *text = file_get(path, &length);
            assert_string_equal(text, texts[i]);
            free(text);
        }
    }
}

static void gzip_of_other_things_is_left_alone(void **state)
{
    static const char text[] = "once upon a time\n";
    const char *path = maker_path("a.gz");
    struct sink_error error;
    struct stat before, after;

    (void)state;
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzwrite(file, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(gzclose(file), Z_OK);
    assert_int_equal(stat(path, &before), 0);
    assert_null(sink_try(path, &error));
    assert_non_null(strstr(error.text, "does not hold gzipped JSON lines"));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
}

static void files_of_the_original_are_appended_to(void **state)
{
    static const char text[] = "{\"1524773519.25\": {\"client\": [\"192.0.2.1\", 5], \"flows\": [{\"IN_BYTES\": 3}]}}";
    static const char *const names[] = {"a.ndjson", "a.json.gz"};

    (void)state;
    for (size_t n = 0; n < 2; n++) {
        const char *path = maker_path(names[n]);
        gzFile file = gzopen(path, n == 0 ? "wbT" : "wb");
        assert_int_equal(gzwrite(file, text, sizeof text - 1), sizeof text - 1); /* without a newline */
        assert_int_equal(gzclose(file), Z_OK);
        struct sink *sink = sink_open(path);
        assert_int_equal(warning_count, 0);
        write_datagrams(sink, 0, 1);
        sink_close(sink);
        json_t *line = line_get(path, 1);
        assert_non_null(json_object_get(line, "1509225421.123456"));
        json_decref(line);
        assert_null(line_get(path, 2));
    }
}

/* ------------------------------------------------------------------------------------------------------- tears */

static void a_torn_line_is_cut_off(void **state)
{
    const char *path = maker_path("a.ndjson");
    struct sink *sink = sink_open(path);
    size_t length;

    (void)state;
    write_datagrams(sink, 0, 4);
    sink_close(sink);
    char *text = file_get(path, &length);
    for (size_t keep = 1; keep < length; keep++) {
        size_t whole = 0;
        for (size_t i = 0; i < keep; i++) {
            whole += text[i] == '\n';
        }
        bool lacks_newline_only = text[keep] == '\n';
        bool torn = !lacks_newline_only && text[keep - 1] != '\n';

        file_put(path, text, keep);
        sink = sink_open(path);
        assert_int_equal(warning_count, torn);
        whole += lacks_newline_only;
        check_lines(path, whole);
        write_datagrams(sink, (uint32_t)whole, 1);
        sink_close(sink);
        check_lines(path, whole + 1);
    }
    free(text);
}

/* A file, gzipped or not, that was written in three pieces of two lines. */
static char *three_members(const char *path, size_t ends[3], size_t *ret_length)
{
    struct sink *sink = sink_open(path);
    struct sink_error error;
    struct stat status;

    for (uint32_t i = 0; i < 3; i++) {
        write_datagrams(sink, i * 2, 2);
        assert_int_equal(sink->class->tick(sink, START_US + i * 1000000, &error), 0);
        assert_int_equal(stat(path, &status), 0);
        ends[i] = (size_t)status.st_size;
        check_lines(path, i * 2 + 2);
    }
    sink_close(sink);
    return file_get(path, ret_length);
}

static void a_torn_member_is_cut_off(void **state)
{
    const char *path = maker_path("a.ndjson.gz");
    size_t ends[3], length;
    char *raw = three_members(path, ends, &length);

    (void)state;
    assert_int_equal(ends[2], length);
    for (size_t keep = 1; keep < length; keep++) {
        uint32_t whole = keep >= ends[1] ? 2 : keep >= ends[0];
        bool torn = keep != ends[0] && keep != ends[1];

        file_put(path, raw, keep);
        struct sink *sink = sink_open(path);
        assert_int_equal(warning_count, torn);
        check_lines(path, whole * 2);
        write_datagrams(sink, whole * 2, 1);
        sink_close(sink);
        check_lines(path, whole * 2 + 1);
    }
    free(raw);
}

static void pages_never_written_are_cut_off(void **state)
{
    static const char *const names[] = {"b.ndjson.gz", "b.ndjson"};

    (void)state;
    for (size_t n = 0; n < 2; n++) {
        const char *path = maker_path(names[n]);
        size_t ends[3], length;
        char *raw = three_members(path, ends, &length);
        for (size_t lost = 3; lost < length - ends[1]; lost += 5) {
            char *bytes = calloc(1, length + 4096);
            assert_non_null(bytes);
            memcpy(bytes, raw, length - lost);
            file_put(path, bytes, length + 4096);
            free(bytes);
            sink_close(sink_open(path));
            assert_int_equal(warning_count, 1);
            size_t whole = 4;
            if (n == 1) {
                for (size_t i = ends[1]; i < length - lost; i++) {
                    whole += raw[i] == '\n';
                }
            }
            check_lines(path, whole);
        }
        free(raw);
    }
}

static void other_damage_is_left_alone(void **state)
{
    const char *path = maker_path("a.ndjson.gz");
    struct sink_error error;
    size_t ends[3], length, length_after;
    char *raw = three_members(path, ends, &length);

    (void)state;
    raw[ends[0] + 30] ^= 0x55;
    raw[ends[1] - 6] ^= 0x55; /* its checksum, should the text still make sense */
    file_put(path, raw, length);
    assert_null(sink_try(path, &error));
    assert_non_null(strstr(error.text, "is damaged from octet "));
    char *after = file_get(path, &length_after);
    assert_int_equal(length_after, length);
    assert_memory_equal(after, raw, length);
    free(after);
    free(raw);
}

/* ------------------------------------------------------------------------------------------------- the disk, time */

static void a_write_that_fails_is_taken_back(void **state)
{
    static const char *const names[] = {"a.ndjson", "a.ndjson.gz"};
    struct rlimit old;
    struct sink_error error;
    struct stat before, after;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (size_t n = 0; n < 2; n++) {
        const char *path = maker_path(names[n]);
        struct sink *sink = sink_open(path);
        write_datagrams(sink, 0, 2);
        assert_int_equal(sink->class->tick(sink, START_US, &error), 0);
        assert_int_equal(stat(path, &before), 0);
        const struct rlimit limit = {.rlim_cur = (rlim_t)before.st_size + 50, .rlim_max = old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int result = maker_datagram(sink, 2, START_US + 2, 20, 3, &error);
        if (result == 0) {
            result = sink->class->tick(sink, START_US + 2000000, &error);
        }
        assert_int_equal(stat(path, &after), 0);
        int result_close = sink->class->close(sink, &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(result, -1);
        assert_int_equal(result_close, -1);
        assert_non_null(strstr(error.text, "File too large"));
        assert_int_equal(after.st_size, before.st_size);
        check_lines(path, 2);
    }
}

/* Members are whole at any time, and are not made for every datagram. */
static void members_are_about_a_second_long(void **state)
{
    const char *path = maker_path("a.ndjson.gz");
    struct sink *sink = sink_open(path);
    struct sink_error error;
    struct stat status;

    (void)state;
    write_datagrams(sink, 0, 5);
    assert_int_equal(sink->class->tick(sink, START_US, &error), 0);
    check_lines(path, 5);
    for (uint32_t i = 0; i < 8; i++) {
        write_datagrams(sink, 5 + i, 1);
        assert_int_equal(sink->class->tick(sink, START_US + 100000 * (i + 1), &error), 0);
        check_lines(path, 5);
    }
    assert_int_equal(sink->class->tick(sink, START_US + 900000, &error), 0);
    check_lines(path, 13);
    assert_int_equal(sink->class->tick(sink, START_US + 9000000, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    off_t size_bytes = status.st_size;
    sink_close(sink); /* nothing left, nothing written */
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, size_bytes);
}

static void members_are_no_larger_than_that(void **state)
{
    const char *path = maker_path("a.ndjson.gz");
    struct sink *sink = sink_open(path);
    struct sink_error error;
    struct stat status = {0};
    uint32_t count = 0;

    (void)state;
    while (status.st_size == 0 && count < 200) {
        assert_int_equal(maker_datagram(sink, count, START_US + count, count, 1000, &error), 0);
        assert_int_equal(stat(path, &status), 0);
        count++;
    }
    assert_in_range(count, 20, 100);
    sink_close(sink);
}

static void rotation_keeps_the_whole_ending(void **state)
{
    const char *path = maker_path("flows.json.gz");
    const struct json_sink_options options = {.path = path, .rotating = true, .start_us = 1509225421000000};
    struct sink_error error;
    struct sink *sink = json_sink_create(&options, &error);

    (void)state;
    assert_non_null(sink);
    write_datagrams(sink, 0, 2);
    assert_int_equal(sink->class->rotate(sink, 1509225481000000, &error), 0);
    check_lines(maker_path("flows-20171028-211701.json.gz"), 2);
    sink_close(sink);
    assert_int_equal(access(maker_path("flows-20171028-211801.json.gz"), F_OK), 0);
}

static void two_writers_keep_out_of_each_others_way(void **state)
{
    const char *path = maker_path("a.ndjson");
    struct sink *sink = sink_open(path);
    struct sink_error error;

    (void)state;
    assert_null(sink_try(path, &error));
    assert_non_null(strstr(error.text, "is being written by another process"));
    sink_close(sink);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, maker_setup, maker_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_tells_the_datagram),
        TEST(options_records_are_there),
        TEST(late_rows_have_a_line_of_their_own),
        TEST(lines_are_there_at_once),
        TEST(json_lines_may_be_asked_for),
        TEST(lines_go_into_a_pipe),
        TEST(a_file_is_taken_up_again),
        TEST(other_files_are_left_alone),
        TEST(gzip_of_other_things_is_left_alone),
        TEST(files_of_the_original_are_appended_to),
        TEST(a_torn_line_is_cut_off),
        TEST(a_torn_member_is_cut_off),
        TEST(pages_never_written_are_cut_off),
        TEST(other_damage_is_left_alone),
        TEST(a_write_that_fails_is_taken_back),
        TEST(members_are_about_a_second_long),
        TEST(members_are_no_larger_than_that),
        TEST(rotation_keeps_the_whole_ending),
        TEST(two_writers_keep_out_of_each_others_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
