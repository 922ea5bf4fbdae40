/* SPDX-License-Identifier: MIT */
/*
 * flow_builder.h - a flow from the fields of a record
 *
 * Records in files name the same thing in several ways: bytes as a delta, as a total, as what left the router; times
 * as uptime, seconds, milliseconds. Their fields are set here, in any order, and the builder decides in the end what
 * they mean together. (For rows of a batch the core columns tell that: from_batch.h.)
 */
#ifndef REPORT_FLOW_BUILDER_H
#define REPORT_FLOW_BUILDER_H

#include "flow.h"

/* What can be known of a flow: X(NAME, IANA name, Cisco v9 name, other name). Where several
 * fields tell the same, the one that stands first here wins. */
#define FLOW_FIELDS(X)                                                                                     \
    X(BYTES, "octetDeltaCount", "IN_BYTES", "IN_OCTETS")                                                   \
    X(BYTES_TOTAL, "octetTotalCount", "IN_PERMANENT_BYTES", NULL)                                          \
    X(BYTES_OUT, "postOctetDeltaCount", "OUT_BYTES", "OUT_OCTETS")                                         \
    X(PACKETS, "packetDeltaCount", "IN_PKTS", "IN_PACKETS")                                                \
    X(PACKETS_TOTAL, "packetTotalCount", "IN_PERMANENT_PKTS", NULL)                                        \
    X(PACKETS_OUT, "postPacketDeltaCount", "OUT_PKTS", "OUT_PACKETS")                                      \
    X(PROTOCOL, "protocolIdentifier", "PROTOCOL", "PROTO")                                                 \
    X(SOURCE_PORT, "sourceTransportPort", "L4_SRC_PORT", "SRC_PORT")                                       \
    X(DESTINATION_PORT, "destinationTransportPort", "L4_DST_PORT", "DST_PORT")                             \
    X(SOURCE_IPV4, "sourceIPv4Address", "IPV4_SRC_ADDR", NULL)                                             \
    X(DESTINATION_IPV4, "destinationIPv4Address", "IPV4_DST_ADDR", NULL)                                   \
    X(SOURCE_IPV6, "sourceIPv6Address", "IPV6_SRC_ADDR", NULL)                                             \
    X(DESTINATION_IPV6, "destinationIPv6Address", "IPV6_DST_ADDR", NULL)                                   \
    X(IP_VERSION, "ipVersion", "IP_PROTOCOL_VERSION", NULL)                                                \
    X(FIRST_UPTIME, "flowStartSysUpTime", "FIRST_SWITCHED", NULL)                                          \
    X(LAST_UPTIME, "flowEndSysUpTime", "LAST_SWITCHED", NULL)                                              \
    X(FIRST_MS, "flowStartMilliseconds", "NF_F_FLOW_CREATE_TIME_MSEC", NULL)                               \
    X(LAST_MS, "flowEndMilliseconds", "NF_F_FLOW_END_TIME_MSEC", NULL)                                     \
    X(FIRST_US, "flowStartMicroseconds", NULL, NULL)                                                       \
    X(LAST_US, "flowEndMicroseconds", NULL, NULL)                                                          \
    X(FIRST_NS, "flowStartNanoseconds", NULL, NULL)                                                        \
    X(LAST_NS, "flowEndNanoseconds", NULL, NULL)                                                           \
    X(FIRST_S, "flowStartSeconds", NULL, NULL)                                                             \
    X(LAST_S, "flowEndSeconds", NULL, NULL)                                                                \
    X(ICMP_TYPE_CODE, "icmpTypeCodeIPv4", "ICMP_TYPE", NULL)                                               \
    X(ICMP6_TYPE_CODE, "icmpTypeCodeIPv6", NULL, NULL)                                                     \
    X(ICMP_TYPE, "icmpTypeIPv4", NULL, NULL)                                                               \
    X(ICMP_CODE, "icmpCodeIPv4", NULL, NULL)                                                               \
    X(ICMP6_TYPE, "icmpTypeIPv6", NULL, NULL)                                                              \
    X(ICMP6_CODE, "icmpCodeIPv6", NULL, NULL)                                                              \
    X(SAMPLING_RATE, NULL, "sampling_rate", NULL)                                                          \
    X(SAMPLING_INTERVAL, "samplingInterval", "SAMPLING_INTERVAL", NULL)                                    \
    X(RANDOM_INTERVAL, "samplerRandomInterval", "NTERVAL", "FLOW_SAMPLER_RANDOM_INTERVAL")

enum flow_field {
#define FLOW_FIELD_ENUM(name, iana, v9, other) FLOW_FIELD_##name,
    FLOW_FIELDS(FLOW_FIELD_ENUM)
#undef FLOW_FIELD_ENUM
    FLOW_FIELD_COUNT
};

/* The field of this name, or -1. */
int flow_field_find(const char *name);

/* Whether the field is an address, which is set with flow_builder_address(). */
bool flow_field_is_address(enum flow_field field);

struct flow_builder {
    uint64_t present; /* a bit for each field */
    uint64_t values[FLOW_FIELD_COUNT];
    struct weir_address addresses[4]; /* from FLOW_FIELD_SOURCE_IPV4 on */
};

static inline void flow_builder_clear(struct flow_builder *builder)
{
    builder->present = 0;
}

static inline void flow_builder_set(struct flow_builder *builder, enum flow_field field, uint64_t value)
{
    builder->values[field] = value;
    builder->present |= (uint64_t)1 << field;
}

static inline void flow_builder_address(struct flow_builder *builder, enum flow_field field,
                                        const struct weir_address *address)
{
    builder->addresses[field - FLOW_FIELD_SOURCE_IPV4] = *address;
    builder->present |= (uint64_t)1 << field;
}

/* What the datagram tells of all its flows. */
struct flow_origin {
    int64_t received_us;
    uint64_t exporter;  /* flow_exporter_key() */
    uint32_t uptime_ms; /* of the exporter when it sent the datagram */
    bool has_uptime;
};

/* Makes a flow of what was set. Returns NULL, or why it is none, as the end of a sentence ("no source address");
 * *ret_flow is then untouched. */
const char *flow_builder_finish(const struct flow_builder *builder, const struct flow_origin *origin,
                                struct flow *ret_flow);

#endif
