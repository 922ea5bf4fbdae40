/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - floods of all kinds: memory stays bounded, and an exporter that sent its template once, at the
 * begin, goes on being decoded
 *
 * malloc() and the others are wrapped and count what is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdlib.h>

#include "export_maker.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *block);

static size_t taken_bytes, most_bytes;

static void *count_taken(void *block)
{
    taken_bytes += block == NULL ? 0 : malloc_usable_size(block);
    if (taken_bytes > most_bytes)
        most_bytes = taken_bytes;
    return block;
}

static void count_given(void *block)
{
    taken_bytes -= block == NULL ? 0 : malloc_usable_size(block);
}

void *__wrap_malloc(size_t size)
{
    return count_taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return count_taken(__real_calloc(count, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return count_taken(__real_aligned_alloc(alignment, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    count_given(old);
    return count_taken(__real_realloc(old, size));
}

void __wrap_free(void *block)
{
    count_given(block);
    __real_free(block);
}

enum {
    LEGITIMATE = 0xffffff, /* its address */
    MIB = 1 << 20,
    MEMORY_MAX = 207 * MIB, /* the sum in limits.h */
};

static const uint16_t fields[][2] = {{8, 4}, {12, 4}, {1, 4}, {2, 4}};

static struct weir_decoder *decoder;
static struct export flood, legitimate;
static uint64_t fed;
static int64_t now_us;

static void feed_legitimate(void)
{
    export_begin(&legitimate, 1);
    export_set(&legitimate, 256);
    for (int i = 0; i < 4; i++)
        export_put(&legitimate, 1, 4);
    export_set_end(&legitimate);
    assert_int_equal(export_feed(decoder, &legitimate, LEGITIMATE, 2055, now_us), 1);
}

static int setup(void **test)
{
    (void)test;
    struct weir_options options;
    weir_options_init(&options);
    taken_bytes = most_bytes = 0;
    fed = 0;
    now_us = INT64_C(1700000000000000);
    decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
    export_begin(&legitimate, 1);
    export_template(&legitimate, 256, fields, 4, 0);
    export_feed(decoder, &legitimate, LEGITIMATE, 2055, now_us);
    feed_legitimate();
    return 0;
}

static int teardown(void **test)
{
    (void)test;
    feed_legitimate();
    assert_true(most_bytes < MEMORY_MAX);
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    assert_int_equal(ledger->sets_skipped, ledger->reasons[WEIR_REASON_WAITING_FULL]);
    weir_decoder_free(decoder);
    assert_int_equal(taken_bytes, 0);
    return 0;
}

/* Feeds the flood's datagram, and now and then, seldom, one of the legitimate exporter. */
static void feed_flood(uint32_t address, uint16_t port)
{
    now_us += 10;
    export_feed(decoder, &flood, address, port, now_us);
    if (++fed % 20000 == 0) {
        feed_legitimate();
        assert_true(taken_bytes < MEMORY_MAX);
    }
}

/* A million templates, all different, of one address. */
static void flood_templates(void)
{
    for (uint32_t i = 0; i < 1000000;) {
        export_begin(&flood, 1 + i / 50000);
        for (uint32_t k = 0; k < 500; k++, i++) {
            const uint16_t different[][2] = {{8, 4}, {(uint16_t)(300 + i % 1000), (uint16_t)(1 + i / 1000)}};
            export_template(&flood, (uint16_t)(256 + i % 60000), different, 2, 0);
        }
        feed_flood(7, (uint16_t)(1024 + i / 1000));
        if (i % 50000 == 0)
            feed_legitimate();
    }
}

static void test_templates(void **test)
{
    (void)test;
    flood_templates();
    assert_true(weir_decoder_ledger(decoder)->reasons[WEIR_REASON_TEMPLATES_FULL] > 100000);
    /* There is room for another exporter. */
    export_begin(&flood, 1);
    export_template(&flood, 300, fields, 4, 0);
    const uint64_t known = weir_decoder_ledger(decoder)->templates;
    export_feed(decoder, &flood, 8, 2055, now_us);
    assert_int_equal(weir_decoder_ledger(decoder)->templates, known + 1);
}

/* A million addresses that send a template and data each, once: 65,536 fit. */
static void flood_exporters(void)
{
    for (uint32_t i = 0; i < 1000000; i++) {
        export_begin(&flood, 1);
        export_template(&flood, 256, fields, 4, 0);
        export_set(&flood, 256);
        export_put(&flood, 0, 8);
        export_put(&flood, 0, 8);
        export_set_end(&flood);
        feed_flood(i, 2055);
    }
}

static void test_exporters(void **test)
{
    (void)test;
    flood_exporters();
    assert_true(weir_decoder_ledger(decoder)->evictions > 900000);
}

/* The same with 200,000 ports and domains of one address, each heard three times, so that all are useful. */
static void flood_ports(void)
{
    for (uint32_t i = 0; i < 200000; i++) {
        for (int times = 0; times < 3; times++) {
            export_begin(&flood, i / 50000);
            export_template(&flood, 256, fields, 4, 0);
            export_set(&flood, 256);
            export_put(&flood, 0, 8);
            export_put(&flood, 0, 8);
            export_set_end(&flood);
            feed_flood(7, (uint16_t)(i % 50000));
        }
    }
}

static void test_ports(void **test)
{
    (void)test;
    flood_ports();
    assert_true(weir_decoder_ledger(decoder)->sessions <= 65536 / 2 + 2);
}

/* Templates of 10,000 fields, and of 4,000, from many addresses. */
static void flood_wide_templates(void)
{
    for (uint32_t i = 0; i < 4000; i++) {
        export_begin(&flood, 1);
        export_set(&flood, 0);
        export_put(&flood, 256, 2);
        const uint32_t count = i % 8 == 0 ? 10000 : 4000;
        export_put(&flood, count, 2);
        for (uint32_t k = 0; k < count; k++)
            export_put(&flood, (uint64_t)(100 + i % 400 + (k == i % 4000)) << 16 | 1, 4);
        export_set_end(&flood);
        feed_flood(i, 2055);
        if (i % 100 == 0)
            feed_legitimate();
    }
}

static void test_wide_templates(void **test)
{
    (void)test;
    flood_wide_templates();
    assert_int_equal(weir_decoder_ledger(decoder)->reasons[WEIR_REASON_TEMPLATE_FIELDS_MANY], 500);
}

/* Data without template, from one address and from many. */
static void flood_data_without_template(void)
{
    for (uint32_t i = 0; i < 200000; i++) {
        export_begin(&flood, 1);
        export_set(&flood, 256);
        memset(flood.data + flood.size_bytes, 0, 1400);
        flood.size_bytes += 1400;
        export_set_end(&flood);
        feed_flood(i % 2 == 0 ? 7 : i, (uint16_t)(1024 + i % 1000));
    }
}

static void test_data_without_template(void **test)
{
    (void)test;
    flood_data_without_template();
    assert_true(weir_decoder_ledger(decoder)->bytes_waiting <= 16 * MIB);
    assert_true(weir_decoder_ledger(decoder)->bytes_waiting > 8 * MIB);
}

/* A million interfaces, of one address and of many. */
static void flood_options(void)
{
    static const uint16_t told[][2] = {{1, 4}, {10, 4}, {82, 32}};
    const struct weir_address address = export_address(LEGITIMATE);
    struct export *export = &legitimate;
    export_begin(export, 1);
    export_template(export, 300, told, 3, 1);
    export_set(export, 300);
    export_put(export, 12, 8);
    export_text(export, "eth12", 32);
    export_set_end(export);
    export_feed(decoder, export, LEGITIMATE, 2055, now_us);
    for (uint32_t i = 0; i < 1000000;) {
        export_begin(&flood, 1);
        export_template(&flood, 300, told, 3, 1);
        export_set(&flood, 300);
        for (uint32_t k = 0; k < 500; k++, i++) {
            export_put(&flood, i, 8);
            export_text(&flood, "a name of some length", 32);
        }
        export_set_end(&flood);
        feed_flood(i % 1000 == 0 ? 7 : i, 2055);
    }
    assert_non_null(weir_decoder_interface_name(decoder, &address, 1, 12));
}

static void test_options(void **test)
{
    (void)test;
    flood_options();
}

/* Templates that are sent and taken back: each leaves a place, and there is a bound to these too. */
static void flood_forgotten_templates(void)
{
    for (uint32_t i = 0; i < 6000; i++) {
        export_begin(&flood, 1);
        for (uint16_t id = 256; id < 256 + 1000; id++) {
            export_template(&flood, id, fields, 4, 0);
            export_template(&flood, id, fields, 0, 0); /* none, so the former one is gone */
        }
        feed_flood(i, 2055);
        if (i % 100 == 0)
            feed_legitimate();
    }
}

static void test_forgotten_templates(void **test)
{
    (void)test;
    flood_forgotten_templates();
}

/* Templates that one port sends and many others take over. */
static void flood_shared_templates(void)
{
    enum { IDS = 1000, PORTS = 1000 };
    export_begin(&flood, 1);
    for (uint16_t id = 256; id < 256 + IDS; id++)
        export_template(&flood, id, fields, 4, 0);
    feed_flood(9, 1);
    for (uint16_t port = 2; port < PORTS; port++) {
        export_begin(&flood, 1);
        for (uint16_t id = 256; id < 256 + IDS; id++) {
            export_set(&flood, id);
            export_put(&flood, 1, 16);
            export_set_end(&flood);
        }
        feed_flood(9, port);
        now_us += 31000000; /* they have waited long enough */
        export_begin(&flood, 1);
        feed_flood(9, port);
        if (port % 100 == 0)
            feed_legitimate();
    }
}

static void test_shared_templates(void **test)
{
    (void)test;
    flood_shared_templates();
    assert_true(weir_decoder_ledger(decoder)->reasons[WEIR_REASON_WAITING_EXPIRED] > 900000);
}

/* One after the other, and those that take least from each other last, so that nearly all limits are reached at
 * once. */
static void test_all_together(void **test)
{
    (void)test;
    flood_forgotten_templates();
    flood_shared_templates();
    flood_templates();
    flood_ports();
    flood_exporters();
    flood_options();
    flood_data_without_template();
    flood_wide_templates();
    assert_true(most_bytes > MEMORY_MAX / 4 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_templates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exporters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wide_templates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_without_template, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forgotten_templates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_templates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_together, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
