/* SPDX-License-Identifier: MIT */
/* test_saved.c - what one decoder saves, another goes on with; what is damaged is refused whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "export_maker.h"

static const uint16_t flow_fields[][2] = {{8, 4}, {12, 4}, {1, 4}};
static const uint16_t interface_fields[][2] = {{1, 4}, {10, 4}, {82, 16}, {34, 4}};

static struct export export;

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
    struct weir_decoder *second = weir_decoder_create(NULL);
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK);
    uint8_t *again = save(second, &again_size);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, data, size);
    const struct weir_address address = export_address(1);
    assert_string_equal(weir_decoder_interface_name(second, &address, 7, 12), "eth12");
    struct weir_fact fact;
    assert_true(weir_decoder_fact(second, &address, 7, WEIR_FACT_INTERFACE, 12, &fact));
    assert_int_equal(fact.sampling_rate, 100);
    const struct weir_ledger *ledger = weir_decoder_ledger(second);
    assert_int_equal(ledger->sessions_loaded, 1);
    assert_int_equal(ledger->sessions, 1);
    assert_int_equal(ledger->templates_loaded, 2);
    assert_int_equal(ledger->templates, 2);
    feed_data(second, 2); /* with the template that only the first was sent */
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

/* Each octet changed, and each length: refused, with nothing taken. */
static void test_damage(void **test)
{
    (void)test;
    struct weir_decoder *first = make_used(), *second = weir_decoder_create(NULL);
    size_t size;
    uint8_t *data = save(first, &size);
    for (size_t i = 0; i < size; i++) {
        data[i] ^= 0x41;
        assert_int_not_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK);
        data[i] ^= 0x41;
        const enum weir_saved cut = weir_decoder_load(second, data, i);
        assert_int_equal(cut, i < 8 ? WEIR_SAVED_FOREIGN : WEIR_SAVED_CUT);
    }
    data[11] = 2;
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_NEWER);
    data[11] = 1;
    assert_int_equal(weir_decoder_ledger(second)->sessions, 0);
    assert_int_equal(weir_decoder_load(second, data, size), WEIR_SAVED_OK); /* usable as before */
    for (int fault = WEIR_SAVED_OK; fault <= WEIR_SAVED_MEMORY + 1; fault++)
        assert_true(strlen(weir_saved_text((enum weir_saved)fault)) > 8);
    free(data);
    weir_decoder_free(second);
    weir_decoder_free(first);
}

static uint32_t crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* The same with a CRC that is right: taken or refused, and then as empty as it was. */
static void test_hostile(void **test)
{
    (void)test;
    struct weir_decoder *first = make_used();
    size_t size, refused = 0;
    uint8_t *data = save(first, &size);
    for (size_t i = 24; i < size; i++) {
        for (unsigned change = 1; change < 256; change *= 3) {
            struct weir_decoder *second = weir_decoder_create(NULL);
            data[i] ^= (uint8_t)change;
            const uint32_t crc = crc_of(data + 16, size - 16);
            for (int k = 0; k < 4; k++)
                data[12 + k] = (uint8_t)(crc >> (24 - 8 * k));
            if (weir_decoder_load(second, data, size) != WEIR_SAVED_OK) {
                refused++;
                assert_int_equal(weir_decoder_ledger(second)->sessions, 0);
                assert_int_equal(weir_decoder_ledger(second)->templates, 0);
                assert_int_equal(weir_decoder_save(second, NULL, 0), 26);
            }
            export_begin(&export, 7);
            export_feed(second, &export, 1, 2055, 1000000);
            data[i] ^= (uint8_t)change;
            weir_decoder_free(second);
        }
    }
    assert_true(refused > 100);
    free(data);
    weir_decoder_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_lifetime_counts_on),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
