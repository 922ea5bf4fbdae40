/* SPDX-License-Identifier: MIT */
/* output_json.c - rows as objects of JSON: one on a line, in an array or alone */
#define _GNU_SOURCE
#include "output_rows.h"

#include <errno.h>
#include <stdlib.h>

enum { KEY_BYTES = 32 }; /* so many are copied of each key: faster than as many as it has, which few have more of */

struct layout {
    bool is_array, omit_nulls;
    struct text_buffer keys; /* each column's `,"name":`, made once, and KEY_BYTES of anything behind */
    size_t *key_ends; /* of each within the text */
    size_t count;
};

static int layout_init(struct layout *layout, const struct query_result *result)
{
    layout->key_ends = calloc(result->column_count + 1, sizeof *layout->key_ends);
    for (size_t i = 0; layout->key_ends != NULL && i < result->column_count; i++) {
        const char *name = result->columns[i].name;
        if (text_put_char(&layout->keys, ',') != 0 ||
            value_put_json_string(&layout->keys, (const uint8_t *)name, strlen(name)) != 0 ||
            text_put_char(&layout->keys, ':') != 0)
            return -1;
        layout->key_ends[layout->count++] = layout->keys.size_bytes;
    }
    if (layout->key_ends == NULL || text_reserve(&layout->keys, KEY_BYTES) != 0)
        return -1;
    memset(layout->keys.data + layout->keys.size_bytes, 0, KEY_BYTES);
    return 0;
}

static void layout_done(struct layout *layout)
{
    text_done(&layout->keys);
    free(layout->key_ends);
}

/* A column of a chunk. */
struct place {
    const struct query_vector *vector;
    const char *key;
    size_t key_bytes;
    bool is_short;
};

/* The columns that there may be something of in the objects; returns their number, and room for all keys and for values
 * that are short. */
static size_t find_places(const struct layout *layout, const struct query_chunk *chunk, struct place *places,
                          size_t *ret_room_bytes)
{
    size_t count = 0, start = 0;
    *ret_room_bytes = KEY_BYTES + 2;
    for (size_t i = 0; i < layout->count; start = layout->key_ends[i++]) {
        const struct query_vector *vector = &chunk->vectors[i];
        if (layout->omit_nulls && output_is_empty(vector, chunk->row_count))
            continue;
        places[count++] = (struct place){vector, layout->keys.data + start, layout->key_ends[i] - start,
                                         value_is_short(vector->type->kind)};
        *ret_room_bytes += layout->key_ends[i] - start + VALUE_ROOM;
    }
    return count;
}

/* There is room for KEY_BYTES at least, whatever it has. */
static char *put_key(char *to, const struct place *place)
{
    if (place->key_bytes <= KEY_BYTES)
        memcpy(to, place->key, KEY_BYTES);
    else
        memcpy(to, place->key, place->key_bytes);
    return to + place->key_bytes;
}

static int put_object(struct text_buffer *text, const struct place *places, size_t count, size_t room_bytes, size_t row,
                      bool omit_nulls)
{
    const size_t start = text->size_bytes;
    if (text_reserve(text, room_bytes) != 0)
        return -1;
    char *to = text->data + start;
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &places[i];
        const bool is_null = query_is_null(place->vector, row);
        if (is_null && omit_nulls)
            continue;
        to = put_key(to, place);
        if (place->is_short && !is_null) {
            to = value_put_short(to, place->vector, row, VALUE_JSON);
            continue;
        }
        text->size_bytes = (size_t)(to - text->data);
        if (value_put(text, place->vector, row, VALUE_JSON) != 0 || text_reserve(text, room_bytes) != 0)
            return -1;
        to = text->data + text->size_bytes;
    }
    if (to == text->data + start)
        to++;
    text->data[start] = '{'; /* where the first key has its comma */
    *to++ = '}';
    text->size_bytes = (size_t)(to - text->data);
    return 0;
}

static int put_rows(const void *context, struct output_part *part)
{
    const struct layout *layout = context;
    struct place *places = calloc(layout->count + 1, sizeof *places);
    size_t room_bytes;
    if (places == NULL)
        return -1;
    const size_t count = find_places(layout, part->chunk, places, &room_bytes);
    int result = 0;
    for (; result == 0 && output_part_goes_on(part); part->row++) {
        if (layout->is_array)
            result = text_put(&part->text, part->is_first && part->row == 0 ? "\n" : ",\n");
        if (result == 0)
            result = put_object(&part->text, places, count, room_bytes, part->row, layout->omit_nulls);
        if (result == 0 && !layout->is_array)
            result = text_put_char(&part->text, '\n');
    }
    free(places);
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
