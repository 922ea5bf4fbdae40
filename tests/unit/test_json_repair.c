/* SPDX-License-Identifier: MIT */
/* The JSON sink's object form when things go wrong: torn at any octet, killed, on a full disk, beside a reader. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "json_maker.h"

#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ------------------------------------------------------------------------------------------------------- tears */

/* Cuts the text off at every length, and goes on with it. */
static void tear_everywhere(const char *text, size_t length, size_t step, const char *filling, size_t filling_bytes)
{
    const char *path = maker_path("torn.json");
    char *torn = malloc(length + filling_bytes);

    assert_non_null(torn);
    for (size_t keep = 1; keep < length; keep += step) {
        memcpy(torn, text, keep);
        memcpy(torn + keep, filling, filling_bytes);
        file_put(path, torn, keep + filling_bytes);

        /* Entries lie one a line; one that lacks but what follows it is whole. */
        size_t whole = 0;
        for (size_t i = 2; i + 1 <= keep; i++) {
            whole += text[i] == ']' && (text[i + 1] == ',' || text[i + 1] == '\n');
        }
        struct sink *sink = sink_open(path);
        check_entries(path, whole);
        write_datagrams(sink, (uint32_t)whole, 2);
        check_entries(path, whole + 2);
        sink_close(sink);
        struct sink *again = sink_open(path);
        assert_int_equal(warning_count, 0);
        sink_close(again);
    }
    free(torn);
}

static void a_tear_at_any_octet_is_repaired(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    size_t length;

    (void)state;
    write_datagrams(sink, 0, 5);
    sink_close(sink);
    char *text = file_get(path, &length);
    tear_everywhere(text, length, 1, "", 0);
    free(text);
}

/* What loss of power can leave: the file has its new length, but its last pages were never written. */
static void pages_never_written_are_cut_off(void **state)
{
    static const char nothing[4096];
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    size_t length;

    (void)state;
    write_datagrams(sink, 0, 4);
    sink_close(sink);
    char *text = file_get(path, &length);
    tear_everywhere(text, length, 3, nothing, sizeof nothing);
    free(text);
}

static void a_tear_is_told_of(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    char expected[512];
    size_t length;

    (void)state;
    write_datagrams(sink, 0, 2);
    sink_close(sink);
    char *text = file_get(path, &length);
    file_put(path, text, length - 10);
    size_t torn_bytes = (size_t)(text + length - 10 - (strstr(text, "],\n") + 1));
    sink_close(sink_open(path));
    snprintf(expected, sizeof expected, "%s: cut off an incomplete entry of %zu octets at its end", path, torn_bytes);
    assert_int_equal(warning_count, 1);
    assert_string_equal(warning, expected);
    check_entries(path, 1);
    free(text);
}

static void what_is_too_long_for_a_tear_is_left_alone(void **state)
{
    const char *path = maker_path("a.json");
    const off_t size_bytes = 80 * 1024 * 1024;
    struct sink_error error;
    struct stat status;

    (void)state;
    file_put(path, "{\"1\": [],\n", 10);
    assert_int_equal(truncate(path, size_bytes), 0); /* a hole: takes no room */
    assert_null(sink_try(path, &error));
    assert_non_null(strstr(error.text, "is damaged from octet 8 on"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, size_bytes);
}

/* ---------------------------------------------------------------------------------------------------- full disk */

/* At every limit within an entry, the file is afterwards as it was before that entry. */
static void a_write_that_fails_is_taken_back(void **state)
{
    const char *path = maker_path("a.json");
    struct rlimit old;
    struct sink_error error;
    size_t length, length_before;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (size_t extra = 0; extra < 100; extra += 7) {
        unlink(path);
        struct sink *sink = sink_open(path);
        write_datagrams(sink, 0, 3);
        char *before = file_get(path, &length_before);

        const struct rlimit limit = {.rlim_cur = length_before + extra, .rlim_max = old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int result = maker_datagram(sink, 3, START_US + 3, 30, 1, &error);
        char *after = file_get(path, &length);
        int result_again = maker_datagram(sink, 4, START_US + 4, 40, 1, &error);
        int result_close = sink->class->close(sink, &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

        assert_int_equal(result, -1);
        assert_int_equal(result_again, -1);
        assert_int_equal(result_close, -1);
        assert_non_null(strstr(error.text, "cannot write "));
        assert_non_null(strstr(error.text, "File too large; "));
        assert_int_equal(length, length_before);
        assert_memory_equal(after, before, length);
        check_entries(path, 3);

        sink = sink_open(path);
        assert_int_equal(warning_count, 0);
        write_datagrams(sink, 3, 1);
        sink_close(sink);
        check_entries(path, 4);
        free(before);
        free(after);
    }
}

/* The original's form of file, on the same full disk. */
static void a_failed_write_spares_what_others_wrote(void **state)
{
    static const char text[] = "{\"1509225000.5\": [{\"IN_BYTES\": 12}]}";
    const char *path = maker_path("a.json");
    struct rlimit old;
    struct sink_error error;
    size_t length;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    file_put(path, text, sizeof text - 1);
    struct sink *sink = sink_open(path);
    const struct rlimit limit = {.rlim_cur = sizeof text + 20, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int result = maker_datagram(sink, 3, START_US + 3, 30, 1, &error);
    sink->class->close(sink, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(result, -1);
    char *after = file_get(path, &length);
    assert_string_equal(after, text);
    free(after);
}

/* ------------------------------------------------------------------------------------------------------ readers */

static void a_reader_with_a_lock_is_waited_for(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    struct sink_error error;

    (void)state;
    write_datagrams(sink, 0, 1);
    int reader = open(path, O_RDONLY);
    assert_int_equal(flock(reader, LOCK_SH | LOCK_NB), 0);
    write_datagrams(sink, 1, 3);
    assert_int_equal(sink->class->tick(sink, START_US, &error), 0);
    check_entries(path, 1);
    assert_int_equal(flock(reader, LOCK_UN), 0);
    write_datagrams(sink, 4, 1);
    check_entries(path, 5);

    assert_int_equal(flock(reader, LOCK_SH | LOCK_NB), 0);
    write_datagrams(sink, 5, 1);
    for (int i = 0; i < 12; i++) { /* but not for ever */
        assert_int_equal(sink->class->tick(sink, START_US, &error), 0);
    }
    check_entries(path, 6);
    write_datagrams(sink, 6, 1);
    sink_close(sink); /* nor at the end */
    close(reader);
    check_entries(path, 7);
}

/* Reads with a lock for a while, and leaves with 0 if the file was the same throughout. */
static void read_for_a_while(const char *path, int ready)
{
    int reader = open(path, O_RDONLY);
    char first[4096], now[4096];

    if (reader < 0 || flock(reader, LOCK_SH | LOCK_NB) < 0) {
        _exit(2);
    }
    ssize_t length = pread(reader, first, sizeof first, 0);
    if (length <= 0 || write(ready, "", 1) != 1) {
        _exit(3);
    }
    for (int i = 0; i < 20; i++) {
        usleep(5000);
        if (pread(reader, now, sizeof now, 0) != length || memcmp(now, first, (size_t)length) != 0) {
            _exit(1);
        }
    }
    _exit(0);
}

static void the_end_waits_for_a_reader(void **state)
{
    const char *path = maker_path("a.json");
    struct sink *sink = sink_open(path);
    int ready[2], status;
    char octet;

    (void)state;
    write_datagrams(sink, 0, 1);
    assert_int_equal(pipe(ready), 0);
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (reader == 0) {
        read_for_a_while(path, ready[1]);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &octet, 1), 1);
    write_datagrams(sink, 1, 1);
    sink_close(sink);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    check_entries(path, 2);
    close(ready[0]);
}

/* ------------------------------------------------------------------------------------------------------- kills */

/* Writes datagrams until it is killed, and tells after each how many it has written. On a busy machine that can take
 * long to come: past some hundreds it only waits. */
static void write_for_ever(const char *path, uint32_t first, volatile uint32_t *done)
{
    struct sink_error error;
    struct sink *sink = sink_try(path, &error);

    for (uint32_t i = first; i < first + 300; i++) {
        if (sink == NULL || maker_datagram(sink, i, START_US + i, i * 10, 1 + i % 3, &error) < 0) {
            _exit(1);
        }
        *done = i + 1;
    }
    for (;;) {
        pause();
    }
}

static void a_killed_writer_loses_nothing_that_it_wrote(void **state)
{
    const char *path = maker_path("a.json");
    volatile uint32_t *done =
        mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint32_t first = 0;

    (void)state;
    assert_true(done != MAP_FAILED);
    for (uint32_t kills = 0; kills < 20; kills++) {
        pid_t writer = fork();
        assert_true(writer >= 0);
        if (writer == 0) {
            write_for_ever(path, first, done);
        }
        int status = 0;
        while (*done < first + 1 + kills * 7 && waitpid(writer, &status, WNOHANG) == 0) {
            sched_yield();
        }
        assert_int_equal(status, 0);
        assert_int_equal(kill(writer, SIGKILL), 0);
        assert_int_equal(waitpid(writer, &status, 0), writer);
        sink_close(sink_open(path));

        json_t *object = file_object(path);
        uint32_t count = (uint32_t)json_object_size(object);
        json_decref(object);
        assert_in_range(count, *done, *done + 1);
        check_entries(path, count);
        first = *done = count;
    }
    munmap((void *)(uintptr_t)done, sizeof *done);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, maker_setup, maker_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tear_at_any_octet_is_repaired),
        TEST(pages_never_written_are_cut_off),
        TEST(a_tear_is_told_of),
        TEST(what_is_too_long_for_a_tear_is_left_alone),
        TEST(a_write_that_fails_is_taken_back),
        TEST(a_failed_write_spares_what_others_wrote),
        TEST(a_reader_with_a_lock_is_waited_for),
        TEST(the_end_waits_for_a_reader),
        TEST(a_killed_writer_loses_nothing_that_it_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
