/* SPDX-License-Identifier: MIT */
/*
 * flow_maker.h - flows for tests, written in one line
 */
#ifndef FLOW_MAKER_H
#define FLOW_MAKER_H

#include <string.h>

#include "flow.h"

#define SECOND_US ((int64_t)1000000)

static inline struct weir_address make_address(const char *text)
{
    struct weir_address address = {0};
    if (address_parse(text, 0, &address) != 0) {
        memset(&address, 0xff, sizeof(address));
    }
    return address;
}

/* A TCP flow with times by uptime, received when it ended. */
static inline struct flow make_flow(const char *source, uint16_t source_port, const char *destination,
                                    uint16_t destination_port, uint32_t first_ms, uint32_t last_ms, uint64_t bytes)
{
    struct flow flow = {
        .received_us = 1509225421 * SECOND_US,
        .ended_us = 1509225421 * SECOND_US,
        .first_ms = first_ms,
        .last_ms = last_ms,
        .clock = FLOW_CLOCK_UPTIME,
        .bytes = bytes,
        .packets = 1 + bytes / 1000,
        .source = make_address(source),
        .destination = make_address(destination),
        .source_port = source_port,
        .destination_port = destination_port,
        .protocol = PROTOCOL_TCP,
    };
    return flow;
}

static inline struct flow make_icmp(const char *source, const char *destination, uint8_t protocol, uint8_t type,
                                    uint32_t first_ms, uint32_t last_ms)
{
    struct flow flow = make_flow(source, 0, destination, 0, first_ms, last_ms, 840);
    flow.protocol = protocol;
    flow.has_icmp = true;
    flow.icmp_type = type;
    return flow;
}

#endif
