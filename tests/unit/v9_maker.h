/* SPDX-License-Identifier: MIT */
/*
 * v9_maker.h - makes NetFlow v9 datagrams octet by octet, feeds them, and notes the events
 */
#ifndef TESTS_V9_MAKER_H
#define TESTS_V9_MAKER_H

#include <stdint.h>
#include <string.h>
#include <weir/weir.h>

enum { MAKER_BYTES_MAX = 65535, MAKER_EVENTS_MAX = 64 };

struct v9_maker {
    uint8_t data[MAKER_BYTES_MAX];
    size_t size_bytes;
    size_t set_at; /* where the open set begins */
    uint32_t sequence;
};

static inline void make_u16(struct v9_maker *maker, unsigned value)
{
    maker->data[maker->size_bytes++] = (uint8_t)(value >> 8);
    maker->data[maker->size_bytes++] = (uint8_t)value;
}

static inline void make_u32(struct v9_maker *maker, uint32_t value)
{
    make_u16(maker, value >> 16);
    make_u16(maker, value & 0xffff);
}

static inline void make_header(struct v9_maker *maker, uint32_t domain)
{
    maker->size_bytes = 0;
    make_u16(maker, 9);
    make_u16(maker, 0);
    make_u32(maker, 1000);       /* uptime */
    make_u32(maker, 1600000000); /* export time */
    make_u32(maker, ++maker->sequence);
    make_u32(maker, domain);
}

static inline void make_set(struct v9_maker *maker, unsigned id)
{
    maker->set_at = maker->size_bytes;
    make_u16(maker, id);
    make_u16(maker, 0);
}

static inline void make_set_end(struct v9_maker *maker)
{
    const size_t size_bytes = maker->size_bytes - maker->set_at;
    maker->data[maker->set_at + 2] = (uint8_t)(size_bytes >> 8);
    maker->data[maker->set_at + 3] = (uint8_t)size_bytes;
}

/* A set with one template; `fields` are type, length, type, length, ... */
static inline void make_template(struct v9_maker *maker, unsigned id, unsigned field_count, const uint16_t *fields)
{
    make_set(maker, 0);
    make_u16(maker, id);
    make_u16(maker, field_count);
    for (unsigned i = 0; i < 2 * field_count; i++)
        make_u16(maker, fields[i]);
    make_set_end(maker);
}

/* A data set with rows of one 4-octet field: first, first + 1, ... */
static inline void make_rows(struct v9_maker *maker, unsigned id, uint32_t first, uint32_t row_count)
{
    make_set(maker, id);
    for (uint32_t i = 0; i < row_count; i++)
        make_u32(maker, first + i);
    make_set_end(maker);
}

static inline struct weir_datagram make_datagram(const struct v9_maker *maker, uint16_t port, int64_t received_us)
{
    return (struct weir_datagram){
        .data = maker->data,
        .size_bytes = maker->size_bytes,
        .source = {.octets = {192, 0, 2, 1}, .family = 4},
        .source_port = port,
        .received_us = received_us,
    };
}

/* Takes all batches that are ready and returns how many rows they had. */
static inline uint64_t drain_rows(struct weir_decoder *decoder)
{
    uint64_t row_count = 0;
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(decoder)) != NULL) {
        row_count += batch->row_count;
        weir_batch_release(batch);
    }
    return row_count;
}

/* Feeds what was made, closes the batches and takes them. */
static inline uint64_t feed_made(struct weir_decoder *decoder, const struct v9_maker *maker, uint16_t port,
                                 int64_t received_us)
{
    const struct weir_datagram datagram = make_datagram(maker, port, received_us);
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_flush(decoder);
    return drain_rows(decoder);
}

struct event_log {
    struct weir_event events[MAKER_EVENTS_MAX]; /* layout is no longer valid */
    unsigned count;
};

static inline void log_event(void *context, const struct weir_event *event)
{
    struct event_log *log = context;
    if (log->count < MAKER_EVENTS_MAX)
        log->events[log->count] = *event;
    log->count++;
}

/* One field of 4 octets: octetDeltaCount, packetDeltaCount. */
static const uint16_t FIELDS_BYTES[] = {1, 4}, FIELDS_PACKETS[] = {2, 4};

#endif
