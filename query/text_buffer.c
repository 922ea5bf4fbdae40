/* SPDX-License-Identifier: MIT */
/* text_buffer.c - text that grows */
#define _GNU_SOURCE
#include "text_buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BYTES = 256 };

int text_grow(struct text_buffer *text, size_t more_bytes)
{
    size_t room = text->room_bytes * 2 < FIRST_BYTES ? FIRST_BYTES : text->room_bytes * 2;
    const bool fits = more_bytes <= SIZE_MAX / 4 && text->size_bytes <= SIZE_MAX / 4;
    if (fits && room < text->size_bytes + more_bytes + 1)
        room = text->size_bytes + more_bytes + 1;
    char *data = fits ? realloc(text->data, room) : NULL;
    if (data == NULL) {
        text->failed = true;
        return -1;
    }
    text->data = data;
    text->room_bytes = room;
    return 0;
}

int text_print(struct text_buffer *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const size_t room = text->room_bytes - text->size_bytes;
    const int length = vsnprintf(room > 0 ? text->data + text->size_bytes : NULL, room, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < room) {
        text->size_bytes += (size_t)length;
        va_end(again);
        return 0;
    }
    if (room > 0)
        text->data[text->size_bytes] = '\0';
    const int result = text_reserve(text, length >= 0 ? (size_t)length : SIZE_MAX);
    if (result == 0) {
        vsnprintf(text->data + text->size_bytes, (size_t)length + 1, format, again);
        text->size_bytes += (size_t)length;
    }
    va_end(again);
    return result;
}

void text_done(struct text_buffer *text)
{
    free(text->data);
    *text = (struct text_buffer){0};
}
