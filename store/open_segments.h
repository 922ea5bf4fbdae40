/* SPDX-License-Identifier: MIT */
/*
 * open_segments.h - the segments that rows of batches go into, until they are sealed
 *
 * There is one for flows and one for options records. It is sealed when it is full, old enough, or when rows of another
 * hour come, and goes to the queue then. No thread but the caller's looks at them.
 */
#ifndef WEIR_STORE_OPEN_SEGMENTS_H
#define WEIR_STORE_OPEN_SEGMENTS_H

#include "write_queue.h"

enum { OPEN_KINDS = 2 }; /* flows and options records */

struct open_segments {
    struct write_queue *queue;
    size_t segment_bytes; /* of rows: a segment is full */
    int64_t now_us;       /* by the clock that open_segments_tick() is told */
    int64_t received_us;  /* when the last row came; 0: none did */

    struct segment *of[OPEN_KINDS]; /* or NULL */
    struct form *forms;             /* several for each slot of layouts */
    uint32_t slot_count;
    uint64_t serial_next;
};

/* Takes the rows of a batch; those for which there is no room are told to the queue. */
void open_segments_add(struct open_segments *open, const struct weir_batch *batch);

/* Seals what is so old, and has rows. */
void open_segments_tick(struct open_segments *open, int64_t now_us, int64_t commit_us);

/* Seals what has rows; what there is no room for stays open. */
void open_segments_seal(struct open_segments *open);

void open_segments_done(struct open_segments *open);

#endif
