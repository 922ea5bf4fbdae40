/* SPDX-License-Identifier: MIT */
/*
 * test_decoder.c - the decoder as its users see it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "v9_maker.h"

static struct v9_maker maker;

static struct weir_decoder *create(uint32_t batch_rows, uint32_t batch_count, struct event_log *log)
{
    struct weir_options options;
    weir_options_init(&options);
    options.batch_rows = batch_rows;
    options.batch_count = batch_count;
    if (log != NULL) {
        *log = (struct event_log){0};
        options.event = log_event;
        options.context = log;
    }
    maker.sequence = 0;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
    return decoder;
}

static void learn(struct weir_decoder *decoder)
{
    make_header(&maker, 0);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    assert_int_equal(feed_made(decoder, &maker, 2055, 1000000), 0);
}

static void refused(const struct weir_options *options)
{
    struct weir_decoder *decoder = weir_decoder_create(options);
    assert_null(decoder);
}

static void test_options_out_of_range(void **state)
{
    struct weir_options good, bad;
    (void)state;
    weir_options_init(&good);
#define REFUSED(member, value) bad = good, bad.member = (value), refused(&bad)
    REFUSED(batch_rows, 0);
    REFUSED(batch_rows, 65537);
    REFUSED(batch_count, 0);
    REFUSED(batch_count, 1);
    REFUSED(batch_bytes, (1u << 20) - 1);
    REFUSED(batch_bytes, (size_t)UINT32_MAX + 1);
    good.batch_rows = 65536; /* the promise of the header: 36 octets for each */
    REFUSED(batch_bytes, 65536 * 24);
    good.batch_bytes = 65536 * 36;
    good.batch_count = 2;
    struct weir_decoder *widest = weir_decoder_create(&good);
    assert_non_null(widest);
    weir_decoder_free(widest);
    weir_options_init(&good);
    REFUSED(waiting_us, -1);
    REFUSED(waiting_us, INT64_MAX);
    REFUSED(sessions_max, 0);
    REFUSED(templates_max, 0);
    REFUSED(templates_max, UINT32_MAX); /* versions 1, 5 and 7 have room beside it */
    REFUSED(templates_session_max, 0);
#undef REFUSED
    weir_decoder_free(NULL);
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    assert_non_null(decoder);
    weir_decoder_free(decoder);
}

static void test_rows_collect_over_datagrams(void **state)
{
    struct weir_decoder *decoder = create(100, 4, NULL);
    (void)state;
    learn(decoder);
    for (uint32_t i = 0; i < 3; i++) {
        make_header(&maker, 0);
        make_rows(&maker, 256, 10 * i, 10);
        const struct weir_datagram datagram = make_datagram(&maker, 2055, 2000000 + i);
        assert_int_equal(weir_decoder_feed(decoder, &datagram), 0);
        assert_null(weir_decoder_next(decoder));
    }
    weir_decoder_flush(decoder);
    struct weir_batch *batch = weir_decoder_next(decoder);
    assert_int_equal(batch->row_count, 30);
    assert_int_equal(batch->run_count, 3);
    for (uint32_t i = 0; i < 30; i++)
        assert_int_equal(((const uint32_t *)batch->columns[0])[i], i);
    assert_int_equal(batch->runs[2].datagram, 3);
    assert_int_equal(batch->runs[2].received_us, 2000002);
    assert_int_equal(batch->runs[2].exporter_port, 2055);
    assert_int_equal(batch->runs[2].sequence, 4);
    assert_int_equal(batch->runs[2].export_time_s, 1600000000);
    assert_int_equal(batch->runs[2].sys_uptime_ms, 1000);
    assert_int_equal(batch->runs[2].version, 9);
    assert_false(batch->runs[2].late);
    weir_batch_release(batch);
    assert_null(weir_decoder_next(decoder));
    weir_decoder_free(decoder);
}

static void test_full_batches_come_at_once(void **state)
{
    struct weir_decoder *decoder = create(8, 4, NULL);
    uint32_t expected = 0;
    struct weir_batch *batch;
    (void)state;
    learn(decoder);
    make_header(&maker, 0);
    make_rows(&maker, 256, 0, 100);
    const struct weir_datagram datagram = make_datagram(&maker, 2055, 1000000);
    weir_decoder_feed(decoder, &datagram);
    while ((batch = weir_decoder_next(decoder)) != NULL) {
        assert_int_equal(batch->row_count, 8);
        assert_int_equal(((const uint32_t *)batch->columns[0])[0], expected);
        expected += 8;
        weir_batch_release(batch);
    }
    assert_int_equal(expected, 96);
    weir_decoder_flush(decoder);
    assert_int_equal(drain_rows(decoder), 4);
    assert_int_equal(weir_decoder_ledger(decoder)->flows, 100);
    weir_decoder_free(decoder);
}

/* Whoever holds all batches gets no more, loses nothing, and goes on when he has given them back. */
static void test_all_batches_held(void **state)
{
    struct weir_decoder *decoder = create(8, 4, NULL);
    struct weir_batch *held[4];
    (void)state;
    make_header(&maker, 0);
    make_rows(&maker, 256, 0, 60); /* waits for its template, so that the rows are a copy's */
    make_template(&maker, 256, 1, FIELDS_BYTES);
    make_rows(&maker, 256, 60, 40);
    const struct weir_datagram datagram = make_datagram(&maker, 2055, 1000000);
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_flush(decoder);
    for (int i = 0; i < 4; i++) {
        held[i] = weir_decoder_next(decoder);
        assert_non_null(held[i]);
    }
    for (int i = 0; i < 3; i++)
        assert_null(weir_decoder_next(decoder));
    for (uint32_t i = 0; i < 32; i++)
        assert_int_equal(((const uint32_t *)held[i / 8]->columns[0])[i % 8], i);
    for (int i = 0; i < 4; i++)
        weir_batch_release(held[i]);
    assert_int_equal(drain_rows(decoder), 68);
    weir_decoder_free(decoder);
}

static void test_held_batches_stay(void **state)
{
    struct weir_decoder *decoder = create(8, 4, NULL);
    struct weir_batch *held[2];
    (void)state;
    learn(decoder);
    for (uint32_t i = 0; i < 2; i++) {
        make_header(&maker, 0);
        make_rows(&maker, 256, 1000 * (i + 1), 8);
        const struct weir_datagram datagram = make_datagram(&maker, 2055, 1000000);
        weir_decoder_feed(decoder, &datagram);
        held[i] = weir_decoder_next(decoder);
        assert_null(weir_decoder_next(decoder));
    }
    make_header(&maker, 0);
    make_template(&maker, 256, 1, FIELDS_PACKETS); /* what they hold means something else now */
    make_rows(&maker, 256, 0, 500);
    assert_int_equal(feed_made(decoder, &maker, 2055, 1000000), 500);
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(held[i]->layout->fields[0].name, "octetDeltaCount");
        for (uint32_t row = 0; row < 8; row++)
            assert_int_equal(((const uint32_t *)held[i]->columns[0])[row], 1000 * (i + 1) + row);
        weir_batch_release(held[i]);
    }
    weir_decoder_free(decoder);
}

static void test_refused_datagrams(void **state)
{
    struct event_log log;
    struct weir_decoder *decoder = create(8, 4, &log);
    const uint8_t octets[20] = {0, 8};
    struct weir_datagram datagram = {.data = NULL, .source = {.family = 4}};
    (void)state;
    assert_int_equal(weir_decoder_feed(decoder, &datagram), -1 - WEIR_REASON_HEADER_SHORT);
    datagram.data = octets;
    datagram.size_bytes = sizeof octets;
    assert_int_equal(weir_decoder_feed(decoder, &datagram), -1 - WEIR_REASON_VERSION_UNSUPPORTED);
    datagram.data = octets + 2;
    datagram.size_bytes = 2;
    assert_int_equal(weir_decoder_feed(decoder, &datagram), -1 - WEIR_REASON_VERSION_UNKNOWN);
    assert_null(weir_decoder_next(decoder));
    assert_int_equal(log.count, 3);
    assert_int_equal(log.events[1].kind, WEIR_EVENT_DATAGRAM_REFUSED);
    assert_int_equal(log.events[1].version, 8);
    assert_int_equal(log.events[1].reason, WEIR_REASON_VERSION_UNSUPPORTED);
    assert_int_equal(log.events[2].datagram, 2);
    weir_decoder_free(decoder);
}

/* A clock that is set back far starts the waiting anew instead of making it endless. */
static void test_clock_set_back(void **state)
{
    struct weir_decoder *decoder = create(8, 4, NULL);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    const int64_t hour_us = INT64_C(3600000000);
    (void)state;
    make_header(&maker, 0);
    make_rows(&maker, 256, 0, 1);
    feed_made(decoder, &maker, 2055, 10 * hour_us);
    weir_decoder_tick(decoder, 10 * hour_us - 1000000); /* a little: nothing happens */
    assert_int_equal(ledger->sets_waiting, 1);
    weir_decoder_tick(decoder, hour_us);
    weir_decoder_tick(decoder, hour_us + 30000000);
    assert_int_equal(ledger->sets_waiting, 1);
    weir_decoder_tick(decoder, hour_us + 30000001);
    assert_int_equal(ledger->sets_waiting, 0);
    assert_int_equal(ledger->sets_given_up, 1);
    weir_decoder_tick(decoder, INT64_MAX); /* no times, no harm */
    weir_decoder_tick(decoder, INT64_MIN);
    weir_decoder_free(decoder);
}

static void test_freed_with_work_under_way(void **state)
{
    struct weir_decoder *decoder = create(8, 4, NULL);
    (void)state;
    make_header(&maker, 0);
    for (uint32_t i = 0; i < 5; i++)
        make_rows(&maker, 256, i, 20);
    make_rows(&maker, 257, 0, 5);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    const struct weir_datagram datagram = make_datagram(&maker, 2055, 1000000);
    weir_decoder_feed(decoder, &datagram);
    assert_non_null(weir_decoder_next(decoder));
    weir_decoder_free(decoder); /* the sanitizers tell whether all went */
}

static void test_decoders_are_apart(void **state)
{
    struct weir_decoder *one = create(8, 4, NULL), *two = create(8, 4, NULL);
    (void)state;
    learn(one);
    make_header(&maker, 0);
    make_rows(&maker, 256, 0, 3);
    assert_int_equal(feed_made(one, &maker, 2055, 1000000), 3);
    assert_int_equal(feed_made(two, &maker, 2055, 1000000), 0);
    assert_int_equal(weir_decoder_ledger(two)->sets_waiting, 1);
    weir_decoder_free(one);
    weir_decoder_free(two);
}

static void test_version(void **state)
{
    (void)state;
    assert_string_equal(weir_version(), WEIR_VERSION);
    assert_string_equal(weir_reason_label(WEIR_REASON_SET_OVERRUN), "set_overrun");
    assert_string_equal(weir_reason_text(WEIR_REASON_SET_LENGTH_SHORT), "set length below 4");
    assert_string_equal(weir_reason_label(WEIR_REASON_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_out_of_range),  cmocka_unit_test(test_rows_collect_over_datagrams),
        cmocka_unit_test(test_full_batches_come_at_once), cmocka_unit_test(test_all_batches_held),
        cmocka_unit_test(test_held_batches_stay),     cmocka_unit_test(test_refused_datagrams),
        cmocka_unit_test(test_clock_set_back),        cmocka_unit_test(test_freed_with_work_under_way),
        cmocka_unit_test(test_decoders_are_apart),    cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
