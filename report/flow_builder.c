/* SPDX-License-Identifier: MIT */
/* flow_builder.c - a flow from the fields of a record */
#include "flow_builder.h"

#include <string.h>

_Static_assert(FLOW_FIELD_COUNT <= 64, "a bit for each field");

static const char *const names[FLOW_FIELD_COUNT][3] = {
#define FLOW_FIELD_ROW(name, iana, v9, other) {v9, iana, other},
    FLOW_FIELDS(FLOW_FIELD_ROW)
#undef FLOW_FIELD_ROW
};

int flow_field_find(const char *name)
{
    for (int i = 0; i < FLOW_FIELD_COUNT; i++)
        for (int n = 0; n < 3; n++)
            if (names[i][n] != NULL && names[i][n][0] == name[0] && strcmp(names[i][n], name) == 0)
                return i;
    return -1;
}

bool flow_field_is_address(enum flow_field field)
{
    return field >= FLOW_FIELD_SOURCE_IPV4 && field <= FLOW_FIELD_DESTINATION_IPV6;
}

static bool has(const struct flow_builder *builder, enum flow_field field)
{
    return (builder->present >> field & 1) != 0;
}

static const struct weir_address *address_of(const struct flow_builder *builder, enum flow_field field)
{
    return &builder->addresses[field - FLOW_FIELD_SOURCE_IPV4];
}

/* The first of `count` neighbouring fields that is there and not 0, else 0. */
static uint64_t first_of(const struct flow_builder *builder, enum flow_field field, unsigned count)
{
    for (unsigned i = (unsigned)field; i < (unsigned)field + count; i++)
        if (has(builder, (enum flow_field)i) && builder->values[i] != 0)
            return builder->values[i];
    return 0;
}

static bool is_none(const struct weir_address *address)
{
    static const uint8_t zeros[16];
    return memcmp(address->octets, zeros, sizeof zeros) == 0;
}

/* Some templates carry fields for both families and leave those of the other one zero. */
static const char *take_addresses(const struct flow_builder *builder, struct flow *flow)
{
    bool four = has(builder, FLOW_FIELD_SOURCE_IPV4) && has(builder, FLOW_FIELD_DESTINATION_IPV4);
    bool six = has(builder, FLOW_FIELD_SOURCE_IPV6) && has(builder, FLOW_FIELD_DESTINATION_IPV6);
    if (four && six) {
        uint64_t version = has(builder, FLOW_FIELD_IP_VERSION) ? builder->values[FLOW_FIELD_IP_VERSION] : 0;
        if (version == 4 || version == 6)
            four = version == 4;
        else
            four = !is_none(address_of(builder, FLOW_FIELD_SOURCE_IPV4)) ||
                   !is_none(address_of(builder, FLOW_FIELD_DESTINATION_IPV4));
    }
    if (!four && !six)
        return "no pair of source and destination address";
    flow->source = *address_of(builder, four ? FLOW_FIELD_SOURCE_IPV4 : FLOW_FIELD_SOURCE_IPV6);
    flow->destination = *address_of(builder, four ? FLOW_FIELD_DESTINATION_IPV4 : FLOW_FIELD_DESTINATION_IPV6);
    return NULL;
}

static void take_times(const struct flow_builder *builder, const struct flow_origin *origin, struct flow *flow)
{
    static const struct {
        enum flow_field first, last;
        uint64_t multiply, divide;
    } absolute[] = {
        {FLOW_FIELD_FIRST_MS, FLOW_FIELD_LAST_MS, 1, 1},
        {FLOW_FIELD_FIRST_US, FLOW_FIELD_LAST_US, 1, 1000},
        {FLOW_FIELD_FIRST_NS, FLOW_FIELD_LAST_NS, 1, 1000000},
        {FLOW_FIELD_FIRST_S, FLOW_FIELD_LAST_S, 1000, 1},
    };
    const uint64_t latest_ms = (uint64_t)1 << 43; /* the year 2248: what lies beyond is no time */

    flow->ended_us = flow->received_us;
    if (has(builder, FLOW_FIELD_FIRST_UPTIME) && has(builder, FLOW_FIELD_LAST_UPTIME)) {
        flow->clock = FLOW_CLOCK_UPTIME;
        flow->first_ms = (uint32_t)builder->values[FLOW_FIELD_FIRST_UPTIME];
        flow->last_ms = (uint32_t)builder->values[FLOW_FIELD_LAST_UPTIME];
        uint32_t age_ms = origin->uptime_ms - (uint32_t)flow->last_ms;
        if (origin->has_uptime && age_ms <= INT32_MAX)
            flow->ended_us -= (int64_t)age_ms * 1000;
        return;
    }
    for (size_t i = 0; i < sizeof absolute / sizeof absolute[0]; i++) {
        uint64_t first = builder->values[absolute[i].first], last = builder->values[absolute[i].last];
        if (!has(builder, absolute[i].first) || !has(builder, absolute[i].last))
            continue;
        if (first / absolute[i].divide > latest_ms / absolute[i].multiply ||
            last / absolute[i].divide > latest_ms / absolute[i].multiply)
            continue;
        flow->clock = FLOW_CLOCK_ABSOLUTE;
        flow->first_ms = (int64_t)(first / absolute[i].divide * absolute[i].multiply);
        flow->last_ms = (int64_t)(last / absolute[i].divide * absolute[i].multiply);
        flow->ended_us = flow->last_ms * 1000;
        return;
    }
}

static void take_icmp(const struct flow_builder *builder, struct flow *flow)
{
    bool six = flow->protocol == PROTOCOL_ICMP6;
    enum flow_field type = six ? FLOW_FIELD_ICMP6_TYPE : FLOW_FIELD_ICMP_TYPE;
    enum flow_field code = six ? FLOW_FIELD_ICMP6_CODE : FLOW_FIELD_ICMP_CODE;
    /* softflowd and others use the field of IPv4 for ICMPv6 as well. */
    enum flow_field both = six && has(builder, FLOW_FIELD_ICMP6_TYPE_CODE) ? FLOW_FIELD_ICMP6_TYPE_CODE
                                                                           : FLOW_FIELD_ICMP_TYPE_CODE;
    if (!flow_is_icmp(flow))
        return;
    if (has(builder, type)) {
        flow->has_icmp = true;
        flow->icmp_type = (uint8_t)builder->values[type];
        flow->icmp_code = has(builder, code) ? (uint8_t)builder->values[code] : 0;
    } else if (has(builder, both)) {
        flow->has_icmp = true;
        flow->icmp_type = (uint8_t)(builder->values[both] >> 8);
        flow->icmp_code = (uint8_t)builder->values[both];
    }
}

const char *flow_builder_finish(const struct flow_builder *builder, const struct flow_origin *origin,
                                struct flow *ret_flow)
{
    struct flow flow = {.received_us = origin->received_us, .exporter = origin->exporter};
    const char *problem = take_addresses(builder, &flow);
    if (problem != NULL)
        return problem;
    flow.bytes = first_of(builder, FLOW_FIELD_BYTES, 3);
    flow.packets = first_of(builder, FLOW_FIELD_PACKETS, 3);
    uint64_t sampling_rate = first_of(builder, FLOW_FIELD_SAMPLING_RATE, 3);
    if (sampling_rate > UINT32_MAX)
        return "a sampling rate above 4294967295";
    flow.sampling_rate = (uint32_t)sampling_rate;
    uint64_t protocol = first_of(builder, FLOW_FIELD_PROTOCOL, 1);
    uint64_t source_port = first_of(builder, FLOW_FIELD_SOURCE_PORT, 1);
    uint64_t destination_port = first_of(builder, FLOW_FIELD_DESTINATION_PORT, 1);
    if (protocol > UINT8_MAX)
        return "a protocol above 255";
    if (source_port > UINT16_MAX || destination_port > UINT16_MAX)
        return "a port above 65535";
    flow.protocol = (uint8_t)protocol;
    flow.source_port = (uint16_t)source_port;
    flow.destination_port = (uint16_t)destination_port;
    take_times(builder, origin, &flow);
    take_icmp(builder, &flow);
    /* Ports of ICMP carry its type or nothing: flow_normalize() reads them. A record with neither a type nor a port
     * other than 0 may still be an echo reply, type 0, where there was a port to carry it. */
    if (flow_is_icmp(&flow) && has(builder, FLOW_FIELD_DESTINATION_PORT))
        flow.has_icmp = true;
    flow_normalize(&flow);
    *ret_flow = flow;
    return NULL;
}
