/* SPDX-License-Identifier: MIT */
/*
 * export_maker.h - NetFlow v9 datagrams for tests, put together piece by piece
 */
#ifndef TESTS_EXPORT_MAKER_H
#define TESTS_EXPORT_MAKER_H

#include <stdint.h>
#include <string.h>
#include <weir/weir.h>

struct export {
    uint8_t data[65507];
    size_t size_bytes;
    size_t set_at;
    uint32_t sequence;
};

static inline void export_put(struct export *export, uint64_t number, size_t size_bytes)
{
    for (size_t i = size_bytes; i-- > 0;)
        export->data[export->size_bytes++] = i < 8 ? (uint8_t)(number >> 8 * i) : 0;
}

static inline void export_begin(struct export *export, uint32_t domain)
{
    export->size_bytes = 0;
    export_put(export, 9, 2);
    export_put(export, 0, 2);
    export_put(export, 1000, 4);
    export_put(export, 1700000000, 4);
    export_put(export, export->sequence++, 4);
    export_put(export, domain, 4);
}

static inline void export_set(struct export *export, uint16_t id)
{
    export->set_at = export->size_bytes;
    export_put(export, id, 2);
    export_put(export, 0, 2);
}

static inline void export_set_end(struct export *export)
{
    const size_t length = export->size_bytes - export->set_at;
    export->data[export->set_at + 2] = (uint8_t)(length >> 8);
    export->data[export->set_at + 3] = (uint8_t)length;
}

/* `fields` are pairs of type and length, the first `scope_count` of them scope fields of an options template; with 0
 * it is a plain template. */
static inline void export_template(struct export *export, uint16_t id, const uint16_t (*fields)[2],
                                   uint32_t field_count, uint32_t scope_count)
{
    export_set(export, scope_count > 0 ? 1 : 0);
    export_put(export, id, 2);
    if (scope_count > 0) {
        export_put(export, 4 * scope_count, 2);
        export_put(export, 4 * (field_count - scope_count), 2);
    } else {
        export_put(export, field_count, 2);
    }
    for (uint32_t i = 0; i < field_count; i++) {
        export_put(export, fields[i][0], 2);
        export_put(export, fields[i][1], 2);
    }
    export_set_end(export);
}

static inline void export_text(struct export *export, const char *text, size_t size_bytes)
{
    memset(export->data + export->size_bytes, 0, size_bytes);
    memcpy(export->data + export->size_bytes, text, strlen(text));
    export->size_bytes += size_bytes;
}

static inline struct weir_address export_address(uint32_t number)
{
    return (struct weir_address){
        .octets = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number},
        .family = 4,
    };
}

/* Feeds it and decodes all of it; returns the rows that came out. */
static inline uint64_t export_feed(struct weir_decoder *decoder, const struct export *export, uint32_t address,
                                   uint16_t port, int64_t now_us)
{
    const struct weir_datagram datagram = {
        .data = export->data,
        .size_bytes = export->size_bytes,
        .source = export_address(address),
        .source_port = port,
        .received_us = now_us,
    };
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    const uint64_t before = ledger->flows + ledger->options;
    weir_decoder_feed(decoder, &datagram);
    struct weir_batch *batch;
    while ((batch = weir_decoder_next(decoder)) != NULL)
        weir_batch_release(batch);
    return ledger->flows + ledger->options - before;
}

#endif
