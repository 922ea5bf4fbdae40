/* SPDX-License-Identifier: MIT */
/* filter_text.c - text that grows */
#include "filter_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void filter_text_put(struct filter_text *text, const char *data, size_t length)
{
    if (text->failed)
        return;
    if (text->length + length + 1 > text->room) {
        const size_t room = (text->length + length + 1) * 2;
        char *grown = realloc(text->data, room);
        if (grown == NULL) {
            text->failed = true;
            return;
        }
        text->data = grown;
        text->room = room;
    }
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void filter_text_add(struct filter_text *text, const char *format, ...)
{
    char piece[512]; /* no format here makes more; octets and names go through filter_text_put() */
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (length > 0)
        filter_text_put(text, piece, (size_t)length < sizeof piece ? (size_t)length : sizeof piece - 1);
}

char *filter_text_take(struct filter_text *text)
{
    char *data = text->data;
    if (text->failed || data == NULL) {
        free(data);
        data = NULL;
    }
    *text = (struct filter_text){0};
    return data;
}
