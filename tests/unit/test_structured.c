/* SPDX-License-Identifier: MIT */
/*
 * test_structured.c - the bounds of lists: their text, what is written in vain, and the room in batches
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limits.h"
#include "structured.h"

enum { DATAGRAM_BYTES = 65507 };

static const struct taught nothing_taught;
static const struct structured_context nothing = {.taught = &nothing_taught};

struct maker {
    uint8_t data[DATAGRAM_BYTES];
    size_t size;
    size_t set;
};

static void put_u8(struct maker *to, unsigned value)
{
    to->data[to->size++] = (uint8_t)value;
}

static void put_u16(struct maker *to, unsigned value)
{
    put_u8(to, value >> 8);
    put_u8(to, value & 255);
}

static void begin(struct maker *to)
{
    memset(to, 0, sizeof *to);
    put_u16(to, 10);
    to->size = 16;
}

static void begin_set(struct maker *to, unsigned id)
{
    to->set = to->size;
    put_u16(to, id);
    put_u16(to, 0);
}

static void end_set(struct maker *to)
{
    const size_t length = to->size - to->set;
    to->data[to->set + 2] = (uint8_t)(length >> 8);
    to->data[to->set + 3] = (uint8_t)length;
    to->data[2] = (uint8_t)(to->size >> 8);
    to->data[3] = (uint8_t)to->size;
}

static void feed(struct weir_decoder *decoder, const struct maker *made)
{
    const struct weir_datagram datagram = {.data = made->data, .size_bytes = made->size, .received_us = 1};
    assert_int_equal(weir_decoder_feed(decoder, &datagram), 0);
}

/* Template 256: a subTemplateList and a basicList. 257: `zero_count` fields of no octets, and one of one. */
static void feed_templates(struct weir_decoder *decoder, unsigned zero_count)
{
    static struct maker made;
    begin(&made);
    begin_set(&made, 2);
    put_u16(&made, 256);
    put_u16(&made, 2);
    put_u16(&made, 292);
    put_u16(&made, 65535);
    put_u16(&made, 291);
    put_u16(&made, 65535);
    put_u16(&made, 257);
    put_u16(&made, zero_count + 1);
    for (unsigned i = 0; i < zero_count; i++) {
        put_u16(&made, 82);
        put_u16(&made, 0);
    }
    put_u16(&made, 4);
    put_u16(&made, 1);
    end_set(&made);
    feed(decoder, &made);
    assert_null(weir_decoder_next(decoder));
}

struct seen {
    uint64_t rows;
    uint64_t json_bytes;
    size_t longest_bytes;
};

static void drain(struct weir_decoder *decoder, struct seen *seen)
{
    for (struct weir_batch *batch; (batch = weir_decoder_next(decoder)) != NULL; weir_batch_release(batch)) {
        seen->rows += batch->row_count;
        for (uint32_t i = 0; i < batch->layout->field_count; i++) {
            const struct weir_octets *values = batch->columns[i];
            assert_int_equal(batch->layout->fields[i].kind, WEIR_KIND_JSON);
            for (uint32_t row = 0; row < batch->row_count; row++) {
                assert_true(values[row].size_bytes > 0 && values[row].size_bytes <= WEIR_RECORD_LISTS_SIZE);
                assert_true(values[row].data[0] == '{' || values[row].data[0] == '"' || values[row].data[0] == 'n');
                seen->json_bytes += values[row].size_bytes;
                if (values[row].size_bytes > seen->longest_bytes)
                    seen->longest_bytes = values[row].size_bytes;
            }
        }
    }
}

/* Data sets of one record each, all that a datagram holds: a subTemplateList of `count` records of one octet. */
static void feed_small_lists(struct weir_decoder *decoder, unsigned count)
{
    static struct maker made;
    begin(&made);
    begin_set(&made, 256);
    while (made.size + 6 + count <= DATAGRAM_BYTES) {
        put_u8(&made, 3 + count);
        put_u8(&made, 3);
        put_u16(&made, 257);
        for (unsigned i = 0; i < count; i++)
            put_u8(&made, i);
        put_u8(&made, 0);
    }
    end_set(&made);
    feed(decoder, &made);
}

static void test_text_of_a_datagram_is_bounded(void **state)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct seen seen = {0};
    (void)state;
    feed_templates(decoder, 4000);
    feed_small_lists(decoder, 1);
    drain(decoder, &seen);
    weir_decoder_finish(decoder);
    drain(decoder, &seen);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    assert_int_equal(seen.rows, ledger->flows);
    assert_true(seen.rows > 10000);
    assert_int_equal(ledger->reasons[WEIR_REASON_LIST_TOO_LONG], seen.rows);
    assert_true(seen.json_bytes < seen.rows * 20);
    weir_decoder_free(decoder);
}

/* More text than one batch holds: what does not fit goes into the next one, and nothing is told twice. */
static void test_full_heaps_go_on_in_the_next_batch(void **state)
{
    struct weir_options options;
    struct seen seen = {0};
    (void)state;
    weir_options_init(&options);
    options.batch_count = 3;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    feed_templates(decoder, 40);
    for (int i = 0; i < 3; i++) {
        feed_small_lists(decoder, 2);
        drain(decoder, &seen);
    }
    weir_decoder_finish(decoder);
    drain(decoder, &seen);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    assert_int_equal(seen.rows, ledger->flows);
    assert_int_equal(ledger->flows, 3 * ((DATAGRAM_BYTES - 20) / 7));
    assert_int_equal(ledger->reasons[WEIR_REASON_LIST_TOO_LONG], 0);
    assert_true(seen.json_bytes > 8u << 20);
    weir_decoder_free(decoder);
}

/* A record that is a single list as long as a datagram allows, with as much text as there may be, and more. */
static void test_longest_list(void **state)
{
    static struct maker made;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct seen seen = {0};
    (void)state;
    feed_templates(decoder, 0);
    begin(&made);
    begin_set(&made, 256);
    put_u8(&made, 0);
    put_u8(&made, 255);
    const size_t length_at = made.size;
    put_u16(&made, 0);
    put_u8(&made, 3);
    put_u16(&made, 1); /* octetDeltaCount of one octet: two to four of text */
    put_u16(&made, 1);
    while (made.size < DATAGRAM_BYTES)
        put_u8(&made, 7);
    made.data[length_at] = (uint8_t)((made.size - length_at - 2) >> 8);
    made.data[length_at + 1] = (uint8_t)(made.size - length_at - 2);
    end_set(&made);
    feed(decoder, &made);
    drain(decoder, &seen);
    memset(made.data + length_at + 7, 200, made.size - length_at - 7);
    feed(decoder, &made);
    weir_decoder_finish(decoder);
    drain(decoder, &seen);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(weir_decoder_ledger(decoder)->reasons[WEIR_REASON_LIST_TOO_LONG], 1);
    assert_true(seen.longest_bytes > 130000);
    weir_decoder_free(decoder);
}

/* Lists within a list that fail after much text: taking back is bounded as well. */
static void test_writing_in_vain_is_bounded(void **state)
{
    enum { LISTS = 2000, LIST_BYTES = 12 };
    uint8_t data[5 + LISTS * (1 + LIST_BYTES)] = {3, 291 >> 8, 291 & 255, 255, 255};
    const size_t text_max = 2048 + 64 * sizeof data;
    struct structured_faults faults = {0};
    char *text = malloc(text_max + STRUCTURED_SLACK_BYTES);
    (void)state;
    /* Good values, and half a one at the end. */
    for (int i = 0; i < LISTS; i++) {
        uint8_t *list = data + 5 + i * (1 + LIST_BYTES);
        memcpy(list, (const uint8_t[]){LIST_BYTES, 4, 0, 7, 0, 2, 255, 255, 255, 255, 255, 255, 255}, 1 + LIST_BYTES);
    }
    size_t size = structured_write(&nothing, WEIR_TYPE_BASIC_LIST, data, sizeof data, text_max, text, &faults);
    assert_int_equal(faults.malformed, LISTS);
    assert_int_equal(faults.too_long, 0);
    assert_true(size < text_max && memcmp(text, "{\"list\":\"basicList\"", 19) == 0);
    /* With less room, what was taken back is more than the text may be. */
    faults = (struct structured_faults){0};
    size = structured_write(&nothing, WEIR_TYPE_BASIC_LIST, data, sizeof data, 2 * sizeof data + 4, text, &faults);
    assert_int_equal(size, 2 * sizeof data + 4);
    assert_int_equal(faults.malformed, 0);
    assert_int_equal(faults.too_long, 1);
    assert_memory_equal(text, "\"0x030123ffff", 13);
    free(text);
}

/* No list, however cut, is read beyond its end, and each fits its room. */
static void test_cut_at_every_length(void **state)
{
    static const uint8_t multi[] = {3, 1, 1, 0, 8, 1, 2, 3, 4, 1, 2, 0, 5, 9};
    static const uint8_t basic[] = {3, 0x80, 7, 0xff, 0xff, 0, 0, 0, 9, 2, 1, 2, 0xff, 0, 1, 1};
    (void)state;
    for (size_t size = 0; size <= sizeof multi; size++) {
        for (int type = WEIR_TYPE_BASIC_LIST; type <= WEIR_TYPE_SUB_TEMPLATE_MULTI_LIST; type++) {
            const uint8_t *from = type == WEIR_TYPE_BASIC_LIST ? basic : multi;
            uint8_t *copy = malloc(size + 1);
            char *text = malloc(STRUCTURED_SLACK_BYTES + 300);
            struct structured_faults faults = {0};
            memcpy(copy, from, size);
            const size_t written = structured_write(&nothing, (enum weir_type)type, copy, size, 300, text, &faults);
            assert_true(written >= 4 && written <= 300);
            if (text[0] == '"')
                assert_int_equal(written, structured_octets_text_bytes(size));
            assert_true(faults.malformed + faults.template_unknown + faults.too_long == (text[0] == '"'));
            free(copy);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_of_a_datagram_is_bounded),
        cmocka_unit_test(test_full_heaps_go_on_in_the_next_batch),
        cmocka_unit_test(test_longest_list),
        cmocka_unit_test(test_writing_in_vain_is_bounded),
        cmocka_unit_test(test_cut_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
