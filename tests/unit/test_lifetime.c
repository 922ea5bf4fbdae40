/* SPDX-License-Identifier: MIT */
/*
 * test_lifetime.c - when templates go that are not sent again, who is told, and how often all are looked at
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoder.h"

#include "v9_maker.h"

#define SECOND INT64_C(1000000)

static struct v9_maker maker;
static struct event_log event_log;
static struct weir_decoder *decoder;

static void create(int64_t lifetime_us)
{
    struct weir_options options;
    weir_options_init(&options);
    options.template_lifetime_us = lifetime_us;
    options.event = log_event;
    options.context = &event_log;
    event_log.count = 0;
    maker.sequence = 0;
    decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
}

static int teardown(void **state)
{
    (void)state;
    weir_decoder_free(decoder);
    return 0;
}

static void template(uint16_t id, int64_t now_us)
{
    make_header(&maker, 7);
    make_template(&maker, id, 1, FIELDS_BYTES);
    feed_made(decoder, &maker, 2055, now_us);
}

static uint64_t rows(uint16_t id, int64_t now_us)
{
    make_header(&maker, 7);
    make_rows(&maker, id, 1, 3);
    return feed_made(decoder, &maker, 2055, now_us);
}

static uint64_t expired(void)
{
    return weir_decoder_ledger(decoder)->reasons[WEIR_REASON_TEMPLATE_EXPIRED];
}

/* The whole lifetime, and not a microsecond more; using it does not make it longer. */
static void test_to_the_microsecond(void **state)
{
    (void)state;
    create(10 * SECOND);
    template(256, SECOND);
    assert_int_equal(rows(256, 6 * SECOND), 3);
    assert_int_equal(rows(256, 11 * SECOND), 3);
    assert_int_equal(expired(), 0);
    assert_int_equal(rows(256, 11 * SECOND + 1), 0);
    assert_int_equal(expired(), 1);
    assert_int_equal(weir_decoder_ledger(decoder)->templates, 0);
    assert_int_equal(weir_decoder_ledger(decoder)->sets_waiting, 1);
}

static void test_is_told(void **state)
{
    (void)state;
    create(10 * SECOND);
    template(300, SECOND);
    event_log.count = 0;
    rows(300, 12 * SECOND);
    assert_int_equal(event_log.count, 2);
    const struct weir_event *event = &event_log.events[0];
    assert_int_equal(event->kind, WEIR_EVENT_TEMPLATE_EXPIRED);
    assert_int_equal(event->reason, WEIR_REASON_TEMPLATE_EXPIRED);
    assert_int_equal(event->template_id, 300);
    assert_int_equal(event->exporter_port, 2055);
    assert_int_equal(event->domain, 7);
    assert_int_equal(event->version, 9);
    assert_int_equal(event_log.events[1].kind, WEIR_EVENT_SET_WAITING);
}

/* All are looked at four times in a lifetime, and at most once a minute, though nothing comes for them. */
static void test_sweeps(void **state)
{
    (void)state;
    create(400 * SECOND);
    weir_decoder_tick(decoder, SECOND); /* the first look only sets the time of the next: 101 s */
    for (uint16_t id = 256; id < 300; id++)
        template(id, 50 * SECOND);
    assert_int_equal(decoder->lifetime.sweep_at_us, 101 * SECOND);
    weir_decoder_tick(decoder, 449 * SECOND);
    assert_int_equal(decoder->lifetime.sweep_at_us, 549 * SECOND);
    template(256, 450 * SECOND);
    weir_decoder_tick(decoder, 548 * SECOND);
    assert_int_equal(expired(), 0); /* they are over, and nobody looked */
    weir_decoder_tick(decoder, 549 * SECOND);
    assert_int_equal(expired(), 43);
    assert_int_equal(weir_decoder_ledger(decoder)->templates, 1);
    weir_decoder_free(decoder);
    create(4 * SECOND);
    weir_decoder_tick(decoder, SECOND);
    assert_int_equal(decoder->lifetime.sweep_at_us, 61 * SECOND);
}

static void test_endless(void **state)
{
    (void)state;
    create(0);
    template(256, SECOND);
    weir_decoder_tick(decoder, INT64_MAX / 4);
    assert_int_equal(rows(256, INT64_MAX / 4), 3);
    assert_int_equal(expired(), 0);
    assert_int_equal(decoder->lifetime.sweep_at_us, INT64_MIN);
}

/* A clock that is set back, as between two captures, ages nothing, and sweeps begin anew. */
static void test_clock_set_back(void **state)
{
    (void)state;
    create(10 * SECOND);
    template(256, 1000000 * SECOND);
    assert_int_equal(rows(256, SECOND), 3);
    assert_true(decoder->lifetime.sweep_at_us <= 61 * SECOND);
    assert_int_equal(expired(), 0);
    template(256, 2 * SECOND);
    assert_int_equal(rows(256, 12 * SECOND), 3);
    assert_int_equal(rows(256, 13 * SECOND), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_to_the_microsecond, teardown),
        cmocka_unit_test_teardown(test_is_told, teardown),
        cmocka_unit_test_teardown(test_sweeps, teardown),
        cmocka_unit_test_teardown(test_endless, teardown),
        cmocka_unit_test_teardown(test_clock_set_back, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
