/* SPDX-License-Identifier: MIT */
/*
 * thrift_reader.c - the compact protocol of Apache Thrift: reading
 */
#include "thrift_reader.h"

enum { VARINT_BYTES_MAX = 10, COUNT_LONG = 15 };

struct thrift_reader thrift_reader_init(const uint8_t *data, size_t size_bytes)
{
    return (struct thrift_reader){.at = data, .end = size_bytes == 0 ? data : data + size_bytes};
}

static size_t left(const struct thrift_reader *reader)
{
    return reader->end == reader->at ? 0 : (size_t)(reader->end - reader->at);
}

static uint8_t get_u8(struct thrift_reader *reader)
{
    if (reader->error || left(reader) == 0) {
        reader->error = true;
        return 0;
    }
    return *reader->at++;
}

static uint64_t get_varint(struct thrift_reader *reader)
{
    uint64_t value = 0;
    for (int i = 0; i < VARINT_BYTES_MAX; i++) {
        const uint8_t octet = get_u8(reader);
        value |= (uint64_t)(octet & 0x7f) << (7 * i);
        if (octet < 0x80)
            return reader->error ? 0 : value;
    }
    reader->error = true;
    return 0;
}

static int64_t get_zigzag(struct thrift_reader *reader)
{
    const uint64_t value = get_varint(reader);
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

bool thrift_next(struct thrift_reader *reader)
{
    const uint8_t head = get_u8(reader);
    if (reader->error)
        return false;
    reader->in_list = false;
    if (head == 0) {
        if (reader->depth > 0)
            reader->depth--;
        return false;
    }
    const int64_t id = head >> 4 != 0 ? reader->last_id[reader->depth] + (head >> 4) : get_zigzag(reader);
    if (id < INT16_MIN || id > INT16_MAX)
        reader->error = true;
    reader->type = head & 15;
    reader->id = reader->error ? 0 : (int16_t)id;
    reader->last_id[reader->depth] = reader->id;
    return !reader->error;
}

bool thrift_get_bool(struct thrift_reader *reader)
{
    const uint8_t value = reader->in_list ? get_u8(reader) : reader->type;
    if ((reader->type != THRIFT_TRUE && reader->type != THRIFT_FALSE) || value == 0 || value > THRIFT_FALSE)
        reader->error = true;
    return !reader->error && value == THRIFT_TRUE;
}

int64_t thrift_get_i64(struct thrift_reader *reader)
{
    switch (reader->type) {
    case THRIFT_I8: return (int8_t)get_u8(reader);
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64: return get_zigzag(reader);
    default: reader->error = true; return 0;
    }
}

int32_t thrift_get_i32(struct thrift_reader *reader)
{
    const int64_t value = thrift_get_i64(reader);
    if (reader->type == THRIFT_I64 || value < INT32_MIN || value > INT32_MAX)
        reader->error = true;
    return reader->error ? 0 : (int32_t)value;
}

const uint8_t *thrift_get_binary(struct thrift_reader *reader, size_t *ret_size_bytes)
{
    const uint64_t size_bytes = reader->type == THRIFT_BINARY ? get_varint(reader) : UINT64_MAX;
    if (reader->error || size_bytes > left(reader)) {
        reader->error = true;
        *ret_size_bytes = 0;
        return NULL;
    }
    const uint8_t *data = reader->at;
    reader->at = size_bytes == 0 ? data : data + size_bytes;
    *ret_size_bytes = (size_t)size_bytes;
    return data;
}

void thrift_enter(struct thrift_reader *reader)
{
    if (reader->type != THRIFT_STRUCT || reader->depth + 1 >= THRIFT_DEPTH_MAX)
        reader->error = true;
    else
        reader->last_id[++reader->depth] = 0;
}

/* The head of a list or set: each element takes an octet at the least. */
static size_t get_head(struct thrift_reader *reader, uint8_t *ret_type)
{
    const uint8_t head = get_u8(reader);
    const uint64_t count = head >> 4 == COUNT_LONG ? get_varint(reader) : head >> 4;
    *ret_type = head & 15;
    if (count > left(reader))
        reader->error = true;
    return reader->error ? 0 : (size_t)count;
}

void thrift_element(struct thrift_reader *reader, enum thrift_type type)
{
    reader->type = (uint8_t)type;
    reader->in_list = true;
}

/* Booleans are of either type in a list. */
static bool same_type(uint8_t a, uint8_t b)
{
    return a == b || (a <= THRIFT_FALSE && b <= THRIFT_FALSE && a != 0 && b != 0);
}

size_t thrift_get_list(struct thrift_reader *reader, enum thrift_type type)
{
    uint8_t found = 0;
    if (reader->type != THRIFT_LIST)
        reader->error = true;
    const size_t count = get_head(reader, &found);
    if (count > 0 && !same_type(found, (uint8_t)type))
        reader->error = true;
    thrift_element(reader, type);
    return reader->error ? 0 : count;
}

static void skip(struct thrift_reader *reader, int depth);

static void skip_elements(struct thrift_reader *reader, size_t count, uint8_t type, int depth)
{
    for (size_t i = 0; i < count && !reader->error; i++) {
        thrift_element(reader, type);
        skip(reader, depth);
    }
}

static void skip_map(struct thrift_reader *reader, int depth)
{
    const uint64_t count = get_varint(reader);
    if (count == 0)
        return;
    const uint8_t types = get_u8(reader);
    if (count > left(reader))
        reader->error = true;
    for (uint64_t i = 0; i < count && !reader->error; i++) {
        skip_elements(reader, 1, types >> 4, depth);
        skip_elements(reader, 1, types & 15, depth);
    }
}

static void skip(struct thrift_reader *reader, int depth)
{
    uint8_t type;
    size_t size_bytes;
    if (depth >= THRIFT_DEPTH_MAX)
        reader->error = true;
    if (reader->error)
        return;
    switch (reader->type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE: thrift_get_bool(reader); break;
    case THRIFT_I8:
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64: thrift_get_i64(reader); break;
    case THRIFT_DOUBLE:
        for (int i = 0; i < 8; i++)
            get_u8(reader);
        break;
    case THRIFT_BINARY: thrift_get_binary(reader, &size_bytes); break;
    case THRIFT_LIST:
    case THRIFT_SET:
        size_bytes = get_head(reader, &type);
        skip_elements(reader, size_bytes, type, depth + 1);
        break;
    case THRIFT_MAP: skip_map(reader, depth + 1); break;
    case THRIFT_STRUCT:
        thrift_enter(reader);
        while (!reader->error && thrift_next(reader))
            skip(reader, depth + 1);
        break;
    default: reader->error = true; break;
    }
}

void thrift_skip(struct thrift_reader *reader)
{
    skip(reader, 0);
}
