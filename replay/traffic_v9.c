/* SPDX-License-Identifier: MIT */
/*
 * traffic_v9.c - NetFlow version 9, RFC 3954
 *
 *     version 2 | count 2 | uptime 4 | seconds 4 | sequence 4 | source ID 4 | sets
 *
 * The count is of records, templates too; the sequence of datagrams.
 */
#include "octets.h"
#include "traffic_version.h"

enum { HEADER_BYTES = 20, SET_HEADER_BYTES = 4, TEMPLATE_SET = 0 };

static const struct form_field fields[] = {
    {ELEMENT_SRC_IPV4, 4},      {ELEMENT_DST_IPV4, 4},  {ELEMENT_NEXT_HOP_IPV4, 4}, {ELEMENT_IN_INTERFACE, 4},
    {ELEMENT_OUT_INTERFACE, 4}, {ELEMENT_PACKETS, 4},   {ELEMENT_BYTES, 4},         {ELEMENT_FIRST_UPTIME, 4},
    {ELEMENT_LAST_UPTIME, 4},   {ELEMENT_SRC_PORT, 2},  {ELEMENT_DST_PORT, 2},      {ELEMENT_TCP_FLAGS, 1},
    {ELEMENT_PROTOCOL, 1},      {ELEMENT_TOS, 1},       {ELEMENT_SRC_AS, 4},        {ELEMENT_DST_AS, 4},
    {ELEMENT_SRC_PREFIX_IPV4, 1}, {ELEMENT_DST_PREFIX_IPV4, 1}, {ELEMENT_NUMBER, 8},
};

static uint8_t *put_header(const struct traffic_header *header, uint32_t count, uint8_t *octets)
{
    uint8_t *at = octets_put16(octets_put16(octets, 9), count);
    at = octets_put32(at, header->uptime_ms);
    at = octets_put32(at, (uint32_t)(header->now_us / 1000000));
    return octets_put32(octets_put32(at, header->sequence), header->domain);
}

/* Pads the set that begins at `set` to 4 octets, and writes its header. */
static uint8_t *end_set(uint8_t *set, uint32_t set_id, uint8_t *at)
{
    while ((at - set) % 4 != 0)
        at = octets_put8(at, 0);
    octets_put16(octets_put16(set, set_id), (uint32_t)(at - set));
    return at;
}

static size_t write_flows(const struct traffic_header *header, const struct form *form, uint32_t count,
                          uint64_t number, struct chance *chance, uint8_t *octets, struct form_sums *sums)
{
    uint8_t *const set = put_header(header, count, octets);
    uint8_t *at = form_write(form, set + SET_HEADER_BYTES, count, number, header->uptime_ms, chance, sums);
    return (size_t)(end_set(set, form->template_id, at) - octets);
}

static size_t write_templates(const struct traffic_header *header, const struct form *forms, uint32_t count,
                              uint8_t *octets)
{
    uint8_t *const set = put_header(header, count, octets);
    uint8_t *at = set + SET_HEADER_BYTES;
    for (uint32_t i = 0; i < count; i++)
        at = form_write_template(&forms[i], at);
    return (size_t)(end_set(set, TEMPLATE_SET, at) - octets);
}

const struct traffic_version traffic_v9 = {
    .version = 9,
    .has_templates = true,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .overhead_bytes = HEADER_BYTES + SET_HEADER_BYTES + 3,
    .write_flows = write_flows,
    .write_templates = write_templates,
};
