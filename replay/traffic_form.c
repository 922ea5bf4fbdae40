/* SPDX-License-Identifier: MIT */
/*
 * traffic_form.c - records of one form, made ahead and copied into datagrams
 */
#include "traffic_form.h"

#include "octets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SALT_BYTES = 256,   /* a flow becomes so much larger than it was made, at the most */
    SALT_ADDRESSES = 16 /* so many neighbours have a host's flows */
};

/* A flow before it has a form. */
struct flow_made {
    uint32_t source, destination, next_hop; /* hosts; see put_address() */
    uint16_t source_port, destination_port;
    uint32_t packets, bytes;
    uint32_t age_first_ms, age_last_ms;
    uint32_t source_as, destination_as;
    uint32_t in_interface, out_interface;
    uint8_t protocol, tcp_flags;
};

/* Spreads the n-th host over the address space; the same n is always the same host. */
static uint32_t scatter(uint32_t n)
{
    n = (n ^ n >> 16) * 0x7feb352du;
    n = (n ^ n >> 15) * 0x846ca68bu;
    return n ^ n >> 16;
}

static struct flow_made make_flow(struct chance *chance)
{
    static const uint16_t services[16] = {443, 443, 443, 443, 80,   53,   53,   22,
                                          25,  123, 993, 8080, 3306, 5432, 6881, 51820};
    const uint16_t service = services[chance_below(chance, 16)];
    const uint16_t client = (uint16_t)(1024 + chance_below(chance, 64000));
    const bool datagrams = service == 53 || service == 123 || service == 51820, answer = chance_below(chance, 2) == 0;
    const uint32_t packets = 1 + chance_below(chance, 1u << chance_below(chance, 15));
    const uint32_t age_ms = chance_below(chance, 1000);
    return (struct flow_made){
        .source = chance_skewed(chance, 200000),
        .destination = chance_skewed(chance, 2000000) + 7919,
        .next_hop = 1 + chance_below(chance, 8),
        .source_port = answer ? service : client,
        .destination_port = answer ? client : service,
        .packets = packets,
        .bytes = packets * (40 + chance_below(chance, 1460)),
        .age_first_ms = age_ms + chance_below(chance, 60000),
        .age_last_ms = age_ms,
        .source_as = 64512 + chance_skewed(chance, 1000),
        .destination_as = 13335 + chance_skewed(chance, 50000),
        .in_interface = 1 + chance_below(chance, 48),
        .out_interface = 1 + chance_below(chance, 48),
        .protocol = datagrams ? 17 : 6,
        .tcp_flags = datagrams ? 0 : (uint8_t)(0x10 | chance_below(chance, 16)),
    };
}

/* Of 4 octets or, below 2001:db8::/32, of 16. */
static void put_address(uint8_t *at, uint32_t bytes, uint32_t host)
{
    if (bytes == 4) {
        octets_put32(at, scatter(host));
        return;
    }
    at = octets_put32(octets_put32(at, 0x20010db8), scatter(host));
    octets_put32(octets_put32(at, 0), host);
}

static uint64_t value_of(const struct flow_made *flow, uint32_t element)
{
    switch (element) {
    case ELEMENT_BYTES: return flow->bytes;
    case ELEMENT_PACKETS: return flow->packets;
    case ELEMENT_PROTOCOL: return flow->protocol;
    case ELEMENT_TCP_FLAGS: return flow->tcp_flags;
    case ELEMENT_SRC_PORT: return flow->source_port;
    case ELEMENT_DST_PORT: return flow->destination_port;
    case ELEMENT_SRC_PREFIX_IPV4: return 24;
    case ELEMENT_DST_PREFIX_IPV4: return 16;
    case ELEMENT_SRC_PREFIX_IPV6:
    case ELEMENT_DST_PREFIX_IPV6: return 48;
    case ELEMENT_IN_INTERFACE: return flow->in_interface;
    case ELEMENT_OUT_INTERFACE: return flow->out_interface;
    case ELEMENT_SRC_AS: return flow->source_as;
    case ELEMENT_DST_AS: return flow->destination_as;
    case ELEMENT_FIRST_UPTIME:
    case ELEMENT_START_MS: return flow->age_first_ms;
    case ELEMENT_LAST_UPTIME:
    case ELEMENT_END_MS: return flow->age_last_ms;
    default: return 0;
    }
}

static uint8_t *put_field(uint8_t *at, const struct form_field *field, const struct flow_made *flow)
{
    switch (field->element) {
    case ELEMENT_SRC_IPV4:
    case ELEMENT_SRC_IPV6:
        put_address(at, field->bytes, flow->source);
        break;
    case ELEMENT_DST_IPV4:
    case ELEMENT_DST_IPV6:
        put_address(at, field->bytes, flow->destination);
        break;
    case ELEMENT_NEXT_HOP_IPV4:
    case ELEMENT_NEXT_HOP_IPV6:
        put_address(at, field->bytes, flow->next_hop);
        break;
    default:
        for (uint32_t i = 0; i < field->bytes; i++)
            at[i] = (uint8_t)(value_of(flow, field->element) >> 8 * (field->bytes - 1 - i));
    }
    return at + field->bytes;
}

/* --------------------------------------------------------------------------------------------------- forms */

static struct form_field field_of(struct form_field field, bool ipv6)
{
    if (!ipv6)
        return field;
    switch (field.element) {
    case ELEMENT_SRC_IPV4: return (struct form_field){ELEMENT_SRC_IPV6, 16};
    case ELEMENT_DST_IPV4: return (struct form_field){ELEMENT_DST_IPV6, 16};
    case ELEMENT_NEXT_HOP_IPV4: return (struct form_field){ELEMENT_NEXT_HOP_IPV6, 16};
    case ELEMENT_SRC_PREFIX_IPV4: return (struct form_field){ELEMENT_SRC_PREFIX_IPV6, 1};
    case ELEMENT_DST_PREFIX_IPV4: return (struct form_field){ELEMENT_DST_PREFIX_IPV6, 1};
    default: return field;
    }
}

uint32_t form_record_bytes(const struct form_field *fields, uint32_t field_count, bool ipv6)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < field_count; i++)
        bytes += field_of(fields[i], ipv6).bytes;
    return bytes;
}

/* Which field stands at `place`: the fields go round by `order`, and each time they are round once more, another one
 * has changed places with the first. */
static uint32_t field_at(uint32_t order, uint32_t place, uint32_t count)
{
    const uint32_t other = order / count % count;
    if (other > 0 && (place == 0 || place == other))
        place = place == 0 ? other : 0;
    return (place + order) % count;
}

static void set_places(struct form *form)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < form->field_count; at += form->fields[i++].bytes) {
        const uint32_t bytes = form->fields[i].bytes;
        switch (form->fields[i].element) {
        case ELEMENT_BYTES:
            form->bytes_at = at;
            break;
        case ELEMENT_START_MS:
        case ELEMENT_FIRST_UPTIME:
            form->first_at = at;
            form->long_times = bytes == 8;
            break;
        case ELEMENT_END_MS:
        case ELEMENT_LAST_UPTIME:
            form->last_at = at;
            break;
        case ELEMENT_SRC_IPV4:
        case ELEMENT_SRC_IPV6:
            form->source_end_at = at + bytes - 1;
            break;
        case ELEMENT_NUMBER:
            form->number_high_at = at;
            form->number_high_bytes = 4;
            form->number_low_at = at + 4;
            break;
        default:
            break;
        }
    }
    form->record_bytes = at;
    if (form->number_high_bytes > 0)
        return;
    /* Version 5 has no such field: the next hop and the source's AS are not otherwise told. */
    at = 0;
    for (uint32_t i = 0; i < form->field_count; at += form->fields[i++].bytes) {
        if (form->fields[i].element == ELEMENT_NEXT_HOP_IPV4)
            form->number_low_at = at;
        if (form->fields[i].element == ELEMENT_SRC_AS)
            form->number_high_at = at;
    }
    form->number_high_bytes = 2;
}

static void fill_ring(struct form *form, struct chance *chance)
{
    uint8_t *at = form->ring;
    struct form_sums sums = {0};
    for (uint32_t r = 0; r < form->ring_records; r++) {
        const struct flow_made flow = make_flow(chance);
        for (uint32_t i = 0; i < form->field_count; i++)
            at = put_field(at, &form->fields[i], &flow);
        form->bytes_before[r] = sums.bytes;
        form->packets_before[r] = sums.packets;
        sums.bytes += flow.bytes;
        sums.packets += flow.packets;
    }
    form->bytes_before[form->ring_records] = sums.bytes;
    form->packets_before[form->ring_records] = sums.packets;
}

int form_init(struct form *form, const struct form_plan *plan, struct chance *chance)
{
    assert(plan->field_count <= FORM_FIELDS_MAX && plan->flows > 0);
    *form = (struct form){
        .field_count = plan->field_count,
        .template_id = plan->template_id,
        .ipv6 = plan->ipv6,
        .flows = plan->flows,
        .ring_records = plan->ring_records < plan->flows ? plan->flows : plan->ring_records,
    };
    for (uint32_t i = 0; i < plan->field_count; i++)
        form->fields[i] = field_of(plan->fields[field_at(plan->order, i, plan->field_count)], plan->ipv6);
    set_places(form);
    form->ring = malloc((size_t)form->ring_records * form->record_bytes);
    form->bytes_before = calloc((size_t)form->ring_records + 1, sizeof *form->bytes_before);
    form->packets_before = calloc((size_t)form->ring_records + 1, sizeof *form->packets_before);
    if (form->ring == NULL || form->bytes_before == NULL || form->packets_before == NULL) {
        form_done(form);
        return -1;
    }
    fill_ring(form, chance);
    return 0;
}

void form_done(struct form *form)
{
    free(form->ring);
    free(form->bytes_before);
    free(form->packets_before);
    *form = (struct form){0};
}

/* ------------------------------------------------------------------------------------------------- writing */

/* Turns ages into times. */
static void put_times(const struct form *form, uint8_t *at, uint32_t count, uint64_t now_ms)
{
    if (form->long_times) {
        for (uint32_t i = 0; i < count; i++, at += form->record_bytes) {
            octets_put64(at + form->first_at, now_ms - octets_get64(at + form->first_at));
            octets_put64(at + form->last_at, now_ms - octets_get64(at + form->last_at));
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++, at += form->record_bytes) {
        octets_put32(at + form->first_at, (uint32_t)now_ms - octets_get32(at + form->first_at));
        octets_put32(at + form->last_at, (uint32_t)now_ms - octets_get32(at + form->last_at));
    }
}

static void put_numbers(const struct form *form, uint8_t *at, uint32_t count, uint64_t number)
{
    for (uint32_t i = 0; i < count; i++, number++, at += form->record_bytes) {
        octets_put32(at + form->number_low_at, (uint32_t)number);
        if (form->number_high_bytes == 4)
            octets_put32(at + form->number_high_at, (uint32_t)(number >> 32));
        else
            octets_put16(at + form->number_high_at, (uint32_t)(number >> 32));
    }
}

uint8_t *form_write(const struct form *form, uint8_t *at, uint32_t count, uint64_t number, uint64_t now_ms,
                    struct chance *chance, struct form_sums *sums)
{
    assert(count <= form->flows);
    const uint64_t salt = chance_draw(chance);
    const uint32_t salt_bytes = (uint32_t)salt % SALT_BYTES, salt_address = (uint32_t)(salt >> 32) % SALT_ADDRESSES;
    const uint32_t first = chance_below(chance, form->ring_records - count + 1);
    const size_t size_bytes = (size_t)count * form->record_bytes;
    memcpy(at, form->ring + (size_t)first * form->record_bytes, size_bytes);
    put_numbers(form, at, count, number);
    put_times(form, at, count, now_ms);
    uint8_t *record = at;
    for (uint32_t i = 0; i < count; i++, record += form->record_bytes) {
        octets_put32(record + form->bytes_at, octets_get32(record + form->bytes_at) + salt_bytes);
        record[form->source_end_at] ^= (uint8_t)salt_address;
    }
    sums->bytes += form->bytes_before[first + count] - form->bytes_before[first] + (uint64_t)count * salt_bytes;
    sums->packets += form->packets_before[first + count] - form->packets_before[first];
    return at + size_bytes;
}

uint8_t *form_write_template(const struct form *form, uint8_t *at)
{
    at = octets_put16(octets_put16(at, form->template_id), form->field_count);
    for (uint32_t i = 0; i < form->field_count; i++)
        at = octets_put16(octets_put16(at, form->fields[i].element), form->fields[i].bytes);
    return at;
}
