/* SPDX-License-Identifier: MIT */
/*
 * test_text_sink.c - lines as connections arrive: at once when both sides are there, after a while when one is not
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "batch_maker.h"
#include "text_sink.h"

static char *text;
static size_t length;
static FILE *out;
static struct sink_error error;
static struct made_batch made;
static int64_t start_us = 1509225421 * SECOND_US;

static char notes[4096];

static void on_note(void *context, const char *note)
{
    (void)context;
    strcat(strcat(notes, note), "\n");
}

static struct sink *open_sink_with(struct text_sink_options options)
{
    setenv("TZ", "UTC", 1);
    tzset();
    out = open_memstream(&text, &length);
    assert_non_null(out);
    options.out = out;
    options.note = on_note;
    notes[0] = '\0';
    struct sink *sink = text_sink_create(&options, &error);
    assert_non_null(sink);
    assert_string_equal(sink->class->name, "text");
    assert_true(sink->class->per_datagram);
    return sink;
}

static struct sink *open_sink(uint64_t min_size_bytes, bool names)
{
    return open_sink_with((struct text_sink_options){.min_size_bytes = min_size_bytes, .resolve_names = names});
}

static void close_sink(struct sink *sink)
{
    assert_int_equal(sink->class->close(sink, &error), 0);
    fclose(out);
    free(text);
    text = NULL;
}

static void deliver(struct sink *sink, int64_t received_us)
{
    struct weir_datagram datagram = {.source = made.run.exporter, .source_port = 2055, .received_us = received_us};
    if (made.batch.row_count > 0) {
        assert_int_equal(sink->class->batch(sink, &made.batch, &error), 0);
    }
    assert_int_equal(sink->class->datagram(sink, &datagram, &error), 0);
}

static void test_a_pair_is_printed_at_once(void **state)
{
    struct sink *sink = open_sink(0, false);
    (void)state;
    make_batch(&made, start_us);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40000, 4456448);
    make_row(&made, 0xc0000209, 40000, 0xc0000207, 22, 1000);
    deliver(sink, start_us);
    assert_string_equal(text, "2017-10-28 21:17.01: SSH from 192.0.2.7 (192.0.2.7) to 192.0.2.9 (192.0.2.9) size "
                              "4.25M\n");
    close_sink(sink);
}

static void test_one_side_waits(void **state)
{
    struct sink *sink = open_sink(0, false);
    (void)state;
    make_batch(&made, start_us);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40000, 5000);
    deliver(sink, start_us);
    assert_int_equal(length, 0);
    assert_int_equal(sink->class->tick(sink, start_us + SECOND_US, &error), 0);
    assert_int_equal(length, 0);
    assert_int_equal(sink->class->tick(sink, start_us + 3 * SECOND_US, &error), 0);
    assert_non_null(strstr(text, "SSH from 192.0.2.7"));
    /* In a capture the time of the datagrams counts. */
    size_t before = length;
    make_batch(&made, start_us + 10 * SECOND_US);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40001, 5000);
    deliver(sink, start_us + 10 * SECOND_US);
    assert_int_equal(length, before);
    made.batch.row_count = 0;
    deliver(sink, start_us + 13 * SECOND_US);
    assert_true(length > before);
    close_sink(sink);
}

static void test_the_other_side_in_the_next_datagram(void **state)
{
    struct sink *sink = open_sink(0, false);
    (void)state;
    make_batch(&made, start_us);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40000, 5000);
    deliver(sink, start_us);
    make_batch(&made, start_us + SECOND_US);
    make_row(&made, 0xc0000209, 40000, 0xc0000207, 22, 100);
    deliver(sink, start_us + SECOND_US);
    assert_non_null(strstr(text, "21:17.02: SSH from 192.0.2.7"));
    assert_null(strchr(strchr(text, '\n') + 1, '\n')); /* one line */
    close_sink(sink);
}

static void test_small_ones_are_left_out(void **state)
{
    struct sink *sink = open_sink(1 << 20, false);
    (void)state;
    make_batch(&made, start_us);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40000, 1 << 20);
    make_row(&made, 0xc0000209, 40000, 0xc0000207, 22, 1000);
    make_row(&made, 0xc0000207, 80, 0xc0000209, 40000, (1 << 20) + 1);
    make_row(&made, 0xc0000209, 40000, 0xc0000207, 80, 1000);
    deliver(sink, start_us);
    assert_null(strstr(text, "SSH"));
    assert_non_null(strstr(text, "HTTP from"));
    close_sink(sink);
}

static void make_sampled(uint32_t sampling_rate, uint16_t port)
{
    make_batch(&made, start_us);
    make_row(&made, 0xc0000207, port, 0xc0000209, 40000, 1 << 20);
    make_row(&made, 0xc0000209, 40000, 0xc0000207, port, 1000);
    made.sampling_rate[0] = made.sampling_rate[1] = sampling_rate;
}

/* Multiplied once, and told once for each exporter and rate; what is asked for is what is shown. */
static void test_sampled_sizes(void **state)
{
    struct sink *sink = open_sink_with((struct text_sink_options){.min_size_bytes = 3 << 20});
    (void)state;
    make_sampled(4, 22);
    deliver(sink, start_us);
    deliver(sink, start_us);
    make_sampled(3, 80); /* 3M: not more than the least */
    deliver(sink, start_us);
    assert_string_equal(text, "2017-10-28 21:17.01: SSH from 192.0.2.7 (192.0.2.7) to 192.0.2.9 (192.0.2.9) size "
                              "4.00M\n"
                              "2017-10-28 21:17.01: SSH from 192.0.2.7 (192.0.2.7) to 192.0.2.9 (192.0.2.9) size "
                              "4.00M\n");
    assert_string_equal(notes, "192.0.2.250 looks at one packet in 4, so its sizes are multiplied by that; --raw-sizes "
                               "shows what it counted\n"
                               "192.0.2.250 looks at one packet in 3, so its sizes are multiplied by that; --raw-sizes "
                               "shows what it counted\n");
    close_sink(sink);
    sink = open_sink_with((struct text_sink_options){.raw_sizes = true});
    make_sampled(4, 22);
    deliver(sink, start_us);
    assert_non_null(strstr(text, "size 1.00M"));
    assert_string_equal(notes, "");
    close_sink(sink);
    for (uint32_t rate = 0; rate <= 1; rate++) { /* not told, and all: nothing to say */
        sink = open_sink(0, false);
        make_sampled(rate, 22);
        deliver(sink, start_us);
        assert_non_null(strstr(text, "size 1.00M"));
        assert_string_equal(notes, "");
        close_sink(sink);
    }
}

/* Exporters without number do not fill the terminal. */
static void test_notes_are_bounded(void **state)
{
    struct sink *sink = open_sink(0, false);
    unsigned lines = 0;
    (void)state;
    static char all[32768];
    for (uint32_t rate = 2; rate < 200; rate++) {
        notes[0] = '\0';
        make_sampled(rate, 22);
        deliver(sink, start_us);
        strcat(all, notes);
    }
    for (const char *at = all; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 64);
    close_sink(sink);
}

static void test_closing_prints_what_is_left(void **state)
{
    struct sink *sink = open_sink(0, false);
    (void)state;
    make_batch(&made, start_us);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40000, 5000);
    deliver(sink, start_us);
    assert_int_equal(sink->class->close(sink, &error), 0);
    fclose(out);
    assert_non_null(strstr(text, "SSH from 192.0.2.7"));
    free(text);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Names are never waited for while datagrams come, and no longer than half a second in the end. */
static void test_names_hold_nothing_up(void **state)
{
    struct sink *sink = open_sink(0, true);
    int64_t start_ms = now_ms();
    (void)state;
    for (uint32_t i = 0; i < 3000; i++) { /* more than lines can wait */
        make_batch(&made, start_us);
        make_row(&made, 0xc0000200 + i, 22, 0x7f000001, 40000, 4456448);
        make_row(&made, 0x7f000001, 40000, 0xc0000200 + i, 22, 1000);
        deliver(sink, start_us);
    }
    assert_true(now_ms() - start_ms < 5000);
    int64_t end_ms = now_ms();
    assert_int_equal(sink->class->close(sink, &error), 0);
    assert_true(now_ms() - end_ms < 2000);
    fclose(out);
    unsigned lines = 0;
    char *at = text;
    for (uint32_t i = 0; i < 3000; i++) { /* all there, and in order */
        char address[32];
        snprintf(address, sizeof(address), "(192.0.%u.%u) to ", 2 + i / 256, i % 256);
        at = strstr(at, address);
        assert_non_null(at);
        lines++;
    }
    assert_int_equal(lines, 3000);
    assert_null(strstr(text, "to 127.0.0.1 (")); /* the hosts file names it at once */
    free(text);
}

static void test_nobody_reads(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    struct sink *sink = text_sink_create(&(struct text_sink_options){.out = full}, &error);
    struct weir_datagram datagram = {.received_us = start_us};
    (void)state;
    make_batch(&made, start_us);
    make_row(&made, 0xc0000207, 22, 0xc0000209, 40000, 4456448);
    make_row(&made, 0xc0000209, 40000, 0xc0000207, 22, 1000);
    assert_int_equal(sink->class->batch(sink, &made.batch, &error), 0); /* is in a buffer yet */
    assert_int_equal(sink->class->datagram(sink, &datagram, &error), -1);
    assert_non_null(strstr(error.text, "No space left"));
    assert_int_equal(sink->class->batch(sink, &made.batch, &error), -1);
    assert_int_equal(sink->class->close(sink, &error), -1);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pair_is_printed_at_once),
        cmocka_unit_test(test_one_side_waits),
        cmocka_unit_test(test_the_other_side_in_the_next_datagram),
        cmocka_unit_test(test_small_ones_are_left_out),
        cmocka_unit_test(test_sampled_sizes),
        cmocka_unit_test(test_notes_are_bounded),
        cmocka_unit_test(test_closing_prints_what_is_left),
        cmocka_unit_test(test_names_hold_nothing_up),
        cmocka_unit_test(test_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
