/* SPDX-License-Identifier: MIT */
/* test_saved.c - what one decoder saves, another goes on with; what is damaged is refused whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "export_maker.h"

enum { HEADER_BYTES = 24, EMPTY_BYTES = HEADER_BYTES + 16 + 4, FORMAT = 3 };

static const uint16_t flow_fields[][2] = {{8, 4}, {12, 4}, {1, 4}};
static const uint16_t interface_fields[][2] = {{1, 4}, {10, 4}, {82, 16}, {34, 4}};

static struct export export;

/* An IPFIX exporter, domain 1, tells of its elements 99999/7, clientAddress, and 99999/9, roundTripMs (RFC 5610) ... */
static const uint8_t told[] = {
    0x00, 0x0a, 0x00, 0x6a, 0x5f, 0x5e, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x03, 0x00,
    0x22, 0x01, 0x2c, 0x00, 0x06, 0x00, 0x02, 0x01, 0x5a, 0x00, 0x04, 0x01, 0x2f, 0x00, 0x02, 0x01, 0x53, 0x00, 0x01,
    0x01, 0x58, 0x00, 0x01, 0x01, 0x59, 0x00, 0x02, 0x01, 0x55, 0xff, 0xff, 0x01, 0x2c, 0x00, 0x38, 0x00, 0x01, 0x86,
    0x9f, 0x00, 0x07, 0x12, 0x00, 0x00, 0x00, 0x0d, 'c',  'l',  'i',  'e',  'n',  't',  'A',  'd',  'd',  'r',  'e',
    's',  's',  0x00, 0x01, 0x86, 0x9f, 0x80, 0x09, 0x03, 0x01, 0x00, 0x06, 0x0b, 'r',  'o',  'u',  'n',  'd',  'T',
    'r',  'i',  'p',  'M',  's',  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

/* ... and uses them. */
static const uint8_t used[] = {0x00, 0x0a, 0x00, 0x34, 0x5f, 0x5e, 0x10, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00,
                               0x00, 0x00, 0x01, 0x00, 0x02, 0x00, 0x18, 0x01, 0x00, 0x00, 0x02, 0x80, 0x07,
                               0x00, 0x04, 0x00, 0x01, 0x86, 0x9f, 0x80, 0x09, 0x00, 0x02, 0x00, 0x01, 0x86,
                               0x9f, 0x01, 0x00, 0x00, 0x0c, 0xc0, 0x00, 0x02, 0x01, 0x01, 0x02, 0x00, 0x00};

static void feed_octets(struct weir_decoder *decoder, const uint8_t *data, size_t size, int64_t now_us)
{
    const struct weir_datagram datagram = {
        .data = data, .size_bytes = size, .source = export_address(1), .source_port = 2055, .received_us = now_us};
    assert_int_equal(weir_decoder_feed(decoder, &datagram), 0);
}

static void drain(struct weir_decoder *decoder)
{
    struct weir_batch *batch;
    weir_decoder_flush(decoder);
    while ((batch = weir_decoder_next(decoder)) != NULL)
        weir_batch_release(batch);
}

static void expect_elements(struct weir_decoder *decoder, const char *first, uint8_t first_type, const char *second)
{
    drain(decoder);
    feed_octets(decoder, used, sizeof used, 2000000);
    weir_decoder_flush(decoder);
    struct weir_batch *batch = weir_decoder_next(decoder);
    assert_non_null(batch);
    const struct weir_field *fields = batch->layout->fields;
    assert_string_equal(fields[0].name, first);
    assert_int_equal(fields[0].type, first_type);
    assert_string_equal(fields[1].name, second);
    if (strcmp(second, "mine") != 0) {
        assert_string_equal(fields[1].element->semantics, "quantity");
        assert_string_equal(fields[1].element->units, "milliseconds");
    }
    weir_batch_release(batch);
    assert_null(weir_decoder_next(decoder));
}

static void feed_data(struct weir_decoder *decoder, uint64_t rows)
{
    export_begin(&export, 7);
    export_set(&export, 256);
    for (int i = 0; i < 24; i++)
        export_put(&export, (uint64_t)i, 1);
    export_set_end(&export);
    assert_int_equal(export_feed(decoder, &export, 1, 2055, 1000000), rows);
}

static struct weir_decoder *make_used(void)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    assert_non_null(decoder);
    export_begin(&export, 7);
    export_template(&export, 256, flow_fields, 3, 0);
    export_template(&export, 257, interface_fields, 4, 1);
    export_set(&export, 257);
    export_put(&export, 1, 4);
    export_put(&export, 12, 4);
    export_text(&export, "eth12", 16);
    export_put(&export, 100, 4);
    export_set_end(&export);
    assert_int_equal(export_feed(decoder, &export, 1, 2055, 1000000), 1);
    feed_data(decoder, 2);
    export_begin(&export, 7);
    export_set(&export, 300); /* which waits */
    export_text(&export, "data", 6);
    export_set_end(&export);
    assert_int_equal(export_feed(decoder, &export, 1, 2055, 1000000), 0);
    feed_octets(decoder, told, sizeof told, 1000000);
    drain(decoder);
    assert_int_equal(weir_decoder_ledger(decoder)->elements_learned, 2);
    return decoder;
}

static uint8_t *save(const struct weir_decoder *decoder, size_t *ret_size)
{
    const size_t size = weir_decoder_save(decoder, NULL, 0);
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    memset(data, 0xee, size + 1);
    assert_int_equal(weir_decoder_save(decoder, data, size - 1), size); /* told, but there is no room */
    assert_int_equal(data[0], 0xee);
    assert_int_equal(weir_decoder_save(decoder, data, size), size);
    assert_int_equal(data[size], 0xee);
    *ret_size = size;
    return data;
}

static void test_goes_on(void **test)
{
    (void)test;
    struct weir_decoder *first = make_used();
    size_t size, again_size;
    uint8_t *data = save(first, &size);
    struct weir_decoder *without_pause = weir_decoder_create(NULL), *second = weir_decoder_create(NULL);
    assert_int_equal(weir_decoder_load_where(without_pause, data, size, NULL, NULL), WEIR_SAVED_OK);
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK);
    uint8_t *again = save(without_pause, &again_size);
    weir_decoder_free(without_pause);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, data, size);
    const struct weir_address address = export_address(1);
    assert_string_equal(weir_decoder_interface_name(second, &address, 7, 12), "eth12");
    struct weir_fact fact;
    assert_true(weir_decoder_fact(second, &address, 7, WEIR_FACT_INTERFACE, 12, &fact));
    assert_int_equal(fact.sampling_rate, 100);
    const struct weir_ledger *ledger = weir_decoder_ledger(second);
    assert_int_equal(ledger->sessions_loaded, 2);
    assert_int_equal(ledger->sessions, 2);
    assert_int_equal(ledger->templates_loaded, 3);
    assert_int_equal(ledger->templates, 3);
    assert_int_equal(ledger->elements_loaded, 2);
    assert_int_equal(ledger->elements_learned, 0);
    feed_data(second, 2); /* with the template that only the first was sent */
    expect_elements(second, "clientAddress", WEIR_TYPE_IPV4_ADDRESS, "roundTripMs");
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_IN_USE);
    free(again);
    free(data);
    weir_decoder_free(second);
    weir_decoder_free(first);
}

static void test_lifetime_counts_on(void **test)
{
    (void)test;
    struct weir_decoder *first = make_used();
    size_t size;
    uint8_t *data = save(first, &size);
    struct weir_options options;
    weir_options_init(&options);
    options.template_lifetime_us = 5000000;
    struct weir_decoder *second = weir_decoder_create(&options);
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK);
    weir_decoder_tick(second, 7000000);
    export_begin(&export, 7);
    export_set(&export, 256);
    export_put(&export, 0, 8);
    export_put(&export, 0, 4);
    export_set_end(&export);
    assert_int_equal(export_feed(second, &export, 1, 2055, 7000000), 0);
    assert_int_equal(weir_decoder_ledger(second)->sets_waiting, 1);
    free(data);
    weir_decoder_free(second);
    weir_decoder_free(first);
}

/* What the user says of an element goes before, whether he says it before or after. */
static void test_user_knows_better(void **test)
{
    (void)test;
    struct weir_decoder *first = make_used();
    size_t size, again_size;
    uint8_t *data = save(first, &size);
    for (int before = 0; before <= 1; before++) {
        struct weir_decoder *second = weir_decoder_create(NULL);
        if (before)
            assert_int_equal(weir_decoder_add_element(second, 99999, 7, "mine", WEIR_TYPE_UNSIGNED32), 0);
        assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK);
        assert_int_equal(weir_decoder_ledger(second)->elements_loaded, before ? 1 : 2);
        if (!before)
            assert_int_equal(weir_decoder_add_element(second, 99999, 7, "mine", WEIR_TYPE_UNSIGNED32), 0);
        expect_elements(second, "mine", WEIR_TYPE_UNSIGNED32, "roundTripMs");
        struct weir_decoder *third = weir_decoder_create(NULL);
        uint8_t *again = save(second, &again_size); /* without the one that is the user's */
        assert_int_equal(weir_decoder_load(third, again, again_size), WEIR_SAVED_OK);
        assert_int_equal(weir_decoder_ledger(third)->elements_loaded, 1);
        free(again);
        weir_decoder_free(third);
        weir_decoder_free(second);
    }
    free(data);
    weir_decoder_free(first);
}

/* A save of version 1, octet by octet: it has one session with one template. */
static void test_older_form(void **test)
{
    (void)test;
    static const uint8_t old[] = {
        0x77, 0x65, 0x69, 0x72, 0x73, 0x61, 0x76, 0x65, 0x00, 0x00, 0x00, 0x01, 0x5b, 0x90, 0x63, 0x7a,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3e, 0x01, 0x04, 0x0a, 0x00, 0x00, 0x01, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x07, 0x00, 0x00, 0x00, 0x07,
        0x01, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x0f, 0x42, 0x40, 0x00, 0x08, 0x00, 0x04, 0x00, 0x0c, 0x00, 0x04,
        0x00, 0x01, 0x00, 0x04, 0x00, 0x00};
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    assert_int_equal(weir_decoder_load(decoder, old, sizeof old), WEIR_SAVED_OK);
    assert_int_equal(weir_decoder_ledger(decoder)->templates_loaded, 1);
    export.sequence = 1000;
    feed_data(decoder, 2);
    assert_int_equal(weir_decoder_ledger(decoder)->lost, 0);
    size_t size;
    uint8_t *data = save(decoder, &size);
    assert_int_equal(data[11], FORMAT);
    free(data);
    weir_decoder_free(decoder);
}

/* Each bit changed, and each length: refused, with nothing taken. */
static void test_damage(void **test)
{
    (void)test;
    struct weir_decoder *first = make_used(), *second = weir_decoder_create(NULL);
    size_t size;
    uint8_t *data = save(first, &size);
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            data[i] ^= (uint8_t)(1 << bit);
            assert_int_not_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK);
            data[i] ^= (uint8_t)(1 << bit);
        }
        const enum weir_saved cut = weir_decoder_load(second, data, i);
        assert_int_equal(cut, i < 8 ? WEIR_SAVED_FOREIGN : WEIR_SAVED_CUT);
    }
    data[11] = FORMAT + 1;
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_NEWER);
    for (uint8_t older = 0; older < FORMAT; older++) {
        data[11] = older; /* it says that it is of another form than it is */
        assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_DAMAGED);
    }
    data[11] = FORMAT;
    assert_int_equal(weir_decoder_ledger(second)->sessions, 0);
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK); /* usable as before */
    for (int fault = WEIR_SAVED_OK; fault <= WEIR_SAVED_MEMORY + 1; fault++)
        assert_true(strlen(weir_saved_text((enum weir_saved)fault)) > 8);
    free(data);
    weir_decoder_free(second);
    weir_decoder_free(first);
}

/* Of the version, and of what is behind the CRC. */
static uint32_t crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 8; i < size; i++) {
        if (i >= 12 && i < 16)
            continue;
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* One that is made quickly. */
static struct weir_decoder *make_small(void)
{
    struct weir_options options;
    weir_options_init(&options);
    options.batch_count = 3;
    options.templates_max = 100;
    options.sessions_max = 20;
    return weir_decoder_create(&options);
}

/* The same with a CRC that is right: taken or refused, and then as empty as it was. */
static void test_hostile(void **test)
{
    (void)test;
    struct weir_decoder *first = make_used();
    size_t size, refused = 0, taken = 0;
    uint8_t *data = save(first, &size);
    for (size_t k = 0, i; k < 2 * size; k++) {
        const bool pause = k % 2 == 0;
        if ((i = k / 2) < HEADER_BYTES)
            continue;
        for (unsigned change = 1; change < 256; change *= 3) {
            struct weir_decoder *second = make_small();
            data[i] ^= (uint8_t)change;
            const uint32_t crc = crc_of(data, size);
            for (int octet = 0; octet < 4; octet++)
                data[12 + octet] = (uint8_t)(crc >> (24 - 8 * octet));
            assert_int_equal(weir_decoder_add_element(second, 99999, 9, "mine", WEIR_TYPE_UNSIGNED16), 0);
            const enum weir_saved fault = pause ? weir_decoder_load(second, data, size)
                                                : weir_decoder_load_where(second, data, size, NULL, NULL);
            assert_int_equal(weir_decoder_ledger(second)->sets_loaded, fault == WEIR_SAVED_OK && !pause);
            if (fault != WEIR_SAVED_OK) {
                refused++;
                assert_int_equal(weir_decoder_ledger(second)->sessions, 0);
                assert_int_equal(weir_decoder_ledger(second)->templates, 0);
                assert_int_equal(weir_decoder_save(second, NULL, 0), EMPTY_BYTES);
                expect_elements(second, "ie_99999_7", WEIR_TYPE_OCTET_ARRAY, "mine");
            } else {
                taken++;
            }
            export_begin(&export, 7);
            export_feed(second, &export, 1, 2055, 1000000);
            data[i] ^= (uint8_t)change;
            weir_decoder_free(second);
        }
    }
    assert_true(refused > 100 && taken > 100);
    free(data);
    weir_decoder_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_lifetime_counts_on),
        cmocka_unit_test(test_user_knows_better),
        cmocka_unit_test(test_older_form),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
