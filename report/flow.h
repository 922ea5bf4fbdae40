/* SPDX-License-Identifier: MIT */
/*
 * flow.h - what an analysis needs of one flow record
 *
 * A flow is one direction of one conversation as an exporter saw it. It comes from a row of a batch
 * (from_batch.h) or from a JSON file (json_reader.h) and means the same in both cases. What the record did not
 * hold is zero, and told by a flag where zero could be taken for a value.
 */
#ifndef REPORT_FLOW_H
#define REPORT_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_DCCP = 33,
    PROTOCOL_ICMP6 = 58,
    PROTOCOL_SCTP = 132,
    PROTOCOL_UDPLITE = 136
};

/* What first_ms and last_ms count from. */
enum flow_clock {
    FLOW_CLOCK_NONE = 0, /* the record holds no times */
    FLOW_CLOCK_UPTIME,   /* the exporter's start: 32 bits, wraps every 49.7 days */
    FLOW_CLOCK_ABSOLUTE  /* 1970-01-01 UTC */
};

struct flow {
    int64_t received_us; /* when its datagram came, microseconds since 1970 */
    int64_t first_ms;    /* see clock */
    int64_t last_ms;
    int64_t ended_us; /* when the flow ended, microseconds since 1970; received_us where that is not known */
    uint64_t bytes;
    uint64_t packets;
    uint64_t exporter; /* tells exporters apart; 0 when unknown */
    struct weir_address source;
    struct weir_address destination;
    uint32_t sampling_rate; /* one packet in so many was looked at and counted; 0: not known */
    uint16_t source_port;
    uint16_t destination_port;
    uint8_t protocol;
    uint8_t clock; /* enum flow_clock */
    uint8_t icmp_type;
    uint8_t icmp_code;
    bool has_icmp; /* the two above were in the record */
};

/* Brings a flow that was just read into its final form: ICMP type and code from where the exporter put them. */
void flow_normalize(struct flow *flow);

/* Multiplies octets and packets by the sampling rate, which then is 1: never is it done twice. True when that changes
 * them. */
bool flow_scale(struct flow *flow);

/* Last less first, across a wrap of the 32-bit uptime; 0 when unknown, or when the clock ran backwards. */
int64_t flow_duration_ms(const struct flow *flow);

/* Whether the protocol has type and code instead of ports. */
bool flow_is_icmp(const struct flow *flow);

/* A number that tells exporters apart. 0 when the address is none. */
uint64_t flow_exporter_key(const struct weir_address *address, uint16_t port);

/* Reads an address from text, or from the digits of the integer that stands for it: up to 10 digits are IPv4 when
 * `family` is 4, anything else up to 39 digits is IPv6. Returns 0, or -1 when the text is neither. `family` is 4, 6,
 * or 0 to take what is there. */
int address_parse(const char *text, int family, struct weir_address *ret_address);

bool address_equal(const struct weir_address *a, const struct weir_address *b);

/* Below, at or above 0, as memcmp(). */
int address_compare(const struct weir_address *a, const struct weir_address *b);

/* Mixes bytes into a hash; for tables in memory, not against an adversary who knows `seed`. */
uint64_t hash_bytes(const void *data, size_t size_bytes, uint64_t seed);

/* A seed that a stranger cannot guess. */
uint64_t hash_seed(void);

#endif
