/* SPDX-License-Identifier: MIT */
/*
 * open_segments.c - the segments that rows of batches go into, until they are sealed
 */
#include "open_segments.h"

#include <stdlib.h>
#include <string.h>

enum { FORMS_PER_SLOT = 3 }; /* IPv4, IPv6, others */

#define HOUR_US 3600000000

/* How the rows of one layout are gathered, for exporters of one family of addresses. */
struct form {
    uint64_t serial; /* of the layout; 0: none yet */
    struct gather *like;
    struct gather *to; /* in the segment with this serial */
    uint64_t segment_serial;
};

/* Hands the open segment on. Where there is no room and the caller does not wait, false: it stays open. */
static bool seal(struct open_segments *open, int kind)
{
    struct segment *segment = open->of[kind];
    if (segment == NULL || segment->row_count == 0)
        return true;
    if (!write_queue_put(open->queue, segment))
        return false;
    open->of[kind] = NULL;
    return true;
}

static int64_t hour_of(int64_t time_us)
{
    return time_us / HOUR_US - (time_us % HOUR_US < 0);
}

/* The open segment, with room, for rows that came in this hour; NULL when there is none to be had. */
static struct segment *segment_for(struct open_segments *open, int kind, int64_t received_us)
{
    struct segment *segment = open->of[kind];
    if (segment != NULL && segment->row_count > 0 &&
        (hour_of(segment->first_received_us) != hour_of(received_us) || segment_is_full(segment) ||
         segment->size_bytes >= open->segment_bytes) &&
        !seal(open, kind))
        return NULL;
    if (open->of[kind] == NULL) {
        open->of[kind] = kind == 0 ? write_queue_take_used(open->queue) : NULL;
        if (open->of[kind] == NULL)
            open->of[kind] = segment_create(kind == 0 ? SEGMENT_FLOWS : SEGMENT_OPTIONS);
        if (open->of[kind] != NULL) {
            open->of[kind]->opened_us = open->now_us;
            open->of[kind]->serial = ++open->serial_next;
        }
    }
    return open->of[kind];
}

/* How rows of the layout are gathered; NULL without memory. */
static struct form *form_for(struct open_segments *open, const struct weir_layout *layout, uint8_t family)
{
    if (layout->slot >= open->slot_count) {
        const uint32_t count = layout->slot + layout->slot / 2 + 64;
        struct form *forms = realloc(open->forms, (size_t)count * FORMS_PER_SLOT * sizeof *forms);
        if (forms == NULL)
            return NULL;
        memset(forms + (size_t)open->slot_count * FORMS_PER_SLOT, 0,
               (size_t)(count - open->slot_count) * FORMS_PER_SLOT * sizeof *forms);
        open->forms = forms;
        open->slot_count = count;
    }
    struct form *form = &open->forms[(size_t)layout->slot * FORMS_PER_SLOT + (family == 4 ? 0 : family == 6 ? 1 : 2)];
    if (form->like != NULL && form->serial == layout->serial)
        return form;
    gather_free(form->like);
    *form = (struct form){.serial = layout->serial, .like = gather_create(layout, family)};
    return form->like == NULL ? NULL : form;
}

/* Runs that go to one segment: of one family, and of one hour. */
static uint32_t count_alike(const struct weir_batch *batch, uint32_t first)
{
    const struct weir_run *run = &batch->runs[first];
    uint32_t end = first + 1;
    while (end < batch->run_count && batch->runs[end].exporter.family == run->exporter.family &&
           hour_of(batch->runs[end].received_us) == hour_of(run->received_us))
        end++;
    return end - first;
}

static void take_runs(struct open_segments *open, const struct weir_batch *batch, uint32_t first, uint32_t count)
{
    const struct weir_run *runs = &batch->runs[first], *last = &runs[count - 1];
    const uint32_t rows = last->first_row + last->row_count - runs->first_row;
    struct segment *segment = segment_for(open, batch->layout->options, runs->received_us);
    if (segment == NULL) {
        write_queue_drop(open->queue, rows, "they come faster than they can be written");
        return;
    }
    struct form *form = form_for(open, batch->layout, runs->exporter.family);
    if (form != NULL && (form->to == NULL || form->segment_serial != segment->serial)) {
        form->to = segment_gather(segment, form->like);
        form->segment_serial = segment->serial;
    }
    const size_t bytes = form == NULL || form->to == NULL ? 0 : gather_append(form->to, form->like, batch, first,
                                                                              count);
    if (bytes == 0)
        write_queue_drop(open->queue, rows, "not enough memory");
    else
        segment_added(segment, runs, count, rows, bytes);
    open->received_us = last->received_us;
}

void open_segments_add(struct open_segments *open, const struct weir_batch *batch)
{
    for (uint32_t first = 0; first < batch->run_count;) {
        const uint32_t count = count_alike(batch, first);
        take_runs(open, batch, first, count);
        first += count;
    }
}

void open_segments_tick(struct open_segments *open, int64_t now_us, int64_t commit_us)
{
    open->now_us = now_us;
    for (int kind = 0; kind < OPEN_KINDS; kind++) {
        const struct segment *segment = open->of[kind];
        if (segment != NULL && segment->row_count > 0 && commit_us > 0 && now_us - segment->opened_us >= commit_us)
            seal(open, kind);
    }
}

void open_segments_seal(struct open_segments *open)
{
    for (int kind = 0; kind < OPEN_KINDS; kind++)
        seal(open, kind);
}

void open_segments_done(struct open_segments *open)
{
    for (uint32_t i = 0; i < open->slot_count * FORMS_PER_SLOT; i++)
        gather_free(open->forms[i].like);
    for (int kind = 0; kind < OPEN_KINDS; kind++)
        segment_free(open->of[kind]);
    free(open->forms);
}
