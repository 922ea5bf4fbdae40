/* SPDX-License-Identifier: MIT */
/* from_batch.c - flows from the rows of a batch */
#include "from_batch.h"

#include <assert.h>
#include <string.h>

#define LATEST_US ((int64_t)1 << 53) /* the year 2255: what lies beyond is no time */

enum { ID_FIRST_UPTIME = 22, ID_LAST_UPTIME = 21 };

struct reader {
    const struct weir_batch *batch;
    const struct weir_core_column *core;
    const uint32_t *first_ms, *last_ms; /* uptimes; NULL: the exporter tells other times */
};

/* The uptimes that a core column was computed from, or NULL when it is from something else. */
static const uint32_t *uptimes_of(const struct weir_batch *batch, enum weir_core core, uint16_t id)
{
    const struct weir_core_column *column = &batch->layout->core[core];
    if (column->note != WEIR_CORE_NOTE_UPTIME || column->from_pen != WEIR_PEN_IANA || column->from_id != id)
        return NULL;
    for (uint32_t i = 0; i < batch->layout->field_count; i++) {
        const struct weir_field *field = &batch->layout->fields[i];
        if (field->pen == WEIR_PEN_IANA && field->id == id)
            return field->kind == WEIR_KIND_U32 ? batch->columns[i] : NULL;
    }
    return NULL;
}

/* Times by the uptime are exact among each other; as absolute ones they differ from one datagram to the next by up to a
 * second, as much as the header's time is cut off, which would part what belongs together. */
static struct reader reader_of(const struct weir_batch *batch)
{
    struct reader reader = {.batch = batch, .core = batch->layout->core};
    const uint32_t *first_ms = uptimes_of(batch, WEIR_CORE_TIME_START, ID_FIRST_UPTIME),
                   *last_ms = uptimes_of(batch, WEIR_CORE_TIME_END, ID_LAST_UPTIME);
    if (first_ms != NULL && last_ms != NULL) {
        reader.first_ms = first_ms;
        reader.last_ms = last_ms;
    }
    return reader;
}

static const void *value_of(const struct reader *reader, enum weir_core core, uint32_t row)
{
    const struct weir_core_column *column = &reader->core[core];
    return (const uint8_t *)reader->batch->columns[column->column] + (size_t)row * column->width_bytes;
}

static bool is_told(const struct reader *reader, enum weir_core core)
{
    return reader->core[core].how != WEIR_CORE_ABSENT;
}

/* A number of any width; 0 where the exporter does not tell. */
static uint64_t number_of(const struct reader *reader, enum weir_core core, uint32_t row)
{
    const struct weir_core_column *column = &reader->core[core];
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    if (column->how == WEIR_CORE_ABSENT)
        return 0;
    if (column->how == WEIR_CORE_CONSTANT)
        return column->value;
    const void *value = value_of(reader, core, row);
    switch (column->kind) {
    case WEIR_KIND_U8:
        return *(const uint8_t *)value;
    case WEIR_KIND_U16:
        memcpy(&u16, value, sizeof u16);
        return u16;
    case WEIR_KIND_U32:
        memcpy(&u32, value, sizeof u32);
        return u32;
    case WEIR_KIND_U64:
        memcpy(&u64, value, sizeof u64);
        return u64;
    default:
        return 0;
    }
}

/* One of IPv4 out of a column for both families is ::ffff:a.b.c.d there. */
static struct weir_address mapped_address(const uint8_t *octets)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct weir_address address = {.family = 6};
    if (memcmp(octets, mapped, sizeof mapped) != 0) {
        memcpy(address.octets, octets, 16);
        return address;
    }
    address.family = 4;
    memcpy(address.octets, octets + 12, 4);
    return address;
}

/* Of family 0 where there is none. */
static struct weir_address address_of(const struct reader *reader, enum weir_core core, uint32_t row)
{
    const struct weir_core_column *column = &reader->core[core];
    struct weir_address address = {0};
    if (column->how == WEIR_CORE_ABSENT)
        return address;
    const uint8_t *value = value_of(reader, core, row);
    if (column->kind == WEIR_KIND_IPV4) {
        uint32_t number;
        memcpy(&number, value, sizeof number);
        address.family = 4;
        for (int octet = 0; octet < 4; octet++)
            address.octets[octet] = (uint8_t)(number >> (24 - 8 * octet));
    } else if (column->kind == WEIR_KIND_IPV6 && column->note == WEIR_CORE_NOTE_FAMILY) {
        address = mapped_address(value);
    } else if (column->kind == WEIR_KIND_IPV6) {
        address.family = 6;
        memcpy(address.octets, value, 16);
    }
    return address;
}

static int64_t time_of(const struct reader *reader, enum weir_core core, uint32_t row)
{
    int64_t time_us;
    assert(reader->core[core].kind == WEIR_KIND_I64);
    memcpy(&time_us, value_of(reader, core, row), sizeof time_us);
    return time_us;
}

static void take_times(const struct reader *reader, uint32_t row, struct flow *flow)
{
    const int64_t start_us = time_of(reader, WEIR_CORE_TIME_START, row),
                  end_us = time_of(reader, WEIR_CORE_TIME_END, row);
    const bool sound = start_us >= 0 && start_us < LATEST_US && end_us >= 0 && end_us < LATEST_US;
    flow->ended_us = sound ? end_us : flow->received_us;
    if (reader->first_ms != NULL) {
        flow->clock = FLOW_CLOCK_UPTIME;
        flow->first_ms = reader->first_ms[row];
        flow->last_ms = reader->last_ms[row];
    } else if (sound && reader->core[WEIR_CORE_TIME_END].note != WEIR_CORE_NOTE_EXPORT_TIME) {
        flow->clock = FLOW_CLOCK_ABSOLUTE;
        flow->first_ms = start_us / 1000;
        flow->last_ms = end_us / 1000;
    }
}

/* False when the row is no flow between two hosts. */
static bool take_row(const struct reader *reader, uint32_t row, struct flow *flow)
{
    const uint64_t protocol = number_of(reader, WEIR_CORE_PROTOCOL, row),
                   source_port = number_of(reader, WEIR_CORE_SRC_PORT, row),
                   destination_port = number_of(reader, WEIR_CORE_DST_PORT, row),
                   sampling_rate = number_of(reader, WEIR_CORE_SAMPLING_RATE, row);
    flow->source = address_of(reader, WEIR_CORE_SRC_ADDRESS, row);
    flow->destination = address_of(reader, WEIR_CORE_DST_ADDRESS, row);
    if (flow->source.family == 0 || flow->source.family != flow->destination.family || protocol > UINT8_MAX ||
        source_port > UINT16_MAX || destination_port > UINT16_MAX)
        return false;
    flow->protocol = (uint8_t)protocol;
    flow->source_port = (uint16_t)source_port;
    flow->destination_port = (uint16_t)destination_port;
    flow->bytes = number_of(reader, WEIR_CORE_BYTES, row);
    flow->packets = number_of(reader, WEIR_CORE_PACKETS, row);
    flow->sampling_rate = sampling_rate > UINT32_MAX ? UINT32_MAX : (uint32_t)sampling_rate;
    if (flow_is_icmp(flow) && is_told(reader, WEIR_CORE_ICMP_TYPE)) {
        flow->has_icmp = true;
        flow->icmp_type = (uint8_t)number_of(reader, WEIR_CORE_ICMP_TYPE, row);
        flow->icmp_code = (uint8_t)number_of(reader, WEIR_CORE_ICMP_CODE, row);
    }
    take_times(reader, row, flow);
    flow_normalize(flow);
    return true;
}

void from_batch_read(const struct weir_batch *batch,
                     void (*flow)(void *context, const struct flow *flow, const struct weir_run *run), void *context)
{
    if (batch->layout->options)
        return;
    assert(batch->layout->core != NULL);
    const struct reader reader = reader_of(batch);
    if (!is_told(&reader, WEIR_CORE_SRC_ADDRESS) || !is_told(&reader, WEIR_CORE_DST_ADDRESS))
        return;
    for (uint32_t i = 0; i < batch->run_count; i++) {
        const struct weir_run *run = &batch->runs[i];
        const struct flow common = {
            .received_us = run->received_us,
            .exporter = flow_exporter_key(&run->exporter, run->exporter_port),
        };
        for (uint32_t row = run->first_row; row < run->first_row + run->row_count; row++) {
            struct flow one = common;
            if (take_row(&reader, row, &one))
                flow(context, &one, run);
        }
    }
}
