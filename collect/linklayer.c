/* SPDX-License-Identifier: MIT */
/*
 * linklayer.c - what stands in front of the IP header
 *
 *   Ethernet           destination 6 | source 6 | type 2, or length 2 with LLC and SNAP behind it
 *   VLAN tag           tag control 2 | type 2, in front of the payload as often as there are tags
 *   Linux cooked v1    packet type 2 | device type 2 | address length 2 | address 8 | type 2
 *   Linux cooked v2    type 2 | reserved 2 | interface 4 | device type 2 | packet type 1 | address length 1 | address 8
 *   BSD loopback       address family 4: big-endian (LOOP), or as the machine that captured has it (NULL)
 *   PPP                optionally address 0xff, control 0x03 | protocol 2, or 1 where it is odd
 *   raw IP             nothing: the version is in the first four bits
 */
#include "linklayer.h"

#include <pcap/dlt.h>
#include <string.h>

#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TYPE_LOWEST 0x0600u /* below it the field is an IEEE 802.3 length */
#define VLAN_TAGS_MAX 8     /* two are common, four are seen; without a bound a packet could be all tags */

static bool is_vlan_tag(uint16_t type)
{
    return type == 0x8100u || type == 0x88a8u || type == 0x9100u;
}

static enum packet_verdict from_version(int version, int *ret_ip_version)
{
    if (version != 4 && version != 6) {
        return PACKET_NOT_IP;
    }
    *ret_ip_version = version;
    return PACKET_DATAGRAM;
}

/* `type` announces what `view` begins with. */
static enum packet_verdict from_ether_type(struct wire_view *view, uint16_t type, int *ret_ip_version)
{
    int tag_count = 0;

    while (is_vlan_tag(type)) {
        const uint8_t *tag = wire_take(view, 4);

        if (tag == NULL) {
            return view->verdict;
        }
        if (++tag_count > VLAN_TAGS_MAX) {
            return PACKET_MALFORMED;
        }
        type = wire_u16(tag + 2);
    }
    return from_version(type == TYPE_IPV4 ? 4 : type == TYPE_IPV6 ? 6 : 0, ret_ip_version);
}

static enum packet_verdict strip_ethernet(struct wire_view *view, int *ret_ip_version)
{
    static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
    const uint8_t *header = wire_take(view, 14);
    uint16_t type;

    if (header == NULL) {
        return view->verdict;
    }
    type = wire_u16(header + 12);
    if (type < TYPE_LOWEST) {
        const uint8_t *llc = wire_take(view, 8);

        if (llc == NULL) {
            return view->verdict;
        }
        if (memcmp(llc, snap, sizeof(snap)) != 0) {
            return PACKET_NOT_IP;
        }
        type = wire_u16(llc + 6);
    }
    return from_ether_type(view, type, ret_ip_version);
}

static enum packet_verdict strip_cooked(struct wire_view *view, size_t header_bytes, size_t type_at,
                                        int *ret_ip_version)
{
    const uint8_t *header = wire_take(view, header_bytes);

    return header == NULL ? view->verdict : from_ether_type(view, wire_u16(header + type_at), ret_ip_version);
}

/* Families are small numbers, so the octet order shows; the one of IPv6 differs from system to system. */
static enum packet_verdict strip_loopback(struct wire_view *view, int *ret_ip_version)
{
    const uint8_t *header = wire_take(view, 4);
    uint32_t family;

    if (header == NULL) {
        return view->verdict;
    }
    family = wire_u32(header);
    if (family > 0xffffu) {
        family = (uint32_t)header[3] << 24 | (uint32_t)header[2] << 16 | (uint32_t)header[1] << 8 | header[0];
    }
    switch (family) {
    case 2:
        return from_version(4, ret_ip_version);
    case 10: /* Linux */
    case 23: /* Windows */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* macOS */
        return from_version(6, ret_ip_version);
    default:
        return PACKET_NOT_IP;
    }
}

static enum packet_verdict strip_ppp(struct wire_view *view, int *ret_ip_version)
{
    const uint8_t *header = wire_take(view, 1);
    uint16_t protocol;

    if (header != NULL && header[0] == 0xff) {
        header = wire_take(view, 1) == NULL ? NULL : wire_take(view, 1);
    }
    if (header == NULL) {
        return view->verdict;
    }
    protocol = header[0];
    if ((protocol & 1) == 0) { /* an even first octet has a second one behind it */
        const uint8_t *low = wire_take(view, 1);

        if (low == NULL) {
            return view->verdict;
        }
        protocol = (uint16_t)(protocol << 8 | low[0]);
    }
    return from_version(protocol == 0x0021 ? 4 : protocol == 0x0057 ? 6 : 0, ret_ip_version);
}

static enum packet_verdict strip_raw(struct wire_view *view, int *ret_ip_version)
{
    struct wire_view ahead = *view;
    const uint8_t *first = wire_take(&ahead, 1);

    return first == NULL ? ahead.verdict : from_version(first[0] >> 4, ret_ip_version);
}

bool linklayer_known(int link_type)
{
    switch (link_type) {
    case DLT_EN10MB:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_PPP:
        return true;
    default:
        return false;
    }
}

enum packet_verdict linklayer_strip(int link_type, struct wire_view *view, int *ret_ip_version)
{
    switch (link_type) {
    case DLT_EN10MB:
        return strip_ethernet(view, ret_ip_version);
    case DLT_LINUX_SLL:
        return strip_cooked(view, 16, 14, ret_ip_version);
    case DLT_LINUX_SLL2:
        return strip_cooked(view, 20, 0, ret_ip_version);
    case DLT_RAW:
        return strip_raw(view, ret_ip_version);
    case DLT_IPV4:
        return from_version(4, ret_ip_version);
    case DLT_IPV6:
        return from_version(6, ret_ip_version);
    case DLT_NULL:
    case DLT_LOOP:
        return strip_loopback(view, ret_ip_version);
    case DLT_PPP:
        return strip_ppp(view, ret_ip_version);
    default:
        return PACKET_NOT_IP;
    }
}
