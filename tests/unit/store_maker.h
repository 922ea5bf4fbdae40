/* SPDX-License-Identifier: MIT */
/*
 * store_maker.h - files of the store for tests: columns of each type, row groups whose values are computed from a seed
 */
#ifndef STORE_MAKER_H
#define STORE_MAKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk_reader.h"
#include "file_writer.h"

/* How the values of a column of a row group are made, so that each encoding is met. */
enum made_pattern { MADE_NULL, MADE_FEW, MADE_RISING, MADE_WILD, MADE_CONSTANT, MADE_RUNS, MADE_PATTERN_COUNT };

/* A column that was made: as struct store_values, and plainly, one value for each row. */
struct made_column {
    struct octet_buffer data, lengths, repeats;
    struct column_data plain;
    struct store_values values;
};

static inline uint64_t made_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 24 ^ *state << 40;
}

static inline uint64_t made_number(enum made_pattern pattern, uint32_t item, uint64_t *state)
{
    switch (pattern) {
    case MADE_FEW: return made_random(state) % 11 * 7;
    case MADE_RISING: return 1000000 + (uint64_t)item * 3 + made_random(state) % 3;
    case MADE_CONSTANT: return 42;
    default: return made_random(state);
    }
}

/* One item: numbers as they fall, texts of a few octets. */
static inline void made_item(enum store_type type, enum made_pattern pattern, uint32_t item, uint64_t *state,
                             uint8_t *octets, uint32_t *ret_bytes)
{
    const uint64_t number = made_number(pattern, item, state);
    uint64_t words[2] = {number, number * 31};
    *ret_bytes = chunk_width(type);
    if (*ret_bytes == 0)
        *ret_bytes = (uint32_t)snprintf((char *)octets, 64, "%.*s%llu", (int)(number % 9), "abcdefghi",
                                        (unsigned long long)number % 1000);
    else
        memcpy(octets, words, *ret_bytes);
}

static inline void made_column_init(struct made_column *made, enum store_type type, enum made_pattern pattern,
                                    uint32_t rows, uint64_t seed)
{
    uint64_t state = seed * 977 + (uint64_t)type * 31 + (uint64_t)pattern;
    *made = (struct made_column){0};
    made->values = (struct store_values){.width_bytes = chunk_width(type), .row_count = rows};
    for (uint32_t row = 0; row < rows && pattern != MADE_NULL;) {
        uint8_t octets[64];
        uint32_t size_bytes, repeats = pattern == MADE_RUNS ? 1 + (uint32_t)(made_random(&state) % 40) : 1;
        repeats = repeats > rows - row ? rows - row : repeats;
        made_item(type, pattern, row, &state, octets, &size_bytes);
        octet_buffer_append(&made->data, octets, size_bytes);
        octet_buffer_append(&made->lengths, &size_bytes, sizeof size_bytes);
        octet_buffer_append(&made->repeats, &repeats, sizeof repeats);
        made->values.item_count++;
        for (uint32_t k = 0; k < repeats; k++) {
            octet_buffer_append(&made->plain.data, octets, size_bytes);
            octet_buffer_append(&made->plain.lengths, &size_bytes, sizeof size_bytes);
            made->plain.item_count++;
        }
        row += repeats;
    }
    made->values.data = made->data.data;
    if (made->values.width_bytes == 0)
        made->values.lengths = (const uint32_t *)(const void *)made->lengths.data;
    if (pattern == MADE_RUNS && made->values.width_bytes != 0)
        made->values.repeats = (const uint32_t *)(const void *)made->repeats.data;
    else if (pattern == MADE_RUNS)
        made->values = (struct store_values){.data = made->plain.data.data, .row_count = rows, .item_count = rows,
                                             .lengths = (const uint32_t *)(const void *)made->plain.lengths.data};
}

static inline void made_column_done(struct made_column *made)
{
    octet_buffer_done(&made->data);
    octet_buffer_done(&made->lengths);
    octet_buffer_done(&made->repeats);
    column_data_done(&made->plain);
}

/* Whether what was read is what was made. */
static inline bool made_column_equal(const struct made_column *made, enum store_type type,
                                     const struct column_data *read)
{
    const struct column_data *plain = &made->plain;
    return plain->item_count == read->item_count && plain->data.size_bytes == read->data.size_bytes &&
           (plain->data.size_bytes == 0 || memcmp(plain->data.data, read->data.data, plain->data.size_bytes) == 0) &&
           (chunk_width(type) != 0 || plain->item_count == 0 ||
            memcmp(plain->lengths.data, read->lengths.data, plain->item_count * sizeof(uint32_t)) == 0);
}

/* The columns of a made file: each type, once. */
static inline void made_columns(struct file_column columns[STORE_TYPE_COUNT])
{
    static const char *const names[STORE_TYPE_COUNT] = {"u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32",
                                                        "f64",
                                                        "time_ms", "time_us", "fixed_6", "fixed_16", "octets",
                                                        "string", "json"};
    for (int type = 0; type < STORE_TYPE_COUNT; type++)
        columns[type] = (struct file_column){.name = names[type], .field_id = 100 + type, .type = (uint8_t)type};
}

/* The pattern that a column has in a row group. */
static inline enum made_pattern made_pattern_of(int type, uint32_t group)
{
    return (enum made_pattern)(((uint32_t)type + group) % MADE_PATTERN_COUNT);
}

static bool made_thorough; /* files are written as merged ones are */

/* Writes a file of `group_count` row groups of that many rows. NULL, or what went wrong. */
static inline const char *made_file(const char *path, enum parquet_codec codec, uint32_t group_count, uint32_t rows)
{
    static struct store_error error;
    struct file_column columns[STORE_TYPE_COUNT];
    struct file_writer writer;
    uint64_t bytes;
    char row_text[24];
    made_columns(columns);
    columns[STORE_U32].bloom = columns[STORE_FIXED_16].bloom = made_thorough;
    if (file_writer_init(&writer, codec, 1) != 0)
        return "no memory";
    writer.chunks.thorough = made_thorough;
    int result = file_writer_begin(&writer, path, columns, STORE_TYPE_COUNT, &error);
    for (uint32_t g = 0; g < group_count && result == 0; g++) {
        struct made_column made[STORE_TYPE_COUNT];
        struct store_values values[STORE_TYPE_COUNT];
        const char *origins[STORE_TYPE_COUNT] = {"octetDeltaCount"};
        for (int type = 0; type < STORE_TYPE_COUNT; type++) {
            made_column_init(&made[type], (enum store_type)type, made_pattern_of(type, g), rows, g);
            values[type] = made[type].values;
        }
        result = file_writer_row_group(&writer, values, origins, -1, &error);
        for (int type = 0; type < STORE_TYPE_COUNT; type++)
            made_column_done(&made[type]);
    }
    snprintf(row_text, sizeof row_text, "%llu", (unsigned long long)group_count * rows);
    const struct file_note notes[] = {{"weir.version", "0"}, {"weir.format", "1"}, {"weir.kind", "flows"},
                                      {"weir.rows", row_text}};
    if (result == 0)
        result = file_writer_finish(&writer, notes, 4, false, &bytes, &error);
    file_writer_done(&writer);
    return result == 0 ? NULL : error.text;
}

/* The octets of a file. */
static inline uint8_t *made_octets(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    *ret_bytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*ret_bytes + 1);
    if (data == NULL || fread(data, 1, *ret_bytes, file) != *ret_bytes)
        return NULL;
    fclose(file);
    return data;
}

#endif
