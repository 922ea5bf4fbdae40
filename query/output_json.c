/* SPDX-License-Identifier: MIT */
/* output_json.c - rows as objects of JSON: one on a line, in an array or alone */
#define _GNU_SOURCE
#include "output_rows.h"

#include <errno.h>
#include <stdlib.h>

struct layout {
    bool is_array, omit_nulls;
    struct text_buffer keys; /* each column's `"name":`, made once */
    size_t *key_ends; /* of each within the text */
    size_t count;
};

static int layout_init(struct layout *layout, const struct query_result *result)
{
    layout->key_ends = calloc(result->column_count + 1, sizeof *layout->key_ends);
    for (size_t i = 0; layout->key_ends != NULL && i < result->column_count; i++) {
        const char *name = result->columns[i].name;
        if (value_put_json_string(&layout->keys, (const uint8_t *)name, strlen(name)) != 0 ||
            text_put_char(&layout->keys, ':') != 0)
            return -1;
        layout->key_ends[layout->count++] = layout->keys.size_bytes;
    }
    return layout->key_ends != NULL ? 0 : -1;
}

static void layout_done(struct layout *layout)
{
    text_done(&layout->keys);
    free(layout->key_ends);
}

static int put_object(struct text_buffer *text, const struct layout *layout, const struct query_chunk *chunk,
                      size_t row)
{
    char before = '{';
    size_t start = 0;
    for (size_t i = 0; i < layout->count; i++) {
        const struct query_vector *vector = &chunk->vectors[i];
        const char *key = layout->keys.data + start;
        const size_t key_bytes = layout->key_ends[i] - start;
        start = layout->key_ends[i];
        const bool is_null = query_is_null(vector, row);
        if (is_null && layout->omit_nulls)
            continue;
        if (text_reserve(text, 1 + key_bytes + VALUE_ROOM) != 0)
            return -1;
        char *to = text->data + text->size_bytes;
        *to++ = before;
        before = ',';
        memcpy(to, key, key_bytes);
        to += key_bytes;
        const bool is_short = !is_null && value_is_short(vector->type->kind);
        if (is_short)
            to = value_put_short(to, vector, row, VALUE_JSON);
        text->size_bytes = (size_t)(to - text->data);
        if (!is_short && value_put(text, vector, row, VALUE_JSON) != 0)
            return -1;
    }
    return text_put(text, before == '{' ? "{}" : "}");
}

static int put_rows(const void *context, struct output_part *part)
{
    const struct layout *layout = context;
    int result = 0;
    for (; result == 0 && output_part_goes_on(part); part->row++) {
        if (layout->is_array)
            result = text_put(&part->text, part->is_first && part->row == 0 ? "\n" : ",\n");
        if (result == 0)
            result = put_object(&part->text, layout, part->chunk, part->row);
        if (result == 0 && !layout->is_array)
            result = text_put_char(&part->text, '\n');
    }
    return result;
}

static int put_end(struct output_file *file, const struct layout *layout, uint64_t row_count)
{
    return layout->is_array ? text_put(&file->text, row_count > 0 ? "\n]\n" : "]\n") : 0;
}

enum query_output_end output_json(struct output_file *file, struct query_result *result, uint64_t *row_count,
                                  struct query_error *error)
{
    struct layout layout = {.omit_nulls = file->settings->omit_nulls, .is_array = file->settings->format == QUERY_JSON};
    enum query_output_end end = QUERY_OUTPUT_UNWRITTEN;
    if (layout_init(&layout, result) != 0 || (layout.is_array && text_put_char(&file->text, '[') != 0)) {
        errno = ENOMEM;
    } else {
        end = output_rows(file, result, &(struct output_rows_format){put_rows, &layout}, row_count, error);
        if (end == QUERY_OUTPUT_DONE && put_end(file, &layout, *row_count) != 0) {
            errno = ENOMEM;
            end = QUERY_OUTPUT_UNWRITTEN;
        }
    }
    layout_done(&layout);
    return end;
}
