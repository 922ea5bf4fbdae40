/* SPDX-License-Identifier: MIT */
/*
 * traffic_version.h - what a version of the protocol has of its own
 */
#ifndef WEIR_REPLAY_TRAFFIC_VERSION_H
#define WEIR_REPLAY_TRAFFIC_VERSION_H

#include "traffic_form.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What goes into the header of a datagram. */
struct traffic_header {
    uint32_t sequence;
    uint32_t domain;
    uint32_t uptime_ms; /* IPFIX has none */
    int64_t now_us;
};

struct traffic_version {
    uint16_t version;
    bool has_templates;
    bool counts_flows; /* in sequence numbers; else datagrams */
    const struct form_field *fields;
    uint32_t field_count;
    uint32_t overhead_bytes; /* of a datagram with flows: headers, padding */

    /* Each writes a whole datagram and returns its length. `count` flows from `number` on; or the templates of the
     * forms. */
    size_t (*write_flows)(const struct traffic_header *header, const struct form *form, uint32_t count,
                          uint64_t number, struct chance *chance, uint8_t *octets, struct form_sums *sums);
    size_t (*write_templates)(const struct traffic_header *header, const struct form *forms, uint32_t count,
                              uint8_t *octets);
};

extern const struct traffic_version traffic_v5, traffic_v9, traffic_ipfix;

#endif
