/* SPDX-License-Identifier: MIT */
/*
 * test_sharing.c - one port of an exporter takes over the template of another, never a wrong one
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "v9_maker.h"

enum { OWNER = 2000, TAKER = 3000, SECOND = 4000 };

static struct v9_maker maker;
static struct event_log event_log;

static struct weir_decoder *create(void)
{
    struct weir_options options;
    weir_options_init(&options);
    options.event = log_event;
    options.context = &event_log;
    event_log.count = 0;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
    return decoder;
}

static void send_template(struct weir_decoder *decoder, uint16_t port, const uint16_t *fields)
{
    make_header(&maker, 0);
    make_template(&maker, 256, 1, fields);
    feed_made(decoder, &maker, port, 1000000);
}

static uint64_t send_row(struct weir_decoder *decoder, uint16_t port)
{
    make_header(&maker, 0);
    make_rows(&maker, 256, 7, 1);
    return feed_made(decoder, &maker, port, 1000000);
}

static uint64_t finish(struct weir_decoder *decoder)
{
    weir_decoder_finish(decoder);
    return drain_rows(decoder);
}

static bool was_told(enum weir_event_kind kind, uint16_t port)
{
    for (unsigned i = 0; i < event_log.count && i < MAKER_EVENTS_MAX; i++) {
        if (event_log.events[i].kind == kind && event_log.events[i].exporter_port == port)
            return true;
    }
    return false;
}

static void test_takes_over_and_is_told(void **state)
{
    struct weir_decoder *decoder = create();
    (void)state;
    send_template(decoder, OWNER, FIELDS_BYTES);
    assert_int_equal(send_row(decoder, TAKER), 0);
    assert_false(was_told(WEIR_EVENT_TEMPLATE_SHARED, TAKER));
    assert_int_equal(finish(decoder), 1);
    assert_true(was_told(WEIR_EVENT_TEMPLATE_SHARED, TAKER));
    assert_int_equal(send_row(decoder, TAKER), 1); /* at once from now on */
    assert_int_equal(weir_decoder_ledger(decoder)->templates, 1);
    weir_decoder_free(decoder);
}

static void test_what_was_taken_over_is_not_lent_on(void **state)
{
    struct weir_decoder *decoder = create();
    (void)state;
    send_template(decoder, OWNER, FIELDS_BYTES);
    send_row(decoder, TAKER);
    assert_int_equal(finish(decoder), 1);
    send_template(decoder, OWNER, FIELDS_PACKETS); /* the taker follows: still one meaning */
    send_row(decoder, SECOND);
    assert_int_equal(finish(decoder), 1);
    assert_int_equal(weir_decoder_ledger(decoder)->sets_given_up, 0);
    weir_decoder_free(decoder);
}

static void test_second_meaning_ends_it(void **state)
{
    struct weir_decoder *decoder = create();
    (void)state;
    send_template(decoder, OWNER, FIELDS_BYTES);
    send_row(decoder, TAKER);
    finish(decoder);
    send_template(decoder, SECOND, FIELDS_PACKETS);
    assert_int_equal(send_row(decoder, TAKER), 0);
    assert_int_equal(finish(decoder), 0);
    send_template(decoder, SECOND, FIELDS_BYTES); /* now they agree again */
    assert_int_equal(send_row(decoder, TAKER), 0);
    assert_int_equal(finish(decoder), 1);
    weir_decoder_free(decoder);
}

/* A thousand ports that took a template over, which its owner redefines thousands of times: the work must grow
 * with the ports, not with their square. */
static void test_many_takers_cost_little(void **state)
{
    struct weir_decoder *decoder = create();
    (void)state;
    send_template(decoder, OWNER, FIELDS_BYTES);
    for (uint16_t i = 0; i < 1000; i++)
        send_row(decoder, (uint16_t)(10000 + i));
    assert_int_equal(finish(decoder), 1000);
    const clock_t start = clock();
    make_header(&maker, 0);
    for (int i = 0; i < 1000; i++)
        make_template(&maker, 256, 1, i % 2 ? FIELDS_BYTES : FIELDS_PACKETS);
    feed_made(decoder, &maker, OWNER, 1000000);
    assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
    assert_int_equal(send_row(decoder, 10999), 1);
    assert_int_equal(weir_decoder_ledger(decoder)->templates_changed, 1000);
    weir_decoder_free(decoder);
}

static void feed(struct weir_decoder *decoder, uint16_t port, const uint8_t *octets, size_t size_bytes)
{
    struct weir_datagram datagram = make_datagram(&maker, port, 1000000);
    datagram.data = octets;
    datagram.size_bytes = size_bytes;
    weir_decoder_feed(decoder, &datagram);
    drain_rows(decoder);
}

/* The time passes between two batches of one set, and takes the set's layout from its session: it must stay until the
 * rows are out. */
static void test_rows_keep_what_ends_meanwhile(void **state)
{
    static const uint8_t ipfix_template[] = {0, 10, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                             0, 2,  0, 12, 1, 0, 0, 1, 0, 2, 0, 4};
    static const uint8_t ipfix_data[] = {0, 10, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 8, 0, 0, 0, 5};
    struct weir_options options;
    (void)state;
    weir_options_init(&options);
    options.batch_rows = 1;
    options.sessions_max = 2;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
    send_template(decoder, OWNER, FIELDS_BYTES);
    send_row(decoder, TAKER);
    assert_int_equal(finish(decoder), 1);
    feed(decoder, SECOND, ipfix_template, sizeof ipfix_template); /* the owner makes room */
    assert_int_equal(weir_decoder_ledger(decoder)->evictions, 1);
    feed(decoder, TAKER, ipfix_data, sizeof ipfix_data); /* waits */
    make_header(&maker, 0);
    make_rows(&maker, 256, 7, 3);
    const struct weir_datagram datagram = make_datagram(&maker, TAKER, 1000000);
    weir_decoder_feed(decoder, &datagram);
    struct weir_batch *batch = weir_decoder_next(decoder);
    assert_non_null(batch);
    weir_batch_release(batch);
    weir_decoder_tick(decoder, 60000000);
    assert_int_equal(finish(decoder), 3); /* two more, and what waited */
    assert_int_equal(weir_decoder_ledger(decoder)->sets_given_up, 0);
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_over_and_is_told),
        cmocka_unit_test(test_what_was_taken_over_is_not_lent_on),
        cmocka_unit_test(test_second_meaning_ends_it),
        cmocka_unit_test(test_many_takers_cost_little),
        cmocka_unit_test(test_rows_keep_what_ends_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
