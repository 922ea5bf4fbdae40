/* SPDX-License-Identifier: MIT */
/*
 * test_reassembly.c - fragments in every order, twice, missing, contradicting, and too many
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "packet_maker.h"
#include "reassembly.h"

#define SECOND_US INT64_C(1000000)

static struct reassembly *reassembly;
static const uint8_t *whole;
static size_t whole_bytes;
static uint8_t whole_header;

static int set_up(void **state)
{
    (void)state;
    reassembly = reassembly_create();
    return reassembly == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    reassembly_free(reassembly);
    return 0;
}

/* Octets first to first + size_bytes of the datagram `id`, whose octets are payload_octet() plus `id`. */
static bool add_changed(uint32_t id, size_t first, size_t size_bytes, bool more, int64_t now_us, uint8_t change)
{
    uint8_t *octets = malloc(size_bytes); /* of just this size, for the sanitizer */
    struct packet fragment = {
        .source = {{192, 0, 2, 1}, 4},
        .destination = {{192, 0, 2, 2}, 4},
        .data = octets,
        .size_bytes = size_bytes,
        .fragment_more = more,
        .fragment_offset_bytes = first,
        .fragment_id = id,
        .next_header = first == 0 ? 17 : 99, /* that of the first fragment holds */
    };
    bool done;

    assert_non_null(octets);
    for (size_t i = 0; i < size_bytes; i++) {
        octets[i] = (uint8_t)(payload_octet(first + i) + id);
    }
    octets[size_bytes - 1] = (uint8_t)(octets[size_bytes - 1] ^ change);
    done = reassembly_add(reassembly, &fragment, now_us, &whole, &whole_bytes, &whole_header);
    free(octets);
    return done;
}

static bool add(uint32_t id, size_t first, size_t size_bytes, bool more)
{
    return add_changed(id, first, size_bytes, more, SECOND_US, 0);
}

static void check_whole(uint32_t id, size_t size_bytes)
{
    assert_int_equal(whole_bytes, size_bytes);
    assert_int_equal(whole_header, 17);
    for (size_t i = 0; i < size_bytes; i++) {
        assert_int_equal(whole[i], (uint8_t)(payload_octet(i) + id));
    }
}

/* Every datagram that was begun is in one bucket, once none is under way. */
static void check_sum(void)
{
    const struct reassembly_counts *counts = reassembly_counts(reassembly);

    reassembly_finish(reassembly);
    assert_int_equal(counts->begun, counts->whole + counts->incomplete + counts->evicted + counts->contradicting);
}

static void every_order(void **state)
{
    static const size_t firsts[] = {0, 1480, 2960, 3304}, sizes[] = {1480, 1480, 344, 5};
    uint32_t id = 0;

    (void)state;
    for (size_t order = 0; order < 256; order++) { /* four digits of two bits; those with a digit twice are left out */
        size_t digits[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
        size_t seen = 0;

        for (size_t i = 0; i < 4; i++) {
            seen |= (size_t)1 << digits[i];
        }
        if (seen != 15) {
            continue;
        }
        id++;
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(add(id, firsts[digits[i]], sizes[digits[i]], digits[i] != 3), i == 3);
        }
        check_whole(id, 3309);
    }
    assert_int_equal(id, 24);
    assert_int_equal(reassembly_counts(reassembly)->whole, 24);
    check_sum();
}

static void interleaved(void **state)
{
    (void)state;
    assert_false(add(1, 0, 800, true));
    assert_false(add(2, 0, 640, true));
    assert_false(add(2, 1280, 100, false));
    assert_false(add(1, 800, 800, true));
    assert_true(add(2, 640, 640, true));
    check_whole(2, 1380);
    assert_true(add(1, 1600, 1, false));
    check_whole(1, 1601);
    check_sum();
}

static void largest(void **state)
{
    (void)state;
    assert_false(add(1, 8, 65520, true));
    assert_false(add(1, 65528, 7, false));
    assert_true(add(1, 0, 8, true));
    check_whole(1, 65535);
    for (size_t first = 0; first < 65528; first += 8) { /* as many fragments as there can be */
        assert_false(add(2, first, 8, true));
    }
    assert_true(add(2, 65528, 7, false));
    check_whole(2, 65535);
    check_sum();
}

static void captured_twice(void **state)
{
    (void)state;
    assert_false(add(1, 1600, 10, false));
    assert_false(add(1, 1600, 10, false));
    assert_false(add(1, 0, 800, true));
    assert_false(add(1, 0, 800, true));
    assert_true(add(1, 800, 800, true));
    check_whole(1, 1610);
    assert_int_equal(reassembly_counts(reassembly)->repeated, 2);
    check_sum();
    assert_int_equal(reassembly_counts(reassembly)->contradicting, 0);
}

/* Two fragments that do not fit together: the datagram is lost, whatever else comes of it. */
static void contradictions(void **state)
{
    static const struct {
        size_t first, size_bytes;
        bool more;
        uint8_t change;
    } pairs[][2] = {
        {{0, 800, true, 0}, {792, 800, true, 0}},     /* overlap at the end */
        {{800, 800, true, 0}, {0, 808, true, 0}},     /* at the start */
        {{0, 800, true, 0}, {80, 80, true, 0}},       /* one in the other */
        {{0, 800, true, 0}, {0, 80, true, 0}},        /* the same start, shorter */
        {{0, 80, true, 0}, {0, 800, true, 0}},        /* longer */
        {{80, 80, true, 0}, {0, 800, true, 0}},       /* around */
        {{0, 160, true, 0}, {80, 80, true, 0}},       /* the second half again */
        {{0, 800, true, 0}, {0, 800, true, 1}},       /* other octets */
        {{800, 80, false, 0}, {800, 80, true, 0}},    /* the last, and not the last */
        {{800, 80, true, 0}, {800, 80, false, 0}},    /* the other way around */
        {{800, 80, false, 0}, {800, 79, false, 0}},   /* two ends in one unit */
        {{800, 80, false, 0}, {1600, 80, false, 0}},  /* two ends */
        {{1600, 80, false, 0}, {800, 80, false, 0}},  /* two ends, reversed */
        {{800, 80, false, 0}, {880, 80, true, 0}},    /* behind the end */
        {{880, 80, true, 0}, {800, 80, false, 0}},    /* an end before what has come */
    };
    uint32_t count = sizeof(pairs) / sizeof(pairs[0]);

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 2; k++) {
            assert_false(add_changed(i, pairs[i][k].first, pairs[i][k].size_bytes, pairs[i][k].more, SECOND_US,
                                     pairs[i][k].change));
        }
        assert_int_equal(reassembly_counts(reassembly)->contradicting, i + 1);
        assert_false(add(i, 0, 800, true));
        assert_false(add(i, 800, 80, false));
        assert_int_equal(reassembly_counts(reassembly)->dropped, 2 * (i + 1));
    }
    assert_int_equal(reassembly_counts(reassembly)->begun, count);
    check_sum();
    assert_int_equal(reassembly_counts(reassembly)->incomplete, 0);
}

/* Octets are told to have come before by what has come, not by what lies in memory from another datagram. */
static void two_in_one_and_more_than_came(void **state)
{
    (void)state;
    assert_false(add(1, 0, 80, true));
    assert_false(add(1, 80, 80, true));
    assert_false(add(1, 0, 160, true)); /* both again as one */
    assert_int_equal(reassembly_counts(reassembly)->contradicting, 1);
    assert_false(add(2, 0, 800, true));
    assert_true(add(2, 800, 8, false));
    assert_false(add(2, 0, 80, true));
    assert_false(add(2, 0, 800, true)); /* which the memory still holds */
    assert_int_equal(reassembly_counts(reassembly)->contradicting, 2);
    assert_int_equal(reassembly_counts(reassembly)->repeated, 0);
    check_sum();
}

/* An identification is used again: fragments of two datagrams must not be mixed. */
static void waits_so_long(void **state)
{
    (void)state;
    assert_false(add_changed(1, 0, 800, true, SECOND_US, 0));
    assert_true(add_changed(1, 800, 8, false, SECOND_US + REASSEMBLY_WAIT_US, 0));
    assert_false(add_changed(1, 0, 800, true, SECOND_US, 0));
    assert_false(add_changed(1, 800, 8, false, SECOND_US + REASSEMBLY_WAIT_US + 1, 0));
    assert_int_equal(reassembly_counts(reassembly)->incomplete, 1);
    assert_true(add_changed(1, 0, 800, true, SECOND_US + REASSEMBLY_WAIT_US + 2, 0));
    check_whole(1, 808);

    /* Times that run backwards: the older in time is the newer in the list. */
    assert_false(add_changed(2, 0, 800, true, 100 * SECOND_US, 0));
    assert_false(add_changed(3, 0, 800, true, 60 * SECOND_US, 0));
    assert_false(add_changed(3, 800, 8, false, 100 * SECOND_US, 0));
    assert_true(add_changed(2, 800, 8, false, 100 * SECOND_US, 0));
    check_sum();
}

static void other_keys(void **state)
{
    uint8_t octets[8] = {0};
    struct packet first = {.data = octets, .size_bytes = 8, .fragment_more = true, .fragment_id = 1};
    struct packet changed[5], last = first;

    (void)state;
    first.source.family = first.destination.family = 6;
    last = first;
    last.fragment_more = false;
    last.fragment_offset_bytes = 8;
    for (size_t i = 0; i < 5; i++) {
        changed[i] = last;
    }
    changed[0].source.octets[15] = 1;
    changed[1].destination.octets[0] = 1;
    changed[2].source.family = changed[2].destination.family = 4;
    changed[3].fragment_id = 0x10001;
    changed[4].source.octets[0] = 0x80;
    assert_false(reassembly_add(reassembly, &first, 0, &whole, &whole_bytes, &whole_header));
    for (size_t i = 0; i < 5; i++) {
        assert_false(reassembly_add(reassembly, &changed[i], 0, &whole, &whole_bytes, &whole_header));
    }
    assert_true(reassembly_add(reassembly, &last, 0, &whole, &whole_bytes, &whole_header));
    assert_int_equal(reassembly_counts(reassembly)->begun, 6);
    check_sum();
}

static void the_oldest_makes_room(void **state)
{
    uint32_t count = REASSEMBLY_DATAGRAMS_MAX;

    (void)state;
    for (uint32_t id = 0; id < count + 10; id++) {
        assert_false(add(id, 8, 8, true));
    }
    assert_int_equal(reassembly_counts(reassembly)->evicted, 10);
    for (uint32_t id = 10; id < count + 10; id++) {
        assert_false(add(id, 0, 8, true));
        assert_true(add(id, 16, 3, false));
        check_whole(id, 19);
    }
    assert_false(add(0, 0, 8, true)); /* begun anew: its second fragment is gone */
    assert_false(add(0, 16, 3, false));
    assert_int_equal(reassembly_counts(reassembly)->whole, count);
    check_sum();
    assert_int_equal(reassembly_counts(reassembly)->incomplete, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(interleaved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(largest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(captured_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(contradictions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_in_one_and_more_than_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_so_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_makes_room, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
