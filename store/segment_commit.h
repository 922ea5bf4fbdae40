/* SPDX-License-Identifier: MIT */
/*
 * segment_commit.h - a segment on its way into the store
 */
#ifndef WEIR_STORE_SEGMENT_COMMIT_H
#define WEIR_STORE_SEGMENT_COMMIT_H

#include "commit_notes.h"
#include "cut.h"
#include "segment.h"
#include "store_writer.h"

/* Where segments go, and whose they are. */
struct segment_place {
    const char *folder; /* the store */
    uint32_t writer;    /* the number of who writes */
    enum store_sync sync;
    struct commit_told told; /* of commits that are done */
};

/* What a segment of a cut is called until the cut has its names. False when that is too long. */
bool segment_cut_name(const struct segment_place *place, struct segment *segment, char name[CUT_NAME_SIZE]);

/*
 * Writes a segment, which has its number, and moves it to its place, unless it belongs to a cut. 0, or -1: it can be
 * tried again, and replaces then what the last try left. `ret_placed` becomes true where it has its name, or is written
 * for its cut, also where only bringing the name to the disk failed; else it stays as it was, and nothing is left of
 * the try.
 */
int segment_commit(const struct segment_place *place, struct file_writer *file, struct segment *segment,
                   bool *ret_placed, uint64_t *ret_bytes, struct store_error *error);

#endif
