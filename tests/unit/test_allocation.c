/* SPDX-License-Identifier: MIT */
/*
 * test_allocation.c - a decoder that knows its templates takes no memory, however much it decodes
 *
 * The linker puts the functions below in the place of the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "v9_maker.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static uint64_t allocation_count;
static uint64_t fail_at; /* the allocation with this number fails; 0: none */

static bool fails(void)
{
    return ++allocation_count == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

enum { IPFIX_ROWS = 20, ROWS_5 = 30 };

static struct v9_maker maker;

static void make_octets(struct v9_maker *to, const char *octets, size_t count)
{
    memcpy(to->data + to->size_bytes, octets, count);
    to->size_bytes += count;
}

static void make_everything(uint32_t domain)
{
    static const uint16_t fields[] = {1, 4, 8, 4, 82, 16, 27, 16, 9999, 3};
    make_header(&maker, domain);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    make_template(&maker, 257, 5, fields);
    make_rows(&maker, 256, 1, 500);
    make_rows(&maker, 257, 1, 500);
}

/* The same of IPFIX: strings, a list, options of interfaces, which tell the same again and again. */
static void make_everything_ipfix(uint32_t domain)
{
    static const uint16_t fields[] = {8, 4, 82, 65535, 291, 65535, 1, 4};
    maker.size_bytes = 0;
    make_u16(&maker, 10);
    make_u16(&maker, 0);
    make_u32(&maker, 1600000000);
    make_u32(&maker, maker.sequence);
    make_u32(&maker, domain);
    make_set(&maker, 2);
    make_u16(&maker, 300);
    make_u16(&maker, 4);
    for (int i = 0; i < 8; i++)
        make_u16(&maker, fields[i]);
    make_set_end(&maker);
    make_set(&maker, 3); /* ingressInterface is the scope, interfaceName is told */
    make_u16(&maker, 301);
    make_u16(&maker, 2);
    make_u16(&maker, 1);
    make_u32(&maker, 10 << 16 | 4);
    make_u32(&maker, 82u << 16 | 65535);
    make_set_end(&maker);
    make_set(&maker, 300);
    for (uint32_t i = 0; i < IPFIX_ROWS; i++) {
        make_u32(&maker, i);
        make_octets(&maker, "\4eth1", 5);
        make_octets(&maker, "\15\3\0\2\0\4\0\0\0\1\0\0\0\2", 14); /* two packetDeltaCount */
        make_u32(&maker, i);
    }
    make_set_end(&maker);
    make_set(&maker, 301);
    for (uint32_t i = 0; i < IPFIX_ROWS; i++) {
        make_u32(&maker, i);
        make_octets(&maker, "\4eth1", 5);
    }
    make_set_end(&maker);
    maker.data[2] = (uint8_t)(maker.size_bytes >> 8);
    maker.data[3] = (uint8_t)maker.size_bytes;
    maker.sequence += 2 * IPFIX_ROWS;
}

static void make_everything_5(void)
{
    maker.size_bytes = 0;
    make_u16(&maker, 5);
    make_u16(&maker, ROWS_5);
    for (int i = 0; i < 20; i += 4)
        make_u32(&maker, 1);
    for (int i = 0; i < 48 * ROWS_5; i += 4)
        make_u32(&maker, 7);
}

/* Twenty exporters of three versions each, from several ports. Returns how many rows came. */
static uint64_t feed_everything(struct weir_decoder *decoder, uint32_t round)
{
    const uint16_t port = (uint16_t)(2055 + round % 3);
    const int64_t now_us = 1000000 + (int64_t)round;
    make_everything(round % 20);
    uint64_t rows = feed_made(decoder, &maker, port, now_us);
    make_everything_ipfix(round % 20);
    rows += feed_made(decoder, &maker, port, now_us);
    make_everything_5();
    return rows + feed_made(decoder, &maker, port, now_us);
}

static void test_none_once_warm(void **state)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    (void)state;
    assert_true(allocation_count > 0); /* or the linker did not do as told */
    for (uint32_t round = 0; round < 60; round++)
        feed_everything(decoder, round);
    const uint64_t before = allocation_count, flows = ledger->flows, options = ledger->options;
    for (uint32_t round = 0; round < 1200; round++)
        assert_int_equal(feed_everything(decoder, round), 546 + 2 * IPFIX_ROWS + ROWS_5);
    assert_int_equal(allocation_count, before);
    assert_int_equal(ledger->flows, flows + 1200 * (546 + IPFIX_ROWS + ROWS_5));
    assert_int_equal(ledger->options, options + 1200 * IPFIX_ROWS);
    const struct weir_address exporter = {.octets = {192, 0, 2, 1}, .family = 4};
    assert_non_null(weir_decoder_interface_name(decoder, &exporter, 7, 3)); /* the options were taken */
    weir_decoder_free(decoder);
}

/* Data without a template is kept in a piece of memory for each set, which is what waiting costs, and in no more; when
 * the template comes, nothing is taken for what had waited. */
static void test_one_for_each_set_that_waits(void **state)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    (void)state;
    for (uint32_t round = 0; round < 20; round++) {
        const uint64_t before = allocation_count;
        for (int i = 0; i < 5; i++) {
            make_header(&maker, 1);
            make_rows(&maker, 300 + round, 1, 10);
            assert_int_equal(feed_made(decoder, &maker, 2055, 1000000), 0);
        }
        if (round > 0) /* the session is known */
            assert_int_equal(allocation_count, before + 5);
        make_header(&maker, 1);
        make_template(&maker, 300 + round, 1, FIELDS_BYTES);
        const uint64_t then = allocation_count;
        assert_int_equal(feed_made(decoder, &maker, 2055, 1000000), 50);
        assert_true(allocation_count <= then + 2); /* the template, and now and then a larger table of them */
    }
    weir_decoder_free(decoder);
}

/* Memory runs out at each place where it can, once. */
static void test_without_memory(void **state)
{
    struct weir_options options;
    unsigned created = 0;
    uint64_t last_flows = 0;
    (void)state;
    weir_options_init(&options);
    options.batch_count = 4;
    for (uint64_t at = 1; at < 60; at++) {
        allocation_count = 0;
        fail_at = at;
        struct weir_decoder *decoder = weir_decoder_create(&options);
        if (decoder != NULL) {
            created++;
            for (uint32_t domain = 0; domain < 3; domain++) {
                make_header(&maker, domain);
                make_rows(&maker, 256, 1, 10);
                feed_made(decoder, &maker, 2055, 1000000);
                make_everything(domain);
                feed_made(decoder, &maker, 2055, 1000000);
            }
            const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
            assert_int_equal(ledger->sets, ledger->sets_template + ledger->sets_data + ledger->sets_waited +
                                               ledger->sets_skipped);
            assert_int_equal(ledger->datagrams, ledger->datagrams_decoded + ledger->datagrams_refused);
            last_flows = ledger->flows;
        }
        weir_decoder_free(decoder);
    }
    fail_at = 0;
    assert_true(created > 20 && created < 59);
    assert_int_equal(last_flows, 3 * (10 + 546)); /* memory never ran out in the end */
}

/* What was saved and cannot be loaded for want of memory is not told to be damaged, and nothing of it stays. */
static void test_load_without_memory(void **state)
{
    (void)state;
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    for (uint32_t domain = 0; domain < 3; domain++) {
        make_everything(domain);
        feed_made(decoder, &maker, 2055, 1000000);
    }
    const size_t size_bytes = weir_decoder_save(decoder, NULL, 0);
    uint8_t *data = malloc(size_bytes);
    assert_int_equal(weir_decoder_save(decoder, data, size_bytes), size_bytes);
    weir_decoder_free(decoder);
    unsigned short_count = 0;
    for (uint64_t number = 1;; number++) {
        decoder = weir_decoder_create(NULL);
        fail_at = allocation_count + number;
        const enum weir_saved fault = weir_decoder_load(decoder, data, size_bytes);
        const bool reached = allocation_count >= fail_at;
        fail_at = 0;
        assert_true(fault == WEIR_SAVED_OK || fault == WEIR_SAVED_MEMORY);
        if (fault == WEIR_SAVED_MEMORY)
            assert_int_equal(weir_decoder_ledger(decoder)->sessions, 0);
        short_count += fault == WEIR_SAVED_MEMORY;
        weir_decoder_free(decoder);
        if (!reached)
            break;
    }
    assert_true(short_count >= 3);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_once_warm),
        cmocka_unit_test(test_one_for_each_set_that_waits),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_load_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
