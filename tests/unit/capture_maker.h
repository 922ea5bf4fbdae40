/* SPDX-License-Identifier: MIT */
/*
 * capture_maker.h - writes capture files octet by octet, big-endian
 */
#ifndef WEIR_TESTS_CAPTURE_MAKER_H
#define WEIR_TESTS_CAPTURE_MAKER_H

#include "packet_maker.h"

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define LINKTYPE_ETHERNET 1u
#define LINKTYPE_RAW 101u
#define TIME_S 1700000000u /* of a packet where nothing else is said */

static inline void put_pcap_header(struct made *file, uint32_t magic, uint32_t link_type)
{
    put_number(file, magic, 4);
    put_number(file, 0x00020004, 4);
    put_number(file, 0, 8);
    put_number(file, 262144, 4);
    put_number(file, link_type, 4);
}

static inline void put_record(struct made *file, uint32_t seconds, uint32_t fraction, const struct made *packet,
                              size_t captured_bytes)
{
    put_number(file, seconds, 4);
    put_number(file, fraction, 4);
    put_number(file, captured_bytes, 4);
    put_number(file, packet->size_bytes, 4);
    put(file, packet->octets, captured_bytes);
}

static inline void put_whole_record(struct made *file, const struct made *packet)
{
    put_record(file, TIME_S, 0, packet, packet->size_bytes);
}

/* A block of a pcapng file: type, length, body, length again. */
static inline void put_block(struct made *file, uint32_t type, const struct made *body)
{
    size_t padding = (4 - body->size_bytes % 4) % 4;

    put_number(file, type, 4);
    put_number(file, 12 + body->size_bytes + padding, 4);
    put(file, body->octets, body->size_bytes);
    put_zeros(file, padding);
    put_number(file, 12 + body->size_bytes + padding, 4);
}

static inline void put_pcapng_header(struct made *file)
{
    struct made body = {0};

    put_number(&body, 0x1a2b3c4d00010000, 8);
    put_number(&body, UINT64_MAX, 8);
    put_block(file, 0x0a0d0d0a, &body);
}

/* Times in nanoseconds. */
static inline void put_interface(struct made *file, uint16_t link_type)
{
    struct made body = {0};

    put_number(&body, link_type, 2);
    put_zeros(&body, 2);
    put_number(&body, 262144, 4);
    put_number(&body, 0x0009000109000000, 8);
    put_zeros(&body, 4);
    put_block(file, 1, &body);
}

static inline void put_enhanced_packet(struct made *file, uint64_t time_ns, const struct made *packet)
{
    struct made body = {0};

    put_number(&body, 0, 4);
    put_number(&body, time_ns, 8);
    put_number(&body, packet->size_bytes, 4);
    put_number(&body, packet->size_bytes, 4);
    put(&body, packet->octets, packet->size_bytes);
    put_block(file, 6, &body);
}

#endif
