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

static struct v9_maker maker;

static void make_everything(uint32_t domain)
{
    static const uint16_t fields[] = {1, 4, 8, 4, 82, 16, 27, 16, 9999, 3};
    make_header(&maker, domain);
    make_template(&maker, 256, 1, FIELDS_BYTES);
    make_template(&maker, 257, 5, fields);
    make_rows(&maker, 256, 1, 500);
    make_rows(&maker, 257, 1, 500);
}

static void test_none_once_warm(void **state)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    (void)state;
    assert_true(allocation_count > 0); /* or the linker did not do as told */
    for (uint32_t domain = 0; domain < 20; domain++) {
        make_everything(domain);
        feed_made(decoder, &maker, 2055, 1000000);
    }
    const uint64_t before = allocation_count, flows = weir_decoder_ledger(decoder)->flows;
    for (uint32_t i = 0; i < 2000; i++) {
        make_everything(i % 20);
        assert_true(feed_made(decoder, &maker, 2055, 1000000 + i) > 0);
    }
    assert_int_equal(allocation_count, before);
    assert_int_equal(weir_decoder_ledger(decoder)->flows, flows + 2000 * 546);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_once_warm),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
