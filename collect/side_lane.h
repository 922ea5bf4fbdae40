/* SPDX-License-Identifier: MIT */
/*
 * side_lane.h - a thread for a sink that nobody waits for
 *
 * It reads the journals of all workers, with a decoder of its own, at its own pace, and copies datagrams before it works on
 * them, so that it holds no slot. Where it is too slow it misses datagrams, which is counted, and nothing else suffers.
 */
#ifndef WEIR_COLLECT_SIDE_LANE_H
#define WEIR_COLLECT_SIDE_LANE_H

#include "address_list.h"
#include "collector.h"
#include "journal.h"
#include "waker.h"
#include "write_notes.h"

enum { SIDE_LANE_JOURNALS_MAX = WRITE_NOTES_JOURNALS_MAX };

struct side_lane;

struct side_lane_options {
    const char *name;     /* of the sink: it goes on where one of this name stood when the process was killed */
    struct journal *const *journals;
    size_t journal_count;
    struct address_list *allowed; /* exporters whose datagrams are taken; held as long as it is used; NULL: all */
    struct collector *collector; /* with one sink; the lane's from side_lane_start() to side_lane_end() */
};

struct side_lane_counts {
    uint64_t taken;  /* datagrams, without those of exporters that are not allowed */
    uint64_t missed; /* for it was too slow */
    bool failed;     /* it takes nothing any more */
};

/* NULL with `error` filled. */
struct side_lane *side_lane_start(const struct side_lane_options *options, struct sink_error *error);

/* For the receivers; lives as long as the lane. */
struct waker *side_lane_waker(struct side_lane *lane);

/* Runs `call` on the lane's thread, which may then look at its collector. False when the lane does not come to it in time, or has failed. */
bool side_lane_call(struct side_lane *lane, void (*call)(void *context, struct collector *collector), void *context,
                    int timeout_ms);

/* Takes these exporters' datagrams only, from the next ones on; the list is held. From any thread. */
void side_lane_set_allowed(struct side_lane *lane, struct address_list *allowed);

void side_lane_counts(struct side_lane *lane, struct side_lane_counts *ret_counts);

/* Whether its sink has failed: it takes nothing any more then. */
bool side_lane_failed(struct side_lane *lane, struct sink_error *error);

/* What is in the journals is taken, unless that takes longer than `wait_ms`; then what is left is missed. -1 with `error`
 * filled where the sink failed. */
int side_lane_end(struct side_lane *lane, int wait_ms, struct sink_error *error);

/* Whether it did not end in time, in a write to what does not take it: then it is left alone, with all that it uses. */
bool side_lane_is_stuck(const struct side_lane *lane);

/* NULL is fine; so is one that is stuck, which stays. */
void side_lane_free(struct side_lane *lane);

#endif
