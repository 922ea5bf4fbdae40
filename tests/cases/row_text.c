/* SPDX-License-Identifier: MIT */
/*
 * row_text.c - rows of batches as text
 */
#include "row_text.h"

#include <inttypes.h>
#include <stdlib.h>

static size_t value_room(const struct weir_field *field, const void *value)
{
    if (field->kind == WEIR_KIND_VARIABLE || field->kind == WEIR_KIND_JSON)
        return WEIR_VALUE_JSON_SIZE(((const struct weir_octets *)value)->size_bytes);
    return WEIR_VALUE_JSON_SIZE(field->width_bytes);
}

const char *row_put_fields(FILE *out, const struct weir_batch *batch, const struct weir_run *from, uint32_t row)
{
    const char *fault = NULL;
    const struct weir_layout *layout = batch->layout;
    fprintf(out, "%" PRIu64 " %u %s%s", from->datagram, from->template_id, layout->options ? "options" : "flow",
            from->late ? " late" : "");
    for (uint32_t i = 0; i < layout->field_count; i++) {
        const struct weir_field *field = &layout->fields[i];
        const uint8_t *column = batch->columns[i];
        const void *value = column == NULL ? NULL : column + (size_t)row * field->width_bytes;
        const size_t room = value_room(field, value);
        char *text = malloc(room);
        if (text == NULL)
            abort();
        const size_t length = weir_value_json(field, value, text);
        if (length > room || (column == NULL) != (field->kind == WEIR_KIND_NULL))
            fault = "a value that is not as promised";
        fprintf(out, " %s%s=%.*s", field->name, field->scope ? "(scope)" : "", (int)length, text);
        free(text);
    }
    return fault;
}

/* What a core column would be as a field. */
static struct weir_field core_field(const struct weir_layout *layout, const struct weir_core_column *column)
{
    if (column->how == WEIR_CORE_FIELD)
        return layout->fields[column->column];
    const uint8_t type = column->kind == WEIR_KIND_IPV6 ? WEIR_TYPE_IPV6_ADDRESS : WEIR_TYPE_UNSIGNED64;
    return (struct weir_field){.width_bytes = column->width_bytes, .kind = column->kind, .type = type};
}

const char *row_put_core(FILE *out, const struct weir_batch *batch, uint32_t row)
{
    const struct weir_layout *layout = batch->layout;
    if ((layout->core == NULL) != layout->options)
        return "core columns of options, or none of flows";
    for (int i = 0; i < WEIR_CORE_COUNT && layout->core != NULL; i++) {
        const struct weir_core_column *column = &layout->core[i];
        if (column->how == WEIR_CORE_ABSENT)
            continue;
        fprintf(out, " %s=", weir_core_name((enum weir_core)i));
        if (column->how == WEIR_CORE_CONSTANT) {
            fprintf(out, "%" PRIu32, column->value);
            continue;
        }
        if (column->column >= layout->field_count + layout->computed_count)
            return "a core column that there is not";
        const struct weir_field field = core_field(layout, column);
        const void *value = (const uint8_t *)batch->columns[column->column] + (size_t)row * column->width_bytes;
        char *text = malloc(value_room(&field, value));
        if (text == NULL)
            abort();
        fprintf(out, "%.*s", (int)weir_value_json(&field, value, text), text);
        free(text);
    }
    return NULL;
}
