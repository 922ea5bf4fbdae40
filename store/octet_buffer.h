/* SPDX-License-Identifier: MIT */
/*
 * octet_buffer.h - octets that grow
 *
 * Growing may fail when memory is short. That is kept as `failed` until the buffer is cleared, so that a writer checks
 * once, at its end; what is appended after a failure is dropped.
 */
#ifndef WEIR_STORE_OCTET_BUFFER_H
#define WEIR_STORE_OCTET_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct octet_buffer {
    uint8_t *data;
    size_t size_bytes;
    size_t capacity_bytes;
    bool failed;
};

/* A buffer of zeros is empty. Frees what it holds, and makes it empty. */
void octet_buffer_done(struct octet_buffer *buffer);

/* Empty again, with its memory kept. */
static inline void octet_buffer_clear(struct octet_buffer *buffer)
{
    buffer->size_bytes = 0;
    buffer->failed = false;
}

/* octet_buffer_room() where there is too little. */
uint8_t *octet_buffer_grow(struct octet_buffer *buffer, size_t more_bytes);

/* Room for `more_bytes` behind the end, to be written there; then add to size_bytes what was. NULL without memory. */
static inline uint8_t *octet_buffer_room(struct octet_buffer *buffer, size_t more_bytes)
{
    if (buffer->failed || buffer->data == NULL || more_bytes > buffer->capacity_bytes - buffer->size_bytes)
        return octet_buffer_grow(buffer, more_bytes);
    return buffer->data + buffer->size_bytes;
}

static inline void octet_buffer_append(struct octet_buffer *buffer, const void *data, size_t size_bytes)
{
    uint8_t *to = octet_buffer_room(buffer, size_bytes);
    if (to == NULL || size_bytes == 0)
        return;
    memcpy(to, data, size_bytes);
    buffer->size_bytes += size_bytes;
}

static inline void octet_buffer_append_u8(struct octet_buffer *buffer, uint8_t value)
{
    octet_buffer_append(buffer, &value, 1);
}

/* The number in seven-bit groups, the lowest first (unsigned LEB128). */
void octet_buffer_append_varint(struct octet_buffer *buffer, uint64_t value);

/* The same of a signed number, small ones short whatever their sign. */
static inline uint64_t octet_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

#endif
