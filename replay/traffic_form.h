/* SPDX-License-Identifier: MIT */
/*
 * traffic_form.h - records of one form, made ahead and copied into datagrams
 *
 *     ring   record record record record record record record ...       made once, at random
 *                   └── those of a datagram ──┘                         from any place on
 *
 * What differs from flow to flow in a datagram is written over the copy: its number, which no other flow of the run
 * has, its times, and a little of its size and source address. So making a datagram costs a copy and a few stores for
 * each flow, and yet no two datagrams are alike. The ring holds the times as ages, in the form and width of the field.
 */
#ifndef WEIR_REPLAY_TRAFFIC_FORM_H
#define WEIR_REPLAY_TRAFFIC_FORM_H

#include "chance.h"

#include <stdbool.h>
#include <stdint.h>

enum { FORM_FIELDS_MAX = 20 };

/* IANA's numbers of the elements that are used; what is for IPv4 is replaced in forms of IPv6. */
enum form_element {
    ELEMENT_BYTES = 1,
    ELEMENT_PACKETS = 2,
    ELEMENT_PROTOCOL = 4,
    ELEMENT_TOS = 5,
    ELEMENT_TCP_FLAGS = 6,
    ELEMENT_SRC_PORT = 7,
    ELEMENT_SRC_IPV4 = 8,
    ELEMENT_SRC_PREFIX_IPV4 = 9,
    ELEMENT_IN_INTERFACE = 10,
    ELEMENT_DST_PORT = 11,
    ELEMENT_DST_IPV4 = 12,
    ELEMENT_DST_PREFIX_IPV4 = 13,
    ELEMENT_OUT_INTERFACE = 14,
    ELEMENT_NEXT_HOP_IPV4 = 15,
    ELEMENT_SRC_AS = 16,
    ELEMENT_DST_AS = 17,
    ELEMENT_LAST_UPTIME = 21,
    ELEMENT_FIRST_UPTIME = 22,
    ELEMENT_SRC_IPV6 = 27,
    ELEMENT_DST_IPV6 = 28,
    ELEMENT_SRC_PREFIX_IPV6 = 29,
    ELEMENT_DST_PREFIX_IPV6 = 30,
    ELEMENT_NEXT_HOP_IPV6 = 62,
    ELEMENT_NUMBER = 148, /* flowId */
    ELEMENT_START_MS = 152,
    ELEMENT_END_MS = 153,
    ELEMENT_PADDING = 210,
};

struct form_field {
    uint16_t element;
    uint16_t bytes;
};

/* How a form is made. */
struct form_plan {
    const struct form_field *fields;
    uint32_t field_count;
    uint32_t order;        /* a number of fields apart, another order of them; 0: as they are */
    uint16_t template_id;
    bool ipv6;             /* take the IPv6 elements for those of IPv4 */
    uint32_t flows;        /* of a datagram */
    uint32_t ring_records; /* at least so many, and at least a datagram's */
};

struct form {
    struct form_field fields[FORM_FIELDS_MAX];
    uint32_t field_count;
    uint16_t template_id;
    bool ipv6;
    bool long_times; /* of 8 octets, milliseconds since 1970; else of 4, since the exporter started */
    uint32_t flows;
    uint32_t record_bytes;
    uint32_t ring_records;
    uint8_t *ring;
    uint64_t *bytes_before; /* sums of the records before each, so that those of a datagram are a difference */
    uint64_t *packets_before;
    uint32_t bytes_at, first_at, last_at, source_end_at; /* within a record */
    uint32_t number_low_at;                              /* the lower 4 octets of the number */
    uint32_t number_high_at, number_high_bytes;          /* the upper ones, 4 or 2 */
};

struct form_sums {
    uint64_t bytes;
    uint64_t packets;
};

/* -1 when memory is short. */
int form_init(struct form *form, const struct form_plan *plan, struct chance *chance);
void form_done(struct form *form);

/* The length of the records of a form before there is one. */
uint32_t form_record_bytes(const struct form_field *fields, uint32_t field_count, bool ipv6);

/* Writes `count` records, at most those of a datagram, numbered from `number` on; `now_ms` by the clock of its times.
 * Returns where they end; adds to the sums. */
uint8_t *form_write(const struct form *form, uint8_t *at, uint32_t count, uint64_t number, uint64_t now_ms,
                    struct chance *chance, struct form_sums *sums);

/* Writes the template, as v9 and IPFIX have it: ID, number of fields, element and length of each. */
uint8_t *form_write_template(const struct form *form, uint8_t *at);

static inline uint32_t form_template_bytes(const struct form *form)
{
    return 4 + 4 * form->field_count;
}

#endif
