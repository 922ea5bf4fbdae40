/* SPDX-License-Identifier: MIT */
/*
 * test_allocation.c - a decoder that has seen its templates allocates nothing any more
 *
 * The linker puts the functions here in the place of malloc() and its kin (-Wl,--wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../bench/workload.h"

#include <weir/weir.h>

enum { WARM_DATAGRAMS = 2000, DATAGRAMS = 4000 };

static uint64_t allocation_count;

void *__real_malloc(size_t size_bytes);
void *__real_calloc(size_t count, size_t size_bytes);
void *__real_realloc(void *old, size_t size_bytes);
void *__real_aligned_alloc(size_t alignment, size_t size_bytes);

void *__wrap_malloc(size_t size_bytes)
{
    allocation_count++;
    return __real_malloc(size_bytes);
}

void *__wrap_calloc(size_t count, size_t size_bytes)
{
    allocation_count++;
    return __real_calloc(count, size_bytes);
}

void *__wrap_realloc(void *old, size_t size_bytes)
{
    allocation_count++;
    return __real_realloc(old, size_bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size_bytes)
{
    allocation_count++;
    return __real_aligned_alloc(alignment, size_bytes);
}

static void feed(struct weir_decoder *decoder, struct workload *workload, uint64_t number)
{
    uint8_t octets[WORKLOAD_DATAGRAM_BYTES];
    struct weir_batch *batch;
    const uint32_t exporter = (uint32_t)(number % workload->exporter_count);
    const struct weir_datagram datagram = {
        .data = octets,
        .size_bytes = workload_datagram(workload, number, octets),
        .source = {.octets = {10, 0, (uint8_t)(exporter >> 8), (uint8_t)exporter}, .family = 4},
        .source_port = 2055,
        .received_us = (int64_t)(WORKLOAD_START_S + number / WORKLOAD_DATAGRAMS_PER_SECOND) * 1000000,
    };
    weir_decoder_feed(decoder, &datagram);
    if (number % 50 == 0)
        weir_decoder_flush(decoder);
    while ((batch = weir_decoder_next(decoder)) != NULL)
        weir_batch_release(batch);
}

/* Templates are sent again and again in both parts. */
static void check(uint16_t version, uint16_t template_count, uint32_t exporter_count)
{
    uint32_t sequences[WARM_DATAGRAMS] = {0};
    struct workload workload = {
        .random_state = 1,
        .version = version,
        .template_count = template_count,
        .exporter_count = exporter_count,
        .sequences = sequences,
    };
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    assert_non_null(decoder);
    allocation_count = 0;
    for (uint64_t i = 0; i < WARM_DATAGRAMS; i++)
        feed(decoder, &workload, i);
    assert_true(allocation_count > 0); /* sessions and layouts: so it is counted at all */
    allocation_count = 0;
    for (uint64_t i = WARM_DATAGRAMS; i < WARM_DATAGRAMS + DATAGRAMS; i++)
        feed(decoder, &workload, i);
    assert_int_equal(allocation_count, 0);
    assert_int_equal(weir_decoder_ledger(decoder)->datagrams_decoded, WARM_DATAGRAMS + DATAGRAMS);
    assert_int_equal(weir_decoder_ledger(decoder)->flows, workload.flow_count);
    weir_decoder_free(decoder);
}

static void test_v5(void **state)
{
    (void)state;
    check(5, 0, 1);
    check(5, 0, 1000);
}

static void test_v9(void **state)
{
    (void)state;
    check(9, 0, 1);
    check(9, 0, 1000);
    check(9, 200, 1);
}

static void test_ipfix(void **state)
{
    (void)state;
    check(10, 0, 1);
    check(10, 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v5),
        cmocka_unit_test(test_v9),
        cmocka_unit_test(test_ipfix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
