/* SPDX-License-Identifier: MIT */
/*
 * walk.h - finds where the fields of records of different lengths lie (RFC 7011 section 7)
 *
 * A field of variable length has its length in front: one octet below 255, or 255 and two octets.
 *
 *     +--------+----------------+      +-----+---------+----------------+
 *     | length | value          |      | 255 | length  | value          |
 *     +--------+----------------+      +-----+---------+----------------+
 */
#ifndef WEIR_WALK_H
#define WEIR_WALK_H

#include "layout.h"

/* Where the pieces of up to `capacity` records lie, as offsets from the first. */
struct walked {
    uint32_t *places; /* starts of the segments, then starts and lengths of the values: `capacity` each */
    uint32_t places_max;
    uint32_t capacity;
    uint32_t variable_count;
    uint32_t record_count;
    uint32_t size_bytes;    /* of the records together */
    uint32_t content_bytes; /* of the values */
};

enum walk_end {
    WALK_MORE,   /* record_max or content_max is reached */
    WALK_DONE,   /* what is left is shorter than a record: padding, or nothing */
    WALK_OVERRUN /* the next record runs over the end */
};

/* 0, or -1 when memory is short. */
int walk_init(struct walked *walked);
void walk_done(struct walked *walked);

/*
 * Walks over records of the layout, at most `record_max` and with at most `content_max` octets in their values;
 * always less than all that a datagram can hold. What was found before the end stands in `walked`.
 */
enum walk_end walk_records(struct walked *walked, const struct layout *layout, const uint8_t *data, size_t size_bytes,
                           uint32_t record_max, uint32_t content_max);

static inline const uint32_t *walk_starts(const struct walked *walked, uint32_t segment)
{
    return walked->places + (size_t)segment * walked->capacity;
}

/* Where the values of a field lie; of a list that was written as text: in the text. */
static inline uint32_t *walk_values(const struct walked *walked, uint32_t variable)
{
    return walked->places + (size_t)(walked->variable_count + 1 + variable) * walked->capacity;
}

static inline uint32_t *walk_lengths(const struct walked *walked, uint32_t variable)
{
    return walked->places + (size_t)(2 * walked->variable_count + 1 + variable) * walked->capacity;
}

#endif
