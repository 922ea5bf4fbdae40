/* SPDX-License-Identifier: MIT */
/*
 * test_data_set.c - data that waits, is decoded later, or is given up
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "v9_decoder.h"

static void test_waits_and_comes_first(void **state)
{
    struct weir_decoder *decoder = create(10);
    (void)state;
    make_header(&maker, 0);
    make_rows(&maker, 256, 0, 2);
    make_rows(&maker, 257, 0, 2);
    make_rows(&maker, 256, 2, 2);
    feed_made(decoder, &maker, 2055, 1000000);
    check_event(0, WEIR_EVENT_SET_WAITING, WEIR_REASON_COUNT, 256);
    check_event(1, WEIR_EVENT_SET_WAITING, WEIR_REASON_COUNT, 257);
    make_header(&maker, 0);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    make_rows(&maker, 256, 4, 2);
    const struct weir_datagram datagram = make_datagram(&maker, 2055, 5000000);
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_flush(decoder);
    struct weir_batch *batch = weir_decoder_next(decoder);
    assert_int_equal(batch->row_count, 6);
    assert_int_equal(batch->run_count, 3);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(((const uint32_t *)batch->columns[0])[i], i);
    assert_true(batch->runs[0].late && batch->runs[1].late);
    assert_false(batch->runs[2].late);
    assert_int_equal(batch->runs[1].datagram, 0);
    assert_int_equal(batch->runs[1].received_us, 1000000);
    assert_int_equal(batch->runs[2].datagram, 1);
    weir_batch_release(batch);
    assert_int_equal(weir_decoder_ledger(decoder)->sets_waiting, 1);
    weir_decoder_free(decoder);
}

static void test_given_up_in_order(void **state)
{
    struct weir_decoder *decoder = create(10);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    (void)state;
    for (uint16_t i = 0; i < 5; i++) {
        make_header(&maker, 0);
        make_rows(&maker, 300u + i, 0, 1);
        feed_made(decoder, &maker, 2055, 1000000 * (i + 1));
    }
    weir_decoder_tick(decoder, 33000001);
    assert_int_equal(ledger->sets_given_up, 3);
    assert_int_equal(ledger->sets_waiting, 2);
    for (uint16_t i = 0; i < 3; i++)
        check_event(5u + i, WEIR_EVENT_SET_GIVEN_UP, WEIR_REASON_WAITING_EXPIRED, (uint16_t)(300 + i));
    weir_decoder_tick(decoder, 99000000);
    assert_int_equal(ledger->sets_given_up, 5);
    assert_int_equal(ledger->bytes_waiting, 0);
    weir_decoder_free(decoder);
}

static void test_too_short(void **state)
{
    struct weir_decoder *decoder = create(10);
    (void)state;
    make_header(&maker, 0);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    make_set(&maker, 256);
    make_u16(&maker, 1);
    make_set_end(&maker);
    make_set(&maker, 256);
    make_u32(&maker, 1);
    make_u16(&maker, 1); /* padding, less than a record */
    make_set_end(&maker);
    assert_int_equal(feed_made(decoder, &maker, 2055, 1000000), 1);
    check_event(1, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_SET_WITHOUT_RECORD, 256);
    assert_int_equal(event_log.count, 2);
    weir_decoder_free(decoder);
}

/* A template of one octet makes the most rows of a datagram. */
static void test_most_rows(void **state)
{
    static const uint16_t fields[] = {4, 1};
    struct weir_decoder *decoder = create(10);
    (void)state;
    make_header(&maker, 0);
    make_template(&maker, 256, 1, fields);
    make_set(&maker, 256);
    memset(maker.data + maker.size_bytes, 6, 65000);
    maker.size_bytes += 65000;
    make_set_end(&maker);
    assert_int_equal(feed_made(decoder, &maker, 2055, 1000000), 65000);
    assert_int_equal(weir_decoder_ledger(decoder)->flows, 65000);
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_and_comes_first),
        cmocka_unit_test(test_given_up_in_order),
        cmocka_unit_test(test_too_short),
        cmocka_unit_test(test_most_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
