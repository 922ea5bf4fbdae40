/* SPDX-License-Identifier: MIT */
/* json_buffer.c - see json_buffer.h */
#include "json_buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN ((size_t)64 * 1024)

int json_buffer_reserve(struct json_buffer *buffer, size_t extra)
{
    if (extra <= buffer->room - buffer->used) {
        return 0;
    }
    if (extra > SIZE_MAX / 2 - buffer->used) {
        return -1;
    }

    size_t room = buffer->room < ROOM_MIN ? ROOM_MIN : buffer->room;
    while (room - buffer->used < extra) {
        room *= 2;
    }
    char *bytes = realloc(buffer->bytes, room);
    if (bytes == NULL) {
        return -1;
    }
    buffer->bytes = bytes;
    buffer->room = room;
    return 0;
}

int json_buffer_add(struct json_buffer *buffer, const void *bytes, size_t length)
{
    if (length == 0) {
        return 0;
    }
    if (json_buffer_reserve(buffer, length) < 0) {
        return -1;
    }
    memcpy(buffer->bytes + buffer->used, bytes, length);
    buffer->used += length;
    return 0;
}

void json_buffer_done(struct json_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct json_buffer){0};
}
