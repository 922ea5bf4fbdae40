/* SPDX-License-Identifier: MIT */
/*
 * batch_maker.h - a batch for tests: rows with the core columns of what softflowd sends, without a decoder
 */
#ifndef BATCH_MAKER_H
#define BATCH_MAKER_H

#include <string.h>

#include "flow_maker.h"

enum { MADE_ROWS = 16, MADE_FIELDS = 7, MADE_COLUMNS = 10 };

struct made_batch {
    struct weir_field fields[MADE_FIELDS];
    const void *columns[MADE_COLUMNS];
    struct weir_core_column core[WEIR_CORE_COUNT];
    struct weir_layout layout;
    struct weir_run run;
    struct weir_batch batch;
    uint32_t source[MADE_ROWS], destination[MADE_ROWS];
    uint32_t bytes[MADE_ROWS];
    uint64_t packets[MADE_ROWS];
    uint16_t source_port[MADE_ROWS], destination_port[MADE_ROWS];
    uint8_t protocol[MADE_ROWS];
    int64_t start_us[MADE_ROWS], end_us[MADE_ROWS];
    uint32_t sampling_rate[MADE_ROWS];
};

static inline void make_batch(struct made_batch *made, int64_t received_us)
{
    const struct {
        uint8_t core;
        uint8_t kind;
        uint32_t width;
        const void *column;
    } columns[MADE_COLUMNS] = {
        {WEIR_CORE_SRC_ADDRESS, WEIR_KIND_IPV4, 4, made->source},
        {WEIR_CORE_DST_ADDRESS, WEIR_KIND_IPV4, 4, made->destination},
        {WEIR_CORE_BYTES, WEIR_KIND_U32, 4, made->bytes},
        {WEIR_CORE_PACKETS, WEIR_KIND_U64, 8, made->packets},
        {WEIR_CORE_SRC_PORT, WEIR_KIND_U16, 2, made->source_port},
        {WEIR_CORE_DST_PORT, WEIR_KIND_U16, 2, made->destination_port},
        {WEIR_CORE_PROTOCOL, WEIR_KIND_U8, 1, made->protocol},
        {WEIR_CORE_TIME_START, WEIR_KIND_I64, 8, made->start_us},
        {WEIR_CORE_TIME_END, WEIR_KIND_I64, 8, made->end_us},
        {WEIR_CORE_SAMPLING_RATE, WEIR_KIND_U32, 4, made->sampling_rate},
    };
    memset(made, 0, sizeof(*made));
    for (uint32_t i = 0; i < MADE_COLUMNS; i++) {
        made->core[columns[i].core] = (struct weir_core_column){
            .column = i,
            .width_bytes = columns[i].width,
            .how = i < MADE_FIELDS ? WEIR_CORE_FIELD : WEIR_CORE_COMPUTED,
            .kind = columns[i].kind,
        };
        if (i < MADE_FIELDS)
            made->fields[i] = (struct weir_field){
                .name = "", .v9_name = "", .id = 1000, .kind = columns[i].kind, .width_bytes = columns[i].width};
        made->columns[i] = columns[i].column;
    }
    made->layout = (struct weir_layout){
        .fields = made->fields, .field_count = MADE_FIELDS, .version = 9, .slot = 3, .serial = 1, .core = made->core,
        .computed_count = MADE_COLUMNS - MADE_FIELDS};
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
    made->start_us[row] = made->run.received_us - 5 * SECOND_US;
    made->end_us[row] = made->run.received_us - SECOND_US;
}

#endif
