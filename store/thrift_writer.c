/* SPDX-License-Identifier: MIT */
/*
 * thrift_writer.c - the compact protocol of Apache Thrift: writing
 */
#include "thrift_writer.h"

#include <assert.h>

enum { STEP_MAX = 15, COUNT_SHORT = 15 };

struct thrift_writer thrift_writer_init(struct octet_buffer *to)
{
    return (struct thrift_writer){.to = to};
}

static void field(struct thrift_writer *writer, int16_t id, enum thrift_type type)
{
    int16_t *last = &writer->last_id[writer->depth];
    assert(id > *last);
    const int step = id - *last;
    if (step <= STEP_MAX) {
        octet_buffer_append_u8(writer->to, (uint8_t)(step << 4 | (int)type));
    } else {
        octet_buffer_append_u8(writer->to, (uint8_t)type);
        octet_buffer_append_varint(writer->to, octet_zigzag(id));
    }
    *last = id;
}

void thrift_bool(struct thrift_writer *writer, int16_t id, bool value)
{
    field(writer, id, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_i8(struct thrift_writer *writer, int16_t id, int8_t value)
{
    field(writer, id, THRIFT_I8);
    octet_buffer_append_u8(writer->to, (uint8_t)value);
}

void thrift_i16(struct thrift_writer *writer, int16_t id, int16_t value)
{
    field(writer, id, THRIFT_I16);
    octet_buffer_append_varint(writer->to, octet_zigzag(value));
}

void thrift_i32(struct thrift_writer *writer, int16_t id, int32_t value)
{
    field(writer, id, THRIFT_I32);
    octet_buffer_append_varint(writer->to, octet_zigzag(value));
}

void thrift_i64(struct thrift_writer *writer, int16_t id, int64_t value)
{
    field(writer, id, THRIFT_I64);
    octet_buffer_append_varint(writer->to, octet_zigzag(value));
}

void thrift_binary(struct thrift_writer *writer, int16_t id, const void *data, size_t size_bytes)
{
    field(writer, id, THRIFT_BINARY);
    thrift_element_binary(writer, data, size_bytes);
}

void thrift_text(struct thrift_writer *writer, int16_t id, const char *text)
{
    thrift_binary(writer, id, text, strlen(text));
}

void thrift_struct(struct thrift_writer *writer, int16_t id)
{
    field(writer, id, THRIFT_STRUCT);
    thrift_element_struct(writer);
}

void thrift_end(struct thrift_writer *writer)
{
    octet_buffer_append_u8(writer->to, 0);
    if (writer->depth > 0)
        writer->depth--;
}

void thrift_list(struct thrift_writer *writer, int16_t id, enum thrift_type type, size_t count)
{
    field(writer, id, THRIFT_LIST);
    if (count < COUNT_SHORT) {
        octet_buffer_append_u8(writer->to, (uint8_t)(count << 4 | (size_t)type));
    } else {
        octet_buffer_append_u8(writer->to, (uint8_t)(COUNT_SHORT << 4 | (int)type));
        octet_buffer_append_varint(writer->to, count);
    }
}

void thrift_element_struct(struct thrift_writer *writer)
{
    assert(writer->depth + 1 < THRIFT_DEPTH_MAX);
    writer->last_id[++writer->depth] = 0;
}

void thrift_element_i32(struct thrift_writer *writer, int32_t value)
{
    octet_buffer_append_varint(writer->to, octet_zigzag(value));
}

void thrift_element_i64(struct thrift_writer *writer, int64_t value)
{
    octet_buffer_append_varint(writer->to, octet_zigzag(value));
}

void thrift_element_bool(struct thrift_writer *writer, bool value)
{
    octet_buffer_append_u8(writer->to, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_element_binary(struct thrift_writer *writer, const void *data, size_t size_bytes)
{
    octet_buffer_append_varint(writer->to, size_bytes);
    octet_buffer_append(writer->to, data, size_bytes);
}
