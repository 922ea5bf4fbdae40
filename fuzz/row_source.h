/* SPDX-License-Identifier: MIT */
/*
 * row_source.h - batches that are made of a fuzzer's octets: layouts of all types, values that are alike, rise, jump or
 * are at the edge
 *
 *     | layouts | for each: fields, version | for each field: its kind and type, its name, its width |
 *     | batches | for each: layout, family of the exporter, rows (2), rows of a run | for each column: how, 8 octets |
 *
 * Octets behind the end are 0. Every layout has a field "row" besides, in which each row has a number of its own.
 */
#ifndef FUZZ_ROW_SOURCE_H
#define FUZZ_ROW_SOURCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

enum { SOURCE_LAYOUTS = 4, SOURCE_FIELDS = 7, SOURCE_BATCHES = 8, SOURCE_OCTETS_MAX = 1 << 20 };

struct octet_source {
    const uint8_t *data;
    size_t size_bytes;
};

struct source_layout {
    struct weir_field fields[SOURCE_FIELDS + 1]; /* the first is "row" */
    char names[SOURCE_FIELDS + 1][8];
    struct weir_layout layout;
};

struct source_batch {
    struct weir_batch batch;
    struct weir_run *runs;
    void *columns[SOURCE_FIELDS + 1];
    uint8_t *octets[SOURCE_FIELDS + 1]; /* what values of variable length point to */
    uint32_t first_number; /* of its rows */
};

/* What is made of one input. Owned; a structure of zeros is empty. */
struct row_source {
    struct source_layout layouts[SOURCE_LAYOUTS];
    struct source_batch batches[SOURCE_BATCHES];
    uint32_t batch_count, row_count;
};

static inline uint8_t take_octet(struct octet_source *source)
{
    if (source->size_bytes == 0)
        return 0;
    source->size_bytes--;
    return *source->data++;
}

static inline uint64_t take_octets(struct octet_source *source, int count)
{
    uint64_t number = 0;
    while (count-- > 0)
        number = number << 8 | take_octet(source);
    return number;
}

/* What the decoder makes of fields: a kind, the types that it may come from, and its width; 0: as the input says. */
static const struct source_kind {
    uint8_t kind, types[6], width_bytes;
} source_kinds[] = {
    {WEIR_KIND_U8, {WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED16, WEIR_TYPE_UNSIGNED32, WEIR_TYPE_UNSIGNED64,
      WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED8},
     1},
    {WEIR_KIND_U16, {WEIR_TYPE_UNSIGNED16, WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED32, WEIR_TYPE_UNSIGNED64,
      WEIR_TYPE_UNSIGNED16, WEIR_TYPE_UNSIGNED16},
     2},
    {WEIR_KIND_U32, {WEIR_TYPE_UNSIGNED32, WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED64, WEIR_TYPE_DATE_TIME_SECONDS,
      WEIR_TYPE_UNSIGNED32, WEIR_TYPE_UNSIGNED16},
     4},
    {WEIR_KIND_U64, {WEIR_TYPE_UNSIGNED64, WEIR_TYPE_UNSIGNED32, WEIR_TYPE_DATE_TIME_MILLISECONDS,
      WEIR_TYPE_DATE_TIME_MICROSECONDS, WEIR_TYPE_DATE_TIME_NANOSECONDS, WEIR_TYPE_UNSIGNED64},
     8},
    {WEIR_KIND_I8, {WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED16, WEIR_TYPE_SIGNED32, WEIR_TYPE_SIGNED64, WEIR_TYPE_SIGNED8,
      WEIR_TYPE_SIGNED8},
     1},
    {WEIR_KIND_I16, {WEIR_TYPE_SIGNED16, WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED32, WEIR_TYPE_SIGNED64, WEIR_TYPE_SIGNED16,
      WEIR_TYPE_SIGNED16},
     2},
    {WEIR_KIND_I32, {WEIR_TYPE_SIGNED32, WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED16, WEIR_TYPE_SIGNED64, WEIR_TYPE_SIGNED32,
      WEIR_TYPE_SIGNED32},
     4},
    {WEIR_KIND_I64, {WEIR_TYPE_SIGNED64, WEIR_TYPE_SIGNED8, WEIR_TYPE_SIGNED16, WEIR_TYPE_SIGNED32, WEIR_TYPE_SIGNED64,
      WEIR_TYPE_SIGNED64},
     8},
    {WEIR_KIND_F32, {WEIR_TYPE_FLOAT32, WEIR_TYPE_FLOAT64, WEIR_TYPE_FLOAT32, WEIR_TYPE_FLOAT64, WEIR_TYPE_FLOAT32,
      WEIR_TYPE_FLOAT32},
     4},
    {WEIR_KIND_F64, {WEIR_TYPE_FLOAT64, WEIR_TYPE_FLOAT64, WEIR_TYPE_FLOAT64, WEIR_TYPE_FLOAT64, WEIR_TYPE_FLOAT64,
      WEIR_TYPE_FLOAT64},
     8},
    {WEIR_KIND_BOOL, {WEIR_TYPE_BOOLEAN, WEIR_TYPE_BOOLEAN, WEIR_TYPE_BOOLEAN, WEIR_TYPE_BOOLEAN, WEIR_TYPE_BOOLEAN,
      WEIR_TYPE_BOOLEAN},
     1},
    {WEIR_KIND_IPV4, {WEIR_TYPE_IPV4_ADDRESS, WEIR_TYPE_IPV4_ADDRESS, WEIR_TYPE_IPV4_ADDRESS, WEIR_TYPE_IPV4_ADDRESS,
      WEIR_TYPE_IPV4_ADDRESS, WEIR_TYPE_IPV4_ADDRESS},
     4},
    {WEIR_KIND_IPV6, {WEIR_TYPE_IPV6_ADDRESS, WEIR_TYPE_IPV6_ADDRESS, WEIR_TYPE_IPV6_ADDRESS, WEIR_TYPE_IPV6_ADDRESS,
      WEIR_TYPE_IPV6_ADDRESS, WEIR_TYPE_IPV6_ADDRESS},
     16},
    {WEIR_KIND_MAC, {WEIR_TYPE_MAC_ADDRESS, WEIR_TYPE_MAC_ADDRESS, WEIR_TYPE_MAC_ADDRESS, WEIR_TYPE_MAC_ADDRESS,
      WEIR_TYPE_MAC_ADDRESS, WEIR_TYPE_MAC_ADDRESS},
     6},
    {WEIR_KIND_OCTETS, {WEIR_TYPE_OCTET_ARRAY, WEIR_TYPE_STRING, WEIR_TYPE_UNSIGNED32, WEIR_TYPE_STRING,
                        WEIR_TYPE_MAC_ADDRESS,
      WEIR_TYPE_UNSIGNED256},
     0},
    {WEIR_KIND_VARIABLE, {WEIR_TYPE_OCTET_ARRAY, WEIR_TYPE_STRING, WEIR_TYPE_STRING, WEIR_TYPE_OCTET_ARRAY,
                          WEIR_TYPE_UNSIGNED64,
      WEIR_TYPE_STRING},
     sizeof(struct weir_octets)},
    {WEIR_KIND_JSON, {WEIR_TYPE_BASIC_LIST, WEIR_TYPE_SUB_TEMPLATE_LIST, WEIR_TYPE_SUB_TEMPLATE_MULTI_LIST,
      WEIR_TYPE_BASIC_LIST, WEIR_TYPE_BASIC_LIST, WEIR_TYPE_BASIC_LIST},
     sizeof(struct weir_octets)},
    {WEIR_KIND_NULL, {WEIR_TYPE_UNSIGNED8, WEIR_TYPE_STRING, WEIR_TYPE_UNSIGNED8, WEIR_TYPE_UNSIGNED8,
                      WEIR_TYPE_UNSIGNED8,
      WEIR_TYPE_UNSIGNED8},
     0},
};

static inline bool source_is_variable(const struct weir_field *field)
{
    return field->kind == WEIR_KIND_VARIABLE || field->kind == WEIR_KIND_JSON;
}

static inline void make_layout(struct source_layout *made, struct octet_source *source, uint64_t serial)
{
    const uint8_t choice = take_octet(source);
    const uint32_t count = 1 + (choice & 7) % (SOURCE_FIELDS + 1);
    bool taken[16] = {false};
    made->fields[0] = (struct weir_field){.name = "row", .v9_name = "row", .pen = 9, .id = 99, .kind = WEIR_KIND_U32,
                                          .type = WEIR_TYPE_UNSIGNED32, .width_bytes = 4};
    for (uint32_t i = 1; i < count; i++) {
        const struct source_kind *kind = &source_kinds[take_octet(source) % (sizeof source_kinds / sizeof *source_kinds)];
        const uint8_t type = take_octet(source);
        uint8_t name = take_octet(source) % 16;
        while (taken[name])
            name = (uint8_t)((name + 1) % 16);
        taken[name] = true;
        snprintf(made->names[i], sizeof made->names[i], "%c%x", type & 128 ? 'F' : 'f', (unsigned)name);
        made->fields[i] = (struct weir_field){.name = made->names[i], .v9_name = made->names[i], .pen = 9,
                                              .id = (uint16_t)(name + 1u),
                                              .kind = kind->kind, .type = kind->types[(type & 127) % 6],
                                              .width_bytes = kind->width_bytes};
        if (kind->kind == WEIR_KIND_OCTETS)
            made->fields[i].width_bytes = 1 + take_octet(source) % 40u;
    }
    made->layout = (struct weir_layout){.fields = made->fields, .field_count = count, .version = choice & 64 ? 10 : 9,
                                        .options = true,
                                        .slot = (uint32_t)serial, .serial = serial};
}

/* How the values of a column come: number i of them. */
struct value_source {
    uint64_t number, random;
    uint8_t how, step;
};

static inline uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 24 ^ *state << 40;
}

static inline uint64_t value_at(struct value_source *values, struct octet_source *source, uint32_t i)
{
    static const uint64_t edges[] = {0, UINT64_MAX, 0x8080808080808080, 0x7f7f7f7f7f7f7f7f, 1, 0x8000000000000000,
                                     0x7fffffffffffffff, 0x80000000, 0x7fffffff, 0xffff, 0x8000, 0x7fff8000};
    const uint64_t random = next_random(&values->random);
    switch (values->how % 8) {
    case 0: return take_octets(source, 8);
    case 1: return values->number;
    case 2: return values->number + (uint64_t)(int8_t)values->step * i;
    case 3: return values->number ^ random % (1u + values->step % 32);
    case 4: return random;
    case 5: return edges[random % (sizeof edges / sizeof *edges)];
    case 6: return values->number += random % (1u + values->step);
    default: return values->number + i / (1u + values->step) * 0x123456789abcu;
    }
}

static inline void fill_column(struct source_batch *made, uint32_t column, const struct weir_field *field,
                               uint32_t rows, struct octet_source *source)
{
    const uint32_t width = field->width_bytes;
    struct value_source values = {.how = take_octet(source)};
    values.step = take_octet(source);
    values.number = values.random = take_octets(source, 6);
    const uint32_t length_max = values.how & 128 ? 3000 : 40;
    made->columns[column] = calloc(rows, width == 0 ? 1 : width);
    made->octets[column] = source_is_variable(field) ? malloc(SOURCE_OCTETS_MAX) : NULL;
    uint8_t *at = made->octets[column];
    for (uint32_t i = 0; i < rows && field->kind != WEIR_KIND_NULL; i++) {
        const uint64_t value = value_at(&values, source, i);
        uint8_t octets[40];
        for (uint32_t k = 0; k < sizeof octets; k++)
            octets[k] = (uint8_t)(value >> (k % 8 * 8)) ^ (k >= 8 && values.how & 64 ? (uint8_t)k : 0);
        if (!source_is_variable(field)) {
            memcpy((uint8_t *)made->columns[column] + (size_t)i * width, octets, width);
            continue;
        }
        uint32_t length = (uint32_t)((value >> 3 ^ value >> 32) % (length_max + 1));
        if (at + length > made->octets[column] + SOURCE_OCTETS_MAX)
            length = 0;
        ((struct weir_octets *)made->columns[column])[i] = (struct weir_octets){at, length};
        for (uint32_t k = 0; k < length; k++)
            *at++ = values.how & 64 ? (uint8_t)('a' + octets[k % 8] % 26) : octets[k % 40];
    }
}

static inline void make_runs(struct source_batch *made, const struct weir_layout *layout, uint32_t rows, uint8_t family,
                             struct octet_source *source)
{
    const uint32_t each = 1 + take_octet(source);
    const uint32_t count = (rows + each - 1) / each;
    made->runs = calloc(count, sizeof *made->runs);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t choice = i < 3 ? take_octets(source, 4) : 0;
        made->runs[i] = (struct weir_run){
            .first_row = i * each, .row_count = i + 1 < count ? each : rows - i * each,
            .received_us = 1700000000000000 + (int64_t)(i * 1000 + choice % 1000), .exporter_port = (uint16_t)choice,
            .exporter = {.octets = {10, (uint8_t)choice, (uint8_t)(i >> 8), (uint8_t)i}, .family = family},
            .template_id = (uint16_t)(choice >> 16), .domain = (uint32_t)choice, .export_time_s = 1700000000 + i % 7,
            .export_time_ns = (uint32_t)choice % 1000 * 1000, .sys_uptime_ms = (uint32_t)choice * 3,
            .version = layout->version};
    }
    made->batch = (struct weir_batch){.layout = layout, .runs = made->runs, .run_count = count, .row_count = rows,
                                      .columns = (const void *const *)made->columns};
}

static inline void row_source_make(struct row_source *made, struct octet_source *source)
{
    static const uint8_t families[] = {4, 6, 0, 4};
    const uint8_t choice = take_octet(source);
    const uint32_t layouts = 1 + choice % SOURCE_LAYOUTS;
    *made = (struct row_source){.batch_count = 1 + (choice >> 4) % SOURCE_BATCHES};
    for (uint32_t i = 0; i < layouts; i++)
        make_layout(&made->layouts[i], source, i + 1);
    for (uint32_t i = 0; i < made->batch_count; i++) {
        struct source_batch *batch = &made->batches[i];
        const uint8_t which = take_octet(source);
        const struct source_layout *layout = &made->layouts[which % layouts];
        const uint32_t octet = take_octet(source);
        /* several pages; once, for it takes its time */
        const bool many = (which & 192) == 192 && made->row_count < 1024;
        const uint32_t rows = 1 + octet * (many ? 170u : 1u);
        make_runs(batch, &layout->layout, rows, families[which >> 4 & 3], source);
        batch->first_number = made->row_count;
        made->row_count += rows;
        for (uint32_t k = 0; k < layout->layout.field_count; k++)
            fill_column(batch, k, &layout->fields[k], rows, source);
        for (uint32_t k = 0; k < rows; k++)
            ((uint32_t *)batch->columns[0])[k] = batch->first_number + k;
    }
}

static inline void row_source_done(struct row_source *made)
{
    for (uint32_t i = 0; i < made->batch_count; i++) {
        free(made->batches[i].runs);
        for (uint32_t k = 0; k <= SOURCE_FIELDS; k++) {
            free(made->batches[i].columns[k]);
            free(made->batches[i].octets[k]);
        }
    }
}

#endif
