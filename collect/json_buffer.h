/* SPDX-License-Identifier: MIT */
/* json_buffer.h - text that grows, in memory that is kept for the next time */
#ifndef WEIR_JSON_BUFFER_H
#define WEIR_JSON_BUFFER_H

#include <stddef.h>

/* Set to zero before use; `used` may be set to 0 at any time to begin anew. */
struct json_buffer {
    char *bytes;
    size_t used;
    size_t room;
};

/* Makes room for `extra` more octets behind `used`. Returns -1 when memory is short; the text stays. */
int json_buffer_reserve(struct json_buffer *buffer, size_t extra);

/* Adds octets. Returns -1 when memory is short; the text stays. */
int json_buffer_add(struct json_buffer *buffer, const void *bytes, size_t length);

void json_buffer_done(struct json_buffer *buffer);

#endif
