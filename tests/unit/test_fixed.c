/* SPDX-License-Identifier: MIT */
/*
 * test_fixed.c - versions 1, 5 and 7: headers, which form a datagram of version 1 has, and each cut at every length
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <weir/weir.h>

#include "case_ledger.h"
#include "guarded.h"

enum { RECORDS_MAX = 40, BYTES_MAX = 24 + RECORDS_MAX * 52 };

static struct weir_decoder *decoder;
static struct weir_run last_run;

static int setup(void **state)
{
    (void)state;
    decoder = weir_decoder_create(NULL);
    return decoder == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    weir_decoder_free(decoder);
    return 0;
}

/* Returns the octets of a datagram: header fields that differ from each other, and records of zeros. */
static size_t make(uint8_t *octets, unsigned version, unsigned count, size_t records_bytes)
{
    static const uint8_t header[24] = {0, 0, 0, 0, 0x01, 0x02, 0x03, 0x04, 0x5f, 0x5e, 0x10, 0, 0x07, 0x5b, 0xcd, 0x15,
                                       0x11, 0x12, 0x13, 0x14, 0x0a, 0x0b, 0x4c, 0x0d};
    const size_t header_bytes = version == 1 ? 16 : 24;
    memset(octets, 0, header_bytes + records_bytes);
    memcpy(octets, header, header_bytes);
    octets[1] = (uint8_t)version;
    octets[2] = (uint8_t)(count >> 8);
    octets[3] = (uint8_t)count;
    return header_bytes + records_bytes;
}

/* Returns how many rows came out, with the run of the last of them. */
static uint32_t feed(const uint8_t *octets, size_t size, int *ret_result)
{
    const struct weir_datagram datagram = {.data = octets, .size_bytes = size};
    uint32_t rows = 0;
    struct weir_batch *batch;
    *ret_result = weir_decoder_feed(decoder, &datagram);
    weir_decoder_flush(decoder);
    while ((batch = weir_decoder_next(decoder)) != NULL) {
        rows += batch->row_count;
        last_run = batch->runs[batch->run_count - 1];
        weir_batch_release(batch);
    }
    assert_null(ledger_fault(weir_decoder_ledger(decoder)));
    return rows;
}

static void test_headers(void **state)
{
    static const unsigned versions[] = {1, 5, 7};
    uint8_t octets[BYTES_MAX];
    int result;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const unsigned version = versions[i];
        assert_int_equal(feed(octets, make(octets, version, 1, version == 5 ? 48 : 52), &result), 1);
        assert_int_equal(last_run.version, version);
        assert_int_equal(last_run.header_count, 1);
        assert_int_equal(last_run.sys_uptime_ms, 0x01020304);
        assert_int_equal(last_run.export_time_s, 1600000000);
        assert_int_equal(last_run.export_time_ns, 123456789);
        assert_int_equal(last_run.sequence, version == 1 ? 0 : 0x11121314);
        assert_int_equal(last_run.domain, version == 5 ? 0x0a0b : 0);
        assert_int_equal(last_run.header_sampling, version == 5 ? 0x4c0d : 0);
        assert_int_equal(last_run.template_id, 0);
    }
}

/* Version 1 has records of 52 octets unless just the count of 48 is there, or less than one of 52. */
static void test_forms_of_version_1(void **state)
{
    static const struct {
        unsigned count;
        size_t records_bytes;
        uint32_t rows;
        bool mismatch;
    } forms[] = {
        {1, 52, 1, false}, {1, 48, 1, false}, {2, 96, 2, false}, {2, 104, 2, false}, {24, 24 * 52, 24, false},
        {24, 24 * 48, 24, false}, {13, 13 * 48, 13, false}, {12, 13 * 48, 12, false}, {1, 47, 0, true},
        {2, 51, 1, true},
        {0, 0, 0, false}, {0, 52, 0, false}, {3, 104, 2, true}, {65535, 52, 1, true},
    };
    uint8_t octets[BYTES_MAX];
    uint64_t mismatches = 0;
    int result;
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const uint32_t rows = feed(octets, make(octets, 1, forms[i].count, forms[i].records_bytes), &result);
        mismatches += forms[i].mismatch;
        if (result != 0 || rows != forms[i].rows || weir_decoder_ledger(decoder)->count_mismatches != mismatches)
            fail_msg("count %u in %zu octets: %u rows", forms[i].count, forms[i].records_bytes, rows);
    }
}

/* Cut at every length, flush against memory that cannot be read: refused without a whole header, else whole records. */
static void test_cut_at_every_length(void **state)
{
    static const unsigned versions[] = {1, 5, 7};
    uint8_t octets[BYTES_MAX];
    struct guarded guarded = guarded_create(BYTES_MAX);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const unsigned version = versions[i];
        const size_t header_bytes = version == 1 ? 16 : 24, record_bytes = version == 5 ? 48 : 52;
        const size_t whole = make(octets, version, 3, 3 * record_bytes);
        for (size_t size = 0; size <= whole; size++) {
            int result;
            const uint32_t rows = feed(guarded_at_end(&guarded, octets, size), size, &result);
            assert_int_equal(result, size < header_bytes ? -1 - WEIR_REASON_HEADER_SHORT : 0);
            if (version != 1 || size == whole)
                assert_int_equal(rows, size < header_bytes ? 0 : (size - header_bytes) / record_bytes);
            else
                assert_in_range(rows, 0, size < header_bytes ? 0 : (size - header_bytes) / 48);
        }
    }
    guarded_free(&guarded);
}

/* As many records as one datagram can hold, more than the 30 that routers send. */
static void test_the_most_there_can_be(void **state)
{
    enum { COUNT = (65507 - 24) / 48 };
    uint8_t *octets = malloc(65507);
    int result;
    (void)state;
    assert_non_null(octets);
    assert_int_equal(feed(octets, make(octets, 5, COUNT, COUNT * 48), &result), COUNT);
    assert_int_equal(weir_decoder_ledger(decoder)->flows, COUNT);
    free(octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forms_of_version_1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_at_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_most_there_can_be, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
