/* SPDX-License-Identifier: MIT */
/*
 * store_merge.h - many small segments of a store become few large ones
 *
 *     while an hour lasts   of one writer, `fan_in` segments of one tier become one of the next; fewer, where they are
 *                           small
 *     when it is over       and nothing came for a while: all that it has become one, as long as that is not too large
 *
 * A merged segment is written beside the others (DIR/.writing/merge-...), brought to the disk, and renamed: that is the
 * moment at which it counts and its inputs no longer do (segment_name.h). Those are removed by a later pass, when
 * whoever had listed them before has had the time to open them. Whatever the moment at which this ends, each flow
 * counts once.
 *
 * A merged segment covers all commits from its first to its last. So a commit that is still under way must not lie
 * between: what is merged together has no gap in its numbers, as long as its writer is alive.
 *
 * One merger works on a store at a time: it holds a lock on DIR/.merging (flock(2)).
 */
#ifndef WEIR_STORE_STORE_MERGE_H
#define WEIR_STORE_STORE_MERGE_H

#include "store_error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct store_merge_options {
    const char *folder;
    int level;               /* of zstd */
    bool large_groups;       /* four times as many rows in a row group: 4 % less on the disk, for twice the memory */
    bool sync;               /* merged segments are on the disk before they count */
    bool wait;               /* for another merger that works on the store; else it is left to that one */
    bool all;                /* hours need not be over */
    uint32_t fan_in;         /* at least 2 */
    uint32_t small_fan_in;   /* the same of those that have less than small_bytes together */
    uint64_t small_bytes;
    int64_t quiet_us;        /* so long nothing came for an hour that is over */
    int64_t grace_us;        /* so long inputs of a merge stay */
    uint64_t full_bytes;     /* a segment of so many octets is not merged any more */
    const atomic_bool *stop; /* or NULL: true ends a pass soon */
    void (*tell)(void *context, const char *text); /* of damaged segments, once each; or NULL */
    void (*progress)(void *context, uint64_t more_bytes); /* of segments, that were read; or NULL */
    void *context;
};

void store_merge_options_init(struct store_merge_options *options, const char *folder);

struct store_merge_counts {
    uint64_t merges, inputs, rows, bytes_before, bytes_after;
    uint64_t removed;  /* segments that another one covers */
    uint64_t damaged;  /* segments that were left out */
    uint64_t failures; /* merges that could not be written */
};

struct store_merger;

/* NULL with `error` filled where memory is short. Nothing is done yet. */
struct store_merger *store_merger_create(const struct store_merge_options *options, struct store_error *error);
void store_merger_free(struct store_merger *merger);

/* Removes what may be removed and merges what is due, of hours from `from_s` (since 1970) on. `now_us` is since 1970.
 * Adds to `counts`. 0, or -1 with `error` filled; also where it was stopped, with ECANCELED, and where another merger
 * works on the store, with EWOULDBLOCK. */
int store_merger_pass(struct store_merger *merger, int64_t now_us, int64_t from_s, struct store_merge_counts *counts,
                      struct store_error *error);

/* The lock on the store: a descriptor to close, or -1 with `error` filled (EWOULDBLOCK where it is taken and `wait` is
 * not set; EINTR where a signal came while it was waited for). */
int store_merge_lock(const char *folder, bool wait, struct store_error *error);

#endif
