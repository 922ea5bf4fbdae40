/* SPDX-License-Identifier: MIT */
/*
 * lane.h - the thread that decodes what a journal holds, hands it to sinks, and commits it
 *
 *     receiver ──▶ journal ──▶ lane: decoder ──▶ sinks ──▶ files without names
 *                     ▲                                        │ all written
 *                     └── position, cut ◀──────────────────────┘──▶ names
 *
 * Every few seconds, or when much is held, the lane makes a cut: all rows so far are to be kept under one number, with what
 * the decoder knows at this point (templates, sequence numbers, sets that wait). When that is written, though nobody sees it yet, the
 * journal notes number and position: from that instant on the rows are kept, and their datagrams are not. Then the files
 * get their names. Who starts after a kill gives names to those of the noted number, removes the others, takes up the
 * decoder where it was, and decodes from the noted position on: no row is lost, none is there twice.
 */
#ifndef WEIR_COLLECT_LANE_H
#define WEIR_COLLECT_LANE_H

#include "address_list.h"
#include "collector.h"
#include "journal.h"
#include "waker.h"

#include <pthread.h>

struct lane;

struct lane_options {
    struct journal *journal;
    struct collector *collector; /* its decoder and sinks are the lane's from lane_start() to lane_end() */
    uint64_t datagram_count_max; /* the lane ends after so many, beside those that were there at the start; 0: no end */
    struct address_list *allowed; /* exporters that are decoded; held as long as it is used; NULL: all */
    int64_t commit_us;           /* a cut each so long at the latest */
    uint32_t commit_slots;       /* or when so many slots are held */
    /* Each second, and when the lane ends, on its thread. May be NULL. */
    void (*tick)(void *context, struct collector *collector, int64_t now_us);
    /* A line about those who were refused, on the lane's thread. May be NULL. */
    void (*refused)(void *context, const char *text);
    /* Keeps what the decoder knows as that of a cut. May be NULL. */
    void (*save)(void *context, struct collector *collector, uint64_t cut);
    void *context;
};

struct lane_counts {
    struct weir_ledger ledger; /* of the decoder, not older than a second */
    uint64_t read;             /* datagrams taken out of the journal */
    uint64_t cut_off;          /* of them, longer than there was room for: not decoded */
    uint64_t refused;          /* of them, from exporters that are not allowed: not decoded */
    uint64_t turned_away;      /* the same, before they came into the journal: lane_note_refused() */
    uint64_t waiting;          /* in the journal, and not in the ledger above */
    uint64_t held;             /* taken, not yet committed */
    uint64_t cuts;
    int64_t counted_us;        /* when this was, monotonic: a lane that goes on counts each second */
};

/* NULL with `error` filled. */
struct lane *lane_start(const struct lane_options *options, struct sink_error *error);

/* For the receiver: there is something to read. Lives as long as the lane. */
struct waker *lane_waker(struct lane *lane);

/* How many datagrams an earlier process left to it. */
uint64_t lane_recovered(const struct lane *lane);

/* Whether it has ended by itself: enough datagrams have come, or (-1, with `error` filled) a sink has failed. 0: it runs. */
int lane_ended(struct lane *lane, struct sink_error *error);

void lane_counts(struct lane *lane, struct lane_counts *ret_counts);

/* For how long it has not moved, in microseconds; 0 while a sink waits for something outside, which is no fault of the lane. */
int64_t lane_still_us(struct lane *lane);

/* Runs `call` on the lane's thread, which may then look at the decoder. False when the lane does not come to it in time. */
bool lane_call(struct lane *lane, void (*call)(void *context, struct collector *collector), void *context, int timeout_ms);

/* A datagram of an exporter that is not allowed never came into the journal: it is counted, and told of with the
 * others. From the receiver's thread. */
void lane_note_refused(struct lane *lane, const struct weir_address *exporter);

/* Decodes these exporters' datagrams only, from the next ones on; the list is held. From any thread. */
void lane_set_allowed(struct lane *lane, struct address_list *allowed);

/* Makes a cut each so long from now on. From any thread. */
void lane_set_commit(struct lane *lane, int64_t commit_us);

/* Nothing is received any more: what the journal holds is decoded and committed. Returns how many datagrams could not be
 * committed, and stay in the journal. -1 with `error` filled when a sink failed, or is stuck although it was to hurry. */
int64_t lane_end(struct lane *lane, struct sink_error *error);

/* From any thread, during lane_end() too: what is not decoded, or cannot be written at once, stays in the journal. */
void lane_hurry(struct lane *lane);

/* After lane_end(): its thread uses what is its own for ever, and nothing of it may be freed. */
bool lane_is_stuck(const struct lane *lane);

/* NULL is fine. */
void lane_free(struct lane *lane);

#endif
