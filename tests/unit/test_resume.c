/* SPDX-License-Identifier: MIT */
/* test_resume.c - sequence numbers count on in the next run, for as long as they say something */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "export_maker.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define STOPPED_US (1600000000 * SECOND_US)

enum { UPTIME_MS = 100000000 };

static struct export export;

/* A datagram that came `after_us` the others, sent at that time by an exporter with this uptime. Version 5 has one
 * record, IPFIX a template and one. */
static void feed(struct weir_decoder *decoder, int version, uint32_t sequence, int64_t after_us, uint32_t uptime_ms)
{
    const int64_t now_us = STOPPED_US + after_us;
    export.size_bytes = 0;
    export_put(&export, (uint64_t)version, 2);
    export_put(&export, version == 10 ? 40 : 1, 2);
    if (version != 10)
        export_put(&export, uptime_ms, 4);
    export_put(&export, (uint64_t)(now_us / SECOND_US), 4);
    if (version == 5)
        export_put(&export, 0, 4);
    export_put(&export, sequence, 4);
    export_put(&export, 0, 4); /* domain, or engine and sampling */
    if (version == 5) {
        memset(export.data + export.size_bytes, 0, 48);
        export.size_bytes += 48;
    } else if (version == 10) {
        export_put(&export, UINT64_C(0x0002000c01000001), 8); /* template 256 of octetDeltaCount */
        export_put(&export, 0x00010008, 4);
        export_put(&export, 0x0100000c, 4);
        export_put(&export, 7, 8);
    }
    export_feed(decoder, &export, 1, 2055, now_us);
}

/* What numbers the second and third datagram have: v9 counts datagrams, the others records, of which there is one. */
static struct weir_decoder *make_stopped(int version)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    assert_non_null(decoder);
    feed(decoder, version, 501, -2 * SECOND_US, UPTIME_MS - 2000);
    feed(decoder, version, 502, -SECOND_US, UPTIME_MS - 1000);
    if (version == 9) { /* which is kept for its template */
        static const uint16_t fields[][2] = {{8, 4}};
        export_begin(&export, 0);
        export_template(&export, 256, fields, 1, 0);
        memcpy(export.data + 4, "\x05\xf5\xe1\x00\x5f\x5e\x10\x00\x00\x00\x01\xf7", 12);
        export_feed(decoder, &export, 1, 2055, STOPPED_US);
    } else {
        feed(decoder, version, 503, 0, UPTIME_MS);
    }
    return decoder;
}

static struct weir_decoder *restart(struct weir_decoder *before)
{
    const size_t size = weir_decoder_save(before, NULL, 0);
    uint8_t *data = malloc(size), *again = malloc(size);
    assert_true(data != NULL && again != NULL);
    assert_int_equal(weir_decoder_save(before, data, size), size);
    weir_decoder_free(before);
    struct weir_decoder *after = weir_decoder_create(NULL);
    assert_int_equal(weir_decoder_load_where(after, data, size, NULL, NULL), WEIR_SAVED_OK);
    assert_int_equal(weir_decoder_save(after, again, size), size);
    assert_memory_equal(again, data, size);
    weir_decoder_free(after);
    after = weir_decoder_create(NULL);
    assert_int_equal(weir_decoder_load(after, data, size), WEIR_SAVED_OK);
    free(again);
    free(data);
    return after;
}

struct expected {
    uint32_t sequence; /* of the first datagram of the next run; what comes next would be 504 */
    int64_t after_us;
    uint32_t uptime_ms;
    uint64_t lost, reordered;
};

static void check(int version, const struct expected *expected)
{
    struct weir_decoder *decoder = restart(make_stopped(version));
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    feed(decoder, version, expected->sequence, expected->after_us, expected->uptime_ms);
    assert_int_equal(version == 9 ? ledger->lost : ledger->lost_records, expected->lost);
    assert_int_equal(version == 9 ? ledger->lost_records : ledger->lost, 0);
    assert_int_equal(ledger->reordered, expected->reordered);
    assert_int_equal(ledger->restarts, 0);
    /* From here on as ever. */
    const uint32_t next = expected->reordered > 0 ? 504 : expected->sequence + 1;
    feed(decoder, version, next + 5, expected->after_us + SECOND_US, expected->uptime_ms + 1000);
    assert_int_equal(version == 9 ? ledger->lost : ledger->lost_records, expected->lost + 5);
    assert_int_equal(ledger->restarts, 0);
    feed(decoder, version, 4000000000, expected->after_us + 2 * SECOND_US, expected->uptime_ms + 2000);
    assert_int_equal(ledger->restarts, 1);
    weir_decoder_free(decoder);
}

static void test_datagrams(void **state)
{
    static const struct expected all[] = {
        {504, SECOND_US, UPTIME_MS + 1000, 0, 0},
        {514, SECOND_US, UPTIME_MS + 1000, 10, 0},
        {514, 10 * MINUTE_US, UPTIME_MS + 600000, 10, 0},
        {514, 10 * MINUTE_US + 1, UPTIME_MS + 600000, 0, 0}, /* nobody listened for too long */
        {514, -SECOND_US, UPTIME_MS, 0, 0},                  /* the clock was set back */
        {504 + 100000, SECOND_US, UPTIME_MS + 1000, 100000, 0},
        {504 + 100001, SECOND_US, UPTIME_MS + 1000, 0, 0}, /* no loss explains that */
        {3, MINUTE_US, 1000, 0, 0},                        /* the exporter started anew meanwhile */
        {503, SECOND_US, UPTIME_MS + 1000, 0, 1},          /* late or twice: who knows */
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check(9, &all[i]);
}

static void test_records(void **state)
{
    static const struct expected all[] = {
        {504, SECOND_US, UPTIME_MS, 0, 0},
        {514, SECOND_US, UPTIME_MS, 10, 0},
        {514, 10 * MINUTE_US + 1, UPTIME_MS, 0, 0},
        {504 + 10000001, SECOND_US, UPTIME_MS, 0, 0},
        {3, MINUTE_US, UPTIME_MS, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        check(5, &all[i]);
        check(10, &all[i]);
    }
}

/* Nothing came in the second run: the third goes on with what the first knew. */
static void test_over_a_run_without_datagrams(void **state)
{
    (void)state;
    struct weir_decoder *decoder = restart(restart(make_stopped(9)));
    weir_decoder_tick(decoder, STOPPED_US + MINUTE_US);
    decoder = restart(decoder);
    feed(decoder, 9, 507, 2 * MINUTE_US, UPTIME_MS + 120000);
    assert_int_equal(weir_decoder_ledger(decoder)->lost, 3);
    weir_decoder_free(decoder);
}

/* IPFIX of one that numbers a datagram with the flows sent up to its end: what it does is known in the next run. */
static void feed_after(struct weir_decoder *decoder, uint32_t sequence, uint32_t flows, int64_t after_us)
{
    export.size_bytes = 0;
    export_put(&export, 10, 2);
    export_put(&export, 16 + 12 + 4 + 8 * flows, 2);
    export_put(&export, (uint64_t)(STOPPED_US / SECOND_US), 4);
    export_put(&export, sequence, 4);
    export_put(&export, 0, 4);
    export_put(&export, UINT64_C(0x0002000c01000001), 8);
    export_put(&export, 0x00010008, 4);
    export_put(&export, 0x01000000 | (4 + 8 * flows), 4);
    for (uint32_t i = 0; i < flows; i++)
        export_put(&export, 7, 8);
    export_feed(decoder, &export, 1, 2055, STOPPED_US + after_us);
}

static void test_numbers_after(void **state)
{
    (void)state;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    feed_after(decoder, 20, 20, -2 * SECOND_US);
    feed_after(decoder, 30, 10, -SECOND_US);
    decoder = restart(decoder);
    feed_after(decoder, 45, 15, SECOND_US);
    assert_int_equal(weir_decoder_ledger(decoder)->lost_records, 0);
    decoder = restart(decoder);
    feed_after(decoder, 60, 8, SECOND_US);
    assert_int_equal(weir_decoder_ledger(decoder)->lost_records, 7);
    weir_decoder_free(decoder);
}

/* Version 5 has no templates; who sent only one datagram, which anybody may, is not kept. */
static void test_without_templates(void **state)
{
    (void)state;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    feed(decoder, 5, 501, 0, UPTIME_MS);
    decoder = restart(decoder);
    assert_int_equal(weir_decoder_ledger(decoder)->sessions_loaded, 0);
    weir_decoder_free(decoder);
    decoder = restart(make_stopped(5));
    assert_int_equal(weir_decoder_ledger(decoder)->sessions_loaded, 1);
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_datagrams),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_over_a_run_without_datagrams),
        cmocka_unit_test(test_numbers_after),
        cmocka_unit_test(test_without_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
