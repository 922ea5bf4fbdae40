/* SPDX-License-Identifier: MIT */
/* output_json.c - rows as objects of JSON: one on a line, in an array or alone */
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <stdlib.h>

/* Each column's `"name":`, made once. */
struct keys {
    struct text_buffer text;
    size_t *ends; /* of each within the text */
    size_t count;
};

static int keys_init(struct keys *keys, const struct query_result *result)
{
    *keys = (struct keys){.ends = calloc(result->column_count + 1, sizeof *keys->ends)};
    for (size_t i = 0; keys->ends != NULL && i < result->column_count; i++) {
        const char *name = result->columns[i].name;
        if (value_put_json_string(&keys->text, (const uint8_t *)name, strlen(name)) != 0 ||
            text_put_char(&keys->text, ':') != 0)
            return -1;
        keys->ends[keys->count++] = keys->text.size_bytes;
    }
    return keys->ends != NULL ? 0 : -1;
}

static void keys_done(struct keys *keys)
{
    text_done(&keys->text);
    free(keys->ends);
}

static int put_object(struct text_buffer *text, const struct keys *keys, const struct query_chunk *chunk, size_t row,
                      bool omit_nulls)
{
    char before = '{';
    size_t start = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const struct query_vector *vector = &chunk->vectors[i];
        const char *key = keys->text.data + start;
        const size_t key_bytes = keys->ends[i] - start;
        start = keys->ends[i];
        const bool is_null = query_is_null(vector, row);
        if (is_null && omit_nulls)
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

static enum query_output_end write_chunk(struct output_file *file, const struct keys *keys,
                                         const struct query_chunk *chunk, bool is_first)
{
    const bool is_array = file->settings->format == QUERY_JSON;
    for (size_t row = 0; row < chunk->row_count; row++) {
        int result = is_array ? text_put(&file->text, is_first && row == 0 ? "\n" : ",\n") : 0;
        if (result == 0)
            result = put_object(&file->text, keys, chunk, row, file->settings->omit_nulls);
        if (result == 0 && !is_array)
            result = text_put_char(&file->text, '\n');
        if (result != 0) {
            errno = ENOMEM;
            return QUERY_OUTPUT_UNWRITTEN;
        }
        if (output_flush(file, false) != 0)
            return QUERY_OUTPUT_UNWRITTEN;
    }
    return QUERY_OUTPUT_DONE;
}

enum query_output_end output_json(struct output_file *file, struct query_result *result, uint64_t *row_count,
                                  struct query_error *error)
{
    const bool is_array = file->settings->format == QUERY_JSON;
    struct query_chunk chunk;
    struct keys keys;
    enum query_output_end end = QUERY_OUTPUT_DONE;
    int got = 0;
    if (keys_init(&keys, result) != 0 || (is_array && text_put_char(&file->text, '[') != 0)) {
        errno = ENOMEM;
        end = QUERY_OUTPUT_UNWRITTEN;
    }
    while (end == QUERY_OUTPUT_DONE && (got = query_next(result, &chunk, error)) == 1) {
        end = write_chunk(file, &keys, &chunk, *row_count == 0);
        *row_count += chunk.row_count;
    }
    keys_done(&keys);
    if (got < 0)
        return QUERY_OUTPUT_FAILED;
    if (end == QUERY_OUTPUT_DONE && is_array && text_put(&file->text, *row_count > 0 ? "\n]\n" : "]\n") != 0) {
        errno = ENOMEM;
        end = QUERY_OUTPUT_UNWRITTEN;
    }
    return end;
}
