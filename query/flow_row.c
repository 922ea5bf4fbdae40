/* SPDX-License-Identifier: MIT */
/* flow_row.c - a row of the store as a flow of a report */
#define _GNU_SOURCE
#include "flow_row.h"

#define LATEST_US ((int64_t)1 << 53) /* the year 2255: what lies beyond is no time */

enum column {
    RECEIVED, EXPORTER_IPV4, EXPORTER_IPV6, EXPORTER_PORT, SRC_IPV4, SRC_IPV6, DST_IPV4, DST_IPV6, SRC_PORT, DST_PORT,
    PROTOCOL, BYTES, PACKETS, SAMPLING_RATE, ICMP_TYPE, ICMP_CODE, TIME_START, TIME_END, EXPORT_TIME, SYS_UPTIME,
    FIRST_UPTIME, LAST_UPTIME, FILE_INDEX, FILE_ROW
};

int flow_row_put_columns(struct text_buffer *sql, const struct flow_columns *columns, bool with_place)
{
    const bool has_uptimes = flow_columns_sql_type(columns, "flowStartSysUpTime") != NULL &&
                             flow_columns_sql_type(columns, "flowEndSysUpTime") != NULL;
    if (text_put(sql, "received, exporter_ipv4, exporter_ipv6, exporter_port, src_ipv4, src_ipv6, dst_ipv4, dst_ipv6, "
                      "src_port, dst_port, protocol, bytes, packets, sampling_rate, icmp_type, icmp_code, time_start, "
                      "time_end, export_time, sys_uptime_ms, ") != 0 ||
        text_put(sql, has_uptimes ? "flowStartSysUpTime, flowEndSysUpTime" : "NULL::UINTEGER, NULL::UINTEGER") != 0)
        return -1;
    return with_place ? text_put(sql, ", file_index, file_row_number") : 0;
}

/* -------------------------------------------------------------------------------------------------------------- values */

struct reader {
    const struct query_vector *vectors;
    size_t row;
};

static bool has(const struct reader *reader, enum column column)
{
    return !query_is_null(&reader->vectors[column], reader->row);
}

/* An integer of any width, 0 where there is none; one that is wider than usual makes its column so. */
static uint64_t number(const struct reader *reader, enum column column)
{
    const struct query_vector *vector = &reader->vectors[column];
    const size_t row = reader->row;
    if (query_is_null(vector, row))
        return 0;
    switch (vector->type->kind) {
    case QUERY_UINT8: return ((const uint8_t *)vector->data)[row];
    case QUERY_UINT16: return ((const uint16_t *)vector->data)[row];
    case QUERY_UINT32: return ((const uint32_t *)vector->data)[row];
    case QUERY_UINT64: return ((const uint64_t *)vector->data)[row];
    case QUERY_INT64: return (uint64_t)((const int64_t *)vector->data)[row];
    case QUERY_INT32: return (uint64_t)((const int32_t *)vector->data)[row];
    default: return 0;
    }
}

static int64_t time_us(const struct reader *reader, enum column column)
{
    return ((const int64_t *)reader->vectors[column].data)[reader->row];
}

static struct weir_address ipv4_address(uint32_t address)
{
    struct weir_address result = {.family = 4};
    for (int octet = 0; octet < 4; octet++)
        result.octets[octet] = (uint8_t)(address >> (24 - 8 * octet));
    return result;
}

/* Of family 0 where there is none. */
static struct weir_address address_of(const struct reader *reader, enum column ipv4, enum column ipv6, bool both_families)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct weir_address address = {.family = 0};
    if (has(reader, ipv4))
        return ipv4_address((uint32_t)number(reader, ipv4));
    if (!has(reader, ipv6))
        return address;
    const struct query_octets octets = query_octets_at(&reader->vectors[ipv6], reader->row);
    if (octets.size_bytes != 16)
        return address;
    const bool is_ipv4 = both_families && memcmp(octets.data, mapped, sizeof mapped) == 0;
    address.family = is_ipv4 ? 4 : 6;
    memcpy(address.octets, octets.data + (is_ipv4 ? 12 : 0), is_ipv4 ? 4 : 16);
    return address;
}

/* --------------------------------------------------------------------------------------------------------------- times */

static bool is_sound(int64_t us)
{
    return us >= 0 && us < LATEST_US;
}

static void take_uptimes(const struct reader *reader, uint32_t first_ms, uint32_t last_ms, struct flow *flow)
{
    flow->clock = FLOW_CLOCK_UPTIME;
    flow->first_ms = first_ms;
    flow->last_ms = last_ms;
    /* by our own clock, as it is reckoned of a JSON file; IPFIX has no uptime to compare with */
    const uint32_t age_ms = (uint32_t)number(reader, SYS_UPTIME) - last_ms;
    if (has(reader, SYS_UPTIME) && age_ms <= INT32_MAX)
        flow->ended_us -= (int64_t)age_ms * 1000;
    else if (!has(reader, SYS_UPTIME) && has(reader, TIME_END) && is_sound(time_us(reader, TIME_END)))
        flow->ended_us = time_us(reader, TIME_END);
}

/* The uptime that a time was computed from; docs/schema.md. */
static uint32_t uptime_of(const struct reader *reader, int64_t then_us)
{
    return (uint32_t)number(reader, SYS_UPTIME) - (uint32_t)((time_us(reader, EXPORT_TIME) - then_us) / 1000);
}

static void take_times(const struct reader *reader, enum stored_clock clock, struct flow *flow)
{
    flow->ended_us = flow->received_us;
    if (has(reader, FIRST_UPTIME) && has(reader, LAST_UPTIME)) {
        take_uptimes(reader, (uint32_t)number(reader, FIRST_UPTIME), (uint32_t)number(reader, LAST_UPTIME), flow);
        return;
    }
    if (!has(reader, TIME_START) || !has(reader, TIME_END))
        return;
    const int64_t start_us = time_us(reader, TIME_START), end_us = time_us(reader, TIME_END);
    if (clock == STORED_CLOCK_UPTIME && has(reader, SYS_UPTIME) && has(reader, EXPORT_TIME)) {
        take_uptimes(reader, uptime_of(reader, start_us), uptime_of(reader, end_us), flow);
        return;
    }
    if (clock == STORED_CLOCK_NONE || !is_sound(start_us) || !is_sound(end_us))
        return;
    flow->clock = FLOW_CLOCK_ABSOLUTE;
    flow->first_ms = start_us / 1000;
    flow->last_ms = end_us / 1000;
    flow->ended_us = end_us;
}

/* ----------------------------------------------------------------------------------------------------------------- row */

bool flow_row_read(const struct query_chunk *chunk, size_t row, const struct stored_forms *forms, struct flow *ret_flow)
{
    const struct reader reader = {chunk->vectors, row};
    const struct stored_form *form =
        forms->is_mixed ? stored_forms_find(forms, number(&reader, FILE_INDEX), number(&reader, FILE_ROW))
                        : &forms->common;
    const uint64_t protocol = number(&reader, PROTOCOL), source_port = number(&reader, SRC_PORT),
                   destination_port = number(&reader, DST_PORT), sampling_rate = number(&reader, SAMPLING_RATE);
    struct flow flow = {
        .received_us = time_us(&reader, RECEIVED),
        .source = address_of(&reader, SRC_IPV4, SRC_IPV6, form->both_families),
        .destination = address_of(&reader, DST_IPV4, DST_IPV6, form->both_families),
        .bytes = number(&reader, BYTES),
        .packets = number(&reader, PACKETS),
        .sampling_rate = sampling_rate > UINT32_MAX ? UINT32_MAX : (uint32_t)sampling_rate,
        .protocol = (uint8_t)protocol,
        .source_port = (uint16_t)source_port,
        .destination_port = (uint16_t)destination_port,
    };
    if (flow.source.family == 0 || flow.source.family != flow.destination.family || protocol > UINT8_MAX ||
        source_port > UINT16_MAX || destination_port > UINT16_MAX)
        return false;
    const struct weir_address exporter = address_of(&reader, EXPORTER_IPV4, EXPORTER_IPV6, false);
    flow.exporter = flow_exporter_key(&exporter, (uint16_t)number(&reader, EXPORTER_PORT));
    if (flow_is_icmp(&flow) && has(&reader, ICMP_TYPE)) {
        flow.has_icmp = true;
        flow.icmp_type = (uint8_t)number(&reader, ICMP_TYPE);
        flow.icmp_code = (uint8_t)number(&reader, ICMP_CODE);
    }
    take_times(&reader, form->clock, &flow);
    flow_normalize(&flow);
    *ret_flow = flow;
    return true;
}
