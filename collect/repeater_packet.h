/* SPDX-License-Identifier: MIT */
/*
 * repeater_packet.h - IP and UDP headers around a payload, with a source address that is not ours
 *
 *     IPv4, RFC 791      20 octets           IPv6, RFC 8200      40 octets
 *     UDP, RFC 768        8, in the first    fragment            8, where there are several: 4.5
 *     payload                                UDP                 8, in the first
 *                                            payload
 *
 * The kernel leaves packets that come with their headers as they are, and does not cut them up: what is longer than the
 * path takes becomes several here.
 */
#ifndef WEIR_COLLECT_REPEATER_PACKET_H
#define WEIR_COLLECT_REPEATER_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

enum {
    REPEATER_HEADERS_BYTES = 56,         /* at most before the payload */
    REPEATER_MTU_MIN = 1280,             /* fewer are taken to be so many (IPv6); of IPv4 REPEATER_MTU4_MIN */
    REPEATER_MTU4_MIN = 576,
    REPEATER_PACKETS_MAX = 65535 / (REPEATER_MTU4_MIN - 24 - 8) + 2, /* that one datagram can become */
};

struct repeater_flow {
    struct weir_address source, target; /* of one family */
    uint16_t source_port, target_port;
    uint8_t hops;
    uint32_t id; /* of its fragments: another for each datagram, not 0 in its lower 16 bits */
};

/* A packet: headers, then a part of the payload. */
struct repeater_packet {
    uint8_t headers[REPEATER_HEADERS_BYTES];
    size_t headers_bytes;
    const uint8_t *payload;
    size_t payload_bytes;
};

/*
 * Writes the packets that carry a payload, each of at most `mtu_bytes`, with their checksums. Returns their number,
 * from 1 to REPEATER_PACKETS_MAX; 0 when the payload is too long for UDP.
 */
size_t repeater_packet_make(const struct repeater_flow *flow, const uint8_t *payload, size_t payload_bytes,
                            size_t mtu_bytes,
                            struct repeater_packet packets[REPEATER_PACKETS_MAX]);

#endif
