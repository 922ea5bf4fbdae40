/* SPDX-License-Identifier: MIT */
/*
 * fixed.c - NetFlow versions 1, 5 and 7: a header, and records of one form
 *
 *     v1                              v5                              v7
 *     +--------------+--------------+ +--------------+--------------+ +--------------+--------------+
 *     | Version = 1  | Count        | | Version = 5  | Count        | | Version = 7  | Count        |
 *     +--------------+--------------+ +--------------+--------------+ +--------------+--------------+
 *     | sysUpTime, milliseconds     | | sysUpTime, milliseconds     | | sysUpTime, milliseconds     |
 *     | UNIX seconds                | | UNIX seconds                | | UNIX seconds                |
 *     | residual nanoseconds        | | residual nanoseconds        | | residual nanoseconds        |
 *     +--------------+--------------+ | Sequence: records before    | | Sequence: records before    |
 *     | records of 52 octets ...    | +------+-------+--------------+ +-----------------------------+
 *                                     | Type | ID    | Sampling     | | reserved                    |
 *                                     +------+-------+--------------+ +-----------------------------+
 *                                     | records of 48 octets ...    | | records of 52 octets ...    |
 *
 * Records of version 1 have 48 octets from some exporters (softflowd), which leave out the last 4 unused ones; the
 * length of the datagram tells.
 *
 * The forms are written as v9 templates, so that all the rest is the same as for v9.
 */
#include "decoder.h"

#include <assert.h>

enum { RECORD_1_BYTES = 52, RECORD_1_SHORT_BYTES = 48, HEADER_1_BYTES = 16, HEADER_5_BYTES = 24, HEADER_7_BYTES = 24 };
enum { LAYOUT_BYTES_MAX = 65536 }; /* of one form, compiled */

/* A field specifier: v9 type and length, as on the wire. */
#define FIELD(type, length) 0, type, 0, length
#define PADDING(length) FIELD(210, length)

/* What the three have in common, 36 octets: addresses, next hop, interfaces, packets, octets, start, end, ports. */
#define FIELDS_COMMON                                                                                           \
    FIELD(8, 4), FIELD(12, 4), FIELD(15, 4), FIELD(10, 2), FIELD(14, 2), FIELD(2, 4), FIELD(1, 4), FIELD(22, 4), \
        FIELD(21, 4), FIELD(7, 2), FIELD(11, 2)

/* Protocol, type of service, flags. */
static const uint8_t fields_1[] = {FIELDS_COMMON, PADDING(2), FIELD(4, 1), FIELD(5, 1), FIELD(6, 1), PADDING(11)};
static const uint8_t fields_1_short[] = {FIELDS_COMMON, PADDING(2), FIELD(4, 1), FIELD(5, 1), FIELD(6, 1), PADDING(7)};

/* Flags, protocol, type of service, AS numbers, prefix lengths. */
static const uint8_t fields_5[] = {FIELDS_COMMON, PADDING(1),   FIELD(6, 1), FIELD(4, 1),  FIELD(5, 1),
                                   FIELD(16, 2),  FIELD(17, 2), FIELD(9, 1), FIELD(13, 1), PADDING(2)};

/* The same, with marks of which fields hold nothing, and the router that was gone round (ipv4RouterSc). */
static const uint8_t fields_7[] = {FIELDS_COMMON, PADDING(1),   FIELD(6, 1), FIELD(4, 1),  FIELD(5, 1), FIELD(16, 2),
                                   FIELD(17, 2),  FIELD(9, 1),  FIELD(13, 1), PADDING(2),  FIELD(43, 4)};

static const struct form {
    const uint8_t *fields;
    uint16_t fields_bytes;
    uint16_t version;
    uint16_t header_bytes;
} forms[FIXED_COUNT] = {
    [FIXED_1] = {fields_1, sizeof fields_1, 1, HEADER_1_BYTES},
    [FIXED_1_SHORT] = {fields_1_short, sizeof fields_1_short, 1, HEADER_1_BYTES},
    [FIXED_5] = {fields_5, sizeof fields_5, 5, HEADER_5_BYTES},
    [FIXED_7] = {fields_7, sizeof fields_7, 7, HEADER_7_BYTES},
};

/* The layout of a version, kept from its first datagram on. It has room of its own besides that of templates, which may
 * all be taken. NULL when memory is short. */
static struct layout *layout_of(struct weir_decoder *decoder, enum fixed_version version)
{
    const struct form *form = &forms[version];
    const struct specification specification = {
        .fields = form->fields,
        .size_bytes = form->fields_bytes,
        .field_count = form->fields_bytes / 4,
        .version = form->version,
    };
    struct layout_table *layouts = &decoder->layouts;
    struct layout *layout = decoder->fixed[version];
    enum weir_reason reason;
    if (layout != NULL)
        return layout;
    layouts->count_max++;
    layouts->bytes_max += LAYOUT_BYTES_MAX;
    layout = layout_get(layouts, &specification, &reason);
    assert(layout == NULL || layout->block_bytes <= LAYOUT_BYTES_MAX);
    layouts->count_max -= layout == NULL;
    layouts->bytes_max -= LAYOUT_BYTES_MAX - (layout == NULL ? 0 : layout->block_bytes);
    decoder->fixed[version] = layout;
    return layout;
}

static void read_header(struct weir_run *run, struct wire *wire, enum fixed_version version)
{
    run->header_count = wire_u16(wire);
    run->sys_uptime_ms = wire_u32(wire);
    run->export_time_s = wire_u32(wire);
    run->export_time_ns = wire_u32(wire);
    if (version == FIXED_1 || version == FIXED_1_SHORT)
        return;
    run->sequence = wire_u32(wire);
    if (version == FIXED_5) {
        run->domain = wire_u16(wire); /* engine type and ID */
        run->header_sampling = wire_u16(wire);
    } else {
        wire_u32(wire);
    }
}

/* The count decides unless there is less: then the datagram was cut off, and its whole records are taken. */
static void take_records(struct weir_decoder *decoder, struct layout *layout)
{
    struct message *message = &decoder->message;
    const uint32_t record_bytes = layout->view.record_bytes;
    const size_t there = wire_left(&message->wire) / record_bytes;
    size_t count = message->run.header_count;
    if (count > there) {
        decoder->ledger.count_mismatches++;
        count = there;
    }
    if (count > 0) {
        decoder->ledger.sets++;
        decoder->ledger.sets_data++;
        data_set_begin_rows(decoder, layout, &message->run, message->wire.at, count * record_bytes);
    }
    message->wire.at = message->wire.end;
}

/* Which of the two forms of version 1 the datagram has: `wire` is behind the version. */
static enum fixed_version form_of_1(struct wire wire)
{
    const size_t records_bytes = wire_left(&wire) + 2 - HEADER_1_BYTES;
    const size_t count = wire_u16(&wire);
    return records_bytes == count * RECORD_1_SHORT_BYTES || records_bytes < RECORD_1_BYTES ? FIXED_1_SHORT : FIXED_1;
}

int fixed_begin(struct weir_decoder *decoder, enum fixed_version version)
{
    struct message *message = &decoder->message;
    if (wire_left(&message->wire) + 2 < forms[version].header_bytes)
        return message_refuse(decoder, WEIR_REASON_HEADER_SHORT);
    if (version == FIXED_1)
        version = form_of_1(message->wire);
    struct layout *layout = layout_of(decoder, version);
    if (layout == NULL)
        return message_refuse(decoder, WEIR_REASON_MEMORY);
    read_header(&message->run, &message->wire, version);
    const int result = message_start(decoder);
    if (result == 0)
        take_records(decoder, layout);
    return result;
}
