/* SPDX-License-Identifier: MIT */
/*
 * test_collector.c - what sinks are called with, and in which order
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector.h"
#include "null_sink.h"

#include <stdlib.h>
#include <string.h>

/* A sink that writes down how it is called: b3 = batch of 3 rows, d = datagram, t = tick, r = rotate, c = close. */
struct diary {
    struct sink sink;
    char *text;
    int fail_after; /* calls until one fails; negative: never */
};

static char written[256];

static int note(struct sink *sink, const char *what, struct sink_error *error)
{
    struct diary *diary = (struct diary *)sink;
    strcat(diary->text, what);
    if (diary->fail_after >= 0 && diary->fail_after-- == 0) {
        strcpy(error->text, "full");
        return -1;
    }
    return 0;
}

static int on_batch(struct sink *sink, const struct weir_batch *batch, struct sink_error *error)
{
    char what[16];
    snprintf(what, sizeof what, "b%u ", batch->row_count);
    return note(sink, what, error);
}

static int on_datagram(struct sink *sink, const struct weir_datagram *datagram, struct sink_error *error)
{
    (void)datagram;
    return note(sink, "d ", error);
}

static int on_tick(struct sink *sink, int64_t now_us, struct sink_error *error)
{
    (void)now_us;
    return note(sink, "t ", error);
}

static int on_rotate(struct sink *sink, int64_t now_us, struct sink_error *error)
{
    (void)now_us;
    return note(sink, "r ", error);
}

static int on_close(struct sink *sink, struct sink_error *error)
{
    const int result = note(sink, "c ", error);
    free(sink);
    return result;
}

static const struct sink_class per_datagram = {"diary", true, on_batch, on_datagram, on_tick, on_rotate, on_close};
static const struct sink_class in_bulk = {"bulk", false, on_batch, on_datagram, on_tick, on_rotate, on_close};

static struct sink *diary_create(const struct sink_class *class, int fail_after)
{
    struct diary *diary = malloc(sizeof *diary);
    *diary = (struct diary){.sink.class = class, .text = written, .fail_after = fail_after};
    written[0] = '\0';
    return &diary->sink;
}

/* NetFlow v9: template 256 of one field of one octet, and two records. */
static const uint8_t flows[] = {
    0, 9, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, /* header */
    0, 0, 0, 12, 1, 0, 0, 1, 0, 4, 0, 1,                        /* template */
    1, 0, 0, 6, 17, 6,                                          /* data */
};
static const uint8_t no_netflow[] = {0, 77, 1, 2, 3};

static struct weir_datagram datagram_of(const uint8_t *data, size_t size_bytes, int64_t received_us)
{
    return (struct weir_datagram){data, size_bytes, {{127, 0, 0, 1}, 4}, 2055, received_us};
}

static void start(struct collector *collector, struct sink *sink)
{
    struct sink_error error = {0};
    assert_int_equal(collector_init(collector, NULL, NULL, &error), 0);
    collector_add(collector, sink);
}

static void test_each_datagram(void **state)
{
    (void)state;
    struct collector collector;
    struct sink_error error = {0};
    start(&collector, diary_create(&per_datagram, -1));
    const struct weir_datagram good = datagram_of(flows, sizeof flows, 1000000);
    const struct weir_datagram bad = datagram_of(no_netflow, sizeof no_netflow, 1000001);
    assert_int_equal(collector_feed(&collector, &good, &error), 0);
    assert_int_equal(collector_feed(&collector, &bad, &error), 0);
    assert_int_equal(collector_feed(&collector, &good, &error), 0);
    assert_int_equal(collector_tick(&collector, 2000000, &error), 0);
    assert_int_equal(collector_finish(&collector, &error), 0);
    assert_int_equal(collector_close(&collector, &error), 0);
    assert_string_equal(written, "b2 d b2 d t c ");
    collector_done(&collector);
}

static void test_in_bulk(void **state)
{
    (void)state;
    struct collector collector;
    struct sink_error error = {0};
    start(&collector, diary_create(&in_bulk, -1));
    const struct weir_datagram good = datagram_of(flows, sizeof flows, 1000000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(collector_feed(&collector, &good, &error), 0);
    assert_string_equal(written, "");
    assert_int_equal(collector_finish(&collector, &error), 0);
    assert_int_equal(collector_close(&collector, &error), 0);
    assert_string_equal(written, "b6 c ");
    collector_done(&collector);
}

static void test_rotation(void **state)
{
    (void)state;
    struct collector collector;
    struct sink_error error = {0};
    start(&collector, diary_create(&per_datagram, -1));
    collector_rotate_each(&collector, 10000000, 5000000);
    static const int64_t times_s[] = {6, 9, 10, 19, 45};
    for (size_t i = 0; i < sizeof times_s / sizeof *times_s; i++) {
        const struct weir_datagram good = datagram_of(flows, sizeof flows, times_s[i] * 1000000);
        assert_int_equal(collector_feed(&collector, &good, &error), 0);
    }
    assert_int_equal(collector_tick(&collector, 49000000, &error), 0);
    assert_int_equal(collector_tick(&collector, 50000000, &error), 0);
    assert_int_equal(collector_close(&collector, &error), 0);
    assert_string_equal(written, "b2 d b2 d r b2 d b2 d r b2 d t r t c ");
    collector_done(&collector);
}

/* A file ends when its time does by the clock that is, and not by the one that was. */
static void test_rotation_follows_the_clock(void **state)
{
    (void)state;
    struct collector collector;
    struct sink_error error = {0};
    start(&collector, diary_create(&per_datagram, -1));
    collector_rotate_each(&collector, 10000000, 95000000);
    static const int64_t times_s[] = {96, 91, 89, 40, 49, 50, 200, 201};
    for (size_t i = 0; i < sizeof times_s / sizeof *times_s; i++)
        assert_int_equal(collector_tick(&collector, times_s[i] * 1000000, &error), 0);
    collector_rotate_each(&collector, 0, 201000000);
    assert_int_equal(collector_tick(&collector, 500000000, &error), 0);
    assert_int_equal(collector_close(&collector, &error), 0);
    assert_string_equal(written, "t t t t t r t r t t t c ");
    collector_done(&collector);
}

static void test_a_sink_fails(void **state)
{
    (void)state;
    for (int fail_after = 0; fail_after < 3; fail_after++) {
        struct collector collector;
        struct sink_error error = {0};
        start(&collector, diary_create(&per_datagram, fail_after));
        collector_add(&collector, null_sink_create(&error));
        const struct weir_datagram good = datagram_of(flows, sizeof flows, 1000000);
        const int fed = collector_feed(&collector, &good, &error);
        const int closed = collector_close(&collector, &error);
        assert_int_equal(fed, fail_after < 2 ? -1 : 0);
        assert_int_equal(closed, fail_after == 2 ? -1 : 0);
        assert_string_equal(error.text, "full");
        collector_done(&collector);
    }
}

/* The lines of --debug, whole. */
static void test_debug(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    struct collector collector;
    struct sink_error error = {0};
    assert_int_equal(collector_init(&collector, NULL, out, &error), 0);
    collector_add(&collector, null_sink_create(&error));
    static const uint8_t version_8[] = {0, 8, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const struct weir_datagram good = datagram_of(flows, sizeof flows, 1000000);
    const struct weir_datagram other = datagram_of(version_8, sizeof version_8, 1000000);
    collector_feed(&collector, &good, &error);
    collector_feed(&collector, &other, &error);
    collector_close(&collector, &error);
    collector_done(&collector);
    fclose(out);
    assert_string_equal(text, "Received data from 127.0.0.1, length 38\n"
                              "  Template 256 learned: 1 fields, 1 octets a record: PROTOCOL\n"
                              "Processed NetFlow v9 datagram with 2 flows; 1 templates known\n"
                              "Received data from 127.0.0.1, length 16\n"
                              "  Skipped: this is NetFlow v8, which is not decoded; set the exporter to NetFlow v9 or "
                              "IPFIX\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_datagram), cmocka_unit_test(test_in_bulk), cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_rotation_follows_the_clock),
        cmocka_unit_test(test_a_sink_fails),  cmocka_unit_test(test_debug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
