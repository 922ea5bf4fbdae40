/* SPDX-License-Identifier: MIT */
/*
 * segment_commit.h - a segment on its way into the store
 */
#ifndef WEIR_STORE_SEGMENT_COMMIT_H
#define WEIR_STORE_SEGMENT_COMMIT_H

#include "cut.h"
#include "segment.h"
#include "store_writer.h"

/* Where segments go, and whose they are. */
struct segment_place {
    const char *folder; /* the store */
    uint32_t writer;    /* the number of who writes */
    enum store_sync sync;
};

/* What a segment of a cut is called until the cut has its names. False when that is too long. */
bool segment_cut_name(const struct segment_place *place, struct segment *segment, char name[CUT_NAME_SIZE]);

/*
 * Writes a segment, which has its number, and moves it to its place, unless it belongs to a cut. 0, or -1 with nothing left of it: it can be tried again.
 * Where only bringing the folders to the disk failed, it is there nonetheless; another try replaces it.
 */
int segment_commit(const struct segment_place *place, struct file_writer *file, struct segment *segment, uint64_t *ret_bytes,
                   struct store_error *error);

#endif
