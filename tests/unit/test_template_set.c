/* SPDX-License-Identifier: MIT */
/*
 * test_template_set.c - what is learned, changed and refused, as the events tell it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "v9_decoder.h"

static void test_learned_changed_repeated(void **state)
{
    struct weir_decoder *decoder = create(10);
    (void)state;
    make_header(&maker, 3);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    make_template(&maker, 256, 1, FIELDS_PACKETS);
    make_template(&maker, 65535, 1, FIELDS_BYTES);
    feed_made(decoder, &maker, 2055, 1000000);
    assert_int_equal(event_log.count, 3);
    check_event(0, WEIR_EVENT_TEMPLATE_LEARNED, WEIR_REASON_COUNT, 256);
    check_event(1, WEIR_EVENT_TEMPLATE_CHANGED, WEIR_REASON_COUNT, 256);
    check_event(2, WEIR_EVENT_TEMPLATE_LEARNED, WEIR_REASON_COUNT, 65535);
    assert_int_equal(event_log.events[0].domain, 3);
    assert_int_equal(event_log.events[0].exporter_port, 2055);
    assert_non_null(event_log.events[0].layout);
    weir_decoder_free(decoder);
}

static void test_refused(void **state)
{
    static const uint16_t empty[] = {1, 0}, variable[] = {82, 65535}, longest[] = {82, 65507}, one_more[] = {82, 65508};
    struct weir_decoder *decoder = create(10);
    (void)state;
    make_header(&maker, 0);
    make_template(&maker, 255, 1, FIELDS_BYTES);
    make_template(&maker, 256, 1, empty);
    make_template(&maker, 257, 0, empty);
    make_template(&maker, 258, 1, variable);
    make_template(&maker, 259, 1, one_more);
    make_template(&maker, 260, 1, longest);
    make_set(&maker, 0);
    make_u16(&maker, 261);
    make_u16(&maker, 2);
    make_u32(&maker, 0x00010004);
    make_set_end(&maker);
    feed_made(decoder, &maker, 2055, 1000000);
    check_event(0, WEIR_EVENT_TEMPLATE_REFUSED, WEIR_REASON_TEMPLATE_ID_LOW, 255);
    check_event(1, WEIR_EVENT_TEMPLATE_REFUSED, WEIR_REASON_TEMPLATE_EMPTY, 256);
    check_event(2, WEIR_EVENT_TEMPLATE_REFUSED, WEIR_REASON_TEMPLATE_EMPTY, 257);
    check_event(3, WEIR_EVENT_TEMPLATE_REFUSED, WEIR_REASON_TEMPLATE_LENGTH_VARIABLE, 258);
    check_event(4, WEIR_EVENT_TEMPLATE_REFUSED, WEIR_REASON_TEMPLATE_RECORD_LONG, 259);
    check_event(5, WEIR_EVENT_TEMPLATE_LEARNED, WEIR_REASON_COUNT, 260);
    check_event(6, WEIR_EVENT_TEMPLATE_REFUSED, WEIR_REASON_TEMPLATE_OVERRUN, 261);
    assert_int_equal(event_log.count, 7);
    weir_decoder_free(decoder);
}

/* Whatever is refused about an ID that had a meaning, the old one does not decode what comes behind. */
static void test_refused_redefinition_forgets(void **state)
{
    static const uint16_t empty[] = {1, 0};
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct weir_decoder *decoder = create(10);
        make_header(&maker, 0);
        make_template(&maker, 256, 1, FIELDS_BYTES);
        if (way < 2) {
            make_template(&maker, 256, way == 0 ? 1 : 0, empty);
        } else {
            make_set(&maker, 1);
            make_u16(&maker, 256);
            make_u32(&maker, 0x00000005); /* no scope, 5 octets of options */
            make_u32(&maker, 0x00010004);
            make_u16(&maker, 0);
            make_set_end(&maker);
        }
        make_rows(&maker, 256, 1, 1);
        assert_int_equal(feed_made(decoder, &maker, 2055, 1000000), 0);
        assert_int_equal(weir_decoder_ledger(decoder)->templates, 0);
        assert_int_equal(weir_decoder_ledger(decoder)->sets_waiting, 1);
        weir_decoder_free(decoder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learned_changed_repeated),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_redefinition_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
