/* SPDX-License-Identifier: MIT */
/*
 * batch_maker.h - a batch for tests: rows of the fields that softflowd sends, without a decoder
 */
#ifndef BATCH_MAKER_H
#define BATCH_MAKER_H

#include <string.h>

#include "flow_maker.h"

enum { MADE_ROWS = 16, MADE_FIELDS = 10 };

struct made_batch {
    struct weir_field fields[MADE_FIELDS];
    const void *columns[MADE_FIELDS];
    struct weir_layout layout;
    struct weir_run run;
    struct weir_batch batch;
    uint32_t source[MADE_ROWS], destination[MADE_ROWS];
    uint32_t bytes[MADE_ROWS];
    uint64_t packets[MADE_ROWS];
    uint16_t source_port[MADE_ROWS], destination_port[MADE_ROWS];
    uint8_t protocol[MADE_ROWS];
    uint32_t first[MADE_ROWS], last[MADE_ROWS];
    uint64_t counted[MADE_ROWS]; /* of an initiator: no bytes of the flow */
};

static inline void make_batch(struct made_batch *made, int64_t received_us)
{
    const struct {
        uint16_t id;
        uint8_t kind;
        uint32_t width;
        const void *column;
    } columns[MADE_FIELDS] = {
        {8, WEIR_KIND_IPV4, 4, made->source},       {12, WEIR_KIND_IPV4, 4, made->destination},
        {1, WEIR_KIND_U32, 4, made->bytes},         {2, WEIR_KIND_U64, 8, made->packets},
        {7, WEIR_KIND_U16, 2, made->source_port},   {11, WEIR_KIND_U16, 2, made->destination_port},
        {4, WEIR_KIND_U8, 1, made->protocol},       {22, WEIR_KIND_U32, 4, made->first},
        {21, WEIR_KIND_U32, 4, made->last},         {231, WEIR_KIND_U64, 8, made->counted},
    };
    memset(made, 0, sizeof(*made));
    for (uint32_t i = 0; i < MADE_FIELDS; i++) {
        made->fields[i] = (struct weir_field){
            .name = "", .v9_name = "", .id = columns[i].id, .kind = columns[i].kind, .width_bytes = columns[i].width};
        made->columns[i] = columns[i].column;
    }
    made->layout = (struct weir_layout){
        .fields = made->fields, .field_count = MADE_FIELDS, .version = 9, .slot = 3, .serial = 1};
    made->run = (struct weir_run){
        .received_us = received_us, .exporter = make_address("192.0.2.250"), .exporter_port = 2055,
        .sys_uptime_ms = 10000, .version = 9};
    made->batch = (struct weir_batch){
        .layout = &made->layout, .runs = &made->run, .columns = made->columns, .run_count = 1};
}

static inline void make_row(struct made_batch *made, uint32_t source, uint16_t source_port, uint32_t destination,
                            uint16_t destination_port, uint32_t bytes)
{
    uint32_t row = made->batch.row_count++;
    made->run.row_count = made->batch.row_count;
    made->source[row] = source;
    made->destination[row] = destination;
    made->bytes[row] = bytes;
    made->packets[row] = 1 + bytes / 1000;
    made->source_port[row] = source_port;
    made->destination_port[row] = destination_port;
    made->protocol[row] = PROTOCOL_TCP;
    made->first[row] = 1000;
    made->last[row] = 5000;
    made->counted[row] = 999999999;
}

#endif
