/* SPDX-License-Identifier: MIT */
/* test_eviction.c - who makes room, and for whom */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoder.h"

#include "export_maker.h"

static const uint16_t fields[][2] = {{8, 4}, {1, 4}};
static struct export export;

static struct weir_decoder *create(uint32_t sessions_max, uint32_t templates_max, size_t waiting_bytes)
{
    struct weir_options options;
    weir_options_init(&options);
    options.sessions_max = sessions_max;
    options.templates_max = templates_max;
    options.waiting_bytes = waiting_bytes;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
    return decoder;
}

static void template(struct weir_decoder *decoder, uint32_t address, uint16_t port)
{
    export_begin(&export, 7);
    export_template(&export, 256, fields, 2, 0);
    export_feed(decoder, &export, address, port, 1000);
}

static uint64_t row(struct weir_decoder *decoder, uint32_t address, uint16_t port)
{
    export_begin(&export, 7);
    export_set(&export, 256);
    export_put(&export, 1, 8);
    export_set_end(&export);
    return export_feed(decoder, &export, address, port, 1000);
}

static bool knows(struct weir_decoder *decoder, uint32_t address, uint16_t port)
{
    const struct weir_address from = export_address(address);
    return session_find(&decoder->sessions, &from, port, 7) != NULL;
}

/* Those on trial go before those that are useful, however long these were silent. */
static void test_useful_stays(void **test)
{
    (void)test;
    struct weir_decoder *decoder = create(16, 100, 10000);
    for (uint32_t i = 0; i < 10; i++)
        template(decoder, i, 1);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(row(decoder, i, 1), 1);
    for (uint32_t i = 100; i < 200; i++)
        template(decoder, i, 1);
    for (uint32_t i = 0; i < 10; i++)
        assert_true(knows(decoder, i, 1));
    assert_true(knows(decoder, 199, 1) && !knows(decoder, 193, 1));
    weir_decoder_free(decoder);
}

/* If all are, the one that was useful least recently makes room. */
static void test_least_recently_useful(void **test)
{
    (void)test;
    struct weir_decoder *decoder = create(16, 100, 10000);
    for (uint32_t i = 0; i < 16; i++) {
        template(decoder, i, 1);
        row(decoder, i, 1);
    }
    row(decoder, 0, 1);
    row(decoder, 1, 1);
    for (uint32_t i = 100; i < 104; i++) {
        template(decoder, i, 1);
        row(decoder, i, 1);
    }
    assert_true(knows(decoder, 0, 1) && knows(decoder, 1, 1) && !knows(decoder, 2, 1) && !knows(decoder, 3, 1));
    assert_true(knows(decoder, 103, 1));
    weir_decoder_free(decoder);
}

/* An address that has its share replaces its own sessions. */
static void test_share_of_sessions(void **test)
{
    (void)test;
    struct weir_decoder *decoder = create(64, 1000, 10000);
    template(decoder, 1, 1);
    for (uint16_t port = 1; port < 500; port++) {
        template(decoder, 2, port);
        row(decoder, 2, port);
    }
    assert_true(knows(decoder, 1, 1));
    assert_int_equal(decoder->sessions.count, 32);
    weir_decoder_free(decoder);
}

/* Waiting data of those on trial makes room for that of the useful, not the other way round. */
static void test_waiting(void **test)
{
    (void)test;
    struct weir_decoder *decoder = create(100, 100, 12 * waiting_bytes_of(8));
    template(decoder, 1, 1);
    row(decoder, 1, 1);
    for (uint32_t i = 10; i < 40; i++)
        row(decoder, i, 1);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    assert_int_equal(ledger->sets_waiting, 12);
    assert_int_equal(ledger->sets_given_up, 0);
    export_begin(&export, 7);
    export_set(&export, 257);
    export_put(&export, 1, 8);
    export_set_end(&export);
    export_feed(decoder, &export, 1, 1, 1000);
    assert_int_equal(ledger->sets_waiting, 12);
    assert_int_equal(ledger->sets_given_up, 1);
    const struct weir_address first = export_address(10);
    assert_null(session_find(&decoder->sessions, &first, 1, 7)->waiting_first);
    weir_decoder_free(decoder);
}

/* Where all are useful, one that has templates makes room for a template: the one that was useful least recently, and
 * none besides it. One that has but taken over those of another port has none to give. */
static void test_template_of_a_useful_one(void **test)
{
    (void)test;
    struct weir_decoder *decoder = create(100, 16, 10000);
    template(decoder, 0, 1);
    row(decoder, 0, 1);
    row(decoder, 0, 2);
    weir_decoder_tick(decoder, 40000000);
    assert_null(weir_decoder_next(decoder));
    assert_int_equal(row(decoder, 0, 2), 1);
    row(decoder, 0, 1);
    for (uint32_t i = 1; i < 16; i++) {
        template(decoder, i, 1);
        row(decoder, i, 1);
    }
    row(decoder, 0, 1);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    assert_int_equal(ledger->templates, 16);
    template(decoder, 100, 1);
    row(decoder, 100, 1);
    assert_int_equal(ledger->templates, 16);
    assert_int_equal(ledger->evictions, 1);
    assert_true(knows(decoder, 0, 1) && knows(decoder, 0, 2));
    assert_true(!knows(decoder, 1, 1) && knows(decoder, 2, 1) && knows(decoder, 100, 1));
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_useful_stays),
        cmocka_unit_test(test_least_recently_useful),
        cmocka_unit_test(test_share_of_sessions),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_template_of_a_useful_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
