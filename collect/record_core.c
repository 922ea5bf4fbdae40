/* SPDX-License-Identifier: MIT */
/*
 * record_core.c - writes the core columns of a record
 */
#include "record_core.h"

#include "record_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_BYTES = 48, CONSTANT_BYTES = 16, VARIABLE_BYTES_MAX = 65535 /* of one record */ };

size_t record_core_size(const struct weir_layout *layout)
{
    if (layout->core == NULL)
        return 0;
    size_t size = LABEL_BYTES + record_names_size() + WEIR_VALUE_JSON_SIZE(VARIABLE_BYTES_MAX);
    for (int i = 0; i < WEIR_CORE_COUNT; i++)
        size += LABEL_BYTES + CONSTANT_BYTES + WEIR_VALUE_JSON_SIZE(layout->core[i].width_bytes);
    return size;
}

/* What a computed column would be as a field. */
static struct weir_field field_like(const struct weir_core_column *column)
{
    const uint8_t type = column->kind == WEIR_KIND_IPV6  ? WEIR_TYPE_IPV6_ADDRESS
                         : column->kind == WEIR_KIND_I64 ? WEIR_TYPE_SIGNED64
                                                         : WEIR_TYPE_UNSIGNED64;
    return (struct weir_field){.width_bytes = column->width_bytes, .kind = column->kind, .type = type};
}

static char *put_value(char *to, const struct weir_batch *batch, const struct weir_core_column *column, uint32_t row)
{
    if (column->how == WEIR_CORE_CONSTANT)
        return to + sprintf(to, "%" PRIu32, column->value);
    const void *value = (const uint8_t *)batch->columns[column->column] + (size_t)row * column->width_bytes;
    const struct weir_field like = field_like(column);
    const struct weir_field *field = column->how == WEIR_CORE_FIELD ? &batch->layout->fields[column->column] : &like;
    return to + weir_value_json(field, value, to);
}

char *record_core_put(char *to, const struct weir_decoder *decoder, const struct weir_batch *batch,
                      const struct weir_run *run, uint32_t row)
{
    const struct weir_core_column *core = batch->layout->core;
    const char *separator = ",\"core\":{";
    if (core == NULL)
        return to;
    for (int i = 0; i < WEIR_CORE_COUNT; i++) {
        if (core[i].how == WEIR_CORE_ABSENT)
            continue;
        to += sprintf(to, "%s\"%s\":", separator, weir_core_name((enum weir_core)i));
        to = put_value(to, batch, &core[i], row);
        separator = ",";
    }
    if (decoder != NULL)
        to = record_names_put(to, decoder, batch, run, row);
    *to++ = '}'; /* there is always a time */
    return to;
}
