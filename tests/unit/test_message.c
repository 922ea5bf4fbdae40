/* SPDX-License-Identifier: MIT */
/*
 * test_message.c - the header and the sets of a datagram, as the events tell them; what must come out of which
 * octets is in tests/cases
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "v9_decoder.h"

static void feed_sequence(struct weir_decoder *decoder, uint32_t sequence)
{
    maker.sequence = sequence - 1;
    make_header(&maker, 5);
    feed_made(decoder, &maker, 2055, 1000000);
}

static void test_gap_and_restart_are_told(void **state)
{
    struct weir_decoder *decoder = create(10);
    (void)state;
    feed_sequence(decoder, 10);
    feed_sequence(decoder, 14);
    feed_sequence(decoder, 12);
    feed_sequence(decoder, 12);
    feed_sequence(decoder, 50000000);
    assert_int_equal(event_log.count, 2);
    check_event(0, WEIR_EVENT_SEQUENCE_GAP, WEIR_REASON_COUNT, 0);
    assert_int_equal(event_log.events[0].count, 3);
    assert_int_equal(event_log.events[0].domain, 5);
    assert_int_equal(event_log.events[0].datagram, 1);
    check_event(1, WEIR_EVENT_EXPORTER_RESTART, WEIR_REASON_COUNT, 0);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    assert_int_equal(ledger->lost, 2);
    assert_int_equal(ledger->reordered, 1);
    assert_int_equal(ledger->duplicates, 1);
    assert_int_equal(ledger->restarts, 1);
    weir_decoder_free(decoder);
}

static void test_skipped_sets_are_told(void **state)
{
    struct weir_decoder *decoder = create(10);
    (void)state;
    make_header(&maker, 0);
    make_set(&maker, 77);
    make_set_end(&maker);
    make_u16(&maker, 300);
    make_u16(&maker, 3); /* a length below 4 */
    feed_made(decoder, &maker, 2055, 1000000);
    check_event(0, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_SET_RESERVED, 77);
    check_event(1, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_SET_LENGTH_SHORT, 300);
    make_header(&maker, 0);
    make_u16(&maker, 301);
    make_u16(&maker, 5);
    feed_made(decoder, &maker, 2055, 1000000);
    check_event(2, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_SET_OVERRUN, 301);
    weir_decoder_free(decoder);
}

/* More exporters than fit, all the time: the ledger stays right and nothing is left of the old ones. */
static void test_evictions(void **state)
{
    struct weir_decoder *decoder = create(8);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    (void)state;
    for (uint16_t i = 0; i < 2000; i++) {
        make_header(&maker, 0);
        if (i % 2 == 0)
            make_template(&maker, 256, 1, FIELDS_BYTES);
        make_rows(&maker, 256, 1, 1);
        feed_made(decoder, &maker, i, 1000000);
        assert_int_equal(ledger->sets_waited, ledger->sets_late + ledger->sets_given_up + ledger->sets_waiting);
    }
    assert_int_equal(ledger->sessions, 8);
    assert_int_equal(ledger->evictions, 1992);
    assert_int_equal(ledger->templates, 4);
    assert_int_equal(ledger->layouts, 1);
    assert_int_equal(ledger->sets_waiting, 4);
    assert_int_equal(ledger->reasons[WEIR_REASON_SESSION_EVICTED], 996);
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gap_and_restart_are_told),
        cmocka_unit_test(test_skipped_sets_are_told),
        cmocka_unit_test(test_evictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
