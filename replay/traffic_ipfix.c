/* SPDX-License-Identifier: MIT */
/*
 * traffic_ipfix.c - IPFIX, RFC 7011
 *
 *     version 2 | length 2 | seconds 4 | sequence 4 | observation domain 4 | sets
 *
 * The sequence is of data records sent before this message.
 */
#include "octets.h"
#include "traffic_version.h"

enum { HEADER_BYTES = 16, SET_HEADER_BYTES = 4, TEMPLATE_SET = 2 };

static const struct form_field fields[] = {
    {ELEMENT_SRC_IPV4, 4},      {ELEMENT_DST_IPV4, 4},  {ELEMENT_NEXT_HOP_IPV4, 4}, {ELEMENT_IN_INTERFACE, 4},
    {ELEMENT_OUT_INTERFACE, 4}, {ELEMENT_PACKETS, 4},   {ELEMENT_BYTES, 4},         {ELEMENT_START_MS, 8},
    {ELEMENT_END_MS, 8},        {ELEMENT_SRC_PORT, 2},  {ELEMENT_DST_PORT, 2},      {ELEMENT_TCP_FLAGS, 1},
    {ELEMENT_PROTOCOL, 1},      {ELEMENT_TOS, 1},       {ELEMENT_SRC_AS, 4},        {ELEMENT_DST_AS, 4},
    {ELEMENT_SRC_PREFIX_IPV4, 1}, {ELEMENT_DST_PREFIX_IPV4, 1}, {ELEMENT_NUMBER, 8},
};

/* Writes the headers of a message of one set, which ends at `end`; returns its length. */
static size_t put_headers(const struct traffic_header *header, uint32_t set_id, uint8_t *octets, const uint8_t *end)
{
    const size_t size_bytes = (size_t)(end - octets);
    uint8_t *at = octets_put16(octets_put16(octets, 10), (uint32_t)size_bytes);
    at = octets_put32(at, (uint32_t)(header->now_us / 1000000));
    at = octets_put32(octets_put32(at, header->sequence), header->domain);
    octets_put16(octets_put16(at, set_id), (uint32_t)size_bytes - HEADER_BYTES);
    return size_bytes;
}

static size_t write_flows(const struct traffic_header *header, const struct form *form, uint32_t count,
                          uint64_t number, struct chance *chance, uint8_t *octets, struct form_sums *sums)
{
    uint8_t *at = octets + HEADER_BYTES + SET_HEADER_BYTES;
    at = form_write(form, at, count, number, (uint64_t)(header->now_us / 1000), chance, sums);
    return put_headers(header, form->template_id, octets, at);
}

static size_t write_templates(const struct traffic_header *header, const struct form *forms, uint32_t count,
                              uint8_t *octets)
{
    uint8_t *at = octets + HEADER_BYTES + SET_HEADER_BYTES;
    for (uint32_t i = 0; i < count; i++)
        at = form_write_template(&forms[i], at);
    return put_headers(header, TEMPLATE_SET, octets, at);
}

const struct traffic_version traffic_ipfix = {
    .version = 10,
    .has_templates = true,
    .counts_flows = true,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .overhead_bytes = HEADER_BYTES + SET_HEADER_BYTES,
    .write_flows = write_flows,
    .write_templates = write_templates,
};
