/* SPDX-License-Identifier: MIT */
/*
 * compile.c - makes the layout of a template
 *
 * Reading order: compile() has the specifiers read, measure() checks them and finds how much memory the layout
 * takes; the others fill that in.
 */
#include "compile.h"

#include "core.h"
#include "hash.h"
#include "limits.h"
#include "specifier.h"
#include "type_information.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_PLACES = LIMIT_TEMPLATE_FIELDS * 2,
    NAME_TAIL_BYTES = 8,     /* "_4096" and NUL */
    NAME_UNKNOWN_BYTES = 28, /* "ie_4294967295_65535" with its tail */
    HEAP_BYTES_MIN = 65536,     /* what one record holds at the most fits */
    HEAP_BYTES_PER_VALUE = 64,  /* a guess at what a field of variable length holds */
    HEAP_BYTES_PER_LIST = 512   /* and a list's text */
};

#define CORE_BYTES                                                                                              \
    (CORE_OPERATIONS_MAX * sizeof(struct core_operation) + WEIR_CORE_COUNT * sizeof(struct weir_core_column))

static const char reverse_prefix[] = "reverse";

/* What a template comes to. */
struct measure {
    uint32_t record_bytes;
    uint32_t column_count;
    uint32_t variable_count;
    uint32_t list_count;
    size_t name_bytes; /* at the most */
};

static void forget_names(struct layout_table *table)
{
    memset(table->name_count, 0, NAME_PLACES * sizeof *table->name_count);
    memset(table->name_seen, 0, NAME_PLACES * sizeof *table->name_seen);
}

/* How often a name was used in this template before, and one more. */
static uint32_t count_name(struct layout_table *table, const char *name)
{
    size_t place = hash_bytes(table->seed, name, strlen(name)) % NAME_PLACES;
    while (table->name_seen[place] != NULL && strcmp(table->name_seen[place], name) != 0)
        place = (place + 1) % NAME_PLACES;
    table->name_seen[place] = name;
    return table->name_count[place]++;
}

static size_t name_bytes(const struct specifier *specifier)
{
    const struct weir_element *element = specifier->element;
    if (element == NULL)
        return 2 * NAME_UNKNOWN_BYTES;
    const size_t v9_bytes = element->v9_name == NULL ? 0 : strlen(element->v9_name) + NAME_TAIL_BYTES;
    return 2 * (sizeof reverse_prefix + strlen(element->name) + NAME_TAIL_BYTES) + v9_bytes;
}

/* Whether all fields have the names of their elements, each its own: the layout then needs no room for names. */
static bool names_are_there(struct layout_table *table, uint32_t field_count)
{
    forget_names(table);
    for (uint32_t i = 0; i < field_count; i++) {
        const struct specifier *specifier = &table->specifiers[i];
        if (specifier->padding)
            continue;
        if (specifier->element == NULL || specifier->reverse || count_name(table, specifier->element->name) > 0)
            return false;
    }
    return true;
}

static bool is_list(const struct specifier *specifier)
{
    return specifier->element != NULL && specifier_kind(specifier->element->type, specifier->length) == WEIR_KIND_JSON;
}

static int measure(struct layout_table *table, const struct specification *specification,
                   struct measure *ret_measure, enum weir_reason *ret_reason)
{
    struct measure measure = {0};
    for (uint32_t i = 0; i < specification->field_count; i++) {
        const struct specifier *specifier = &table->specifiers[i];
        const bool variable = specifier->length == SPECIFIER_VARIABLE_LENGTH, list = is_list(specifier);
        if (variable && specification->version == 9) {
            *ret_reason = WEIR_REASON_TEMPLATE_LENGTH_VARIABLE;
            return -1;
        }
        measure.record_bytes += variable ? 1 : specifier->length;
        measure.variable_count += variable || list;
        measure.list_count += list;
        measure.column_count += !specifier->padding;
        measure.name_bytes += name_bytes(specifier);
    }
    if (measure.record_bytes == 0 || measure.record_bytes > LIMIT_DATAGRAM_BYTES) {
        *ret_reason = measure.record_bytes == 0 ? WEIR_REASON_TEMPLATE_EMPTY : WEIR_REASON_TEMPLATE_RECORD_LONG;
        return -1;
    }
    if (names_are_there(table, specification->field_count))
        measure.name_bytes = 0;
    *ret_measure = measure;
    return 0;
}

/* ---------------------------------------------------------------------------------------------------- names */

/* Takes the next piece of the block for a name: `base`, and from the second use on "_2", "_3", ... */
static const char *make_name(char **names, const char *base, uint32_t used_before)
{
    if (used_before == 0)
        return base;
    char *name = *names;
    const size_t length = strlen(base);
    memcpy(name, base, length);
    *names = name + length + sprintf(name + length, "_%u", used_before + 1) + 1;
    return name;
}

/* reverseOctetDeltaCount, RFC 5103 section 6.1. */
static const char *make_reverse_name(char **names, const char *base)
{
    char *name = *names;
    const size_t prefix = sizeof reverse_prefix - 1, length = strlen(base);
    memcpy(name, reverse_prefix, prefix);
    memcpy(name + prefix, base, length + 1);
    if (name[prefix] >= 'a' && name[prefix] <= 'z')
        name[prefix] = (char)(name[prefix] - 'a' + 'A');
    *names = name + prefix + length + 1;
    return name;
}

static void name_field(struct layout_table *table, const struct specifier *specifier, struct weir_field *field,
                       char **names)
{
    const struct weir_element *element = field->element;
    const char *base = NULL, *v9_base = NULL;
    if (element == NULL) {
        base = *names;
        *names += sprintf(*names, "ie_%u_%u", field->pen, field->id) + 1;
    } else if (specifier->reverse) {
        base = make_reverse_name(names, element->name);
    } else {
        base = element->name;
        v9_base = element->v9_name;
    }
    const uint32_t used_before = count_name(table, base);
    field->name = make_name(names, base, used_before);
    field->v9_name = v9_base == NULL ? field->name : make_name(names, v9_base, used_before);
}

/* ------------------------------------------------------------------------------------------------- the block */

static bool is_signed(enum weir_kind kind)
{
    return kind >= WEIR_KIND_I8 && kind <= WEIR_KIND_I64;
}

static bool is_octets(enum weir_kind kind)
{
    return kind == WEIR_KIND_IPV6 || kind == WEIR_KIND_MAC || kind == WEIR_KIND_OCTETS;
}

kernel_copy *compile_kernel(enum weir_kind kind, uint32_t wire_bytes)
{
    return is_signed(kind)   ? kernel_for_signed(wire_bytes)
           : is_octets(kind) ? kernel_for_octets(wire_bytes)
                             : kernel_for_unsigned(wire_bytes);
}

static kernel_gather *gather_of(enum weir_kind kind, uint32_t wire_bytes)
{
    return is_signed(kind)   ? kernel_gather_signed(wire_bytes)
           : is_octets(kind) ? kernel_gather_octets(wire_bytes)
                             : kernel_gather_unsigned(wire_bytes);
}

static struct weir_field make_field(const struct specifier *specifier)
{
    const enum weir_type type = specifier->element != NULL ? specifier->element->type : WEIR_TYPE_OCTET_ARRAY;
    const enum weir_kind kind = specifier_kind(type, specifier->length);
    return (struct weir_field){
        .element = specifier->element,
        .pen = specifier->pen,
        .id = specifier->id,
        .wire_bytes = specifier->length,
        .width_bytes = specifier_width(kind, specifier->length),
        .kind = (uint8_t)kind,
        .type = (uint8_t)type,
        .scope = specifier->scope,
    };
}

static struct step make_step(const struct weir_field *field, uint32_t column, uint32_t segment, uint32_t offset)
{
    return (struct step){
        .copy = compile_kernel(field->kind, field->wire_bytes),
        .gather = gather_of(field->kind, field->wire_bytes),
        .offset = (uint16_t)offset,
        .segment = (uint16_t)segment,
        .column = (uint16_t)column,
        .wire_bytes = (uint16_t)field->wire_bytes,
        .width_bytes = (uint16_t)field->width_bytes,
    };
}

/* Fills fields, plan, and `variable`: see layout.h. Returns the number of steps. */
static uint32_t fill_plan(const struct layout_table *table, uint32_t field_count, struct weir_field *fields,
                          struct step *plan, struct variable *variable,
                          uint32_t *ret_last_segment_bytes)
{
    uint32_t column = 0, step_count = 0, segment = 0, offset = 0;
    for (uint32_t i = 0; i < field_count; i++) {
        const struct specifier *specifier = &table->specifiers[i];
        const bool list = is_list(specifier), is_variable = list || specifier->length == SPECIFIER_VARIABLE_LENGTH;
        if (!specifier->padding) {
            fields[column] = make_field(specifier);
            if (!is_variable && fields[column].kind != WEIR_KIND_NULL)
                plan[step_count++] = make_step(&fields[column], column, segment, offset);
        }
        if (is_variable) {
            variable[segment++] = (struct variable){
                .segment_bytes = offset,
                .column = specifier->padding ? UINT32_MAX : column,
                .length = specifier->length,
                .list = list,
            };
            offset = 0;
        } else {
            offset += specifier->length;
        }
        column += !specifier->padding;
    }
    *ret_last_segment_bytes = offset;
    return step_count;
}

/* Core columns are kept of layouts that describe flows. */
static bool has_core(const struct layout_table *table, const struct specification *specification)
{
    return table->core.wanted && !specification->options;
}

static void fill_core(uint32_t sampling_rate, struct layout *layout, struct core_operation *operations,
                      struct weir_core_column *columns, struct core_build *ret_core)
{
    *ret_core = (struct core_build){.layout = &layout->view, .columns = columns, .operations = operations};
    core_compile(ret_core, sampling_rate);
    layout->core_operations = operations;
    layout->core_operation_count = ret_core->operation_count;
    layout->needs_init_time = ret_core->needs_init_time;
    layout->view.core = columns;
    layout->view.computed_count = ret_core->computed_count;
}

static uint32_t column_width(const struct layout *layout, const struct core_build *core, uint32_t column)
{
    const uint32_t field_count = layout->view.field_count;
    return column < field_count ? layout->view.fields[column].width_bytes : core->computed_bytes[column - field_count];
}

/* What a batch has to have room for: see batch.h. */
static void measure_rows(struct layout *layout, const struct core_build *core, uint32_t *ret_column_bytes)
{
    const uint32_t count = layout->view.field_count + core->computed_count, list_count = layout->view.list_count;
    layout->row_bytes = layout->view.variable_count * HEAP_BYTES_PER_VALUE + list_count * HEAP_BYTES_PER_LIST;
    for (uint32_t i = 0; i < count; i++) {
        ret_column_bytes[i] = column_width(layout, core, i);
        layout->row_bytes += ret_column_bytes[i];
    }
    if (layout->row_bytes == 0)
        layout->row_bytes = 1; /* rows of nothing but padding are rows */
    layout->heap_bytes_min =
        (layout->view.variable_count > 0 ? HEAP_BYTES_MIN : 0) + (list_count > 0 ? WEIR_RECORD_LISTS_SIZE : 0);
}

static void name_fields(struct layout_table *table, uint32_t field_count, struct weir_field *fields, char *names)
{
    forget_names(table);
    for (uint32_t i = 0; i < field_count; i++) {
        if (!table->specifiers[i].padding)
            name_field(table, &table->specifiers[i], fields++, &names);
    }
}

static void fill(struct layout_table *table, struct layout *layout, const struct specification *specification,
                 const struct measure *size)
{
    const size_t columns = size->column_count;
    const bool core_wanted = has_core(table, specification);
    struct window *windows = (struct window *)(layout + 1);
    struct core_operation *operations = (struct core_operation *)(windows + columns / 2);
    struct step *plan = (struct step *)(operations + (core_wanted ? CORE_OPERATIONS_MAX : 0));
    struct weir_field *fields = (struct weir_field *)(plan + columns);
    struct weir_core_column *core_columns = (struct weir_core_column *)(fields + columns);
    struct variable *variable = (struct variable *)(core_columns + (core_wanted ? WEIR_CORE_COUNT : 0));
    uint32_t *column_bytes = (uint32_t *)(variable + size->variable_count);
    uint8_t *octets = (uint8_t *)(column_bytes + columns + CORE_COMPUTED_MAX);
    struct core_build core = {0};

    memcpy(octets, specification->fields, specification->size_bytes);
    layout->step_count = fill_plan(table, specification->field_count, fields, plan, variable,
                                   &layout->last_segment_bytes);
    name_fields(table, specification->field_count, fields, (char *)octets + specification->size_bytes);
    layout->plan = plan;
    layout->column_bytes = column_bytes;
    layout->variable = variable;
    layout->specification = octets;
    layout->specification_bytes = specification->size_bytes;
    layout->view = (struct weir_layout){
        .fields = fields,
        .field_count = size->column_count,
        .scope_count = specification->scope_count,
        .variable_count = size->variable_count,
        .list_count = size->list_count,
        .record_bytes = size->record_bytes,
        .version = specification->version,
        .options = specification->options,
    };
    if (core_wanted)
        fill_core(table->core.sampling_rate, layout, operations, core_columns, &core);
    layout->teaches = specification->options && type_information_is(fields, size->column_count);
    measure_rows(layout, &core, column_bytes);
    layout->windows = windows;
    layout->rest_count = layout->step_count;
    if (table->window_kernels != NULL)
        layout->window_count = window_plan(layout, plan, windows, &layout->rest_count);
}

struct layout *compile(struct layout_table *table, const struct specification *specification,
                       enum weir_reason *ret_reason)
{
    struct measure size;
    if (specification->field_count > LIMIT_TEMPLATE_FIELDS) {
        *ret_reason = WEIR_REASON_TEMPLATE_FIELDS_MANY;
        return NULL;
    }
    specifier_read_all(specification, table->taught, table->specifiers);
    if (measure(table, specification, &size, ret_reason) != 0)
        return NULL;
    const size_t column_bytes = sizeof(struct weir_field) + sizeof(struct step) + sizeof(uint32_t);
    const size_t block_bytes = sizeof(struct layout) + size.column_count * column_bytes +
                               CORE_COMPUTED_MAX * sizeof(uint32_t) +
                               (has_core(table, specification) ? CORE_BYTES : 0) +
                               size.column_count / 2 * sizeof(struct window) +
                               sizeof(struct variable) * size.variable_count + specification->size_bytes +
                               size.name_bytes;
    struct layout *layout = NULL;
    if (table->count < table->count_max && block_bytes + LIMIT_PIECE_BYTES <= table->bytes_max - table->bytes)
        layout = calloc(1, block_bytes);
    if (layout == NULL) {
        *ret_reason = WEIR_REASON_TEMPLATES_FULL;
        return NULL;
    }
    layout->block_bytes = block_bytes + LIMIT_PIECE_BYTES;
    fill(table, layout, specification, &size);
    return layout;
}
