/* SPDX-License-Identifier: MIT */
/*
 * store_keeper.h - a thread that merges and expires the segments of a store while others write to it
 *
 * It looks every few seconds, at the hours just past; at all there is when it begins, and once an hour (soon again
 * where that failed).
 * It gives way to all other threads, and where another process merges already, it leaves the store to that.
 */
#ifndef WEIR_STORE_STORE_KEEPER_H
#define WEIR_STORE_STORE_KEEPER_H

#include "store_error.h"

#include <stdbool.h>
#include <stdint.h>

struct store_keeper_options {
    const char *folder;
    bool merge;
    bool sync;           /* merged segments are brought to the disk */
    uint64_t keep_days;  /* as store_expire.h has them; 0: all stay */
    uint64_t keep_bytes;
};

struct store_keeper_counts {
    uint64_t merges, merged_segments, merged_rows;
    uint64_t damaged_segments; /* that are left out */
    uint64_t expired_segments, expired_bytes;
    uint64_t failures;
};

struct store_keeper;

/* Starts the thread. NULL with `error` filled. */
struct store_keeper *store_keeper_start(const struct store_keeper_options *options, struct store_error *error);

/* From any thread: other values of these options, which act at the next look. -1 with `error` filled; then all is as
 * before. */
int store_keeper_set(struct store_keeper *keeper, bool merge, uint64_t keep_days, uint64_t keep_bytes,
                     struct store_error *error);

/* Ends it, within a second; a merge that is under way is given up. `ret_counts` may be NULL. */
void store_keeper_stop(struct store_keeper *keeper, struct store_keeper_counts *ret_counts);

/* True once for each damaged segment and for each cause of failure since the last call: `error` tells it. */
bool store_keeper_trouble(struct store_keeper *keeper, struct store_error *error);

void store_keeper_counts(struct store_keeper *keeper, struct store_keeper_counts *ret_counts);

#endif
