/* SPDX-License-Identifier: MIT */
/*
 * output_csv.c - rows as CSV (RFC 4180, but that lines end in a newline alone)
 *
 * Most of a flow's columns are null in most rows. Columns that are null in the whole chunk cost a comma.
 */
#define _GNU_SOURCE
#include "output_rows.h"

#include <errno.h>
#include <stdlib.h>

/* Text between quotes where it needs them. */
static int put_field(struct text_buffer *text, const uint8_t *data, size_t size_bytes)
{
    static const bool is_special[256] = {['"'] = true, [','] = true, ['\n'] = true, ['\r'] = true};
    bool needs_quotes = size_bytes == 0;
    for (size_t i = 0; i < size_bytes; i++)
        needs_quotes |= is_special[data[i]];
    if (!needs_quotes)
        return text_put_octets(text, data, size_bytes);
    if (size_bytes > SIZE_MAX / 4 || text_reserve(text, size_bytes * 2 + 2) != 0)
        return -1;
    char *to = text->data + text->size_bytes;
    *to++ = '"';
    for (size_t i = 0; i < size_bytes; i++) {
        if (data[i] == '"')
            *to++ = '"';
        *to++ = (char)data[i];
    }
    *to++ = '"';
    text->size_bytes = (size_t)(to - text->data);
    return 0;
}

/* What is made of others: written aside, as it may hold anything. */
static int put_aside(struct text_buffer *text, const struct query_vector *vector, size_t row)
{
    struct text_buffer aside = {0};
    int result = value_put(&aside, vector, row, VALUE_CSV);
    if (result == 0)
        result = put_field(text, (const uint8_t *)aside.data, aside.size_bytes);
    text_done(&aside);
    return result;
}

static int put_value(struct text_buffer *text, const struct query_vector *vector, size_t row)
{
    if (query_is_null(vector, row))
        return 0;
    switch (vector->type->kind) {
    case QUERY_TEXT: {
        const struct query_octets octets = query_octets_at(vector, row);
        return put_field(text, octets.data, octets.size_bytes);
    }
    case QUERY_OCTETS:
        return value_put(text, vector, row, VALUE_CSV);
    case QUERY_OTHER:
        return 0;
    default:
        return put_aside(text, vector, row);
    }
}

/* A column that has values in the chunk, and how many columns before it have none. */
struct place {
    const struct query_vector *vector;
    size_t commas;
    bool is_short;
};

/* The columns with values, with the commas before each; returns their number. */
static size_t find_places(const struct query_chunk *chunk, size_t column_count, struct place *places,
                          size_t *ret_last_commas)
{
    size_t count = 0, commas = 0;
    for (size_t i = 0; i < column_count; i++) {
        if (i > 0)
            commas++;
        if (output_is_empty(&chunk->vectors[i], chunk->row_count))
            continue;
        places[count++] = (struct place){&chunk->vectors[i], commas, value_is_short(chunk->vectors[i].type->kind)};
        commas = 0;
    }
    *ret_last_commas = commas;
    return count;
}

static int put_row(struct text_buffer *text, const struct place *places, size_t count, size_t last_commas, size_t row,
                   size_t column_count)
{
    if (text_reserve(text, column_count * (VALUE_ROOM + 1) + 1) != 0)
        return -1;
    char *to = text->data + text->size_bytes;
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &places[i];
        for (size_t comma = 0; comma < place->commas; comma++)
            *to++ = ',';
        if (place->is_short) {
            if (!query_is_null(place->vector, row))
                to = value_put_short(to, place->vector, row, VALUE_CSV);
            continue;
        }
        text->size_bytes = (size_t)(to - text->data);
        if (put_value(text, place->vector, row) != 0 ||
            text_reserve(text, column_count * (VALUE_ROOM + 1) + 1) != 0)
            return -1;
        to = text->data + text->size_bytes;
    }
    for (size_t comma = 0; comma < last_commas; comma++)
        *to++ = ',';
    *to++ = '\n';
    text->size_bytes = (size_t)(to - text->data);
    return 0;
}

static int put_names(struct text_buffer *text, const struct query_result *result)
{
    for (size_t i = 0; i < result->column_count; i++) {
        const char *name = result->columns[i].name;
        if ((i > 0 && text_put_char(text, ',') != 0) || put_field(text, (const uint8_t *)name, strlen(name)) != 0)
            return -1;
    }
    return text_put_char(text, '\n');
}

static int put_rows(const void *context, struct output_part *part)
{
    const struct query_result *result = context;
    const size_t column_count = result->column_count;
    struct place *places = calloc(column_count + 1, sizeof *places);
    size_t last_commas;
    if (places == NULL)
        return -1;
    const size_t count = find_places(part->chunk, column_count, places, &last_commas);
    int put = 0;
    for (; put == 0 && output_part_goes_on(part); part->row++)
        put = put_row(&part->text, places, count, last_commas, part->row, column_count);
    free(places);
    return put;
}

enum query_output_end output_csv(struct output_file *file, struct query_result *result, uint64_t *row_count,
                                 struct query_error *error)
{
    if (put_names(&file->text, result) == 0)
        return output_rows(file, result, &(struct output_rows_format){put_rows, result}, row_count, error);
    errno = ENOMEM;
    return QUERY_OUTPUT_UNWRITTEN;
}
