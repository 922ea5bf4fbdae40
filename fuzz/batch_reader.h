/* SPDX-License-Identifier: MIT */
/*
 * batch_reader.h - reads all of a batch, and ends the program where it is not as weir.h promises
 *
 * Each value is made text in a block of just the size that weir.h tells, so that a sanitizer sees an octet too many.
 */
#ifndef FUZZ_BATCH_READER_H
#define FUZZ_BATCH_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "require.h"

static inline uint64_t sum_octets(uint64_t sum, const void *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        sum = sum * 31 + ((const uint8_t *)data)[i];
    return sum;
}

/* Not all rows of many: the first 64, then fewer and fewer. */
static inline uint32_t row_after(uint32_t row)
{
    return row + 1 + row / 64;
}

static inline size_t value_room(const struct weir_field *field, const void *value)
{
    if (field->kind != WEIR_KIND_VARIABLE && field->kind != WEIR_KIND_JSON)
        return WEIR_VALUE_JSON_SIZE(field->width_bytes);
    const struct weir_octets *octets = value;
    require(field->kind == WEIR_KIND_VARIABLE ? octets->size_bytes <= 65535
                                              : octets->size_bytes > 0 && octets->size_bytes <= WEIR_RECORD_LISTS_SIZE);
    return WEIR_VALUE_JSON_SIZE(octets->size_bytes);
}

static inline uint64_t sum_field(uint64_t sum, const struct weir_batch *batch, uint32_t column)
{
    const struct weir_field *field = &batch->layout->fields[column];
    const uint8_t *values = batch->columns[column];
    require((values == NULL) == (field->kind == WEIR_KIND_NULL) && strlen(field->name) > 0);
    require((uintptr_t)values % 64 == 0);
    for (uint32_t row = 0; row < batch->row_count; row = row_after(row)) {
        const void *value = values == NULL ? NULL : values + (size_t)row * field->width_bytes;
        const size_t room = value_room(field, value);
        char *text = malloc(room);
        require(text != NULL);
        const size_t length = weir_value_json(field, value, text);
        require(length > 0 && length <= room);
        sum = sum_octets(sum, text, length);
        free(text);
    }
    return sum;
}

static inline uint64_t sum_core(uint64_t sum, const struct weir_batch *batch, const struct weir_core_column *core)
{
    const struct weir_layout *layout = batch->layout;
    if (core->how == WEIR_CORE_ABSENT)
        return sum;
    if (core->how == WEIR_CORE_CONSTANT) {
        require(core->kind == WEIR_KIND_U32 && core->width_bytes == 4);
        return sum + core->value;
    }
    require(batch->columns[core->column] != NULL && core->width_bytes > 0);
    if (core->how == WEIR_CORE_FIELD) {
        const struct weir_field *field = &layout->fields[core->column];
        require(core->column < layout->field_count && core->kind == field->kind);
        require(core->width_bytes == field->width_bytes && core->from_id == field->id && core->from_pen == field->pen);
        return sum;
    }
    require(core->how == WEIR_CORE_COMPUTED && core->column >= layout->field_count);
    require(core->column < layout->field_count + layout->computed_count);
    const uint8_t *values = batch->columns[core->column];
    for (uint32_t row = 0; row < batch->row_count; row = row_after(row))
        sum = sum_octets(sum, values + (size_t)row * core->width_bytes, core->width_bytes);
    return sum;
}

/* Reads each cell; the sum tells later whether any has changed. */
static inline uint64_t batch_sum(const struct weir_batch *batch)
{
    const struct weir_layout *layout = batch->layout;
    uint64_t sum = batch->row_count;
    for (uint32_t i = 0; i < layout->field_count; i++)
        sum = sum_field(sum, batch, i);
    require(layout->core != NULL || layout->computed_count == 0);
    for (int i = 0; i < WEIR_CORE_COUNT && layout->core != NULL; i++)
        sum = sum_core(sum, batch, &layout->core[i]);
    return sum;
}

static inline void check_runs(const struct weir_batch *batch)
{
    uint32_t next_row = 0;
    for (uint32_t i = 0; i < batch->run_count; i++) {
        require(batch->runs[i].first_row == next_row && batch->runs[i].row_count > 0);
        next_row += batch->runs[i].row_count;
    }
    require(next_row == batch->row_count && next_row > 0);
}

#endif
