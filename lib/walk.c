/* SPDX-License-Identifier: MIT */
/*
 * walk.c - finds where the fields of records of different lengths lie
 */
#include "walk.h"

#include "limits.h"
#include "specifier.h"

#include <stdlib.h>

enum { PLACES = 1 << 16, RECORDS_AT_ONCE = 256, LENGTH_FOLLOWS = 255 };

_Static_assert(3 * LIMIT_TEMPLATE_FIELDS + 1 <= PLACES, "one record of the widest template has its places");

int walk_init(struct walked *walked)
{
    *walked = (struct walked){.places = malloc(PLACES * sizeof *walked->places), .places_max = PLACES};
    return walked->places == NULL ? -1 : 0;
}

void walk_done(struct walked *walked)
{
    free(walked->places);
    *walked = (struct walked){0};
}

/* Where the value at `at` begins, and its length: `length`, or what is in front of it. False when it runs over the
 * end. */
static bool read_value(const uint8_t *data, size_t size_bytes, size_t at, uint32_t length, uint32_t *ret_start,
                       uint32_t *ret_length)
{
    if (at >= size_bytes)
        return false;
    if (length == SPECIFIER_VARIABLE_LENGTH) {
        length = data[at++];
        if (length == LENGTH_FOLLOWS) {
            if (size_bytes - at < 2)
                return false;
            length = (uint32_t)data[at] << 8 | data[at + 1];
            at += 2;
        }
    }
    if (size_bytes - at < length)
        return false;
    *ret_start = (uint32_t)at;
    *ret_length = length;
    return true;
}

/* Fills in the places of record number walked->record_count, which begins at `at`. Returns where it ends, or 0 when
 * it runs over the end. */
static size_t walk_record(struct walked *walked, const struct layout *layout, const uint8_t *data, size_t size_bytes,
                          size_t at, uint32_t *ret_content_bytes)
{
    uint32_t *place = walked->places + walked->record_count;
    const size_t values = (size_t)(walked->variable_count + 1) * walked->capacity;
    const size_t lengths = values + (size_t)walked->variable_count * walked->capacity;
    uint32_t content_bytes = 0;
    for (uint32_t segment = 0; segment < walked->variable_count; segment++, place += walked->capacity) {
        uint32_t start, length;
        *place = (uint32_t)at;
        const struct variable *variable = &layout->variable[segment];
        if (!read_value(data, size_bytes, at + variable->segment_bytes, variable->length, &start, &length))
            return 0;
        place[values] = start;
        place[lengths] = length;
        content_bytes += length;
        at = (size_t)start + length;
    }
    *place = (uint32_t)at;
    at += layout->last_segment_bytes;
    *ret_content_bytes = content_bytes;
    return at <= size_bytes ? at : 0;
}

enum walk_end walk_records(struct walked *walked, const struct layout *layout, const uint8_t *data, size_t size_bytes,
                           uint32_t record_max, uint32_t content_max)
{
    walked->variable_count = layout->view.variable_count;
    walked->capacity = walked->places_max / (3 * walked->variable_count + 1);
    if (walked->capacity > RECORDS_AT_ONCE)
        walked->capacity = RECORDS_AT_ONCE;
    walked->record_count = walked->size_bytes = walked->content_bytes = 0;
    while (walked->record_count < walked->capacity && walked->record_count < record_max) {
        uint32_t content_bytes;
        if (size_bytes - walked->size_bytes < layout->view.record_bytes)
            return WALK_DONE;
        const size_t end = walk_record(walked, layout, data, size_bytes, walked->size_bytes, &content_bytes);
        if (end == 0)
            return WALK_OVERRUN;
        if (content_bytes > content_max - walked->content_bytes)
            return WALK_MORE;
        walked->content_bytes += content_bytes;
        walked->size_bytes = (uint32_t)end;
        walked->record_count++;
    }
    return WALK_MORE;
}
