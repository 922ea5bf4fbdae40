/* SPDX-License-Identifier: MIT */
/*
 * test_output_rows.c - rows that several threads make text of come out in order, once, and with the fault that there is
 *
 * The rows are made here, in place of DuckDB's: numbers from 0 on, in chunks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "output_rows.h"

enum { CHUNK_ROWS = 100, LONG_BYTES = 1 << 19 };

int __wrap_query_take(struct query_result *result, struct query_rows **ret_rows, struct query_error *error);
void __wrap_query_rows_free(struct query_rows *rows);

/* -------------------------------------------------------------------------------------------------- rows made here */

struct numbers {
    struct query_rows public; /* first */
    struct query_vector vector;
    uint64_t values[CHUNK_ROWS];
};

static struct {
    size_t chunk_count, taken;
    bool fails, blames_files; /* behind the last */
    atomic_int takers;
    atomic_size_t held, held_most;
} made;

static const struct query_column column = {.name = "n", .type = {.kind = QUERY_UINT64}};
static struct query_result result = {.columns = &column, .column_count = 1, .has_rows = true};
static struct query_error error;

static void make(size_t chunk_count)
{
    made.chunk_count = chunk_count;
    made.taken = 0;
    made.fails = made.blames_files = false;
    made.held_most = 0;
    assert_int_equal(made.held, 0);
}

int __wrap_query_take(struct query_result *from, struct query_rows **ret_rows, struct query_error *fault)
{
    if (from != &result || atomic_fetch_add(&made.takers, 1) != 0)
        abort(); /* a connection serves one thread at a time */
    if (made.taken == made.chunk_count) {
        if (made.fails)
            *fault = (struct query_error){.text = "a fault", .blames_files = made.blames_files};
        atomic_fetch_sub(&made.takers, 1);
        return made.fails ? -1 : 0;
    }
    struct numbers *numbers = calloc(1, sizeof *numbers);
    if (numbers == NULL)
        abort();
    for (size_t i = 0; i < CHUNK_ROWS; i++)
        numbers->values[i] = made.taken * CHUNK_ROWS + i;
    numbers->vector = (struct query_vector){.type = &column.type, .data = numbers->values};
    numbers->public.chunk = (struct query_chunk){.row_count = CHUNK_ROWS, .vectors = &numbers->vector};
    made.taken++;
    const size_t held = atomic_fetch_add(&made.held, 1) + 1;
    if (held > made.held_most)
        made.held_most = held;
    *ret_rows = &numbers->public;
    atomic_fetch_sub(&made.takers, 1);
    return 1;
}

void __wrap_query_rows_free(struct query_rows *rows)
{
    if (rows != NULL)
        atomic_fetch_sub(&made.held, 1);
    free(rows);
}

/* ---------------------------------------------------------------------------------------------------------- output */

static int open_file(void)
{
    char path[] = "/tmp/test_output_rows_XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

/* The file has the numbers up to `count`, each behind `before` and ahead of `after`, and nothing else. */
static void expect_numbers(int fd, const char *head, const char *before, size_t count, const char *after,
                           const char *foot)
{
    struct text_buffer wanted = {0};
    text_put(&wanted, head);
    for (size_t i = 0; i < count; i++)
        text_print(&wanted, "%s%zu%s", i == 0 && before[0] == ',' ? before + 1 : before, i, after);
    text_put(&wanted, foot);
    assert_int_equal(lseek(fd, 0, SEEK_END), wanted.size_bytes);
    char *got = malloc(wanted.size_bytes + 1);
    assert_non_null(got);
    assert_int_equal(pread(fd, got, wanted.size_bytes, 0), wanted.size_bytes);
    assert_memory_equal(got, wanted.data, wanted.size_bytes);
    free(got);
    text_done(&wanted);
    close(fd);
}

static const unsigned thread_counts[] = {1, 2, 5, 40};
enum { COUNTS = sizeof thread_counts / sizeof *thread_counts };

static void order_is_kept(void **state)
{
    static const size_t chunks[] = {0, 1, 2, 3, 17, 3000};
    uint64_t rows;
    (void)state;
    for (size_t i = 0; i < COUNTS * sizeof chunks / sizeof *chunks; i++) {
        const size_t count = chunks[i / COUNTS];
        struct query_output_settings settings = {.format = QUERY_CSV, .fd = open_file(),
                                                 .threads = thread_counts[i % COUNTS]};
        make(count);
        assert_int_equal(query_output_write(&result, &settings, &rows, &error), QUERY_OUTPUT_DONE);
        assert_int_equal(rows, count * CHUNK_ROWS);
        expect_numbers(settings.fd, "n\n", "", count * CHUNK_ROWS, "\n", "");
        settings.format = QUERY_JSON;
        settings.fd = open_file();
        make(count);
        assert_int_equal(query_output_write(&result, &settings, &rows, &error), QUERY_OUTPUT_DONE);
        expect_numbers(settings.fd, "[", ",\n{\"n\":", count * CHUNK_ROWS, "}", count > 0 ? "\n]\n" : "]\n");
        assert_int_equal(made.held, 0);
    }
}

/* Some chunks take much longer than others. */
static int put_slowly(const void *context, struct output_part *part)
{
    const uint64_t *values = part->chunk->vectors[0].data;
    int put = 0;
    (void)context;
    if (values[0] / CHUNK_ROWS % 7 == 3)
        usleep(2000);
    for (; put == 0 && output_part_goes_on(part); part->row++)
        put = text_print(&part->text, "%llu\n", (unsigned long long)values[part->row]);
    return put;
}

static enum query_output_end write_with(int (*put)(const void *context, struct output_part *part), int fd,
                                        unsigned threads, uint64_t *ret_rows)
{
    const struct query_output_settings settings = {.fd = fd, .threads = threads};
    const struct output_rows_format format = {put, NULL};
    struct output_file file = {.settings = &settings};
    *ret_rows = 0;
    return output_finish(&file, output_rows(&file, &result, &format, ret_rows, &error), &error);
}

static void order_is_kept_when_some_are_slow(void **state)
{
    uint64_t rows;
    (void)state;
    for (size_t i = 0; i < COUNTS; i++) {
        const int fd = open_file();
        make(200);
        assert_int_equal(write_with(put_slowly, fd, thread_counts[i], &rows), QUERY_OUTPUT_DONE);
        assert_int_equal(rows, 200 * CHUNK_ROWS);
        expect_numbers(fd, "", "", 200 * CHUNK_ROWS, "\n", "");
        assert_in_range(made.held_most, 1, 4 * (thread_counts[i] + 1));
    }
}

static int put_long(const void *context, struct output_part *part)
{
    (void)context;
    for (; output_part_goes_on(part); part->row++) {
        if (text_reserve(&part->text, LONG_BYTES) != 0)
            return -1;
        memset(part->text.data + part->text.size_bytes, 'x', LONG_BYTES);
        part->text.size_bytes += LONG_BYTES;
        if (part->text.size_bytes > OUTPUT_PART_BYTES)
            return -1;
    }
    return 0;
}

/* Of long rows no more are held than of one chunk. */
static void long_rows_are_few(void **state)
{
    uint64_t rows;
    const int fd = open_file();
    (void)state;
    make(4);
    assert_int_equal(write_with(put_long, fd, 5, &rows), QUERY_OUTPUT_DONE);
    assert_int_equal(lseek(fd, 0, SEEK_END), (off_t)4 * CHUNK_ROWS * LONG_BYTES);
    assert_in_range(made.held_most, 1, 2);
    close(fd);
}

/* ---------------------------------------------------------------------------------------------------------- faults */

/* Of a statement that fails, what came before is there, unless it can be run again and nothing is written yet. */
static void statements_fail(void **state)
{
    static const size_t chunks[] = {0, 1, 20, 9000}; /* of the last there is more than what is held back */
    uint64_t rows;
    (void)state;
    for (size_t i = 0; i < COUNTS * 8; i++) {
        const size_t count = chunks[i / COUNTS / 2];
        const struct query_output_settings settings = {.format = QUERY_CSV, .fd = open_file(),
                                                       .threads = thread_counts[i % COUNTS]};
        make(count);
        made.fails = true;
        made.blames_files = i / COUNTS % 2 == 1;
        error.text[0] = '\0';
        assert_int_equal(query_output_write(&result, &settings, &rows, &error), QUERY_OUTPUT_FAILED);
        assert_string_equal(error.text, "a fault");
        assert_int_equal(rows, count * CHUNK_ROWS);
        const bool is_there = !made.blames_files || count == 9000;
        expect_numbers(settings.fd, is_there ? "n\n" : "", "", is_there ? count * CHUNK_ROWS : 0, "\n", "");
        assert_int_equal(made.held, 0);
    }
}

static int put_until_full(const void *context, struct output_part *part)
{
    const uint64_t *values = part->chunk->vectors[0].data;
    return values[0] >= 1000 ? -1 : put_slowly(context, part);
}

static void memory_is_short(void **state)
{
    uint64_t rows;
    (void)state;
    for (size_t i = 0; i < COUNTS; i++) {
        const int fd = open_file();
        make(1000);
        assert_int_equal(write_with(put_until_full, fd, thread_counts[i], &rows), QUERY_OUTPUT_UNWRITTEN);
        assert_int_equal(errno, ENOMEM);
        assert_int_equal(made.held, 0);
        assert_true(made.taken < 1000);
        close(fd);
    }
}

static void writing_fails(void **state)
{
    struct query_output_settings settings = {.format = QUERY_CSV};
    uint64_t rows;
    int ends[2];
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < COUNTS; i++) {
        const int full = open("/dev/full", O_WRONLY);
        make(20000);
        settings.fd = full;
        settings.threads = thread_counts[i];
        assert_int_equal(query_output_write(&result, &settings, &rows, &error), QUERY_OUTPUT_UNWRITTEN);
        assert_int_equal(errno, ENOSPC);
        close(full);
        assert_int_equal(made.held, 0);
        assert_true(made.taken < 20000);
        assert_int_equal(pipe(ends), 0);
        close(ends[0]);
        make(20000);
        settings.fd = ends[1];
        assert_int_equal(query_output_write(&result, &settings, &rows, &error), QUERY_OUTPUT_UNWRITTEN);
        assert_int_equal(errno, EPIPE);
        close(ends[1]);
        assert_int_equal(made.held, 0);
    }
}

static volatile sig_atomic_t signal_count;

static void on_signal(int number)
{
    (void)number;
    signal_count++;
}

static bool before_write(void *context)
{
    (void)context;
    return signal_count == 0;
}

/* A signal ends a write that nobody reads. */
static void signals_end_it(void **state)
{
    const struct sigaction action = {.sa_handler = on_signal};
    const struct itimerval often = {{0, 10000}, {0, 300000}}, never = {{0, 0}, {0, 0}};
    uint64_t rows;
    int ends[2];
    (void)state;
    sigaction(SIGALRM, &action, NULL);
    for (size_t i = 0; i < COUNTS; i++) {
        assert_int_equal(pipe(ends), 0);
        const struct query_output_settings settings = {.format = QUERY_NDJSON, .fd = ends[1],
                                                       .threads = thread_counts[i], .before_write = before_write};
        signal_count = 0;
        make(100000);
        setitimer(ITIMER_REAL, &often, NULL);
        assert_int_equal(query_output_write(&result, &settings, &rows, &error), QUERY_OUTPUT_UNWRITTEN);
        assert_int_equal(errno, ECANCELED);
        setitimer(ITIMER_REAL, &never, NULL);
        assert_int_equal(made.held, 0);
        assert_true(made.taken < 100000);
        close(ends[0]);
        close(ends[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_kept),     cmocka_unit_test(order_is_kept_when_some_are_slow),
        cmocka_unit_test(long_rows_are_few), cmocka_unit_test(statements_fail), cmocka_unit_test(memory_is_short),
        cmocka_unit_test(writing_fails),     cmocka_unit_test(signals_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
