/* SPDX-License-Identifier: MIT */
/*
 * thrift_writer.h - the compact protocol of Apache Thrift, as far as a Parquet footer needs it
 *
 *     struct   field, field, ..., 0
 *     field    | step of the ID (4 bits) | type (4 bits) |  or, where the step is above 15:  | 0 | type |, ID as zigzag
 *              varint; then the value; of a boolean the type is the value
 *     numbers  zigzag varint
 *     binary   length as varint, octets
 *     list     | count (4 bits) | type of its elements |  or, from 15 up:  | 15 | type |, count as varint; then the
 *              elements
 */
#ifndef WEIR_STORE_THRIFT_WRITER_H
#define WEIR_STORE_THRIFT_WRITER_H

#include "octet_buffer.h"

enum { THRIFT_DEPTH_MAX = 16 };

enum thrift_type {
    THRIFT_TRUE = 1,
    THRIFT_FALSE = 2,
    THRIFT_I8 = 3,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_DOUBLE = 7,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_SET = 10,
    THRIFT_MAP = 11,
    THRIFT_STRUCT = 12
};

/* Writes to a buffer, which keeps whether memory was short. */
struct thrift_writer {
    struct octet_buffer *to;
    int16_t last_id[THRIFT_DEPTH_MAX]; /* of each struct that is open */
    int depth;
};

/* Begins with the outermost struct open; ends with thrift_end(). */
struct thrift_writer thrift_writer_init(struct octet_buffer *to);

/* Fields. IDs ascend within a struct. */
void thrift_bool(struct thrift_writer *writer, int16_t id, bool value);
void thrift_i8(struct thrift_writer *writer, int16_t id, int8_t value);
void thrift_i16(struct thrift_writer *writer, int16_t id, int16_t value);
void thrift_i32(struct thrift_writer *writer, int16_t id, int32_t value);
void thrift_i64(struct thrift_writer *writer, int16_t id, int64_t value);
void thrift_binary(struct thrift_writer *writer, int16_t id, const void *data, size_t size_bytes);
void thrift_text(struct thrift_writer *writer, int16_t id, const char *text);

/* A field that is a struct: its fields follow, then thrift_end(). */
void thrift_struct(struct thrift_writer *writer, int16_t id);
void thrift_end(struct thrift_writer *writer);

/* A field that is a list of `count` elements, which follow. */
void thrift_list(struct thrift_writer *writer, int16_t id, enum thrift_type type, size_t count);
void thrift_element_struct(struct thrift_writer *writer); /* its fields follow, then thrift_end() */
void thrift_element_i32(struct thrift_writer *writer, int32_t value);
void thrift_element_i64(struct thrift_writer *writer, int64_t value);
void thrift_element_bool(struct thrift_writer *writer, bool value);
void thrift_element_binary(struct thrift_writer *writer, const void *data, size_t size_bytes);

#endif
