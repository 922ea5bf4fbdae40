/* SPDX-License-Identifier: MIT */
/*
 * text_buffer.h - text that grows, for statements and for what is written of results
 *
 * Starts as {0}. `data` ends in NUL once something was put into it. What puts returns 0, or -1 when memory is short; the
 * text is then as it was, and `failed` stays true until text_done(): who puts many pieces together may ask once, at the end.
 */
#ifndef WEIR_QUERY_TEXT_BUFFER_H
#define WEIR_QUERY_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text_buffer {
    char *data;
    size_t size_bytes;
    size_t room_bytes;
    bool failed;
};

int text_grow(struct text_buffer *text, size_t more_bytes); /* behind text_reserve() */
int text_print(struct text_buffer *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_done(struct text_buffer *text);

/* Makes room for `more_bytes` behind the text, and a NUL. */
static inline int text_reserve(struct text_buffer *text, size_t more_bytes)
{
    return text->room_bytes - text->size_bytes > more_bytes ? 0 : text_grow(text, more_bytes);
}

static inline int text_put_octets(struct text_buffer *text, const void *data, size_t size_bytes)
{
    if (text_reserve(text, size_bytes) != 0)
        return -1;
    memcpy(text->data + text->size_bytes, data, size_bytes);
    text->size_bytes += size_bytes;
    text->data[text->size_bytes] = '\0';
    return 0;
}

static inline int text_put(struct text_buffer *text, const char *string)
{
    return text_put_octets(text, string, strlen(string));
}

static inline int text_put_char(struct text_buffer *text, char c)
{
    return text_put_octets(text, &c, 1);
}

#endif
