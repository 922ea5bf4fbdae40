/* SPDX-License-Identifier: MIT */
/*
 * workload.h - makes the export datagrams that Weir is measured with
 *
 * NetFlow v9: two templates of 20 fields, as a router of a provider exports them: 55 octets a record for IPv4 and 91
 * for IPv6. A datagram holds records of one of them, 25 of IPv4 (four datagrams of five) or 15 of IPv6, so 23 on
 * average.
 * Each exporter sends its templates in the first and then every 500th of its datagrams. With more templates, each has
 * the same fields in an order of its own, and the datagrams take them in turn.
 *
 * NetFlow v5: 30 records a datagram. IPFIX: the first 16 of the fields and three strings of variable length, 9 octets
 * each on average, one in a thousand so long that its length takes three octets.
 *
 * Few hosts have most of the flows, as it is in life. The same seed makes the same octets on every machine.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

enum {
    WORKLOAD_DATAGRAM_BYTES = 2048,
    WORKLOAD_DATAGRAMS_PER_SECOND = 2000, /* in the times of the datagrams */
    WORKLOAD_EXPORTERS_MAX = 65536,
    WORKLOAD_TEMPLATES_MAX = 400,
};

#define WORKLOAD_START_S 1700000000u /* the time that the first datagram tells */

struct workload {
    uint64_t random_state;
    uint32_t exporter_count;
    uint16_t version;        /* 5, 9 or 10 */
    uint16_t template_count; /* of version 9: 0 for the two of IPv4 and IPv6 */
    uint32_t *sequences;     /* the next one of each exporter */
    uint64_t flow_count;     /* made so far */
};

/* Makes the datagram of number `number`; the exporters take turns. Returns its length. */
size_t workload_datagram(struct workload *workload, uint64_t number, uint8_t datagram[WORKLOAD_DATAGRAM_BYTES]);

#endif
