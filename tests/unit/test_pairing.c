/* SPDX-License-Identifier: MIT */
/*
 * test_pairing.c - which flows become a connection: interleaved ones, records of long ones, wraps, ICMP, exporters
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow_maker.h"
#include "pairing.h"

#define FOUND_MAX 4096

static struct connection found[FOUND_MAX];
static unsigned found_count;
static struct pairing *pairing;

static void on_found(void *context, const struct connection *connection)
{
    (void)context;
    assert_true(found_count < FOUND_MAX);
    found[found_count++] = *connection;
}

static int set_up(void **state)
{
    struct pairing_options options = {.horizon_us = 60 * SECOND_US, .flows_max = 1000, .found = on_found};
    (void)state;
    found_count = 0;
    pairing = pairing_create(&options);
    return pairing == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    pairing_free(pairing);
    return 0;
}

static void add(struct flow flow)
{
    assert_int_equal(pairing_add(pairing, &flow), 0);
}

static void add_later(struct flow flow, int64_t seconds)
{
    flow.received_us += seconds * SECOND_US;
    flow.ended_us += seconds * SECOND_US;
    add(flow);
}

#define A "192.0.2.7"
#define B "192.0.2.9"
#define C "2001:db8::1"

static void test_two_sides_are_a_connection(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 22, 1000, 5000, 300));
    add(make_flow(B, 22, A, 40000, 1000, 5000, 4096));
    assert_int_equal(found_count, 1);
    assert_true(found[0].paired);
    assert_int_equal(found[0].from.source_port, 22); /* it sent more */
    assert_int_equal(connection_size_bytes(&found[0]), 4096);
    assert_int_equal(connection_bytes(&found[0]), 4396);
    assert_int_equal(connection_packets(&found[0]), 1 + 5);
    assert_int_equal(connection_duration_ms(&found[0]), 4000);
    assert_int_equal(pairing_counts(pairing)->flows_paired, 2);
}

static void test_duration_is_that_of_the_larger_side(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 22, 1000, 9000, 300));
    add(make_flow(B, 22, A, 40000, 1500, 8000, 4096));
    assert_int_equal(found_count, 1);
    assert_int_equal(connection_duration_ms(&found[0]), 6500);
}

/* What taking neighbours for pairs gets wrong. */
static void test_interleaved_connections(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, 1000, 5000, 1));
    add(make_flow(A, 40001, B, 80, 1000, 5000, 2));
    add(make_flow(C, 40000, C, 80, 1000, 5000, 3));
    add(make_flow(B, 80, A, 40001, 1000, 5000, 2000));
    add(make_flow(C, 80, C, 40000, 1000, 5000, 3000));
    add(make_flow(B, 80, A, 40000, 1000, 5000, 1000));
    assert_int_equal(found_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(found[i].paired);
        assert_int_equal(found[i].from.bytes, found[i].to.bytes * 1000);
    }
}

static void test_same_ports_on_one_host(void **state)
{
    (void)state;
    add(make_flow("127.0.0.1", 40000, "127.0.0.1", 9000, 1000, 5000, 1));
    add(make_flow("127.0.0.1", 40000, "127.0.0.1", 9000, 8000, 9000, 2)); /* the same direction again: no pair */
    assert_int_equal(found_count, 0);
    add(make_flow("127.0.0.1", 9000, "127.0.0.1", 40000, 8000, 9000, 3));
    assert_int_equal(found_count, 1);
    assert_int_equal(found[0].to.bytes, 2);
    add(make_flow("127.0.0.1", 5353, "127.0.0.1", 5353, 1000, 5000, 4)); /* its own reverse */
    add(make_flow("127.0.0.1", 5353, "127.0.0.1", 5353, 1000, 5000, 5));
    assert_int_equal(found_count, 2);
}

/* A long connection comes in several records; each finds the one of its time, whatever order they come in. */
static void test_records_of_a_long_connection(void **state)
{
    static const int orders[][6] = {{0, 1, 2, 3, 4, 5}, {0, 2, 4, 1, 3, 5}, {4, 2, 0, 1, 3, 5}, {5, 3, 1, 4, 2, 0},
                                    {0, 5, 2, 1, 4, 3}};
    for (size_t o = 0; o < sizeof(orders) / sizeof(orders[0]); o++) {
        tear_down(state);
        set_up(state);
        for (int i = 0; i < 6; i++) {
            int piece = orders[o][i] / 2;
            uint32_t first = (uint32_t)piece * 60000, last = first + 60000;
            if (orders[o][i] % 2 == 0) {
                add(make_flow(A, 40000, B, 80, first, last, (uint64_t)piece + 1));
            } else {
                add(make_flow(B, 80, A, 40000, first, last, ((uint64_t)piece + 1) * 1000));
            }
        }
        pairing_finish(pairing);
        assert_int_equal(found_count, 3);
        for (unsigned i = 0; i < 3; i++) {
            assert_true(found[i].paired);
            assert_int_equal(found[i].from.bytes, found[i].to.bytes * 1000);
        }
    }
}

/* Those that barely touch are joined only when nothing better came. */
static void test_the_best_overlap_wins(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, 0, 60000, 1));
    add(make_flow(B, 80, A, 40000, 55000, 120000, 9000)); /* shares 5 s with it */
    assert_int_equal(found_count, 0);
    add(make_flow(B, 80, A, 40000, 2000, 61000, 1000));
    assert_int_equal(found_count, 1);
    assert_int_equal(found[0].from.bytes, 1000);
    pairing_finish(pairing);
    assert_int_equal(found_count, 2);
    assert_false(found[1].paired);
}

static void test_a_weak_pair_is_a_pair_in_the_end(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, 0, 60000, 1));
    add(make_flow(B, 80, A, 40000, 50000, 60000, 9000));
    assert_int_equal(found_count, 0);
    pairing_finish(pairing);
    assert_int_equal(found_count, 1);
    assert_true(found[0].paired);
}

/* The one that gives up must not take the partner of another. */
static void test_a_weak_pair_does_not_break_a_better_one(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, 0, 50000, 1));
    add(make_flow(A, 40000, B, 80, 50000, 150000, 2));
    add(make_flow(B, 80, A, 40000, 49000, 95000, 2000)); /* 1 s of the first, 45 s of the second */
    assert_int_equal(found_count, 0);
    pairing_finish(pairing);
    assert_int_equal(found_count, 2);
    assert_true(found[0].paired);
    assert_int_equal(found[0].to.bytes, 2);
    assert_false(found[1].paired);
    assert_int_equal(found[1].from.bytes, 1);
}

static void test_the_same_tuple_much_later_is_another_connection(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, 0, 1000, 1));
    add(make_flow(B, 80, A, 40000, 20000, 21000, 2));
    pairing_finish(pairing);
    assert_int_equal(found_count, 2);
    assert_false(found[0].paired);
    assert_false(found[1].paired);
}

static void test_uptime_wraps(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, UINT32_MAX - 999, 4000, 1));
    add(make_flow(B, 80, A, 40000, UINT32_MAX - 899, 4000, 2000));
    assert_int_equal(found_count, 1);
    assert_int_equal(connection_duration_ms(&found[0]), 4900);
    add(make_flow(A, 40001, B, 80, UINT32_MAX - 500, UINT32_MAX - 10, 1)); /* one before, one behind the wrap */
    add(make_flow(B, 80, A, 40001, 5, 300, 2000));
    pairing_finish(pairing);
    assert_int_equal(found_count, 2);
    assert_true(found[1].paired);
}

static void test_absolute_times(void **state)
{
    struct flow forth = make_flow(A, 40000, B, 80, 0, 0, 1), back = make_flow(B, 80, A, 40000, 0, 0, 2);
    (void)state;
    forth.clock = back.clock = FLOW_CLOCK_ABSOLUTE;
    forth.first_ms = 1509225421000;
    forth.last_ms = 1509225431000;
    back.first_ms = 1509225421500;
    back.last_ms = 1509225431500;
    add(forth);
    add(back);
    assert_int_equal(found_count, 1);
    assert_int_equal(connection_duration_ms(&found[0]), 10000);
}

static void test_no_times_at_all(void **state)
{
    struct flow forth = make_flow(A, 40000, B, 80, 0, 0, 1), back = make_flow(B, 80, A, 40000, 0, 0, 2);
    (void)state;
    forth.clock = back.clock = FLOW_CLOCK_NONE;
    add(forth);
    add(back);
    assert_int_equal(found_count, 1);
}

static void test_echo_is_paired_by_type(void **state)
{
    (void)state;
    add(make_icmp(A, B, PROTOCOL_ICMP, 8, 1000, 5000));
    add(make_icmp(B, A, PROTOCOL_ICMP, 8, 1000, 5000)); /* a ping in the other direction */
    assert_int_equal(found_count, 0);
    add(make_icmp(B, A, PROTOCOL_ICMP, 0, 1001, 5001));
    assert_int_equal(found_count, 1);
    assert_int_equal(found[0].from.icmp_type, 8); /* equal bytes: the one that asks */
    assert_int_equal(found[0].to.icmp_type, 0);
    add(make_icmp(A, B, PROTOCOL_ICMP, 0, 1001, 5001));
    assert_int_equal(found_count, 2);
    add(make_icmp(C, "2001:db8::2", PROTOCOL_ICMP6, 128, 1000, 5000));
    add(make_icmp("2001:db8::2", C, PROTOCOL_ICMP6, 129, 1000, 5000));
    assert_int_equal(found_count, 3);
    assert_true(found[2].paired);
}

static void test_echo_to_oneself(void **state)
{
    (void)state;
    add(make_icmp("127.0.0.1", "127.0.0.1", PROTOCOL_ICMP, 8, 1000, 5000));
    add(make_icmp("127.0.0.1", "127.0.0.1", PROTOCOL_ICMP, 0, 1000, 5000));
    assert_int_equal(found_count, 1);
    assert_true(found[0].paired);
}

static void test_an_icmp_error_has_no_other_side(void **state)
{
    (void)state;
    add(make_icmp(A, B, PROTOCOL_ICMP, 3, 1000, 5000));
    add(make_icmp(B, A, PROTOCOL_ICMP, 3, 1000, 5000));
    assert_int_equal(found_count, 2); /* at once */
    assert_false(found[0].paired);
    assert_false(found[1].paired);
}

static void test_icmp_without_types(void **state)
{
    struct flow forth = make_icmp(A, B, PROTOCOL_ICMP, 0, 1000, 5000);
    struct flow back = make_icmp(B, A, PROTOCOL_ICMP, 0, 1000, 5000);
    (void)state;
    forth.has_icmp = back.has_icmp = false;
    add(forth);
    add(back);
    assert_int_equal(found_count, 1);
}

static void test_protocols_and_exporters_are_apart(void **state)
{
    struct flow udp = make_flow(B, 80, A, 40000, 1000, 5000, 1);
    struct flow other = make_flow(B, 80, A, 40000, 1000, 5000, 2);
    (void)state;
    udp.protocol = PROTOCOL_UDP;
    other.exporter = 77;
    add(make_flow(A, 40000, B, 80, 1000, 5000, 3));
    add(udp);
    add(other);
    pairing_finish(pairing);
    assert_int_equal(found_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(found[i].paired);
    }
}

static void test_sides_in_different_datagrams(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, 1000, 5000, 1));
    add_later(make_flow(B, 80, A, 40000, 1000, 5000, 2), 30);
    assert_int_equal(found_count, 1);
    assert_int_equal(found[0].time_us, (1509225421 + 30) * SECOND_US); /* of the one that completed it */
    assert_int_equal(found[0].sequence, 1);
}

static void test_who_waits_too_long_stays_alone(void **state)
{
    (void)state;
    add(make_flow(A, 40000, B, 80, 1000, 5000, 1));
    pairing_advance(pairing, (1509225421 + 60) * SECOND_US);
    assert_int_equal(found_count, 0);
    assert_int_equal(pairing_settled_us(pairing), 1509225421 * SECOND_US);
    pairing_advance(pairing, (1509225421 + 61) * SECOND_US);
    assert_int_equal(found_count, 1);
    assert_false(found[0].paired);
    assert_int_equal(found[0].time_us, 1509225421 * SECOND_US);
    assert_int_equal(connection_bytes(&found[0]), 1);
    assert_int_equal(connection_packets(&found[0]), 1);
    assert_int_equal(pairing_settled_us(pairing), (1509225421 + 61) * SECOND_US);
    add_later(make_flow(B, 80, A, 40000, 1000, 5000, 2), 62);
    assert_int_equal(found_count, 1);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        add(make_flow(A, (uint16_t)i, B, 80, 1000, 5000, i));
    }
    assert_int_equal(found_count, 2000); /* the oldest */
    assert_int_equal(pairing_counts(pairing)->flows_crowded, 2000);
    assert_int_equal(found[0].from.bytes, 0);
    for (unsigned i = 2000; i < 3000; i++) {
        add(make_flow(B, 80, A, (uint16_t)i, 1000, 5000, i));
    }
    assert_int_equal(found_count, 3000);
    for (unsigned i = 2000; i < 3000; i++) {
        assert_true(found[i].paired);
    }
    pairing_finish(pairing);
    assert_int_equal(found_count, 3000);
}

/* A tunnel has no ports: its records all carry one tuple. */
static void test_many_flows_of_one_tuple(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 900; i++) {
        struct flow flow = make_flow(A, 0, B, 0, i * 10000, i * 10000 + 10000, i + 1);
        flow.protocol = 47;
        add(flow);
    }
    for (unsigned i = 900; i-- > 0;) { /* the newest first: those that are looked at first */
        struct flow flow = make_flow(B, 0, A, 0, i * 10000, i * 10000 + 10000, i + 1);
        flow.protocol = 47;
        add(flow);
    }
    assert_int_equal(found_count, 900);
    for (unsigned i = 0; i < 900; i++) {
        assert_int_equal(found[i].from.bytes, found[i].to.bytes);
    }
}

static void test_extreme_times_do_no_harm(void **state)
{
    struct flow flow = make_flow(A, 1, B, 2, 0, 0, UINT64_MAX), back = make_flow(B, 2, A, 1, 0, 0, UINT64_MAX);
    (void)state;
    flow.clock = back.clock = FLOW_CLOCK_ABSOLUTE;
    flow.first_ms = INT64_MIN / 2;
    flow.last_ms = INT64_MAX / 2;
    back.first_ms = INT64_MAX / 2;
    back.last_ms = INT64_MIN / 2;
    flow.packets = back.packets = UINT64_MAX;
    add(flow);
    add(back);
    pairing_advance(pairing, INT64_MAX);
    pairing_finish(pairing);
    for (unsigned i = 0; i < found_count; i++) {
        assert_true(connection_bytes(&found[i]) == UINT64_MAX);
        assert_true(connection_packets(&found[i]) == UINT64_MAX);
    }
    assert_true(found_count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
        TEST(two_sides_are_a_connection),
        TEST(duration_is_that_of_the_larger_side),
        TEST(interleaved_connections),
        TEST(same_ports_on_one_host),
        TEST(records_of_a_long_connection),
        TEST(the_best_overlap_wins),
        TEST(a_weak_pair_is_a_pair_in_the_end),
        TEST(a_weak_pair_does_not_break_a_better_one),
        TEST(the_same_tuple_much_later_is_another_connection),
        TEST(uptime_wraps),
        TEST(absolute_times),
        TEST(no_times_at_all),
        TEST(echo_is_paired_by_type),
        TEST(echo_to_oneself),
        TEST(an_icmp_error_has_no_other_side),
        TEST(icmp_without_types),
        TEST(protocols_and_exporters_are_apart),
        TEST(sides_in_different_datagrams),
        TEST(who_waits_too_long_stays_alone),
        TEST(memory_is_bounded),
        TEST(many_flows_of_one_tuple),
        TEST(extreme_times_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
