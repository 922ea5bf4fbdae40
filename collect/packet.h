/* SPDX-License-Identifier: MIT */
/*
 * packet.h - finds the UDP datagram in a captured packet
 *
 * Pure functions: octets in, a view of the same octets out. Checksums are not looked at, since a capture taken
 * on the sender has packets whose checksums the network card was yet to fill in.
 */
#ifndef WEIR_COLLECT_PACKET_H
#define WEIR_COLLECT_PACKET_H

#include <stdbool.h>
#include <weir/weir.h>

#include "wire_view.h"

/* A datagram, or a fragment of one. `data` points into the packet. */
struct packet {
    struct weir_address source;
    struct weir_address destination;
    const uint8_t *data; /* the payload of UDP; of a fragment, what it carries of the fragmented part */
    size_t size_bytes;
    uint16_t source_port;
    uint16_t destination_port;
    bool has_ports;          /* also told of some that are cut short or malformed behind their ports */
    bool fragment_more;      /* of a fragment: it is not the last one */
    uint8_t next_header;     /* of a fragment: what the fragmented part begins with */
    uint32_t fragment_id;
    size_t fragment_offset_bytes;
};

/*
 * Takes a packet of a link type (libpcap's DLT_ numbers) apart. `length_bytes` is its length on the wire, and
 * `captured_bytes` what of it is at `data`. Returns PACKET_DATAGRAM or PACKET_FRAGMENT with all of the packet
 * filled in, or what it was instead; then only has_ports and the ports are certain.
 */
enum packet_verdict packet_parse(int link_type, const uint8_t *data, size_t captured_bytes, size_t length_bytes,
                                 struct packet *ret_packet);

/*
 * The same for the fragmented part of a datagram once it is whole again: `packet` keeps its addresses and gets
 * ports and payload. A fragment within a fragment is malformed.
 */
enum packet_verdict packet_parse_whole(uint8_t next_header, const uint8_t *data, size_t size_bytes,
                                       struct packet *packet);

/* "malformed packets" and the like, for a summary. */
const char *packet_verdict_text(enum packet_verdict verdict);

#endif
