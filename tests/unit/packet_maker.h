/* SPDX-License-Identifier: MIT */
/*
 * packet_maker.h - writes packets octet by octet, for the tests of what reads captures
 *
 * Headers are put one behind the other; lengths are given, not computed, so that a test can give wrong ones.
 * IPv4 goes from 192.0.2.1 to 192.0.2.2, IPv6 from 2001:db8::1 to 2001:db8::2.
 */
#ifndef WEIR_TESTS_PACKET_MAKER_H
#define WEIR_TESTS_PACKET_MAKER_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct made {
    uint8_t octets[70000];
    size_t size_bytes;
};

static inline void put(struct made *made, const void *octets, size_t size_bytes)
{
    assert(size_bytes <= sizeof(made->octets) - made->size_bytes);
    memcpy(made->octets + made->size_bytes, octets, size_bytes);
    made->size_bytes += size_bytes;
}

/* The low `size_bytes` octets of a number, big-endian. */
static inline void put_number(struct made *made, uint64_t number, size_t size_bytes)
{
    for (size_t i = size_bytes; i-- > 0;) {
        uint8_t octet = (uint8_t)(number >> 8 * i);

        put(made, &octet, 1);
    }
}

static inline void put_zeros(struct made *made, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        put_number(made, 0, 1);
    }
}

/* Octets that differ from place to place, so that a piece in the wrong place shows. */
static inline uint8_t payload_octet(size_t place)
{
    return (uint8_t)(place * 7 + place / 251);
}

static inline void put_payload(struct made *made, size_t first, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        put_number(made, payload_octet(first + i), 1);
    }
}

static inline void put_ethernet(struct made *made, uint16_t type)
{
    put_number(made, 0x020000000001, 6);
    put_number(made, 0x020000000002, 6);
    put_number(made, type, 2);
}

#define MORE_FRAGMENTS 0x2000u

/* `flags` are those of the header, with the offset of a fragment in units of 8 octets. */
static inline void put_ipv4(struct made *made, size_t total_bytes, uint16_t id, uint16_t flags, uint8_t protocol)
{
    put_number(made, 0x4500, 2);
    put_number(made, total_bytes, 2);
    put_number(made, id, 2);
    put_number(made, flags, 2);
    put_number(made, 64, 1);
    put_number(made, protocol, 1);
    put_number(made, 0, 2);
    put_number(made, 0xc0000201, 4);
    put_number(made, 0xc0000202, 4);
}

static inline void put_ipv6(struct made *made, size_t payload_bytes, uint8_t next_header)
{
    put_number(made, 0x60000000, 4);
    put_number(made, payload_bytes, 2);
    put_number(made, next_header, 1);
    put_number(made, 64, 1);
    put_number(made, 0x20010db800000000, 8);
    put_number(made, 1, 8);
    put_number(made, 0x20010db800000000, 8);
    put_number(made, 2, 8);
}

/* An IPv6 extension header of 8 * (1 + `length_units`) octets. */
static inline void put_extension(struct made *made, uint8_t next_header, uint8_t length_units)
{
    put_number(made, next_header, 1);
    put_number(made, length_units, 1);
    put_zeros(made, 6 + (size_t)length_units * 8);
}

static inline void put_fragment_header(struct made *made, uint8_t next_header, size_t offset_bytes, int more,
                                       uint32_t id)
{
    put_number(made, next_header, 1);
    put_number(made, 0, 1);
    put_number(made, offset_bytes | (more ? 1 : 0), 2);
    put_number(made, id, 4);
}

#define SOURCE_PORT 40000u
#define EXPORT_PORT 2055u

static inline void put_udp(struct made *made, uint16_t destination_port, size_t length_bytes)
{
    put_number(made, SOURCE_PORT, 2);
    put_number(made, destination_port, 2);
    put_number(made, length_bytes, 2);
    put_number(made, 0, 2);
}

/* A whole IPv4 packet with `size_bytes` of payload. */
static inline void put_ipv4_datagram(struct made *made, uint16_t destination_port, size_t size_bytes)
{
    put_ipv4(made, 28 + size_bytes, 1, 0, 17);
    put_udp(made, destination_port, 8 + size_bytes);
    put_payload(made, 0, size_bytes);
}

static inline void put_ipv6_datagram(struct made *made, uint16_t destination_port, size_t size_bytes)
{
    put_ipv6(made, 8 + size_bytes, 17);
    put_udp(made, destination_port, 8 + size_bytes);
    put_payload(made, 0, size_bytes);
}

#endif
