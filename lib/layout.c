/* SPDX-License-Identifier: MIT */
/*
 * layout.c - compiles templates into layouts and shares them
 *
 * Reading order: layout_get() looks a template up; measure() checks it and finds how much memory it takes;
 * compile() fills that in.
 */
#include "layout.h"

#include "element.h"
#include "hash.h"
#include "limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPECIFIER_BYTES = 4, /* type, length: RFC 3954 section 5.2 */
    NAME_PLACES = LIMIT_TEMPLATE_FIELDS * 2,
    NAME_TAIL_BYTES = 8, /* "_4096" and NUL */
    NAME_UNKNOWN_BYTES = 28, /* "ie_4294967295_65535" with its tail */
    COLUMN_ALIGNMENT = 64,
    VARIABLE_LENGTH = 65535,
    ELEMENT_PADDING_OCTETS = 210
};

int layout_table_init(struct layout_table *table, uint32_t count_max, uint64_t seed, struct layout_shape shape)
{
    uint32_t bucket_count = 64;
    while (bucket_count < count_max && bucket_count < 1u << 20)
        bucket_count *= 2;
    *table = (struct layout_table){
        .bucket_count = bucket_count,
        .count_max = count_max,
        .bytes_max = DEFAULT_TEMPLATES_BYTES,
        .seed = seed,
        .next_serial = 1,
        .shape = shape,
        .buckets = calloc(bucket_count, sizeof *table->buckets),
        .free_slots = calloc(count_max, sizeof *table->free_slots),
        .name_count = calloc(NAME_PLACES, sizeof *table->name_count),
        .name_seen = calloc(NAME_PLACES, sizeof *table->name_seen),
    };
    if (table->buckets == NULL || table->free_slots == NULL || table->name_count == NULL || table->name_seen == NULL) {
        layout_table_done(table);
        return -1;
    }
    return 0;
}

void layout_table_done(struct layout_table *table)
{
    for (uint32_t i = 0; table->buckets != NULL && i < table->bucket_count; i++) {
        for (struct layout *layout = table->buckets[i], *next; layout != NULL; layout = next) {
            next = layout->hash_next;
            free(layout);
        }
    }
    free(table->buckets);
    free(table->free_slots);
    free(table->name_count);
    free(table->name_seen);
    *table = (struct layout_table){0};
}

static uint16_t specifier_type(const struct specification *specification, uint32_t i)
{
    const uint8_t *p = specification->fields + (size_t)i * SPECIFIER_BYTES;
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint16_t specifier_length(const struct specification *specification, uint32_t i)
{
    const uint8_t *p = specification->fields + (size_t)i * SPECIFIER_BYTES + 2;
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* paddingOctets carry nothing and get no column. */
static bool is_padding(const struct specification *specification, uint32_t i)
{
    return i >= specification->scope_count && specifier_type(specification, i) == ELEMENT_PADDING_OCTETS;
}

static const struct weir_element *find_element(const struct specification *specification, uint32_t i)
{
    const uint16_t type = specifier_type(specification, i);
    if (i < specification->scope_count)
        return weir_element_find(WEIR_PEN_V9_SCOPE, type);
    return element_find_v9(type);
}

/* What a template comes to. */
struct measure {
    uint32_t record_bytes;
    uint32_t column_count;
};

static int measure(const struct specification *specification, struct measure *ret_measure, enum weir_reason *ret_reason)
{
    struct measure measure = {0};
    if (specification->field_count > LIMIT_TEMPLATE_FIELDS) {
        *ret_reason = WEIR_REASON_TEMPLATE_FIELDS_MANY;
        return -1;
    }
    for (uint32_t i = 0; i < specification->field_count; i++) {
        const uint16_t length = specifier_length(specification, i);
        if (length == VARIABLE_LENGTH) {
            *ret_reason = WEIR_REASON_TEMPLATE_LENGTH_VARIABLE;
            return -1;
        }
        measure.record_bytes += length;
        measure.column_count += !is_padding(specification, i);
    }
    if (measure.record_bytes == 0 || measure.record_bytes > LIMIT_DATAGRAM_BYTES) {
        *ret_reason = measure.record_bytes == 0 ? WEIR_REASON_TEMPLATE_EMPTY : WEIR_REASON_TEMPLATE_RECORD_LONG;
        return -1;
    }
    *ret_measure = measure;
    return 0;
}

static enum weir_kind kind_of_unsigned(size_t length)
{
    return length == 1 ? WEIR_KIND_U8 : length == 2 ? WEIR_KIND_U16 : length <= 4 ? WEIR_KIND_U32 : WEIR_KIND_U64;
}

static enum weir_kind kind_of_signed(size_t length)
{
    return length == 1 ? WEIR_KIND_I8 : length == 2 ? WEIR_KIND_I16 : length <= 4 ? WEIR_KIND_I32 : WEIR_KIND_I64;
}

/* How a field of a type and a length on the wire is kept (RFC 7011 section 6, reduced size 6.2). A length that
 * does not fit the type keeps its octets. */
static enum weir_kind kind_of(enum weir_type type, size_t length)
{
    if (length == 0)
        return WEIR_KIND_NULL;
    switch (type) {
    case WEIR_TYPE_UNSIGNED8:
    case WEIR_TYPE_UNSIGNED16:
    case WEIR_TYPE_UNSIGNED32:
    case WEIR_TYPE_UNSIGNED64:
    case WEIR_TYPE_DATE_TIME_SECONDS:
    case WEIR_TYPE_DATE_TIME_MILLISECONDS:
        return length <= 8 ? kind_of_unsigned(length) : WEIR_KIND_OCTETS;
    case WEIR_TYPE_SIGNED8:
    case WEIR_TYPE_SIGNED16:
    case WEIR_TYPE_SIGNED32:
    case WEIR_TYPE_SIGNED64:
        return length <= 8 ? kind_of_signed(length) : WEIR_KIND_OCTETS;
    case WEIR_TYPE_DATE_TIME_MICROSECONDS:
    case WEIR_TYPE_DATE_TIME_NANOSECONDS:
        return length == 8 ? WEIR_KIND_U64 : WEIR_KIND_OCTETS;
    case WEIR_TYPE_FLOAT32:
    case WEIR_TYPE_FLOAT64:
        if (length == 8 && type == WEIR_TYPE_FLOAT64)
            return WEIR_KIND_F64;
        return length == 4 ? WEIR_KIND_F32 : WEIR_KIND_OCTETS;
    case WEIR_TYPE_BOOLEAN:
        return length == 1 ? WEIR_KIND_BOOL : WEIR_KIND_OCTETS;
    case WEIR_TYPE_MAC_ADDRESS:
        return length == 6 ? WEIR_KIND_MAC : WEIR_KIND_OCTETS;
    case WEIR_TYPE_IPV4_ADDRESS:
        return length == 4 ? WEIR_KIND_IPV4 : WEIR_KIND_OCTETS;
    case WEIR_TYPE_IPV6_ADDRESS:
        return length == 16 ? WEIR_KIND_IPV6 : WEIR_KIND_OCTETS;
    default:
        return WEIR_KIND_OCTETS;
    }
}

static uint32_t width_of(enum weir_kind kind, uint32_t wire_bytes)
{
    static const uint8_t widths[] = {
        [WEIR_KIND_U8] = 1,  [WEIR_KIND_U16] = 2,  [WEIR_KIND_U32] = 4,   [WEIR_KIND_U64] = 8,
        [WEIR_KIND_I8] = 1,  [WEIR_KIND_I16] = 2,  [WEIR_KIND_I32] = 4,   [WEIR_KIND_I64] = 8,
        [WEIR_KIND_F32] = 4, [WEIR_KIND_F64] = 8,  [WEIR_KIND_BOOL] = 1,  [WEIR_KIND_IPV4] = 4,
        [WEIR_KIND_MAC] = 6, [WEIR_KIND_IPV6] = 16, [WEIR_KIND_NULL] = 0,
    };
    return kind == WEIR_KIND_OCTETS ? wire_bytes : widths[kind];
}

static kernel_copy *kernel_of(enum weir_kind kind, uint32_t wire_bytes)
{
    switch (kind) {
    case WEIR_KIND_I8:
    case WEIR_KIND_I16:
    case WEIR_KIND_I32:
    case WEIR_KIND_I64:
        return kernel_for_signed(wire_bytes);
    case WEIR_KIND_IPV6:
    case WEIR_KIND_MAC:
    case WEIR_KIND_OCTETS:
        return kernel_for_octets(wire_bytes);
    default:
        return kernel_for_unsigned(wire_bytes);
    }
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

static struct weir_field make_field(const struct specification *specification, uint32_t i)
{
    const struct weir_element *element = find_element(specification, i);
    const uint16_t type = specifier_type(specification, i), length = specifier_length(specification, i);
    const bool scope = i < specification->scope_count;
    const enum weir_type value_type = element != NULL ? element->type : WEIR_TYPE_OCTET_ARRAY;
    const enum weir_kind kind = kind_of(value_type, length);
    return (struct weir_field){
        .element = element,
        .pen = element != NULL ? element->pen : scope ? WEIR_PEN_V9_SCOPE : WEIR_PEN_IANA,
        .id = element != NULL ? element->id : type,
        .wire_bytes = length,
        .width_bytes = width_of(kind, length),
        .kind = (uint8_t)kind,
        .type = (uint8_t)value_type,
        .scope = scope,
    };
}

static void name_field(struct layout_table *table, struct weir_field *field, char **names)
{
    if (field->element == NULL) {
        char *base = *names;
        *names += sprintf(base, "ie_%u_%u", field->pen, field->id) + 1;
        field->name = make_name(names, base, count_name(table, base));
        field->v9_name = field->name;
        return;
    }
    const uint32_t used_before = count_name(table, field->element->name);
    field->name = make_name(names, field->element->name, used_before);
    field->v9_name = field->element->v9_name == NULL ? field->name
                                                     : make_name(names, field->element->v9_name, used_before);
}

/* Room that the names of a template take at the most. */
static size_t names_bytes(const struct specification *specification)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < specification->field_count; i++) {
        const struct weir_element *element = find_element(specification, i);
        if (element == NULL)
            bytes += 2 * NAME_UNKNOWN_BYTES;
        else
            bytes += strlen(element->name) + NAME_TAIL_BYTES +
                     (element->v9_name == NULL ? 0 : strlen(element->v9_name) + NAME_TAIL_BYTES);
    }
    return bytes;
}

/* Columns lie behind each other in a batch's block, each aligned, with room for row_capacity values. */
static uint32_t shape_columns(const struct layout_shape *shape, const struct weir_field *fields, uint32_t count,
                              uint32_t *ret_offsets)
{
    const size_t fixed = shape->run_bytes + (size_t)count * (sizeof(void *) + COLUMN_ALIGNMENT) + COLUMN_ALIGNMENT;
    size_t row_bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        row_bytes += fields[i].width_bytes;
    size_t rows = shape->rows_max;
    if (row_bytes > 0 && rows > (shape->batch_bytes - fixed) / row_bytes)
        rows = (shape->batch_bytes - fixed) / row_bytes;
    size_t offset = shape->run_bytes + (size_t)count * sizeof(void *);
    for (uint32_t i = 0; i < count; i++) {
        offset = (offset + COLUMN_ALIGNMENT - 1) / COLUMN_ALIGNMENT * COLUMN_ALIGNMENT;
        ret_offsets[i] = (uint32_t)offset;
        offset += rows * fields[i].width_bytes;
    }
    return (uint32_t)rows;
}

static uint32_t fill_plan(const struct specification *specification, struct weir_field *fields, struct step *plan)
{
    uint32_t column = 0, step_count = 0, record_offset = 0;
    for (uint32_t i = 0; i < specification->field_count; i++) {
        const uint32_t length = specifier_length(specification, i);
        if (!is_padding(specification, i)) {
            const struct weir_field field = make_field(specification, i);
            if (field.kind != WEIR_KIND_NULL)
                plan[step_count++] = (struct step){
                    .copy = kernel_of(field.kind, length),
                    .record_offset = record_offset,
                    .column = column,
                    .wire_bytes = length,
                    .width_bytes = field.width_bytes,
                };
            fields[column++] = field;
        }
        record_offset += length;
    }
    return step_count;
}

static struct layout *compile(struct layout_table *table, const struct specification *specification,
                              const struct measure *size)
{
    const size_t columns = size->column_count;
    const size_t specification_bytes = (size_t)specification->field_count * SPECIFIER_BYTES;
    const size_t block_bytes = sizeof(struct layout) + columns * (sizeof(struct weir_field) + sizeof(struct step)) +
                               columns * sizeof(uint32_t) + specification_bytes + names_bytes(specification);
    if (table->count >= table->count_max || block_bytes > table->bytes_max - table->bytes)
        return NULL;
    struct layout *layout = calloc(1, block_bytes);
    if (layout == NULL)
        return NULL;
    struct weir_field *fields = (struct weir_field *)(layout + 1);
    struct step *plan = (struct step *)(fields + columns);
    uint32_t *offsets = (uint32_t *)(plan + columns);
    uint8_t *octets = (uint8_t *)(offsets + columns);
    char *names = (char *)octets + specification_bytes;

    memcpy(octets, specification->fields, specification_bytes);
    layout->step_count = fill_plan(specification, fields, plan);
    memset(table->name_count, 0, NAME_PLACES * sizeof *table->name_count);
    memset(table->name_seen, 0, NAME_PLACES * sizeof *table->name_seen);
    for (size_t i = 0; i < columns; i++)
        name_field(table, &fields[i], &names);
    layout->row_capacity = shape_columns(&table->shape, fields, size->column_count, offsets);
    layout->block_bytes = block_bytes;
    layout->plan = plan;
    layout->column_offset = offsets;
    layout->specification = octets;
    layout->specification_bytes = specification_bytes;
    layout->view = (struct weir_layout){
        .fields = fields,
        .field_count = size->column_count,
        .scope_count = specification->scope_count,
        .record_bytes = size->record_bytes,
        .version = 9,
        .options = specification->options,
    };
    return layout;
}

static uint64_t specification_hash(const struct layout_table *table, const struct specification *specification)
{
    const uint64_t head = (uint64_t)specification->scope_count << 1 | specification->options;
    return hash_bytes(table->seed ^ head, specification->fields, (size_t)specification->field_count * SPECIFIER_BYTES);
}

bool layout_matches(const struct layout *layout, const struct specification *specification)
{
    const size_t bytes = (size_t)specification->field_count * SPECIFIER_BYTES;
    return layout->specification_bytes == bytes && layout->view.options == specification->options &&
           layout->view.scope_count == specification->scope_count &&
           memcmp(layout->specification, specification->fields, bytes) == 0;
}

static void insert(struct layout_table *table, struct layout *layout, uint64_t hash)
{
    struct layout **bucket = &table->buckets[hash & (table->bucket_count - 1)];
    layout->hash = hash;
    layout->hash_next = *bucket;
    *bucket = layout;
    layout->view.serial = table->next_serial++;
    layout->view.slot = table->free_slot_count > 0 ? table->free_slots[--table->free_slot_count] : table->slots_used++;
    table->count++;
    table->bytes += layout->block_bytes;
}

struct layout *layout_get(struct layout_table *table, const struct specification *specification,
                          enum weir_reason *ret_reason)
{
    struct measure size;
    if (measure(specification, &size, ret_reason) != 0)
        return NULL;
    const uint64_t hash = specification_hash(table, specification);
    struct layout *layout = table->buckets[hash & (table->bucket_count - 1)];
    while (layout != NULL && !(layout->hash == hash && layout_matches(layout, specification)))
        layout = layout->hash_next;
    if (layout == NULL) {
        layout = compile(table, specification, &size);
        if (layout == NULL) {
            *ret_reason = WEIR_REASON_TEMPLATES_FULL;
            return NULL;
        }
        insert(table, layout, hash);
    }
    layout->reference_count++;
    return layout;
}

void layout_unref(struct layout_table *table, struct layout *layout)
{
    if (--layout->reference_count > 0)
        return;
    struct layout **at = &table->buckets[layout->hash & (table->bucket_count - 1)];
    while (*at != layout)
        at = &(*at)->hash_next;
    *at = layout->hash_next;
    table->free_slots[table->free_slot_count++] = layout->view.slot;
    table->count--;
    table->bytes -= layout->block_bytes;
    free(layout);
}
