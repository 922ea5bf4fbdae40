/* SPDX-License-Identifier: MIT */
/*
 * live_writers.h - which commits of a store may still be under way
 *
 * A writer numbers its commits upwards, over all kinds and hours, but they do not always get their names in that order.
 * What has a name, and what a merged segment covers, is done. What lies between is under way, or was given up; which of
 * both only the writer's end tells.
 */
#ifndef WEIR_STORE_LIVE_WRITERS_H
#define WEIR_STORE_LIVE_WRITERS_H

#include "segment_list.h"

/* The numbers of writers that have ended, each held by a lock as long as this is. */
struct live_writers {
    struct {
        uint32_t id;
        int fd;
    } *held;
    uint32_t held_count;
    uint32_t *alive; /* numbers that others hold */
    uint32_t alive_count;
};

/* 0, or -1 with `error` filled. */
int live_writers_hold(struct live_writers *writers, const char *folder, struct store_error *error);
void live_writers_release(struct live_writers *writers);

/* Runs of commits that are done, without a gap. */
struct commit_range {
    uint32_t writer;
    uint64_t first, last;
};

struct commit_ranges {
    struct commit_range *ranges; /* in order, none next to another of its writer */
    uint32_t count;
};

/* From lists of all kinds that were read while `writers` was held. */
int commit_ranges_make(struct commit_ranges *ranges, const struct segment_list lists[SEGMENT_KIND_COUNT],
                       const struct live_writers *writers, struct store_error *error);
void commit_ranges_done(struct commit_ranges *ranges);

/* Whether no commit from the first to the second, which are done, can be under way. */
bool commit_ranges_join(const struct commit_ranges *ranges, uint32_t writer, uint64_t first, uint64_t second);

#endif
