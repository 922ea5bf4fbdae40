/* SPDX-License-Identifier: MIT */
/*
 * core.c - finds the core columns of a layout, and has the computed ones filled
 */
#include "core.h"

#include "batch.h"
#include "decoder.h"
#include "state.h"

#include <assert.h>

static const struct {
    const char *name;
    const char *text;
} names[WEIR_CORE_COUNT] = {
#define CORE_NAME(upper, lower, text) {#lower, text},
    WEIR_CORES(CORE_NAME)
#undef CORE_NAME
};

const char *weir_core_name(enum weir_core core)
{
    return (unsigned)core < WEIR_CORE_COUNT ? names[core].name : "unknown";
}

const char *weir_core_text(enum weir_core core)
{
    return (unsigned)core < WEIR_CORE_COUNT ? names[core].text : "unknown";
}

/* ----------------------------------------------------------------------------------------- finding and adding */

/* Where an element stands in a template more than once, the first counts. */
static void index_fields(struct core_build *build)
{
    for (uint32_t i = 0; i < build->layout->field_count; i++) {
        const struct weir_field *field = &build->layout->fields[i];
        uint16_t *places = field->pen == WEIR_PEN_IANA      ? build->iana
                           : field->pen == WEIR_PEN_REVERSE ? build->reverse
                                                            : NULL;
        if (places != NULL && field->id < CORE_IANA_IDS && places[field->id] == 0)
            places[field->id] = (uint16_t)(i + 1);
    }
}

static uint32_t find_field(const struct core_build *build, uint32_t pen, uint16_t id)
{
    if (pen == WEIR_PEN_IANA && id < CORE_IANA_IDS)
        return build->iana[id] - 1u;
    if (pen == WEIR_PEN_REVERSE && id < CORE_IANA_IDS)
        return build->reverse[id] - 1u;
    for (uint32_t i = 0; i < build->layout->field_count; i++) {
        if (build->layout->fields[i].pen == pen && build->layout->fields[i].id == id)
            return i;
    }
    return UINT32_MAX;
}

uint32_t core_find(const struct core_build *build, uint32_t pen, uint16_t id, uint32_t kinds)
{
    const uint32_t field = find_field(build, pen, id);
    if (field == UINT32_MAX || (kinds >> build->layout->fields[field].kind & 1) == 0)
        return UINT32_MAX;
    return field;
}

void core_set_field(struct core_build *build, enum weir_core core, uint32_t field, enum weir_core_note note)
{
    const struct weir_field *of = &build->layout->fields[field];
    build->columns[core] = (struct weir_core_column){
        .column = field,
        .width_bytes = of->width_bytes,
        .from_pen = of->pen,
        .from_id = of->id,
        .how = WEIR_CORE_FIELD,
        .kind = of->kind,
        .note = (uint8_t)note,
    };
}

void core_set_computed(struct core_build *build, enum weir_core core, enum weir_kind kind, uint32_t width_bytes,
                       uint32_t field, enum weir_core_note note)
{
    assert(build->computed_count < CORE_COMPUTED_MAX);
    build->columns[core] = (struct weir_core_column){
        .column = build->layout->field_count + build->computed_count,
        .width_bytes = width_bytes,
        .from_pen = field == UINT32_MAX ? 0 : build->layout->fields[field].pen,
        .from_id = field == UINT32_MAX ? 0 : build->layout->fields[field].id,
        .how = WEIR_CORE_COMPUTED,
        .kind = (uint8_t)kind,
        .note = (uint8_t)note,
    };
    build->computed_bytes[build->computed_count++] = width_bytes;
}

void core_set_constant(struct core_build *build, enum weir_core core, uint32_t value, enum weir_core_note note)
{
    build->columns[core] = (struct weir_core_column){
        .width_bytes = sizeof value,
        .value = value,
        .how = WEIR_CORE_CONSTANT,
        .kind = WEIR_KIND_U32,
        .note = (uint8_t)note,
    };
}

static uint32_t width_of(const struct core_build *build, uint32_t column)
{
    const uint32_t field_count = build->layout->field_count;
    return column < field_count ? build->layout->fields[column].width_bytes
                                : build->computed_bytes[column - field_count];
}

void core_add(struct core_build *build, enum weir_core core, core_kernel *kernel, uint32_t source_1, uint32_t source_2,
              uint32_t source_3)
{
    const uint32_t sources[CORE_SOURCES] = {source_1, source_2, source_3};
    const struct weir_core_column *target = &build->columns[core];
    assert(build->operation_count < CORE_OPERATIONS_MAX && target->how == WEIR_CORE_COMPUTED);
    struct core_operation *operation = &build->operations[build->operation_count++];
    *operation = (struct core_operation){
        kernel, .target = (uint16_t)target->column, .target_bytes = (uint16_t)target->width_bytes};
    for (int i = 0; i < CORE_SOURCES; i++) {
        const bool needed = sources[i] != UINT32_MAX;
        /* one that is not needed is there, but not looked at */
        operation->source[i] = (uint16_t)(needed ? sources[i] : target->column);
        operation->source_bytes[i] = needed ? (uint16_t)width_of(build, sources[i]) : 0;
    }
}

void core_compile(struct core_build *build, uint32_t sampling_rate)
{
    index_fields(build);
    core_rules_find(build);
    core_time_find(build);
    core_icmp_find(build);
    core_sampling_find(build, sampling_rate);
}

/* ------------------------------------------------------------------------------------------------------- rows */

void core_fill(const struct weir_decoder *decoder, struct batch *batch, uint32_t first_row, uint32_t row_count)
{
    const struct layout *layout = batch->layout;
    struct weir_run *run = &batch->runs[batch->view.run_count - 1];
    struct core_run core = {.state = state_find(decoder, &run->exporter, run->domain)};
    core_time_begin_run(&core, run);
    core_sampling_begin_run(&core, run);
    run->time_estimated = layout->needs_init_time && !core.uptime_known;
    for (uint32_t i = 0; i < layout->core_operation_count; i++) {
        const struct core_operation *operation = &layout->core_operations[i];
        const void *from[CORE_SOURCES];
        for (int k = 0; k < CORE_SOURCES; k++)
            from[k] = batch->columns[operation->source[k]] + (size_t)first_row * operation->source_bytes[k];
        operation->kernel(batch->columns[operation->target] + (size_t)first_row * operation->target_bytes, from,
                          row_count, &core);
    }
}
