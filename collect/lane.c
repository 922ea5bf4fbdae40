/* SPDX-License-Identifier: MIT */
/*
 * lane.c - the thread that decodes what a journal holds, hands it to sinks, and commits it
 */
#define _GNU_SOURCE
#include "lane.h"

#include "allow_gate.h"
#include "call_box.h"
#include "refusals.h"
#include "write_notes.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STRIDE = 256,        /* datagrams between two looks at all else */
    TICK_US = 1000000,
    NAP_FROM = 16,       /* datagrams that it found: more are to come, and are not waited for one by one */
    NAP_NS = 2000000,
    PENDING_WAIT_MS = 5, /* while a cut is being written */
    RETRY_US = 1000000,  /* to give names */
    STUCK_US = 3000000   /* in a sink, after it was to hurry */
};

enum cut_phase { CUT_NONE, CUT_WRITING, CUT_NAMING };

struct lane {
    struct lane_options options;
    struct waker waker;
    pthread_t thread;
    _Atomic bool ending, hurrying, ended;
    _Atomic bool failed, over; /* over: its thread does nothing any more */
    _Atomic int64_t hurry_us; /* when it was told to hurry, monotonic */
    bool stuck;
    _Atomic int64_t moved_us; /* when it was in its loop last, monotonic */
    struct sink_error failure; /* of the lane's thread until `failed` is set */

    /* Of the lane's thread. */
    uint64_t cursor;
    uint64_t recovered; /* the position up to which an earlier process has received; UINT64_MAX: there was none */
    uint64_t begin, first; /* where it began, and what this process receives first */
    uint64_t read, cut_off, refused;
    struct allow_gate gate;
    pthread_mutex_t refusals_mutex; /* the receiver notes some, too */
    struct refusals refusals;
    _Atomic uint64_t turned_away;
    int64_t tick_us, cut_us, retry_us; /* when it was last, monotonic */
    enum cut_phase phase;
    struct journal_commit cut; /* that is under way, or was last */
    uint64_t fed_since_sleep;
    bool durable; /* a sink makes cuts */
    struct write_notes notes; /* where none does; one of cuts only counts */
    struct sink_error naming; /* why names could not be given last */

    _Atomic int64_t commit_us;
    struct call_box calls;

    pthread_mutex_t mutex; /* of what follows */
    struct lane_counts counts;
    uint64_t counted; /* the position up to which they tell */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ------------------------------------------------------------------------------------------------------------- cuts */

static bool is_durable(const struct sink *sink)
{
    return sink->class->cut != NULL;
}

static void publish_counts(struct lane *lane)
{
    pthread_mutex_lock(&lane->mutex);
    lane->counts = (struct lane_counts){
        .ledger = *weir_decoder_ledger(lane->options.collector->decoder),
        .read = lane->read,
        .cut_off = lane->cut_off,
        .refused = lane->refused,
        .held = lane->cursor - journal_committed(lane->options.journal).position,
        .cuts = lane->cut.cut,
        .counted_us = clock_us(CLOCK_MONOTONIC),
    };
    lane->counted = lane->cursor;
    pthread_mutex_unlock(&lane->mutex);
}

static int begin_cut(struct lane *lane)
{
    struct collector *collector = lane->options.collector;
    publish_counts(lane); /* which sinks keep with the cut */
    lane->cut.cut++;
    lane->cut.position = lane->cursor;
    lane->cut_us = clock_us(CLOCK_MONOTONIC);
    if (collector_tick(collector, clock_us(CLOCK_REALTIME), &lane->failure) != 0)
        return -1;
    if (lane->options.save != NULL)
        lane->options.save(lane->options.context, collector, lane->cut.cut);
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        if (is_durable(sink) && sink->class->cut(sink, lane->cut.cut, &lane->failure) != 0)
            return -1;
    }
    lane->phase = CUT_WRITING;
    return 0;
}

static bool is_written(const struct lane *lane)
{
    const struct collector *collector = lane->options.collector;
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        if (is_durable(sink) && sink->class->written(sink) < lane->cut.cut)
            return false;
    }
    return true;
}

/* A name that cannot be given is tried for again: the rows are there, and a restart gives it too. */
static bool publish(struct lane *lane)
{
    const struct collector *collector = lane->options.collector;
    bool all = true;
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        if (is_durable(sink) && sink->class->publish(sink, lane->cut.cut, &lane->naming) != 0)
            all = false;
    }
    lane->retry_us = clock_us(CLOCK_MONOTONIC);
    return all;
}

/* Brings what is under way a step on. */
static void pursue_cut(struct lane *lane)
{
    if (lane->phase == CUT_WRITING && is_written(lane)) {
        journal_commit(lane->options.journal, &lane->cut);
        lane->phase = CUT_NAMING;
        lane->retry_us = clock_us(CLOCK_MONOTONIC) - RETRY_US;
    }
    if (lane->phase == CUT_NAMING && clock_us(CLOCK_MONOTONIC) - lane->retry_us >= RETRY_US && publish(lane))
        lane->phase = CUT_NONE;
}

/* Whether a sink without cuts holds rows back, and there is room to leave them in the journal meanwhile. */
static bool is_holding(const struct lane *lane)
{
    const struct journal *journal = lane->options.journal;
    return write_notes_holds(&lane->notes) && !journal_is_pressed(journal) &&
           lane->cursor - journal_committed(journal).position < lane->options.commit_slots;
}

static bool is_cut_due(const struct lane *lane)
{
    const uint64_t held = lane->cursor - lane->cut.position;
    if (lane->phase != CUT_NONE || held == 0 || is_holding(lane))
        return false;
    return held >= lane->options.commit_slots || journal_is_pressed(lane->options.journal) ||
           clock_us(CLOCK_MONOTONIC) - lane->cut_us >= atomic_load(&lane->commit_us);
}

/* One of sinks without cuts is over at once. */
static int cut_when_due(struct lane *lane)
{
    pursue_cut(lane);
    if (!is_cut_due(lane))
        return 0;
    if (begin_cut(lane) != 0)
        return -1;
    pursue_cut(lane);
    return 0;
}

/* ------------------------------------------------------------------------------------------------------- the thread */

/* What an earlier process left was wanted by whoever started that. */
static bool is_enough(const struct lane *lane)
{
    return lane->options.datagram_count_max > 0 && lane->cursor >= lane->first &&
           lane->cursor - lane->first >= lane->options.datagram_count_max;
}

/* What goes to sinks without cuts, and is not held back, is written or lost with the process: the next one does not do it
 * again. */
static void note_taken(struct lane *lane)
{
    if (!lane->durable && !is_holding(lane))
        write_notes_settle(&lane->notes);
}

static void note_refusal(struct lane *lane, const struct weir_address *exporter)
{
    pthread_mutex_lock(&lane->refusals_mutex);
    refusals_note(&lane->refusals, exporter);
    pthread_mutex_unlock(&lane->refusals_mutex);
}

void lane_note_refused(struct lane *lane, const struct weir_address *exporter)
{
    note_refusal(lane, exporter);
    atomic_fetch_add_explicit(&lane->turned_away, 1, memory_order_relaxed);
}

/* Whoever is not allowed reaches nothing behind this. */
static bool is_refused(struct lane *lane, const struct weir_datagram *datagram)
{
    if (allow_gate_lets_in(&lane->gate, &datagram->source))
        return false;
    note_refusal(lane, &datagram->source);
    return true;
}

static void tell_refusals(struct lane *lane, int64_t now_us)
{
    char text[320];
    pthread_mutex_lock(&lane->refusals_mutex);
    const bool any = refusals_tell(&lane->refusals, now_us, text, sizeof text);
    pthread_mutex_unlock(&lane->refusals_mutex);
    if (any && lane->options.refused != NULL)
        lane->options.refused(lane->options.context, text);
}

/* Datagrams, STRIDE at the most. -1 when a sink failed. */
static int feed(struct lane *lane, uint64_t head)
{
    struct collector *collector = lane->options.collector;
    const uint64_t end = head - lane->cursor < STRIDE ? head : lane->cursor + STRIDE;
    allow_gate_turn(&lane->gate);
    while (lane->cursor < end && !is_enough(lane)) {
        struct weir_datagram datagram;
        if (lane->cursor == lane->recovered)
            weir_decoder_pause(collector->decoder);
        const bool whole = journal_datagram(lane->options.journal, lane->cursor++, &datagram);
        lane->read++;
        lane->fed_since_sleep++;
        write_notes_begin(&lane->notes, 0);
        if (is_refused(lane, &datagram))
            lane->refused++;
        else if (!whole)
            lane->cut_off++;
        else if (collector_feed(collector, &datagram, &lane->failure) != 0)
            return -1;
        write_notes_end(&lane->notes);
        note_taken(lane);
    }
    return 0;
}

static int tick(struct lane *lane)
{
    const int64_t even_us = clock_us(CLOCK_MONOTONIC), now_us = clock_us(CLOCK_REALTIME);
    call_box_answer(&lane->calls, lane->options.collector);
    atomic_store_explicit(&lane->moved_us, even_us, memory_order_relaxed);
    if (even_us - lane->tick_us < TICK_US)
        return 0;
    lane->tick_us = even_us;
    if (collector_tick(lane->options.collector, now_us, &lane->failure) != 0)
        return -1;
    publish_counts(lane);
    tell_refusals(lane, even_us);
    if (lane->options.tick != NULL)
        lane->options.tick(lane->options.context, lane->options.collector, now_us);
    return 0;
}

static bool is_called(void *context)
{
    struct lane *lane = context;
    return call_box_has(&lane->calls) || atomic_load(&lane->ending);
}

static bool has_news(void *context)
{
    const struct lane *lane = context;
    return is_called(context) || journal_head(lane->options.journal) > lane->cursor;
}

static void sleep_a_while(struct lane *lane)
{
    const struct timespec nap = {.tv_nsec = NAP_NS};
    const uint64_t fed = lane->fed_since_sleep;
    lane->fed_since_sleep = 0;
    if (fed >= NAP_FROM) {
        nanosleep(&nap, NULL); /* the receiver need not wake anybody meanwhile */
        return;
    }
    int64_t left_us = lane->tick_us + TICK_US - clock_us(CLOCK_MONOTONIC);
    left_us = left_us < 0 ? 0 : left_us;
    waker_sleep(&lane->waker, lane->phase == CUT_NONE ? (int)(left_us / 1000) + 1 : PENDING_WAIT_MS, has_news, lane);
}

static int step(struct lane *lane)
{
    const uint64_t head = journal_head(lane->options.journal);
    if (head == lane->cursor)
        sleep_a_while(lane);
    else if (feed(lane, head) != 0)
        return -1;
    return cut_when_due(lane) != 0 ? -1 : tick(lane);
}

/* Waits until the cut that is under way has its names. False when that was given up. */
static bool finish_cut(struct lane *lane)
{
    const struct timespec a_while = {.tv_nsec = 1000000};
    while (lane->phase != CUT_NONE) {
        pursue_cut(lane);
        if (lane->phase == CUT_NONE)
            break;
        if (atomic_load(&lane->hurrying) && !is_written(lane))
            return false;
        if (lane->phase == CUT_NAMING && atomic_load(&lane->hurrying))
            return true; /* the next start gives the names */
        nanosleep(&a_while, NULL);
    }
    return true;
}

static int cut_now(struct lane *lane)
{
    if (!finish_cut(lane))
        return 0;
    if (begin_cut(lane) != 0)
        return -1;
    finish_cut(lane);
    return 0;
}

/* Rows without names are kept as long as the journal is there, which tells whose they are. */
static int check_names(struct lane *lane)
{
    if (lane->phase != CUT_NAMING)
        return 0;
    snprintf(lane->failure.text, sizeof lane->failure.text,
             "what was stored last is not to be seen yet: %.400s; the next start tries again", lane->naming.text);
    return -1;
}

/* What is left: rows, and then what the sinks have to tell of them. */
static int finish(struct lane *lane)
{
    struct collector *collector = lane->options.collector;
    while (lane->cursor < journal_head(lane->options.journal) && !is_enough(lane) && !atomic_load(&lane->hurrying)) {
        if (feed(lane, journal_head(lane->options.journal)) != 0 || cut_when_due(lane) != 0)
            return -1;
    }
    if (collector_finish(collector, &lane->failure) != 0 || cut_now(lane) != 0)
        return -1;
    for (size_t i = 0; i < collector->sink_count; i++) {
        if (collector->sinks[i]->class->settle != NULL)
            collector->sinks[i]->class->settle(collector->sinks[i]);
    }
    return cut_now(lane) != 0 ? -1 : check_names(lane);
}

static void *run(void *context)
{
    struct lane *lane = context;
    int result = 0;
    while (result == 0 && !atomic_load(&lane->ending) && !is_enough(lane))
        result = step(lane);
    if (result == 0 && is_enough(lane))
        atomic_store(&lane->ended, true); /* so that receiving ends */
    while (result == 0 && !atomic_load(&lane->ending)) {
        waker_sleep(&lane->waker, TICK_US / 1000, is_called, lane);
        call_box_answer(&lane->calls, lane->options.collector);
    }
    if (result == 0)
        result = finish(lane);
    atomic_store(&lane->failed, result != 0);
    publish_counts(lane);
    call_box_answer(&lane->calls, lane->options.collector);
    if (lane->options.tick != NULL)
        lane->options.tick(lane->options.context, lane->options.collector, clock_us(CLOCK_REALTIME));
    atomic_store(&lane->ended, true);
    atomic_store(&lane->over, true);
    return NULL;
}

/* ----------------------------------------------------------------------------------------------------- from outside */

/* What sinks without cuts have written is committed first. */
static int init_notes(struct lane *lane, struct sink_error *error)
{
    const struct collector *collector = lane->options.collector;
    for (size_t i = 0; i < collector->sink_count; i++)
        lane->durable |= is_durable(collector->sinks[i]);
    write_notes_init(&lane->notes, !lane->durable && collector->sink_count == 1 ? collector->sinks[0] : NULL);
    return lane->durable ? 0 : write_notes_add(&lane->notes, lane->options.journal, NULL, error);
}

struct lane *lane_start(const struct lane_options *options, struct sink_error *error)
{
    struct lane *lane = calloc(1, sizeof *lane);
    sigset_t all, before;
    if (lane == NULL || waker_init(&lane->waker) != 0) {
        snprintf(error->text, sizeof error->text, "cannot start: %s", strerror(errno));
        free(lane);
        return NULL;
    }
    lane->options = *options;
    if (init_notes(lane, error) != 0) {
        waker_done(&lane->waker);
        free(lane);
        return NULL;
    }
    lane->cut = journal_committed(options->journal);
    lane->cursor = lane->begin = lane->cut.position;
    lane->recovered = journal_is_recovered(options->journal) ? journal_head(options->journal) : UINT64_MAX;
    lane->first = journal_head(options->journal);
    lane->cut_us = lane->tick_us = clock_us(CLOCK_MONOTONIC);
    atomic_store(&lane->moved_us, lane->tick_us);
    pthread_mutex_init(&lane->mutex, NULL);
    pthread_mutex_init(&lane->refusals_mutex, NULL);
    call_box_init(&lane->calls);
    allow_gate_init(&lane->gate, options->allowed);
    atomic_store(&lane->commit_us, options->commit_us);
    publish_counts(lane);
    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* a refused system call: blocked, it would end the process */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int number = pthread_create(&lane->thread, NULL, run, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number == 0)
        return lane;
    snprintf(error->text, sizeof error->text, "cannot start a thread to decode: %s", strerror(number));
    lane_free(lane);
    return NULL;
}

struct waker *lane_waker(struct lane *lane)
{
    return &lane->waker;
}

uint64_t lane_recovered(const struct lane *lane)
{
    return lane->first - lane->begin;
}

int lane_ended(struct lane *lane, struct sink_error *error)
{
    if (!atomic_load(&lane->ended))
        return 0;
    if (!atomic_load(&lane->failed))
        return 1;
    *error = lane->failure;
    return -1;
}

void lane_counts(struct lane *lane, struct lane_counts *ret_counts)
{
    pthread_mutex_lock(&lane->mutex);
    *ret_counts = lane->counts;
    ret_counts->turned_away = atomic_load_explicit(&lane->turned_away, memory_order_relaxed);
    ret_counts->waiting = journal_head(lane->options.journal) - lane->counted;
    pthread_mutex_unlock(&lane->mutex);
}

int64_t lane_still_us(struct lane *lane)
{
    const struct collector *collector = lane->options.collector;
    for (size_t i = 0; i < collector->sink_count; i++) {
        struct sink *sink = collector->sinks[i];
        if (sink->class->waits != NULL && sink->class->waits(sink))
            return 0;
    }
    return clock_us(CLOCK_MONOTONIC) - atomic_load_explicit(&lane->moved_us, memory_order_relaxed);
}

bool lane_call(struct lane *lane, void (*call)(void *context, struct collector *collector), void *context, int timeout_ms)
{
    return call_box_put(&lane->calls, &lane->waker, call, context, timeout_ms);
}

void lane_set_allowed(struct lane *lane, struct address_list *allowed)
{
    allow_gate_change(&lane->gate, allowed);
}

void lane_set_commit(struct lane *lane, int64_t commit_us)
{
    atomic_store(&lane->commit_us, commit_us);
}

void lane_hurry(struct lane *lane)
{
    struct collector *collector = lane->options.collector;
    atomic_store(&lane->hurry_us, clock_us(CLOCK_MONOTONIC));
    atomic_store(&lane->hurrying, true);
    for (size_t i = 0; i < collector->sink_count; i++) {
        if (collector->sinks[i]->class->hurry != NULL)
            collector->sinks[i]->class->hurry(collector->sinks[i]);
    }
    waker_wake(&lane->waker);
}

/* A sink may be in a call that does not come back: a write to a pipe that nobody reads, a disk that has gone. */
static bool join(struct lane *lane)
{
    const struct timespec a_while = {.tv_nsec = 2000000};
    while (!atomic_load(&lane->over)) {
        if (atomic_load(&lane->hurrying) && clock_us(CLOCK_MONOTONIC) - atomic_load(&lane->hurry_us) >= STUCK_US)
            return false;
        nanosleep(&a_while, NULL);
    }
    pthread_join(lane->thread, NULL);
    return true;
}

int64_t lane_end(struct lane *lane, struct sink_error *error)
{
    atomic_store(&lane->ending, true);
    waker_wake(&lane->waker);
    lane->stuck = !join(lane);
    if (lane->stuck) {
        snprintf(error->text, sizeof error->text, "an output does not take what is written to it; it is left");
        return -1;
    }
    if (lane->failed) {
        *error = lane->failure;
        return -1;
    }
    return (int64_t)(journal_head(lane->options.journal) - journal_committed(lane->options.journal).position);
}

bool lane_is_stuck(const struct lane *lane)
{
    return lane->stuck;
}

void lane_free(struct lane *lane)
{
    if (lane == NULL)
        return;
    waker_done(&lane->waker);
    pthread_mutex_destroy(&lane->mutex);
    pthread_mutex_destroy(&lane->refusals_mutex);
    call_box_done(&lane->calls);
    allow_gate_done(&lane->gate);
    free(lane);
}
