/* SPDX-License-Identifier: MIT */
/* from_batch.c - flows from the rows of a batch */
#include "from_batch.h"

#include <stdlib.h>
#include <string.h>

#include "flow_builder.h"

#define SLOTS_MAX (1u << 24) /* far more than a decoder has; a larger slot is a mistake of the caller */

/* A column that is of use. */
struct source {
    uint32_t column;
    uint32_t width_bytes;
    uint8_t field; /* enum flow_field */
    uint8_t kind;  /* enum weir_kind */
};

struct mapping {
    struct source *sources; /* NULL when the layout has no flows */
    uint32_t source_count;
    uint64_t serial;
    bool known;
};

struct from_batch {
    struct mapping *mappings;
    uint32_t mapping_count;
};

struct from_batch *from_batch_create(void)
{
    return calloc(1, sizeof(struct from_batch));
}

void from_batch_free(struct from_batch *from)
{
    if (from == NULL)
        return;
    for (uint32_t i = 0; i < from->mapping_count; i++)
        free(from->mappings[i].sources);
    free(from->mappings);
    free(from);
}

static bool kind_is_number(uint8_t kind)
{
    return kind >= WEIR_KIND_U8 && kind <= WEIR_KIND_I64;
}

/* Whether a column of this kind can serve as this field. */
static bool serves(const struct weir_field *field, int wanted)
{
    if (field->pen != WEIR_PEN_IANA || field->scope || wanted < 0)
        return false;
    if (!flow_field_is_address((enum flow_field)wanted))
        return kind_is_number(field->kind);
    if (wanted == FLOW_FIELD_SOURCE_IPV4 || wanted == FLOW_FIELD_DESTINATION_IPV4)
        return field->kind == WEIR_KIND_IPV4;
    return field->kind == WEIR_KIND_IPV6;
}

static int mapping_init(struct mapping *mapping, const struct weir_layout *layout)
{
    uint64_t taken = 0;
    struct source sources[FLOW_FIELD_COUNT];
    uint32_t count = 0;

    for (uint32_t i = 0; i < layout->field_count && !layout->options; i++) {
        int wanted = flow_field_of_element(layout->fields[i].id);
        if (!serves(&layout->fields[i], wanted) || (taken >> wanted & 1) != 0)
            continue; /* of a field that is there twice, the first counts */
        taken |= (uint64_t)1 << wanted;
        sources[count++] = (struct source){i, layout->fields[i].width_bytes, (uint8_t)wanted, layout->fields[i].kind};
    }
    struct source *copy = NULL;
    if (count > 0) {
        copy = malloc(count * sizeof *copy);
        if (copy == NULL)
            return -1;
        memcpy(copy, sources, count * sizeof *copy);
    }
    free(mapping->sources);
    *mapping = (struct mapping){copy, count, layout->serial, true};
    return 0;
}

static struct mapping *mapping_find(struct from_batch *from, const struct weir_layout *layout)
{
    if (layout->slot >= SLOTS_MAX)
        return NULL;
    if (layout->slot >= from->mapping_count) {
        uint32_t count = layout->slot + 16;
        struct mapping *mappings = realloc(from->mappings, count * sizeof *mappings);
        if (mappings == NULL)
            return NULL;
        memset(mappings + from->mapping_count, 0, (count - from->mapping_count) * sizeof *mappings);
        from->mappings = mappings;
        from->mapping_count = count;
    }
    struct mapping *mapping = &from->mappings[layout->slot];
    if ((!mapping->known || mapping->serial != layout->serial) && mapping_init(mapping, layout) != 0)
        return NULL;
    return mapping;
}

/* A number of any width; those below 0 are none that a flow has. */
static uint64_t number_at(const void *column, uint8_t kind, uint32_t row)
{
    int64_t number;
    switch (kind) {
    case WEIR_KIND_U8: return ((const uint8_t *)column)[row];
    case WEIR_KIND_U16: return ((const uint16_t *)column)[row];
    case WEIR_KIND_U32: return ((const uint32_t *)column)[row];
    case WEIR_KIND_U64: return ((const uint64_t *)column)[row];
    case WEIR_KIND_I8: number = ((const int8_t *)column)[row]; break;
    case WEIR_KIND_I16: number = ((const int16_t *)column)[row]; break;
    case WEIR_KIND_I32: number = ((const int32_t *)column)[row]; break;
    case WEIR_KIND_I64: number = ((const int64_t *)column)[row]; break;
    default: number = 0; break;
    }
    return number < 0 ? 0 : (uint64_t)number;
}

static void take_row(struct flow_builder *builder, const struct mapping *mapping, const struct weir_batch *batch,
                     uint32_t row)
{
    flow_builder_clear(builder);
    for (uint32_t i = 0; i < mapping->source_count; i++) {
        const struct source *source = &mapping->sources[i];
        const void *column = batch->columns[source->column];
        struct weir_address address = {0};
        if (column == NULL)
            continue;
        if (source->kind == WEIR_KIND_IPV4) {
            uint32_t value = ((const uint32_t *)column)[row];
            address.family = 4;
            for (int octet = 0; octet < 4; octet++)
                address.octets[octet] = (uint8_t)(value >> (24 - 8 * octet));
            flow_builder_address(builder, (enum flow_field)source->field, &address);
        } else if (source->kind == WEIR_KIND_IPV6) {
            address.family = 6;
            memcpy(address.octets, (const uint8_t *)column + (size_t)row * 16, 16);
            flow_builder_address(builder, (enum flow_field)source->field, &address);
        } else {
            flow_builder_set(builder, (enum flow_field)source->field, number_at(column, source->kind, row));
        }
    }
}

int from_batch_read(struct from_batch *from, const struct weir_batch *batch,
                    void (*flow)(void *context, const struct flow *flow), void *context)
{
    const struct mapping *mapping = mapping_find(from, batch->layout);
    struct flow_builder builder = {0};
    struct flow result;

    if (mapping == NULL)
        return -1;
    if (mapping->source_count == 0)
        return 0;
    for (uint32_t i = 0; i < batch->run_count; i++) {
        const struct weir_run *run = &batch->runs[i];
        struct flow_origin origin = {
            .received_us = run->received_us,
            .exporter = flow_exporter_key(&run->exporter, run->exporter_port),
            .uptime_ms = run->sys_uptime_ms,
            .has_uptime = run->version <= 9, /* IPFIX headers carry none */
        };
        for (uint32_t row = run->first_row; row < run->first_row + run->row_count; row++) {
            take_row(&builder, mapping, batch, row);
            if (flow_builder_finish(&builder, &origin, &result) == NULL)
                flow(context, &result);
        }
    }
    return 0;
}
