/* SPDX-License-Identifier: MIT */
/*
 * test_repeater_packet.c - packets that are put together again, by an own reading of the RFCs, are the payload, and
 * their sums come out right
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "repeater_packet.h"

#include "guarded.h"

#include <stdbool.h>
#include <string.h>

static struct repeater_flow flow_of(uint8_t family)
{
    struct repeater_flow flow = {.source_port = 50000, .target_port = 2055, .hops = 64, .id = 0x12345678};
    flow.source.family = flow.target.family = family;
    for (int i = 0; i < (family == 6 ? 16 : 4); i++) {
        flow.source.octets[i] = (uint8_t)(192 + i);
        flow.target.octets[i] = (uint8_t)(10 + 3 * i);
    }
    return flow;
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Of all octets as RFC 1071 has it: 0xffff where a sum within is right. */
static unsigned sum(const uint8_t *octets, size_t count, unsigned start)
{
    uint32_t total = start;
    for (size_t i = 0; i < count; i++)
        total += (uint32_t)octets[i] << (i % 2 == 0 ? 8 : 0);
    while (total > 0xffff)
        total = (total & 0xffff) + (total >> 16);
    return total;
}

static size_t read_ipv4(const struct repeater_packet *packet, const struct repeater_flow *flow, size_t *offset,
                        bool *more)
{
    const uint8_t *at = packet->headers;
    assert_int_equal(at[0], 0x45);
    assert_int_equal(get16(at + 2), packet->headers_bytes + packet->payload_bytes);
    assert_int_equal(get16(at + 4), 0x5678);
    assert_int_equal(at[8], 64);
    assert_int_equal(at[9], 17);
    assert_int_equal(sum(at, 20, 0), 0xffff);
    assert_memory_equal(at + 12, flow->source.octets, 4);
    assert_memory_equal(at + 16, flow->target.octets, 4);
    *offset = (get16(at + 6) & 0x1fff) * 8;
    *more = (get16(at + 6) & 0x2000) != 0;
    return 20;
}

static size_t read_ipv6(const struct repeater_packet *packet, const struct repeater_flow *flow, size_t *offset,
                        bool *more)
{
    const uint8_t *at = packet->headers;
    assert_int_equal(at[0], 0x60);
    assert_int_equal(get16(at + 4) + 40, packet->headers_bytes + packet->payload_bytes);
    assert_memory_equal(at + 8, flow->source.octets, 16);
    assert_memory_equal(at + 24, flow->target.octets, 16);
    *offset = 0;
    *more = false;
    if (at[6] == 17)
        return 40;
    assert_int_equal(at[6], 44);
    assert_int_equal(at[40], 17);
    assert_int_equal(get16(at + 44), 0x1234);
    assert_int_equal(get16(at + 46), 0x5678);
    *offset = get16(at + 42) & 0xfff8;
    *more = (get16(at + 42) & 1) != 0;
    return 48;
}

/* Puts the datagram together in `udp`. Returns how many packets it was. */
static size_t assemble(const struct repeater_flow *flow, const uint8_t *payload, size_t size, size_t mtu, uint8_t *udp)
{
    static struct repeater_packet packets[REPEATER_PACKETS_MAX];
    const size_t count = repeater_packet_make(flow, payload, size, mtu, packets);
    size_t next = 0;
    assert_in_range(count, 1, REPEATER_PACKETS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t offset;
        bool more;
        const size_t header = flow->target.family == 6 ? read_ipv6(&packets[i], flow, &offset, &more)
                                                       : read_ipv4(&packets[i], flow, &offset, &more);
        assert_true(packets[i].headers_bytes + packets[i].payload_bytes <= mtu);
        assert_int_equal(more, i + 1 < count);
        assert_int_equal(offset, next);
        const size_t rest = packets[i].headers_bytes - header;
        memcpy(udp + next, packets[i].headers + header, rest);
        memcpy(udp + next + rest, packets[i].payload, packets[i].payload_bytes);
        next += rest + packets[i].payload_bytes;
    }
    assert_int_equal(next, size + 8);
    return count;
}

static void check(uint8_t family, const uint8_t *payload, size_t size, size_t mtu, bool several)
{
    static uint8_t udp[70000];
    const struct repeater_flow flow = flow_of(family);
    const size_t count = assemble(&flow, payload, size, mtu, udp), address = family == 6 ? 16 : 4;
    assert_int_equal(count > 1, several);
    assert_int_equal(get16(udp), 50000);
    assert_int_equal(get16(udp + 2), 2055);
    assert_int_equal(get16(udp + 4), size + 8);
    assert_int_not_equal(get16(udp + 6), 0);
    assert_true(size == 0 || memcmp(udp + 8, payload, size) == 0);
    unsigned total = sum(flow.source.octets, address, 17 + (unsigned)size + 8);
    total = sum(flow.target.octets, address, total);
    assert_int_equal(sum(udp, size + 8, total), 0xffff);
}

static void test_all_lengths(void **state)
{
    (void)state;
    struct guarded guard = guarded_create(70000);
    static uint8_t octets[70000];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t size = 0; size <= 3200; size++) {
        const uint8_t *payload = guarded_at_end(&guard, octets, size);
        check(4, payload, size, 1500, size > 1472);
        check(6, payload, size, 1500, size > 1452);
    }
    check(4, guarded_at_end(&guard, octets, 65487), 65487, 576, true);
    check(6, guarded_at_end(&guard, octets, 65487), 65487, 1280, true);
    check(6, guarded_at_end(&guard, octets, 65527), 65527, 1280, true);
    check(4, guarded_at_end(&guard, octets, 65487), 65487, 65536, false);
    guarded_free(&guard);
}

/* A sum of 0 would say that there is none; it is written as 0xffff. */
static void test_sum_that_is_zero(void **state)
{
    (void)state;
    struct repeater_packet packets[REPEATER_PACKETS_MAX];
    const struct repeater_flow flow = flow_of(4);
    uint8_t payload[2] = {0};
    repeater_packet_make(&flow, payload, 2, 1500, packets);
    const unsigned check_of_zero = get16(packets[0].headers + 26);
    payload[0] = (uint8_t)(check_of_zero >> 8); /* it takes away what is missing */
    payload[1] = (uint8_t)check_of_zero;
    repeater_packet_make(&flow, payload, 2, 1500, packets);
    assert_int_equal(get16(packets[0].headers + 26), 0xffff);
}

static void test_too_long_and_too_narrow(void **state)
{
    (void)state;
    static uint8_t payload[66000];
    static struct repeater_packet packets[REPEATER_PACKETS_MAX];
    const struct repeater_flow four = flow_of(4), six = flow_of(6);
    assert_int_equal(repeater_packet_make(&four, payload, 65508, 1500, packets), 0);
    assert_int_equal(repeater_packet_make(&six, payload, 65528, 1500, packets), 0);
    assert_in_range(repeater_packet_make(&four, payload, 65487, 0, packets), 2, REPEATER_PACKETS_MAX);
    assert_in_range(repeater_packet_make(&six, payload, 65527, 0, packets), 2, REPEATER_PACKETS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_sum_that_is_zero),
        cmocka_unit_test(test_too_long_and_too_narrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
