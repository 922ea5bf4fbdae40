/* SPDX-License-Identifier: MIT */
/*
 * repeater_packet.c - headers of IPv4, IPv6 and UDP, and fragments
 */
#include "repeater_packet.h"

#include <stdbool.h>
#include <string.h>

enum {
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    FRAGMENT_BYTES = 8,
    UDP_BYTES = 8,
    PROTOCOL_UDP = 17,
    NEXT_FRAGMENT = 44,
    MORE_FRAGMENTS_4 = 0x2000,
};

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* RFC 1071: a sum of 16 bits, carried round. Sums of parts of even length can be added. */
static uint64_t sum_of(const uint8_t *octets, size_t count)
{
    uint64_t sum = 0;
    size_t i = 0;
    for (; i + 1 < count; i += 2)
        sum += (uint64_t)octets[i] << 8 | octets[i + 1];
    return i < count ? sum + ((uint64_t)octets[i] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
    while (sum > 0xffff)
        sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)~sum;
}

static size_t address_bytes(const struct repeater_flow *flow)
{
    return flow->target.family == 6 ? 16 : 4;
}

static void write_udp(const struct repeater_flow *flow, const uint8_t *payload, size_t payload_bytes,
                      uint8_t udp[UDP_BYTES])
{
    const size_t length = UDP_BYTES + payload_bytes;
    put16(udp, flow->source_port);
    put16(udp + 2, flow->target_port);
    put16(udp + 4, length);
    put16(udp + 6, 0);
    const uint64_t addresses = sum_of(flow->source.octets, address_bytes(flow)) +
                               sum_of(flow->target.octets, address_bytes(flow));
    const uint64_t sum = addresses + PROTOCOL_UDP + length + sum_of(udp, UDP_BYTES) + sum_of(payload, payload_bytes);
    const uint16_t check = fold(sum);
    put16(udp + 6, check == 0 ? 0xffff : check); /* 0 would say that there is none */
}

/* `offset` and `length` are of what follows the headers of IP, in octets. */
static size_t write_ipv4(const struct repeater_flow *flow, size_t offset, size_t length, bool more, uint8_t *at)
{
    memset(at, 0, IPV4_BYTES);
    at[0] = 0x45;
    put16(at + 2, IPV4_BYTES + length);
    put16(at + 4, flow->id & 0xffff);
    put16(at + 6, offset / 8 | (more ? MORE_FRAGMENTS_4 : 0));
    at[8] = flow->hops;
    at[9] = PROTOCOL_UDP;
    memcpy(at + 12, flow->source.octets, 4);
    memcpy(at + 16, flow->target.octets, 4);
    put16(at + 10, fold(sum_of(at, IPV4_BYTES)));
    return IPV4_BYTES;
}

static size_t write_ipv6(const struct repeater_flow *flow, size_t offset, size_t length, bool more, uint8_t *at)
{
    const bool whole = offset == 0 && !more;
    memset(at, 0, IPV6_BYTES + FRAGMENT_BYTES);
    at[0] = 0x60;
    put16(at + 4, length + (whole ? 0 : FRAGMENT_BYTES));
    at[6] = whole ? PROTOCOL_UDP : NEXT_FRAGMENT;
    at[7] = flow->hops;
    memcpy(at + 8, flow->source.octets, 16);
    memcpy(at + 24, flow->target.octets, 16);
    if (whole)
        return IPV6_BYTES;
    at[IPV6_BYTES] = PROTOCOL_UDP;
    put16(at + IPV6_BYTES + 2, offset | (more ? 1 : 0));
    put16(at + IPV6_BYTES + 4, flow->id >> 16);
    put16(at + IPV6_BYTES + 6, flow->id & 0xffff);
    return IPV6_BYTES + FRAGMENT_BYTES;
}

size_t repeater_packet_make(const struct repeater_flow *flow, const uint8_t *payload, size_t payload_bytes,
                            size_t mtu_bytes, struct repeater_packet packets[REPEATER_PACKETS_MAX])
{
    const bool six = flow->target.family == 6;
    const size_t least = six ? REPEATER_MTU_MIN : REPEATER_MTU4_MIN, total = UDP_BYTES + payload_bytes;
    if (total + (six ? 0 : IPV4_BYTES) > 65535)
        return 0;
    if (mtu_bytes < least)
        mtu_bytes = least;
    size_t part = total; /* of each packet, behind the headers of IP */
    if (total + (six ? IPV6_BYTES : IPV4_BYTES) > mtu_bytes)
        part = (mtu_bytes - (six ? IPV6_BYTES + FRAGMENT_BYTES : IPV4_BYTES)) / 8 * 8;
    size_t count = 0;
    for (size_t offset = 0; offset < total; offset += part) {
        struct repeater_packet *packet = &packets[count++];
        const size_t length = total - offset < part ? total - offset : part;
        const bool more = offset + length < total;
        const size_t skip = offset == 0 ? UDP_BYTES : 0; /* the first holds the header of UDP */
        packet->headers_bytes = six ? write_ipv6(flow, offset, length, more, packet->headers)
                                    : write_ipv4(flow, offset, length, more, packet->headers);
        if (skip > 0)
            write_udp(flow, payload, payload_bytes, packet->headers + packet->headers_bytes);
        packet->headers_bytes += skip;
        packet->payload = payload + (offset == 0 ? 0 : offset - UDP_BYTES);
        packet->payload_bytes = length - skip;
    }
    return count;
}
