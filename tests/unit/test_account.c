/* SPDX-License-Identifier: MIT */
/* test_account.c - what comes is counted for the session that it came from, and nothing gets lost at evictions */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "case_ledger.h"
#include "export_maker.h"

static const uint16_t fields[][2] = {{8, 4}, {1, 4}};
static struct export export;

static void template(struct weir_decoder *decoder, uint32_t address, uint16_t port)
{
    export_begin(&export, 7);
    export_template(&export, 256, fields, 2, 0);
    export_feed(decoder, &export, address, port, 1000);
}

static void rows(struct weir_decoder *decoder, uint32_t address, uint16_t port, int count)
{
    export_begin(&export, 7);
    export_set(&export, 256);
    for (int i = 0; i < count; i++)
        export_put(&export, 1, 8);
    export_set_end(&export);
    export_feed(decoder, &export, address, port, 2000);
}

struct wanted {
    struct weir_address address;
    uint16_t port;
    struct weir_session_view found;
};

static void match(void *context, const struct weir_session_view *session)
{
    struct wanted *wanted = context;
    if (session->port == wanted->port && memcmp(&session->address, &wanted->address, sizeof wanted->address) == 0)
        wanted->found = *session;
}

static struct weir_session_view session(struct weir_decoder *decoder, uint32_t address, uint16_t port)
{
    struct wanted wanted = {.address = export_address(address), .port = port};
    weir_decoder_sessions(decoder, match, &wanted);
    assert_null(ledger_sessions_fault(decoder));
    return wanted.found;
}

static void test_each_its_own(void **test)
{
    (void)test;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    export.sequence = 0;
    template(decoder, 1, 10);
    rows(decoder, 1, 10, 3);
    rows(decoder, 2, 20, 5); /* waits */
    rows(decoder, 1, 10, 4);
    template(decoder, 2, 20);
    struct weir_session_view one = session(decoder, 1, 10), two = session(decoder, 2, 20);
    assert_int_equal(one.flows, 7);
    assert_int_equal(one.datagrams, 3);
    assert_int_equal(one.version, 9);
    assert_int_equal(one.first_us, 1000);
    assert_int_equal(one.last_us, 2000);
    assert_int_equal(one.exported_us, 1700000000000000);
    assert_int_equal(one.template_oldest_us, 1000);
    assert_int_equal(one.header_sampling_rate, 0);
    assert_int_equal(one.lost, 1); /* the numbers are those of both */
    assert_int_equal(two.flows, 5);
    assert_int_equal(two.sets_late, 1);
    assert_int_equal(two.sets_waiting, 0);
    assert_int_equal(two.templates, 1);
    export.size_bytes = 1; /* a datagram of one octet has no domain, but an address */
    export_feed(decoder, &export, 1, 99, 3000);
    export_feed(decoder, &export, 3, 99, 3000);
    one = session(decoder, 1, 10);
    assert_int_equal(one.datagrams_refused, 1);
    assert_int_equal(one.reasons[WEIR_REASON_HEADER_SHORT], 1);
    struct weir_session_view rest;
    weir_decoder_remainder(decoder, &rest);
    assert_int_equal(rest.datagrams, 1);
    assert_int_equal(rest.reasons[WEIR_REASON_HEADER_SHORT], 1);
    weir_decoder_free(decoder);
}

static void test_evicted(void **test)
{
    (void)test;
    struct weir_options options;
    weir_options_init(&options);
    options.sessions_max = 2;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    for (uint32_t i = 0; i < 10; i++) {
        if (i % 3 == 0)
            template(decoder, i, 10);
        rows(decoder, i, 10, 2);
        assert_null(ledger_sessions_fault(decoder));
        assert_null(ledger_fault(weir_decoder_ledger(decoder)));
    }
    struct weir_session_view rest;
    weir_decoder_remainder(decoder, &rest);
    assert_true(rest.datagrams >= 8 && rest.sets_given_up >= 4);
    weir_decoder_free(decoder);
}

/* When it was sent stands in the header, and in that of version 5 the sampling interval, below two bits of mode. */
static void test_headers(void **test)
{
    (void)test;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    export.size_bytes = 0;
    export_put(&export, 5, 2);
    export_put(&export, 1, 2); /* one record */
    export_put(&export, 1000, 4);
    export_put(&export, 1700000001, 4);
    export_put(&export, 0, 4);
    export_put(&export, 0, 4);
    export_put(&export, 0, 2);
    export_put(&export, 0x4000 | 512, 2);
    export_put(&export, 0, 48);
    export_feed(decoder, &export, 1, 10, 1000);
    const struct weir_session_view one = session(decoder, 1, 10);
    assert_int_equal(one.version, 5);
    assert_int_equal(one.exported_us, 1700000001000000);
    assert_int_equal(one.header_sampling_rate, 512);
    assert_int_equal(one.template_oldest_us, 0);
    weir_decoder_free(decoder);
}

/* The template that was sent again is not the oldest. */
static void test_oldest_template(void **test)
{
    (void)test;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    static const int64_t times_us[] = {1000, 2000, 5000};
    static const uint16_t ids[] = {256, 257, 256};
    for (int i = 0; i < 3; i++) {
        export_begin(&export, 7);
        export_template(&export, ids[i], fields, 2, 0);
        export_feed(decoder, &export, 1, 10, times_us[i]);
    }
    assert_int_equal(session(decoder, 1, 10).template_oldest_us, 2000);
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_its_own),
        cmocka_unit_test(test_evicted),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_oldest_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
