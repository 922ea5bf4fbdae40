/* SPDX-License-Identifier: MIT */
/*
 * test_repeater_sample.c - one datagram in N of each exporter, and all without which others could not be read
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "repeater_sample.h"

#include "guarded.h"

#include <stdlib.h>
#include <string.h>

enum { NEVER = 1000000 };

/* Octets from hex, blanks between. */
static size_t octets_of(const char *hex, uint8_t *octets)
{
    size_t count = 0;
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ')
            continue;
        const char pair[3] = {hex[0], hex[1], '\0'};
        octets[count++] = (uint8_t)strtoul(pair, NULL, 16);
        hex++;
    }
    return count;
}

#define V9(domain) "0009 0001 00000000 00000000 00000000 " domain
#define IPFIX(domain) "000a 0000 00000000 00000000 " domain

static struct weir_datagram datagram_of(const uint8_t *data, size_t size, uint8_t host)
{
    return (struct weir_datagram){.data = data, .size_bytes = size, .source = {.family = 4,
        .octets = {192, 0, 2, host}},
                                  .source_port = 50000};
}

/* Whether it is needed, from an exporter that had its turn; `hosts` are a count of their own. */
static bool needs(struct repeater_sample *sample, const char *hex)
{
    static uint8_t octets[256];
    bool needed;
    const size_t size = octets_of(hex, octets);
    const struct weir_datagram datagram = datagram_of(octets, size, 1);
    const bool taken = repeater_sample_takes(sample, &datagram, &needed);
    assert_true(taken || !needed);
    return needed;
}

static void test_one_in_n_of_each(void **state)
{
    (void)state;
    struct repeater_sample *sample = repeater_sample_create(3, 42);
    const uint8_t v5[24] = {0, 5};
    for (unsigned i = 0; i < 30; i++) {
        for (uint8_t host = 1; host <= 2 + i % 2; host++) { /* the third sends less often */
            const struct weir_datagram datagram = datagram_of(v5, sizeof v5, host);
            bool needed;
            const unsigned number = host == 3 ? i / 2 : i;
            assert_int_equal(repeater_sample_takes(sample, &datagram, &needed), number % 3 == 0);
            assert_false(needed);
        }
    }
    repeater_sample_free(sample);
}

static void test_all_without_sampling(void **state)
{
    (void)state;
    struct repeater_sample *sample = repeater_sample_create(1, 42);
    bool needed;
    for (int i = 0; i < 10; i++) {
        const struct weir_datagram datagram = datagram_of((const uint8_t *)"", 0, 1);
        assert_true(repeater_sample_takes(sample, &datagram, &needed));
    }
    repeater_sample_free(sample);
}

static void test_templates_of_v9(void **state)
{
    (void)state;
    struct repeater_sample *sample = repeater_sample_create(NEVER, 42);
    assert_false(needs(sample, V9("00000001") "0100 0008 00000000"));
    assert_true(needs(sample, V9("00000001") "0000 000c 0100 0001 0008 0004"));
    assert_true(needs(sample, V9("00000001") "0100 0008 00000000 0000 000c 0100 0001 0008 0004")); /* behind data */
    assert_false(needs(sample, V9("00000001") "0101 0008 00000000"));
    assert_true(needs(sample, V9("00000001") "0001 0014 0101 0004 0004 0001 0004 0022 0004 0000")); /* options 257 */
    assert_true(needs(sample, V9("00000001") "0101 000c 00000000 00000000"));
    assert_false(needs(sample, V9("00000002") "0101 000c 00000000 00000000")); /* of another domain */
    assert_true(needs(sample, V9("00000001") "0000 000c 0101 0001 0008 0004")); /* 257 becomes data */
    assert_false(needs(sample, V9("00000001") "0101 000c 00000000 00000000"));
    repeater_sample_free(sample);
}

static void test_templates_of_ipfix(void **state)
{
    (void)state;
    struct repeater_sample *sample = repeater_sample_create(NEVER, 42);
    assert_false(needs(sample, IPFIX("00000001") "0000 000c 0100 0001 0008 0004")); /* a set of v9 */
    assert_true(needs(sample, IPFIX("00000001") "0002 000c 0100 0001 0008 0004"));
    /* options 258 behind 257, which has a field of an enterprise */
    assert_true(needs(sample, IPFIX("00000001")
                              "0003 0024 0101 0002 0001 0095 0004 8001 0004 00001234 0102 0002 0001 0095 0004 0022 "
                              "0004"));
    assert_true(needs(sample, IPFIX("00000001") "0101 0008 00000000"));
    assert_true(needs(sample, IPFIX("00000001") "0102 0008 00000000"));
    assert_true(needs(sample, IPFIX("00000001") "0003 0008 0101 0000")); /* withdrawn */
    assert_false(needs(sample, IPFIX("00000001") "0101 0008 00000000"));
    assert_true(needs(sample, IPFIX("00000001") "0102 0008 00000000"));
    /* one that ends within its second field is none, and the datagram goes on all the same */
    assert_true(needs(sample, IPFIX("00000001") "0003 0010 0103 0002 0001 0095 0004 8001"));
    assert_false(needs(sample, IPFIX("00000001") "0103 0008 00000000"));
    repeater_sample_free(sample);
}

/* What is cut off or does not make sense is no template, and nothing behind the end is read. */
static void test_damaged(void **state)
{
    (void)state;
    struct repeater_sample *sample = repeater_sample_create(NEVER, 42);
    struct guarded guard = guarded_create(256);
    static const char *const whole[] = {
        V9("00000001") "0001 0014 0101 0004 0004 0001 0004 0022 0004 0000 0000 000c 0100 0001 0008 0004 0101 0008 "
            "00000000",
        IPFIX("00000001") "0003 0024 0101 0002 0001 0095 0004 8001 0004 00001234 0102 0002 0001 0095 0004 0022 0004",
    };
    uint64_t random = 1;
    for (size_t i = 0; i < 2; i++) {
        uint8_t octets[256];
        const size_t size = octets_of(whole[i], octets);
        bool needed;
        for (size_t cut = 0; cut <= size; cut++) {
            const struct weir_datagram datagram = datagram_of(guarded_at_end(&guard, octets, cut), cut, 1);
            repeater_sample_takes(sample, &datagram, &needed);
            assert_int_equal(needed, cut >= (i == 0 ? 40u : 52u));
        }
        for (int round = 0; round < 200000; round++) {
            uint8_t changed[256];
            memcpy(changed, octets, size);
            for (int k = 0; k < 3; k++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                changed[(random >> 33) % size] = (uint8_t)(random >> 24);
            }
            const size_t cut = (random >> 50) % (size + 1);
            const struct weir_datagram datagram = datagram_of(guarded_at_end(&guard, changed, cut), cut, 1);
            repeater_sample_takes(sample, &datagram, &needed);
        }
    }
    guarded_free(&guard);
    repeater_sample_free(sample);
}

/* More exporters than there is room for are sampled all the same. */
static void test_more_exporters_than_room(void **state)
{
    (void)state;
    struct repeater_sample *sample = repeater_sample_create(100, 42);
    uint8_t v5[24] = {0, 5};
    uint32_t taken = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        struct weir_datagram datagram = datagram_of(v5, sizeof v5, 1);
        bool needed;
        memcpy(datagram.source.octets, &i, 4);
        taken += repeater_sample_takes(sample, &datagram, &needed);
    }
    assert_in_range(taken, 10000, 10000 + 4 * 4096);
    repeater_sample_free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_in_n_of_each),    cmocka_unit_test(test_all_without_sampling),
        cmocka_unit_test(test_templates_of_v9),     cmocka_unit_test(test_templates_of_ipfix),
        cmocka_unit_test(test_damaged),             cmocka_unit_test(test_more_exporters_than_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
