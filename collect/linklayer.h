/* SPDX-License-Identifier: MIT */
/*
 * linklayer.h - takes the link layer's header off a captured packet
 */
#ifndef WEIR_COLLECT_LINKLAYER_H
#define WEIR_COLLECT_LINKLAYER_H

#include <stdbool.h>

#include "wire_view.h"

/* The kinds that linklayer_strip() knows, for a message. */
#define LINKLAYER_NAMES "Ethernet, Linux cooked (any), raw IP, BSD loopback and PPP"

/* Whether packets of this link type (libpcap's DLT_ numbers) are understood. */
bool linklayer_known(int link_type);

/*
 * Takes the headers in front of the IP header off `view`. Returns PACKET_DATAGRAM and the IP version, 4 or 6,
 * that the link layer announces; or PACKET_NOT_IP, PACKET_CUT_SHORT, PACKET_MALFORMED.
 */
enum packet_verdict linklayer_strip(int link_type, struct wire_view *view, int *ret_ip_version);

#endif
