/* SPDX-License-Identifier: MIT */
/*
 * workload.c - makes the export datagrams that Weir is measured with
 *
 *     v9     header (20) [template sets (88 each)] data set header (4) records padding
 *     IPFIX  header (16) [template set (92)] data set header (4) records
 *     v5     header (24) records
 */
#include "workload.h"

#include <stdbool.h>
#include <string.h>

enum {
    FIELD_COUNT = 20,
    TEMPLATE_INTERVAL = 500,  /* datagrams of one exporter */
    RECORDS_END_BYTES = 1440, /* no record goes beyond; the padding may */
    RECORD_BYTES_MAX = 91,
    FIELDS_IPFIX = 16,        /* of the 20; the strings follow */
    STRING_LONG_BYTES = 300,
    RECORDS_5 = 30,
};

#define START_UPTIME_MS 100000000u

/* Field type and length; which is which stands beside the values in put_record(). */
static const uint16_t TEMPLATE_IPV4[FIELD_COUNT][2] = {
    {8, 4},  {12, 4}, {15, 4}, {10, 4}, {14, 4}, {2, 4},  {1, 4},  {22, 4}, {21, 4}, {7, 2},
    {11, 2}, {6, 1},  {4, 1},  {5, 1},  {61, 1}, {16, 4}, {17, 4}, {9, 1},  {13, 1}, {60, 1},
};
static const uint16_t TEMPLATE_IPV6[FIELD_COUNT][2] = {
    {27, 16}, {28, 16}, {62, 16}, {10, 4}, {14, 4}, {2, 4},  {1, 4},  {22, 4}, {21, 4}, {7, 2},
    {11, 2},  {6, 1},   {4, 1},   {5, 1},  {61, 1}, {16, 4}, {17, 4}, {29, 1}, {30, 1}, {60, 1},
};

static const uint16_t SERVER_PORTS[16] = {443, 443, 443, 443, 80,   53,   53,   22,
                                           25,  123, 993, 8080, 3306, 5432, 6881, 51820};

/* ------------------------------------------------------------------------------------------------- chance */

/* SplitMix64: small, fast, and any seed is a good one. */
static uint64_t draw(struct workload *workload)
{
    uint64_t z = workload->random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t draw_below(struct workload *workload, uint32_t limit)
{
    return (uint32_t)((draw(workload) >> 32) * limit >> 32);
}

/* Below `limit`, the small ones far more often: a few hosts have most of the traffic. */
static uint32_t draw_skewed(struct workload *workload, uint32_t limit)
{
    const double u = (double)(draw(workload) >> 11) * 0x1p-53;
    return (uint32_t)(limit * u * u * u * u);
}

/* Spreads the n-th host over the address space; the same n is always the same host. */
static uint32_t scatter(uint32_t n)
{
    n = (n ^ n >> 16) * 0x7feb352du;
    n = (n ^ n >> 15) * 0x846ca68bu;
    return n ^ n >> 16;
}

/* -------------------------------------------------------------------------------------- templates and records */

static uint8_t *put8(uint8_t *at, uint32_t value)
{
    *at = (uint8_t)value;
    return at + 1;
}

static uint8_t *put16(uint8_t *at, uint32_t value)
{
    return put8(put8(at, value >> 8), value);
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value >> 16), value);
}

/* Which of the fields stands at `place` in the records of the template of number `order`: the fields go round, and one
 * of them changes places with the first. Number 0 leaves them as they are. */
static uint32_t field_at(uint32_t order, uint32_t place)
{
    const uint32_t other = order / FIELD_COUNT;
    if (other > 0 && (place == 0 || place == other))
        place = place == 0 ? other : 0;
    return (place + order) % FIELD_COUNT;
}

static uint8_t *put_template_9(uint8_t *at, uint32_t template_id, const uint16_t fields[FIELD_COUNT][2], uint32_t order)
{
    at = put16(at, 0);
    at = put16(at, 8 + 4 * FIELD_COUNT);
    at = put16(at, template_id);
    at = put16(at, FIELD_COUNT);
    for (uint32_t i = 0; i < FIELD_COUNT; i++)
        at = put16(put16(at, fields[field_at(order, i)][0]), fields[field_at(order, i)][1]);
    return at;
}

/* The fields of IPv4 up to the type of service and direction, then interfaceName, applicationName and userName. */
static uint8_t *put_template_ipfix(uint8_t *at)
{
    static const uint16_t STRINGS[3] = {82, 96, 371};
    at = put16(at, 2);
    at = put16(at, 8 + 4 * (FIELDS_IPFIX + 3));
    at = put16(at, 256);
    at = put16(at, FIELDS_IPFIX + 3);
    for (int i = 0; i < FIELDS_IPFIX; i++)
        at = put16(put16(at, TEMPLATE_IPV4[i][0]), TEMPLATE_IPV4[i][1]);
    for (int i = 0; i < 3; i++)
        at = put16(put16(at, STRINGS[i]), 65535);
    return at;
}

/* Source, destination and next hop of 16 octets each. */
static uint8_t *put_ipv6_addresses(uint8_t *at, uint32_t source, uint32_t destination, uint32_t hop)
{
    const uint32_t hosts[2] = {source, destination};
    for (int i = 0; i < 2; i++) {
        at = put32(put32(at, 0x20010db8), scatter(hosts[i]));
        at = put32(put32(at, 0), hosts[i]);
    }
    return put32(put32(put32(put32(at, 0xfe800000), 0), 0), hop);
}

/* A record in the order of its template. */
static uint8_t *put_record(struct workload *workload, uint8_t *at, bool ipv6, uint32_t uptime_ms)
{
    uint32_t source = scatter(draw_skewed(workload, 200000));
    uint32_t destination = scatter(draw_skewed(workload, 2000000) + 7919);
    uint32_t source_port = 1024 + draw_below(workload, 64000);
    uint32_t destination_port = SERVER_PORTS[draw_below(workload, 16)];
    const bool datagram_service = destination_port == 53 || destination_port == 123 || destination_port == 51820;
    if (draw_below(workload, 2) == 0) { /* half are the answers */
        const uint32_t host = source, port = source_port;
        source = destination;
        source_port = destination_port;
        destination = host;
        destination_port = port;
    }
    const uint32_t packets = 1 + draw_below(workload, 1u << draw_below(workload, 15));
    const uint32_t hop = 1 + draw_below(workload, 8);
    if (ipv6)
        at = put_ipv6_addresses(at, source, destination, hop);
    else
        at = put32(put32(put32(at, 0x0a000000 | (source & 0xffffff)), destination), 0xc0a80000 + hop);
    at = put32(at, 1 + draw_below(workload, 48));                          /* INPUT_SNMP */
    at = put32(at, 1 + draw_below(workload, 48));                          /* OUTPUT_SNMP */
    at = put32(at, packets);                                               /* IN_PKTS */
    at = put32(at, packets * (40 + draw_below(workload, 1460)));           /* IN_BYTES */
    at = put32(at, uptime_ms - draw_below(workload, 60000));               /* FIRST_SWITCHED */
    at = put32(at, uptime_ms);                                             /* LAST_SWITCHED */
    at = put16(put16(at, source_port), destination_port);                  /* L4_SRC_PORT, L4_DST_PORT */
    at = put8(at, datagram_service ? 0 : 0x10 | draw_below(workload, 16)); /* TCP_FLAGS */
    at = put8(at, datagram_service ? 17 : 6);                              /* PROTOCOL */
    at = put8(at, 0);                                                      /* SRC_TOS */
    at = put8(at, draw_below(workload, 2));                                /* DIRECTION */
    at = put32(at, 64512 + draw_skewed(workload, 1000));                   /* SRC_AS */
    at = put32(at, 13335 + draw_skewed(workload, 50000));                  /* DST_AS */
    at = put8(at, ipv6 ? 48 : 24);                                         /* SRC_MASK */
    at = put8(at, ipv6 ? 48 : 16);                                         /* DST_MASK */
    return put8(at, ipv6 ? 6 : 4);                                         /* IP_PROTOCOL_VERSION */
}

/* The same with its fields in the order of a template. */
static uint8_t *put_record_in_order(struct workload *workload, uint8_t *at, bool ipv6, uint32_t uptime_ms,
                                    uint32_t order)
{
    const uint16_t(*fields)[2] = ipv6 ? TEMPLATE_IPV6 : TEMPLATE_IPV4;
    uint8_t record[RECORD_BYTES_MAX];
    uint32_t offsets[FIELD_COUNT], offset = 0;
    put_record(workload, record, ipv6, uptime_ms);
    for (uint32_t i = 0; i < FIELD_COUNT; offset += fields[i++][1])
        offsets[i] = offset;
    for (uint32_t i = 0; i < FIELD_COUNT; i++) {
        const uint32_t field = field_at(order, i);
        memcpy(at, record + offsets[field], fields[field][1]);
        at += fields[field][1];
    }
    return at;
}

static uint8_t *put_string(struct workload *workload, uint8_t *at)
{
    uint32_t length = draw_below(workload, 19);
    if (draw_below(workload, 1000) == 0) {
        length = STRING_LONG_BYTES;
        at = put16(put8(at, 255), length);
    } else {
        at = put8(at, length);
    }
    for (uint32_t i = 0; i < length; i++)
        at = put8(at, 'a' + (length + i) % 26);
    return at;
}

/* ---------------------------------------------------------------------------------------------- datagrams */

static uint32_t uptime_of(uint64_t number)
{
    return START_UPTIME_MS + (uint32_t)(number * 1000 / WORKLOAD_DATAGRAMS_PER_SECOND);
}

static uint32_t time_of(uint64_t number)
{
    return WORKLOAD_START_S + (uint32_t)(number / WORKLOAD_DATAGRAMS_PER_SECOND);
}

static size_t make_5(struct workload *workload, uint64_t number, uint8_t *datagram)
{
    const uint32_t exporter = (uint32_t)(number % workload->exporter_count), uptime_ms = uptime_of(number);
    uint8_t *at = put16(put16(datagram, 5), RECORDS_5);
    at = put32(put32(put32(at, uptime_ms), time_of(number)), 0);
    at = put32(at, workload->sequences[exporter]);
    at = put16(put16(at, 0), 0);
    for (int i = 0; i < RECORDS_5; i++) {
        uint8_t record[RECORD_BYTES_MAX]; /* in the order of TEMPLATE_IPV4 */
        put_record(workload, record, false, uptime_ms);
        memcpy(at, record, 12);
        memcpy(at + 12, record + 14, 2); /* the interfaces and AS numbers have two octets in v5 */
        memcpy(at + 14, record + 18, 2);
        memcpy(at + 16, record + 20, 20);
        memcpy(at + 37, record + 40, 3);
        at[36] = 0;
        memcpy(at + 40, record + 46, 2);
        memcpy(at + 42, record + 50, 2);
        memcpy(at + 44, record + 52, 2);
        at = put16(at + 46, 0);
    }
    workload->sequences[exporter] += RECORDS_5;
    workload->flow_count += RECORDS_5;
    return (size_t)(at - datagram);
}

static size_t make_ipfix(struct workload *workload, uint64_t number, uint8_t *datagram)
{
    const uint32_t exporter = (uint32_t)(number % workload->exporter_count);
    uint8_t *at = put32(datagram + 4, time_of(number));
    at = put32(put32(at, workload->sequences[exporter]), exporter);
    if (number / workload->exporter_count % TEMPLATE_INTERVAL == 0)
        at = put_template_ipfix(at);
    uint8_t *const set = at;
    at = put16(at, 256) + 2;
    uint32_t record_count = 0;
    do {
        uint8_t record[RECORD_BYTES_MAX];
        put_record(workload, record, false, uptime_of(number));
        memcpy(at, record, 48);
        at += 48;
        for (int i = 0; i < 3; i++)
            at = put_string(workload, at);
        record_count++;
    } while (at - datagram + 48 + 3 * 19 <= RECORDS_END_BYTES);
    workload->sequences[exporter] += record_count;
    workload->flow_count += record_count;
    put16(set + 2, (uint32_t)(at - set));
    put16(put16(datagram, 10), (uint32_t)(at - datagram));
    return (size_t)(at - datagram);
}

static uint8_t *put_templates_9(const struct workload *workload, uint8_t *at, bool ipv6, uint32_t order)
{
    if (workload->template_count > 0)
        return put_template_9(at, 256 + order, ipv6 ? TEMPLATE_IPV6 : TEMPLATE_IPV4, order);
    at = put_template_9(at, 256, TEMPLATE_IPV4, 0);
    return put_template_9(at, 257, TEMPLATE_IPV6, 0);
}

static size_t make_9(struct workload *workload, uint64_t number, uint8_t *datagram)
{
    const uint32_t exporter = (uint32_t)(number % workload->exporter_count), uptime_ms = uptime_of(number);
    const uint64_t round = number / workload->exporter_count;
    const uint32_t templates = workload->template_count;
    const uint32_t order = templates == 0 ? 0 : (uint32_t)(round % templates);
    const bool ipv6 = templates == 0 ? draw_below(workload, 5) == 0 : order % 5 == 4;
    const size_t record_bytes = ipv6 ? 91 : 55;
    uint32_t record_count = 0;

    uint8_t *at = put32(put16(datagram, 9) + 2, uptime_ms);
    at = put32(at, time_of(number));
    at = put32(put32(at, workload->sequences[exporter]++), exporter);
    if (round / (templates == 0 ? 1 : templates) % TEMPLATE_INTERVAL == 0) {
        at = put_templates_9(workload, at, ipv6, order);
        record_count = templates == 0 ? 2 : 1;
    }
    uint8_t *const set = at;
    at = put16(at, 256 + (templates == 0 ? (uint32_t)ipv6 : order)) + 2;
    while ((size_t)(at - datagram) + record_bytes <= RECORDS_END_BYTES) {
        at = templates == 0 ? put_record(workload, at, ipv6, uptime_ms)
                            : put_record_in_order(workload, at, ipv6, uptime_ms, order);
        record_count++;
        workload->flow_count++;
    }
    while ((at - set) % 4 != 0)
        at = put8(at, 0);
    put16(set + 2, (uint32_t)(at - set));
    put16(datagram + 2, record_count);
    return (size_t)(at - datagram);
}

size_t workload_datagram(struct workload *workload, uint64_t number, uint8_t datagram[WORKLOAD_DATAGRAM_BYTES])
{
    return workload->version == 5    ? make_5(workload, number, datagram)
           : workload->version == 10 ? make_ipfix(workload, number, datagram)
                                     : make_9(workload, number, datagram);
}
