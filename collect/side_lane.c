/* SPDX-License-Identifier: MIT */
/*
 * side_lane.c - a thread for a sink that nobody waits for
 */
#define _GNU_SOURCE
#include "side_lane.h"

#include "allow_gate.h"
#include "call_box.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICK_US = 1000000, ABANDONED_MS = 1000 };

struct source_journal {
    struct journal *journal;
    int reader;
    uint64_t begin; /* the sink was given all before it, by an earlier process */
    uint64_t position;
};

struct side_lane {
    struct collector *collector;
    struct allow_gate gate;
    char name[64];
    struct source_journal journals[SIDE_LANE_JOURNALS_MAX];
    size_t journal_count;
    struct write_notes notes; /* of the same journals */
    struct journal_copies *copies;
    struct waker waker;
    struct call_box calls;
    pthread_t thread;
    int64_t tick_us; /* monotonic */
    _Atomic bool ending, abandoned, failed, done;
    _Atomic uint64_t taken, refused, missed;
    struct sink_error failure; /* before `failed` is set */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* One that wants datagrams as they are gets no rows, and needs no decoder. */
static int take(struct side_lane *lane, const struct weir_datagram *datagram)
{
    struct sink *sink = lane->collector->sinks[0];
    if (sink->class->raw != NULL)
        return sink->class->raw(sink, datagram, &lane->failure);
    return collector_feed(lane->collector, datagram, &lane->failure);
}

static int end_burst(struct side_lane *lane)
{
    struct sink *sink = lane->collector->sinks[0];
    return sink->class->raw_end == NULL ? 0 : sink->class->raw_end(sink, &lane->failure);
}

/* What the sink has of an earlier process, since that last kept what decoders know. */
static void learn_copy(struct side_lane *lane, uint32_t i)
{
    struct weir_datagram datagram;
    if (journal_copies_datagram(lane->copies, i, &datagram) && allow_gate_lets_in(&lane->gate, &datagram.source))
        collector_learn(lane->collector, &datagram);
}

static int take_copy(struct side_lane *lane, uint32_t i)
{
    struct weir_datagram datagram;
    const bool whole = journal_copies_datagram(lane->copies, i, &datagram);
    if (!allow_gate_lets_in(&lane->gate, &datagram.source)) {
        atomic_fetch_add_explicit(&lane->refused, 1, memory_order_relaxed);
        return 0;
    }
    if (whole && take(lane, &datagram) != 0)
        return -1;
    atomic_fetch_add_explicit(whole ? &lane->taken : &lane->missed, 1, memory_order_relaxed);
    return 0;
}

/* The next process does not write them again. What wants datagrams as they are sends them in bursts. */
static void note_taken(struct side_lane *lane, bool burst)
{
    if ((burst || lane->collector->sinks[0]->class->raw == NULL) && !write_notes_holds(&lane->notes))
        write_notes_settle(&lane->notes);
}

/* -1 when the sink failed; else how many datagrams there were. */
static int take_burst(struct side_lane *lane, size_t journal)
{
    struct source_journal *from = &lane->journals[journal];
    uint64_t gone = 0;
    allow_gate_turn(&lane->gate);
    const uint32_t count = journal_copy(from->journal, from->reader, &from->position, lane->copies, &gone);
    const uint64_t first = from->position - count;
    atomic_fetch_add_explicit(&lane->missed, write_notes_skip(&lane->notes, journal, first), memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        if (first + i < from->begin) {
            learn_copy(lane, i);
            continue;
        }
        write_notes_begin(&lane->notes, journal);
        if (take_copy(lane, i) != 0)
            return -1;
        write_notes_end(&lane->notes);
        note_taken(lane, false);
    }
    if (count > 0 && end_burst(lane) != 0)
        return -1;
    note_taken(lane, true);
    return (int)count;
}

static bool has_news(void *context)
{
    struct side_lane *lane = context;
    for (size_t i = 0; i < lane->journal_count; i++) {
        if (journal_head(lane->journals[i].journal) > lane->journals[i].position)
            return true;
    }
    return call_box_has(&lane->calls) || atomic_load(&lane->ending);
}

static int tick(struct side_lane *lane)
{
    if (collector_tick(lane->collector, clock_us(CLOCK_REALTIME), &lane->failure) != 0)
        return -1;
    lane->tick_us = clock_us(CLOCK_MONOTONIC);
    return 0;
}

static int step(struct side_lane *lane, bool *ret_idle)
{
    *ret_idle = true;
    call_box_answer(&lane->calls, lane->collector);
    for (size_t i = 0; i < lane->journal_count; i++) {
        const int count = take_burst(lane, i);
        if (count < 0)
            return -1;
        *ret_idle &= count == 0;
    }
    return clock_us(CLOCK_MONOTONIC) - lane->tick_us >= TICK_US ? tick(lane) : 0;
}

static void *run(void *context)
{
    struct side_lane *lane = context;
    int result = 0;
    for (bool idle = false; result == 0 && !atomic_load(&lane->abandoned);) {
        result = step(lane, &idle);
        if (result != 0 || !idle)
            continue;
        if (atomic_load(&lane->ending) && !atomic_load(&lane->abandoned)) {
            result = collector_finish(lane->collector, &lane->failure) != 0 || tick(lane) != 0 ? -1 : 0;
            break;
        }
        const int64_t left_us = lane->tick_us + TICK_US - clock_us(CLOCK_MONOTONIC);
        waker_sleep(&lane->waker, left_us < 0 ? 0 : (int)(left_us / 1000) + 1, has_news, lane);
    }
    if (result != 0)
        atomic_store(&lane->failed, true);
    atomic_store(&lane->done, true);
    return NULL;
}

/* Names may be longer than those of bookmarks: FNV-1a. */
static uint32_t sum_of(const char *name)
{
    uint32_t sum = 2166136261u;
    for (; *name != '\0'; name++)
        sum = (sum ^ (uint8_t)*name) * 16777619u;
    return sum;
}

static int add_journals(struct side_lane *lane, const struct side_lane_options *options, struct sink_error *error)
{
    char bookmark[16];
    snprintf(bookmark, sizeof bookmark, "%08" PRIx32, sum_of(options->name));
    write_notes_init(&lane->notes, lane->collector->sinks[0]);
    for (size_t i = 0; i < options->journal_count; i++) {
        struct source_journal *from = &lane->journals[i];
        from->journal = options->journals[i];
        from->reader = journal_reader_add(from->journal);
        if (from->reader < 0) {
            snprintf(error->text, sizeof error->text, "more than %d outputs", JOURNAL_READERS_MAX);
            return -1;
        }
        if (write_notes_add(&lane->notes, from->journal, bookmark, error) != 0)
            return -1;
        const uint64_t committed = journal_committed(from->journal).position;
        from->begin = from->position = lane->notes.journals[i].given;
        if (lane->collector->sinks[0]->class->raw == NULL && committed < from->begin)
            from->position = committed;
    }
    lane->journal_count = options->journal_count;
    return 0;
}

static int start_thread(struct side_lane *lane, struct sink_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* a refused system call: blocked, it would end the process */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int number = pthread_create(&lane->thread, NULL, run, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number != 0)
        snprintf(error->text, sizeof error->text, "cannot start a thread for an output: %s", strerror(number));
    return number == 0 ? 0 : -1;
}

struct side_lane *side_lane_start(const struct side_lane_options *options, struct sink_error *error)
{
    struct side_lane *lane = calloc(1, sizeof *lane);
    if (lane != NULL)
        lane->copies = journal_copies_create();
    if (lane == NULL || lane->copies == NULL || waker_init(&lane->waker) != 0) {
        snprintf(error->text, sizeof error->text, "cannot start an output: %s", strerror(errno));
        if (lane != NULL)
            journal_copies_free(lane->copies);
        free(lane);
        return NULL;
    }
    call_box_init(&lane->calls);
    lane->collector = options->collector;
    allow_gate_init(&lane->gate, options->allowed);
    lane->tick_us = clock_us(CLOCK_MONOTONIC);
    snprintf(lane->name, sizeof lane->name, "%s", options->name);
    atomic_store(&lane->done, true);
    if (add_journals(lane, options, error) != 0) {
        side_lane_free(lane);
        return NULL;
    }
    atomic_store(&lane->done, false);
    if (start_thread(lane, error) == 0)
        return lane;
    atomic_store(&lane->done, true);
    side_lane_free(lane);
    return NULL;
}

struct waker *side_lane_waker(struct side_lane *lane)
{
    return &lane->waker;
}

bool side_lane_call(struct side_lane *lane, void (*call)(void *context, struct collector *collector), void *context,
                    int timeout_ms)
{
    return !atomic_load(&lane->done) && call_box_put(&lane->calls, &lane->waker, call, context, timeout_ms);
}

void side_lane_set_allowed(struct side_lane *lane, struct address_list *allowed)
{
    allow_gate_change(&lane->gate, allowed);
}

void side_lane_counts(struct side_lane *lane, struct side_lane_counts *ret_counts)
{
    *ret_counts = (struct side_lane_counts){
        .taken = atomic_load_explicit(&lane->taken, memory_order_relaxed),
        .missed = atomic_load_explicit(&lane->missed, memory_order_relaxed),
        .failed = atomic_load(&lane->failed),
    };
}

bool side_lane_failed(struct side_lane *lane, struct sink_error *error)
{
    if (!atomic_load(&lane->failed))
        return false;
    *error = lane->failure;
    return true;
}

/* What was not taken by now is missed, be it that the sink failed, or is stuck with what it has. */
static void count_what_is_left(struct side_lane *lane)
{
    uint64_t offered = 0;
    for (size_t i = 0; i < lane->journal_count; i++)
        offered += journal_head(lane->journals[i].journal) - lane->journals[i].begin;
    atomic_store(&lane->missed, offered - atomic_load(&lane->taken) - atomic_load(&lane->refused));
}

/* By a clock that nobody sets. */
static bool ends_within(const struct side_lane *lane, int wait_ms)
{
    const int64_t until_us = clock_us(CLOCK_MONOTONIC) + (int64_t)wait_ms * 1000;
    const struct timespec a_while = {.tv_nsec = 1000000};
    while (!atomic_load(&lane->done) && clock_us(CLOCK_MONOTONIC) < until_us)
        nanosleep(&a_while, NULL);
    return atomic_load(&lane->done);
}

/* A sink may be stuck in a write to a pipe that nobody reads; then it is not waited for. */
int side_lane_end(struct side_lane *lane, int wait_ms, struct sink_error *error)
{
    atomic_store(&lane->ending, true);
    waker_wake(&lane->waker);
    bool ended = ends_within(lane, wait_ms);
    if (!ended) {
        atomic_store(&lane->abandoned, true);
        ended = ends_within(lane, ABANDONED_MS);
    }
    if (ended)
        pthread_join(lane->thread, NULL);
    count_what_is_left(lane);
    if (ended)
        return side_lane_failed(lane, error) ? -1 : 0;
    snprintf(error->text, sizeof error->text, "-o %s does not take what is written to it; it is left", lane->name);
    return -1;
}

bool side_lane_is_stuck(const struct side_lane *lane)
{
    return !atomic_load(&lane->done);
}

void side_lane_free(struct side_lane *lane)
{
    if (lane == NULL || !atomic_load(&lane->done))
        return;
    waker_done(&lane->waker);
    call_box_done(&lane->calls);
    allow_gate_done(&lane->gate);
    journal_copies_free(lane->copies);
    free(lane);
}
