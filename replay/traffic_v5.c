/* SPDX-License-Identifier: MIT */
/*
 * traffic_v5.c - NetFlow version 5
 *
 *     version 2 | count 2 | uptime 4 | seconds 4 | nanoseconds 4 | sequence 4 | engine 1+1 | sampling 2 | records of 48
 *
 * The number of a flow is in the next hop and, above 2^32, in the source's AS.
 */
#include "octets.h"
#include "traffic_version.h"

static const struct form_field fields[] = {
    {ELEMENT_SRC_IPV4, 4},     {ELEMENT_DST_IPV4, 4},      {ELEMENT_NEXT_HOP_IPV4, 4},  {ELEMENT_IN_INTERFACE, 2},
    {ELEMENT_OUT_INTERFACE, 2}, {ELEMENT_PACKETS, 4},      {ELEMENT_BYTES, 4},          {ELEMENT_FIRST_UPTIME, 4},
    {ELEMENT_LAST_UPTIME, 4},  {ELEMENT_SRC_PORT, 2},      {ELEMENT_DST_PORT, 2},       {ELEMENT_PADDING, 1},
    {ELEMENT_TCP_FLAGS, 1},    {ELEMENT_PROTOCOL, 1},      {ELEMENT_TOS, 1},            {ELEMENT_SRC_AS, 2},
    {ELEMENT_DST_AS, 2},       {ELEMENT_SRC_PREFIX_IPV4, 1}, {ELEMENT_DST_PREFIX_IPV4, 1}, {ELEMENT_PADDING, 2},
};

static size_t write_flows(const struct traffic_header *header, const struct form *form, uint32_t count,
                          uint64_t number, struct chance *chance, uint8_t *octets, struct form_sums *sums)
{
    uint8_t *at = octets_put16(octets_put16(octets, 5), count);
    at = octets_put32(at, header->uptime_ms);
    at = octets_put32(at, (uint32_t)(header->now_us / 1000000));
    at = octets_put32(at, (uint32_t)(header->now_us % 1000000 * 1000));
    at = octets_put32(at, header->sequence);
    at = octets_put16(octets_put16(at, header->domain), 0);
    at = form_write(form, at, count, number, header->uptime_ms, chance, sums);
    return (size_t)(at - octets);
}

const struct traffic_version traffic_v5 = {
    .version = 5,
    .counts_flows = true,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .overhead_bytes = 24,
    .write_flows = write_flows,
};
