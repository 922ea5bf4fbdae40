/* SPDX-License-Identifier: MIT */
/*
 * packet.c - IPv4 (RFC 791), IPv6 (RFC 8200) and UDP (RFC 768) headers
 *
 *   IPv4   0 version, header length in words | 1 service | 2 total length | 4 identification
 *          6 flags (0x2000 more fragments), offset in units of 8 octets | 8 time to live | 9 protocol
 *          10 checksum | 12 source | 16 destination | 20 options
 *   IPv6   0 version, class, label | 4 payload length | 6 next header | 7 hop limit | 8 source | 24 destination
 *   IPv6 extension header   0 next header | 1 length in units of 8 octets, without the first 8
 *   IPv6 fragment header    0 next header | 1 reserved | 2 offset in units of 8 octets, 1 more | 4 identification
 *   UDP    0 source port | 2 destination port | 4 length with this header | 6 checksum
 */
#include "packet.h"

#include <string.h>

#include "linklayer.h"

#define PROTOCOL_UDP 17u
#define HEADER_HOP_BY_HOP 0u
#define HEADER_ROUTING 43u
#define HEADER_FRAGMENT 44u
#define HEADER_AUTHENTICATION 51u
#define HEADER_DESTINATION 60u
#define EXTENSIONS_MAX 16

static void set_address(struct weir_address *address, const uint8_t *octets, uint8_t family)
{
    size_t size_bytes = family == 4 ? 4 : 16;

    memset(address, 0, sizeof(*address));
    memcpy(address->octets, octets, size_bytes);
    address->family = family;
}

static enum packet_verdict parse_udp(struct wire_view *view, struct packet *packet)
{
    const uint8_t *header = wire_take(view, 8);
    size_t length_bytes;

    if (header == NULL) {
        return view->verdict;
    }
    packet->source_port = wire_u16(header);
    packet->destination_port = wire_u16(header + 2);
    packet->has_ports = true;
    length_bytes = wire_u16(header + 4);
    if (length_bytes < 8) { /* 0 is a jumbogram (RFC 2675), which no capture of flow exports has */
        return PACKET_MALFORMED;
    }
    packet->size_bytes = length_bytes - 8;
    packet->data = wire_take(view, packet->size_bytes);
    return packet->data == NULL ? view->verdict : PACKET_DATAGRAM;
}

/* RFC 8200 section 4.5; called behind the check that the fragment is one, and not a whole datagram. */
static enum packet_verdict finish_fragment(struct wire_view *view, struct packet *packet)
{
    packet->size_bytes = view->length_bytes;
    if (packet->size_bytes == 0 || packet->fragment_offset_bytes + packet->size_bytes > UINT16_MAX ||
        (packet->fragment_more && packet->size_bytes % 8 != 0)) {
        return PACKET_MALFORMED;
    }
    packet->data = wire_take(view, packet->size_bytes);
    return packet->data == NULL ? view->verdict : PACKET_FRAGMENT;
}

static enum packet_verdict parse_ipv4(struct wire_view *view, struct packet *packet)
{
    size_t frame_bytes = view->length_bytes;
    const uint8_t *header = wire_take(view, 20);
    size_t header_bytes, total_bytes;
    uint16_t flags;

    if (header == NULL) {
        return view->verdict;
    }
    header_bytes = (size_t)(header[0] & 0x0f) * 4;
    total_bytes = wire_u16(header + 2);
    flags = wire_u16(header + 6);
    packet->fragment_offset_bytes = (size_t)(flags & 0x1fff) * 8;
    packet->fragment_more = (flags & 0x2000) != 0;
    if (total_bytes == 0 && packet->fragment_offset_bytes == 0 && !packet->fragment_more) {
        total_bytes = frame_bytes; /* the sender's network card was to cut it up and write the lengths */
    }
    if (header[0] >> 4 != 4 || header_bytes < 20 || total_bytes < header_bytes || total_bytes > frame_bytes) {
        return PACKET_MALFORMED;
    }
    wire_shorten(view, total_bytes - 20);
    if (header[9] != PROTOCOL_UDP) {
        return PACKET_NOT_UDP;
    }
    if (wire_take(view, header_bytes - 20) == NULL) {
        return view->verdict;
    }
    set_address(&packet->source, header + 12, 4);
    set_address(&packet->destination, header + 16, 4);
    if (packet->fragment_offset_bytes == 0 && !packet->fragment_more) {
        return parse_udp(view, packet);
    }
    packet->fragment_id = wire_u16(header + 4);
    packet->next_header = PROTOCOL_UDP;
    return finish_fragment(view, packet);
}

static bool is_extension(uint8_t next_header)
{
    return next_header == HEADER_HOP_BY_HOP || next_header == HEADER_ROUTING || next_header == HEADER_DESTINATION ||
           next_header == HEADER_AUTHENTICATION || next_header == HEADER_FRAGMENT;
}

/* Follows the chain of IPv6 headers up to UDP. */
static enum packet_verdict parse_chain(struct wire_view *view, uint8_t next, bool may_be_fragment,
                                       struct packet *packet)
{
    for (int count = 0; next != PROTOCOL_UDP; count++) {
        const uint8_t *header;
        size_t rest_bytes;

        if (!is_extension(next)) {
            return PACKET_NOT_UDP;
        }
        header = wire_take(view, 8);
        if (header == NULL) {
            return view->verdict;
        }
        if (count == EXTENSIONS_MAX || (next == HEADER_FRAGMENT && !may_be_fragment)) {
            return PACKET_MALFORMED;
        }
        rest_bytes = (size_t)header[1] * 8;
        if (next == HEADER_AUTHENTICATION) {
            rest_bytes = (size_t)header[1] * 4; /* words, less the two that are taken: RFC 4302 section 2.2 */
        } else if (next == HEADER_FRAGMENT) {
            packet->fragment_offset_bytes = wire_u16(header + 2) & 0xfff8u;
            packet->fragment_more = (header[3] & 1) != 0;
            packet->fragment_id = wire_u32(header + 4);
            packet->next_header = header[0];
            if (packet->fragment_offset_bytes != 0 || packet->fragment_more) {
                return finish_fragment(view, packet);
            }
            may_be_fragment = false; /* a datagram of one fragment is whole: RFC 6946 */
            rest_bytes = 0;
        }
        next = header[0];
        if (wire_take(view, rest_bytes) == NULL) {
            return view->verdict;
        }
    }
    return parse_udp(view, packet);
}

static enum packet_verdict parse_ipv6(struct wire_view *view, struct packet *packet)
{
    const uint8_t *header = wire_take(view, 40);
    size_t payload_bytes;

    if (header == NULL) {
        return view->verdict;
    }
    payload_bytes = wire_u16(header + 4);
    if (header[0] >> 4 != 6 || payload_bytes > view->length_bytes) {
        return PACKET_MALFORMED;
    }
    wire_shorten(view, payload_bytes);
    set_address(&packet->source, header + 8, 6);
    set_address(&packet->destination, header + 24, 6);
    return parse_chain(view, header[6], true, packet);
}

enum packet_verdict packet_parse(int link_type, const uint8_t *data, size_t captured_bytes, size_t length_bytes,
                                 struct packet *ret_packet)
{
    /* A writer that gives a length below what it captured is wrong about the length: the octets are there. */
    struct wire_view view = {data, captured_bytes, length_bytes < captured_bytes ? captured_bytes : length_bytes,
                             PACKET_DATAGRAM};
    enum packet_verdict verdict;
    int ip_version = 0;

    ret_packet->has_ports = false;
    verdict = linklayer_strip(link_type, &view, &ip_version);
    if (verdict != PACKET_DATAGRAM) {
        return verdict;
    }
    return ip_version == 4 ? parse_ipv4(&view, ret_packet) : parse_ipv6(&view, ret_packet);
}

enum packet_verdict packet_parse_whole(uint8_t next_header, const uint8_t *data, size_t size_bytes,
                                       struct packet *packet)
{
    struct wire_view view = {data, size_bytes, size_bytes, PACKET_DATAGRAM};

    packet->has_ports = false;
    if (packet->source.family == 4) {
        return next_header == PROTOCOL_UDP ? parse_udp(&view, packet) : PACKET_NOT_UDP;
    }
    return parse_chain(&view, next_header, false, packet);
}

const char *packet_verdict_text(enum packet_verdict verdict)
{
    static const char *const texts[] = {
#define PACKET_VERDICT_TEXT(name, text) [PACKET_##name] = text,
        PACKET_VERDICTS(PACKET_VERDICT_TEXT)
#undef PACKET_VERDICT_TEXT
    };

    assert((size_t)verdict < sizeof(texts) / sizeof(texts[0]));
    return texts[verdict];
}
