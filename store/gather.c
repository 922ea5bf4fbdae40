/* SPDX-License-Identifier: MIT */
/*
 * gather.c - rows of one form, column by column, until there are enough to write
 */
#define _GNU_SOURCE
#include "gather.h"

#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond these the times of core columns no longer give back seconds and milliseconds exactly. */
#define SECONDS_MAX ((uint64_t)INT64_MAX / 2000000 - 1)
#define MILLISECONDS_MAX ((uint64_t)INT64_MAX / 2000 - 1)

enum { VERSION_IPFIX = 10 };

/* ------------------------------------------------------------------------------------------- what is to be gathered */

static bool is_unsigned(uint8_t kind)
{
    return kind >= WEIR_KIND_U8 && kind <= WEIR_KIND_U64;
}

/* A number that is wider on the wire than its column usually is keeps its width. */
static enum store_type fit_type(enum store_type type, uint8_t kind)
{
    if (type > STORE_U64 || !is_unsigned(kind))
        return type;
    const enum store_type own = (enum store_type)(STORE_U8 + (kind - WEIR_KIND_U8));
    return own > type ? own : type;
}

static enum gather_how how_of(enum store_type type)
{
    if (type == STORE_STRING)
        return GATHER_TEXT;
    return type == STORE_OCTETS || type == STORE_JSON ? GATHER_OCTETS : GATHER_NUMBERS;
}

static struct gather_column *next_column(struct gather *gather)
{
    return &gather->columns[gather->column_count++];
}

static char *element_name(uint32_t pen, uint16_t id)
{
    const struct weir_element *element = weir_element_find(pen, id);
    char *name = NULL;
    if (pen == 0 && id == 0)
        return NULL;
    if (pen == WEIR_PEN_REVERSE) {
        element = weir_element_find(WEIR_PEN_IANA, id);
        return element != NULL && asprintf(&name, "reverse %s", element->name) >= 0 ? name : NULL;
    }
    if (element != NULL)
        return strdup(element->name);
    return asprintf(&name, "ie_%u_%u", pen, id) >= 0 ? name : NULL;
}

/* False where the layout tells of it in another family, or not at all. */
static bool is_there(const struct store_column *column, const struct weir_core_column *core)
{
    if (core->how == WEIR_CORE_ABSENT)
        return false;
    if (column->source == STORE_FROM_IPV4)
        return core->kind == WEIR_KIND_IPV4;
    return column->source != STORE_FROM_IPV6 || core->kind == WEIR_KIND_IPV6;
}

static void add_core_columns(struct gather *gather, const struct weir_layout *layout, bool *is_used)
{
    for (int i = STORE_COLUMN_RUN_COUNT; i < STORE_COLUMN_COUNT; i++) {
        const struct store_column *column = store_column((enum store_column_index)i);
        const struct weir_core_column *core = &layout->core[column->core];
        if (!is_there(column, core))
            continue;
        const bool constant = core->how == WEIR_CORE_CONSTANT;
        const enum store_type type = constant ? column->type : fit_type(column->type, core->kind);
        *next_column(gather) = (struct gather_column){
            .index = i, .field_id = column->field_id, .type = (uint8_t)type, .column = core->column, .kind = core->kind,
            .how = (uint8_t)(constant ? GATHER_CONSTANT : how_of(type)), .constant = core->value,
            .width_bytes = constant ? sizeof core->value : core->width_bytes,
            .origin = element_name(core->from_pen, core->from_id)};
        if (core->how == WEIR_CORE_FIELD)
            is_used[core->column] = true;
    }
}

/* Fields of which the times tell all: uptimes with what the header tells, seconds and milliseconds. */
static uint64_t redundant_max(const struct weir_layout *layout, const struct weir_field *field)
{
    static const enum weir_core times[] = {WEIR_CORE_TIME_START, WEIR_CORE_TIME_END};
    for (size_t i = 0; i < 2 && layout->core != NULL && field->element != NULL; i++) {
        const struct weir_core_column *core = &layout->core[times[i]];
        if (core->how != WEIR_CORE_COMPUTED || core->from_pen != field->pen || core->from_id != field->id ||
            field->name != field->element->name)
            continue;
        if (core->note == WEIR_CORE_NOTE_UPTIME && layout->version != VERSION_IPFIX && field->kind == WEIR_KIND_U32)
            return UINT64_MAX;
        if (core->note != WEIR_CORE_NOTE_NONE && core->note != WEIR_CORE_NOTE_ONE_TIME)
            return 0;
        if (field->type == WEIR_TYPE_DATE_TIME_SECONDS && is_unsigned(field->kind))
            return SECONDS_MAX;
        if (field->type == WEIR_TYPE_DATE_TIME_MILLISECONDS && is_unsigned(field->kind))
            return MILLISECONDS_MAX;
    }
    return 0;
}

/* The name of a field's column, and its ID: one of its own where the name is not the field's. */
static char *field_name(const struct weir_field *field, enum store_type type, int32_t *ret_field_id)
{
    char *name = NULL;
    const char *tail = "";
    if (type == STORE_OCTETS && field->element != NULL && field->type != WEIR_TYPE_OCTET_ARRAY)
        tail = "_octets"; /* of a length that does not fit the type: no number, as it is elsewhere */
    for (int i = 0; i < STORE_COLUMN_COUNT; i++) {
        if (strcasecmp(store_column((enum store_column_index)i)->name, field->name) == 0)
            tail = "_field";
    }
    if (asprintf(&name, "%s%s", field->name, tail) < 0)
        return NULL;
    *ret_field_id = tail[0] == '\0' ? store_field_id(field) : store_name_id(name);
    return name;
}

static int add_fields(struct gather *gather, const struct weir_layout *layout, const bool *is_used)
{
    for (uint32_t i = 0; i < layout->field_count; i++) {
        const struct weir_field *field = &layout->fields[i];
        if (is_used[i] || field->kind == WEIR_KIND_NULL)
            continue;
        const enum store_type type = store_field_type(field);
        const uint64_t max = redundant_max(layout, field);
        struct gather_column *column = next_column(gather);
        *column = (struct gather_column){
            .index = -1, .type = (uint8_t)type,
            .how = (uint8_t)how_of(type), .kind = field->kind, .column = i, .width_bytes = field->width_bytes,
            .redundant = max > 0, .redundant_max = max};
        column->name = field_name(field, type, &column->field_id);
        if (column->name == NULL)
            return -1;
    }
    return 0;
}

static uint64_t hash(uint64_t key, const void *data, size_t size_bytes)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < size_bytes; i++)
        key = (key ^ p[i]) * 1099511628211u;
    return key;
}

static uint64_t column_key(uint64_t key, const struct gather_column *column)
{
    const uint32_t numbers[] = {(uint32_t)column->index, (uint32_t)column->field_id, column->type, column->how,
                                column->kind, column->width_bytes, column->constant};
    key = hash(key, numbers, sizeof numbers);
    key = column->name == NULL ? key : hash(key, column->name, strlen(column->name) + 1);
    return column->origin == NULL ? key : hash(key, column->origin, strlen(column->origin) + 1);
}

struct gather *gather_create(const struct weir_layout *layout, uint8_t family)
{
    struct gather *gather = calloc(1, sizeof *gather);
    bool *is_used = calloc((size_t)layout->field_count + layout->computed_count + 1, sizeof *is_used);
    if (gather != NULL)
        gather->columns = calloc(layout->field_count + (size_t)STORE_COLUMN_COUNT, sizeof *gather->columns);
    int result = gather != NULL && is_used != NULL && gather->columns != NULL ? 0 : -1;
    if (result == 0) {
        gather->family = family;
        gather->options = layout->options;
        gather->version = layout->version;
        if (layout->core != NULL)
            add_core_columns(gather, layout, is_used);
        result = add_fields(gather, layout, is_used);
    }
    free(is_used);
    if (result != 0) {
        gather_free(gather);
        return NULL;
    }
    gather->key = 14695981039346656037u ^ (uint64_t)(layout->version == VERSION_IPFIX) << 8 ^
                  (uint64_t)layout->options << 9 ^ family;
    for (uint32_t i = 0; i < gather->column_count; i++)
        gather->key = column_key(gather->key, &gather->columns[i]);
    return gather;
}

void gather_free(struct gather *gather)
{
    if (gather == NULL)
        return;
    for (uint32_t i = 0; i < gather->column_count; i++) {
        free(gather->columns[i].name);
        free(gather->columns[i].origin);
        octet_buffer_done(&gather->columns[i].data);
        octet_buffer_done(&gather->columns[i].lengths);
    }
    for (int i = 0; i < STORE_COLUMN_RUN_COUNT; i++)
        octet_buffer_done(&gather->run_columns[i]);
    octet_buffer_done(&gather->run_rows);
    free(gather->columns);
    free(gather);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool gather_fits(const struct gather *gather, const struct gather *other)
{
    if (gather->key != other->key || gather->column_count != other->column_count || gather->family != other->family ||
        gather->options != other->options || (gather->version == VERSION_IPFIX) != (other->version == VERSION_IPFIX))
        return false;
    for (uint32_t i = 0; i < gather->column_count; i++) {
        const struct gather_column *a = &gather->columns[i], *b = &other->columns[i];
        if (a->index != b->index || a->type != b->type || a->how != b->how || a->kind != b->kind ||
            a->width_bytes != b->width_bytes || a->constant != b->constant || a->redundant_max != b->redundant_max ||
            !same_text(a->name, b->name) || !same_text(a->origin, b->origin))
            return false;
    }
    return true;
}

void gather_clear(struct gather *gather)
{
    gather->row_count = gather->run_count = 0;
    for (uint32_t i = 0; i < gather->column_count; i++) {
        octet_buffer_clear(&gather->columns[i].data);
        octet_buffer_clear(&gather->columns[i].lengths);
    }
    for (int i = 0; i < STORE_COLUMN_RUN_COUNT; i++)
        octet_buffer_clear(&gather->run_columns[i]);
    octet_buffer_clear(&gather->run_rows);
}

/* ------------------------------------------------------------------------------------------------------- taking rows */

static void append_length(struct gather_column *to, size_t length)
{
    const uint32_t octets = (uint32_t)length;
    octet_buffer_append(&to->lengths, &octets, sizeof octets);
}

/* Text without the NULs at its end; what is no UTF-8 as weir_value_json() writes it. */
static void append_text(struct gather_column *to, const uint8_t *data, size_t size_bytes)
{
    static const char digits[] = "0123456789abcdef";
    while (size_bytes > 0 && data[size_bytes - 1] == 0)
        size_bytes--;
    if (utf8_valid(data, size_bytes)) {
        octet_buffer_append(&to->data, data, size_bytes);
        append_length(to, size_bytes);
        return;
    }
    uint8_t *room = octet_buffer_room(&to->data, 2 + 2 * size_bytes);
    if (room == NULL)
        return;
    memcpy(room, "0x", 2);
    for (size_t i = 0; i < size_bytes; i++) {
        room[2 + 2 * i] = (uint8_t)digits[data[i] >> 4];
        room[3 + 2 * i] = (uint8_t)digits[data[i] & 15];
    }
    to->data.size_bytes += 2 + 2 * size_bytes;
    append_length(to, 2 + 2 * size_bytes);
}

static void append_octets(struct gather_column *to, const struct gather_column *from, const void *column, uint32_t first,
                          uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        struct weir_octets octets;
        if (from->kind == WEIR_KIND_VARIABLE || from->kind == WEIR_KIND_JSON)
            octets = ((const struct weir_octets *)column)[i];
        else
            octets = (struct weir_octets){(const uint8_t *)column + (size_t)i * from->width_bytes, from->width_bytes};
        if (to->how == GATHER_TEXT) {
            append_text(to, octets.data, octets.size_bytes);
        } else {
            octet_buffer_append(&to->data, octets.data, octets.size_bytes);
            append_length(to, octets.size_bytes);
        }
    }
}

static void append_run_number(struct gather *gather, enum store_column_index index, const void *value, size_t size_bytes)
{
    octet_buffer_append(&gather->run_columns[index], value, size_bytes);
}

static void append_run(struct gather *gather, const struct weir_run *run)
{
    const uint8_t version = (uint8_t)run->version;
    const int64_t export_us = (int64_t)run->export_time_s * 1000000 + run->export_time_ns / 1000;
    append_run_number(gather, STORE_COLUMN_RECEIVED, &run->received_us, sizeof run->received_us);
    if (gather->family == 4) {
        const uint8_t *p = run->exporter.octets;
        const uint32_t address = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        append_run_number(gather, STORE_COLUMN_EXPORTER_IPV4, &address, sizeof address);
    } else if (gather->family == 6) {
        append_run_number(gather, STORE_COLUMN_EXPORTER_IPV6, run->exporter.octets, sizeof run->exporter.octets);
    }
    append_run_number(gather, STORE_COLUMN_EXPORTER_PORT, &run->exporter_port, sizeof run->exporter_port);
    append_run_number(gather, STORE_COLUMN_DOMAIN, &run->domain, sizeof run->domain);
    append_run_number(gather, STORE_COLUMN_VERSION, &version, sizeof version);
    append_run_number(gather, STORE_COLUMN_TEMPLATE_ID, &run->template_id, sizeof run->template_id);
    append_run_number(gather, STORE_COLUMN_EXPORT_TIME, &export_us, sizeof export_us);
    if (gather->version != VERSION_IPFIX)
        append_run_number(gather, STORE_COLUMN_SYS_UPTIME_MS, &run->sys_uptime_ms, sizeof run->sys_uptime_ms);
    octet_buffer_append(&gather->run_rows, &run->row_count, sizeof run->row_count);
}

/* Every buffer, by number; NULL behind the last. */
static struct octet_buffer *buffer_at(struct gather *gather, uint32_t i)
{
    if (i < STORE_COLUMN_RUN_COUNT)
        return &gather->run_columns[i];
    i -= STORE_COLUMN_RUN_COUNT;
    if (i == 0)
        return &gather->run_rows;
    i--;
    if (i / 2 >= gather->column_count)
        return NULL;
    return i % 2 == 0 ? &gather->columns[i / 2].data : &gather->columns[i / 2].lengths;
}

static size_t total_bytes(struct gather *gather, bool *ret_failed)
{
    size_t total = 0;
    *ret_failed = false;
    for (uint32_t i = 0; buffer_at(gather, i) != NULL; i++) {
        total += buffer_at(gather, i)->size_bytes;
        *ret_failed |= buffer_at(gather, i)->failed;
    }
    return total;
}

/* What was added goes away again, column by column, so that all have the same rows. */
static void take_back(struct gather *gather, const size_t *sizes)
{
    for (uint32_t i = 0; buffer_at(gather, i) != NULL; i++) {
        buffer_at(gather, i)->size_bytes = sizes[i];
        buffer_at(gather, i)->failed = false;
    }
}

size_t gather_append(struct gather *gather, const struct gather *like, const struct weir_batch *batch, uint32_t first_run,
                     uint32_t run_count)
{
    size_t sizes[STORE_COLUMN_RUN_COUNT + 1 + 2 * (4096 + STORE_COLUMN_COUNT)];
    const uint32_t first = batch->runs[first_run].first_row;
    const struct weir_run *last = &batch->runs[first_run + run_count - 1];
    const uint32_t count = last->first_row + last->row_count - first;
    bool failed;
    const size_t before = total_bytes(gather, &failed);
    for (uint32_t i = 0; buffer_at(gather, i) != NULL; i++)
        sizes[i] = buffer_at(gather, i)->size_bytes;
    for (uint32_t i = 0; i < gather->column_count; i++) {
        struct gather_column *to = &gather->columns[i];
        const struct gather_column *from = &like->columns[i];
        if (to->how == GATHER_CONSTANT)
            continue;
        const void *column = batch->columns[from->column];
        if (to->how == GATHER_NUMBERS)
            octet_buffer_append(&to->data, (const uint8_t *)column + (size_t)first * from->width_bytes,
                                (size_t)count * from->width_bytes);
        else
            append_octets(to, from, column, first, count);
    }
    for (uint32_t i = first_run; i < first_run + run_count; i++)
        append_run(gather, &batch->runs[i]);
    const size_t after = total_bytes(gather, &failed);
    if (failed) {
        take_back(gather, sizes);
        return 0;
    }
    gather->row_count += count;
    gather->run_count += run_count;
    return after - before;
}

/* ------------------------------------------------------------------------------------------------------- giving values */

struct store_values gather_null(const struct gather *gather)
{
    return (struct store_values){.row_count = gather->row_count};
}

struct store_values gather_values(struct gather *gather, const struct gather_column *column)
{
    struct store_values values = {
        .data = column->data.data, .item_count = gather->row_count, .width_bytes = column->width_bytes,
        .row_count = gather->row_count};
    if (column->how == GATHER_CONSTANT) {
        gather->all_rows = gather->row_count;
        values.data = &column->constant;
        values.repeats = &gather->all_rows;
        values.item_count = 1;
    } else if (column->how != GATHER_NUMBERS) {
        values.width_bytes = 0;
        values.lengths = (const uint32_t *)(const void *)column->lengths.data;
    }
    return values;
}

struct store_values gather_run_values(struct gather *gather, enum store_column_index index)
{
    const struct octet_buffer *data = &gather->run_columns[index];
    if (data->size_bytes == 0)
        return gather_null(gather);
    return (struct store_values){
        .data = data->data, .repeats = (const uint32_t *)(const void *)gather->run_rows.data,
        .item_count = gather->run_count, .width_bytes = (uint32_t)(data->size_bytes / gather->run_count),
        .row_count = gather->row_count};
}

bool gather_can_leave_out(struct gather *gather, const struct gather_column *column)
{
    int64_t least, greatest;
    if (!column->redundant)
        return false;
    if (column->redundant_max == UINT64_MAX)
        return true;
    const struct store_values values = gather_values(gather, column);
    values_range(&values, false, 0, values.item_count, &least, &greatest);
    return least != 0 && (uint64_t)greatest <= column->redundant_max;
}
