/* SPDX-License-Identifier: MIT */
/*
 * segment_commit.h - a segment on its way into the store
 */
#ifndef WEIR_STORE_SEGMENT_COMMIT_H
#define WEIR_STORE_SEGMENT_COMMIT_H

#include "commit_notes.h"
#include "segment.h"
#include "store_writer.h"

/* Where segments go, and whose they are. */
struct segment_place {
    const char *folder; /* the store */
    uint32_t writer;    /* the number of who writes */
    enum store_sync sync;
    struct commit_told told; /* of commits that are done */
};

/*
 * Writes a segment, which has its number, and moves it to its place. 0, or -1: it can be tried again, and replaces then what the last try
 * left. `ret_placed` becomes true where it has its name, also where only bringing that to the disk failed; else it stays as it was,
 * and nothing is left of the try.
 */
int segment_commit(const struct segment_place *place, struct file_writer *file, struct segment *segment, bool *ret_placed,
                   uint64_t *ret_bytes, struct store_error *error);

#endif
