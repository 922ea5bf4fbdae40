/* SPDX-License-Identifier: MIT */
/*
 * thrift_reader.h - a cursor over the compact protocol of Apache Thrift; its form is drawn in thrift_writer.h
 *
 * Made for octets from anywhere: reads past the end, of another type than what stands there, or of what is nested too
 * deep give zero and set `error`, which stays set. A parser walks the fields that it knows, skips the others, and
 * checks once:
 *
 *     while (thrift_next(&reader))
 *         switch (reader.id) {
 *         case 1: version = thrift_get_i32(&reader); break;
 *         default: thrift_skip(&reader); break;
 *         }
 *
 * Each field that thrift_next() comes to has to be read, entered or skipped before the next.
 */
#ifndef WEIR_STORE_THRIFT_READER_H
#define WEIR_STORE_THRIFT_READER_H

#include "thrift_writer.h"

struct thrift_reader {
    const uint8_t *at, *end;
    bool error;
    uint8_t type; /* enum thrift_type of the value that stands next */
    int16_t id;   /* of its field */
    bool in_list; /* it is an element: booleans are octets of their own there */
    int depth;
    int16_t last_id[THRIFT_DEPTH_MAX]; /* of each struct that is open */
};

/* Begins within the outermost struct. The octets live as long as what is taken from them. */
struct thrift_reader thrift_reader_init(const uint8_t *data, size_t size_bytes);

/* Moves to the next field of the innermost struct; false at its end, which closes it, and on an error. */
bool thrift_next(struct thrift_reader *reader);

/* The value that stands next. */
bool thrift_get_bool(struct thrift_reader *reader);
int32_t thrift_get_i32(struct thrift_reader *reader); /* of 8, 16 or 32 bits */
int64_t thrift_get_i64(struct thrift_reader *reader); /* of any width */
/* never NULL without an error */
const uint8_t *thrift_get_binary(struct thrift_reader *reader, size_t *ret_size_bytes);

/* Enters a struct: thrift_next() gives its fields. */
void thrift_enter(struct thrift_reader *reader);

/* Enters a list of that type. Each of its elements is then read as a value would be. Returns their number, which is no
 * more than what the octets that are left can hold; 0 on an error. */
size_t thrift_get_list(struct thrift_reader *reader, enum thrift_type type);

/* To be called before each element of a list is read: an element's own fields change what stands next. */
void thrift_element(struct thrift_reader *reader, enum thrift_type type);

/* Passes over the value that stands next. */
void thrift_skip(struct thrift_reader *reader);

#endif
