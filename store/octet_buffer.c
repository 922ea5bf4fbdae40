/* SPDX-License-Identifier: MIT */
/*
 * octet_buffer.c - octets that grow
 */
#include "octet_buffer.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 64, VARINT_BYTES_MAX = 10 };

void octet_buffer_done(struct octet_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct octet_buffer){0};
}

uint8_t *octet_buffer_grow(struct octet_buffer *buffer, size_t more_bytes)
{
    if (buffer->failed)
        return NULL;
    size_t capacity = buffer->capacity_bytes < CAPACITY_FIRST ? CAPACITY_FIRST : buffer->capacity_bytes;
    while (capacity - buffer->size_bytes < more_bytes && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    uint8_t *data = capacity - buffer->size_bytes < more_bytes ? NULL : realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return NULL;
    }
    buffer->data = data;
    buffer->capacity_bytes = capacity;
    return data + buffer->size_bytes;
}

void octet_buffer_append_varint(struct octet_buffer *buffer, uint64_t value)
{
    uint8_t *to = octet_buffer_room(buffer, VARINT_BYTES_MAX);
    if (to == NULL)
        return;
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    buffer->size_bytes = (size_t)(to - buffer->data);
}
