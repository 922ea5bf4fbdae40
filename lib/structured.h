/* SPDX-License-Identifier: MIT */
/*
 * structured.h - lists within records (RFC 6313) as JSON text
 *
 * The forms of the text are told in weir.h, at WEIR_KIND_JSON. A list within a list that cannot be read is written as
 * its octets, and what is around it stays.
 */
#ifndef WEIR_STRUCTURED_H
#define WEIR_STRUCTURED_H

#include "session.h"
#include "taught.h"

#include <weir/weir.h>

/* What a list may refer to. */
struct structured_context {
    const struct session *session; /* what templates mean; may be NULL */
    const struct taught *taught;
};

/* How many lists were written as their octets, and why. */
struct structured_faults {
    uint32_t malformed;
    uint32_t template_unknown;
    uint32_t too_long;
};

/* Room behind `text_max` that structured_write() may write to. */
#define STRUCTURED_SLACK_BYTES WEIR_VALUE_JSON_SIZE(65535)

/* The text of a list's octets when it cannot be shown otherwise. */
static inline size_t structured_octets_text_bytes(size_t size_bytes)
{
    return 2 * size_bytes + 4;
}

/*
 * Writes a list of one of the three types into `text` and returns its length: text_max at the most, which is at least
 * structured_octets_text_bytes(size_bytes). Faults are added to `faults`.
 */
size_t structured_write(const struct structured_context *context, enum weir_type type, const uint8_t *data,
                        size_t size_bytes, size_t text_max, char *text, struct structured_faults *faults);

#endif
