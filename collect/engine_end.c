/* SPDX-License-Identifier: MIT */
/* engine_end.c - the end of a live collector: what was received is kept, or stays in the journal */
#define _GNU_SOURCE
#include "engine_parts.h"

#include "drops_file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    SIDE_END_MS = 3000,
    TELL_WAITING = 150, /* looks of 20 ms */
    TELL_HINDERED = 10
};

/* For the next process, from a journal that goes. Without it, what is dropped until then is told by nobody. */
static void leave_drops(const struct worker *worker)
{
    const struct engine_options *options = &worker->engine->options;
    struct journal_drops drops;
    if (worker->drops_path == NULL || !options->sockets_stay)
        return;
    journal_drops_noted(worker->journal, &drops);
    if (drops_file_write(worker->drops_path, &drops) != 0 && options->warn != NULL)
        options->warn(options->context, "cannot keep beside the journal what the kernel has dropped so far; what it drops "
                      "until the next start is not counted");
}

/* Waits for what lane_end() waits for, and looks meanwhile whether somebody wants it to be over. */
struct watch {
    struct engine *engine;
    bool (*interrupted)(void);
    _Atomic bool over;
};

/* Whether a sink that a lane waits for cannot go on for something that it has told of. */
static bool is_hindered(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct collector *collector = &engine->workers[i].collector;
        for (size_t k = 0; k < collector->sink_count; k++) {
            struct sink *sink = collector->sinks[k];
            if (sink->class->waits != NULL && sink->class->waits(sink))
                return true;
        }
    }
    return false;
}

static void tell_waiting(const struct engine *engine, bool hindered)
{
    char text[200];
    snprintf(text, sizeof text, "%s; another Ctrl-C or SIGTERM %s",
             hindered ? "waits until what came can be written, which fails as told above" : "still writing",
             engine->options.journal_path == NULL ? "gives up what is not written"
                                                  : "leaves what is not written in the journal, for the next start");
    if (engine->options.warn != NULL)
        engine->options.warn(engine->options.context, text);
}

static void *hurry_when_told(void *context)
{
    struct watch *watch = context;
    const struct timespec a_while = {.tv_nsec = 20000000};
    bool told = false;
    for (int waited = 0; !atomic_load(&watch->over); waited++) {
        const bool hindered = !told && waited >= TELL_HINDERED && is_hindered(watch->engine);
        if (hindered || (!told && waited == TELL_WAITING))
            tell_waiting(watch->engine, hindered);
        told |= hindered || waited == TELL_WAITING;
        if (watch->interrupted()) {
            for (uint32_t i = 0; i < watch->engine->worker_count; i++) {
                if (watch->engine->workers[i].lane != NULL)
                    lane_hurry(watch->engine->workers[i].lane);
            }
            break;
        }
        nanosleep(&a_while, NULL);
    }
    return NULL;
}

static int end_lanes(struct engine *engine, struct sink_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct worker *worker = &engine->workers[i];
        struct sink_error why;
        const int64_t left = worker->lane == NULL ? 0 : lane_end(worker->lane, &why);
        worker->left = journal_head(worker->journal) - journal_committed(worker->journal).position;
        engine->stuck |= worker->lane != NULL && lane_is_stuck(worker->lane);
        worker->keep = left < 0 || worker->left > 0 || (worker->lane == NULL && journal_is_recovered(worker->journal));
        if (left < 0 && result == 0) {
            *error = why;
            result = -1;
        }
    }
    return result;
}

static int end_sides(struct engine *engine, struct sink_error *error)
{
    int result = 0;
    for (size_t i = 0; i < engine->side_count; i++) {
        struct side *side = &engine->sides[i];
        struct sink_error why;
        if (side->lane == NULL || side_lane_end(side->lane, SIDE_END_MS, &why) == 0)
            continue;
        side->stuck = side_lane_is_stuck(side->lane);
        if (result == 0 && !side->told)
            *error = why;
        result = -1;
    }
    return result;
}

static int close_sinks(struct engine *engine, struct sink_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct sink_error why;
        if (collector_close(&engine->workers[i].collector, &why) != 0 && result == 0) {
            *error = why;
            result = -1;
        }
    }
    for (size_t i = 0; i < engine->side_count; i++) {
        struct sink_error why;
        if (engine->sides[i].stuck)
            continue;
        if (collector_close(&engine->sides[i].collector, &why) != 0 && result == 0 && !engine->sides[i].told) {
            *error = why;
            result = -1;
        }
    }
    return result;
}

int engine_end(struct engine *engine, bool drain, bool (*interrupted)(void), uint64_t *ret_left, struct sink_error *error)
{
    struct watch watch = {.engine = engine, .interrupted = interrupted};
    pthread_t watcher;
    struct sink_error why = {0};
    engine->ended = true;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].receiver != NULL)
            receiver_end(engine->workers[i].receiver, drain);
    }
    const bool watched = interrupted != NULL && pthread_create(&watcher, NULL, hurry_when_told, &watch) == 0;
    int result = end_lanes(engine, error);
    if (end_sides(engine, &why) != 0 && result == 0) {
        *error = why;
        result = -1;
    }
    if (watched) {
        atomic_store(&watch.over, true);
        pthread_join(watcher, NULL);
    }
    if (!engine->stuck && close_sinks(engine, &why) != 0 && result == 0) {
        *error = why;
        result = -1;
    }
    *ret_left = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++)
        *ret_left += engine->workers[i].left;
    return result;
}

bool engine_lanes_are_stuck(const struct engine *engine)
{
    return engine->stuck;
}

bool engine_is_stuck(const struct engine *engine)
{
    bool stuck = engine->stuck;
    for (size_t i = 0; i < engine->side_count; i++)
        stuck |= engine->sides[i].stuck;
    return stuck;
}

static bool is_needless(const struct engine *engine, const struct worker *worker)
{
    /* One that was never begun is of no use either, unless it was found. */
    return engine->ended ? !worker->keep : !journal_is_recovered(worker->journal);
}

/* All stays as it is, as the process ends, but for files that nobody needs. */
static void leave(const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct worker *worker = &engine->workers[i];
        if (!is_needless(engine, worker))
            continue;
        leave_drops(worker);
        snapshot_file_remove(&worker->snapshot);
        journal_remove(worker->journal);
    }
}

void engine_free(struct engine *engine)
{
    struct sink_error ignored;
    if (engine == NULL)
        return;
    if (engine_is_stuck(engine)) {
        leave(engine);
        return;
    }
    if (!engine->ended)
        close_sinks(engine, &ignored);
    for (size_t i = 0; i < engine->side_count; i++) {
        side_lane_free(engine->sides[i].lane);
        collector_done(&engine->sides[i].collector);
    }
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        struct worker *worker = &engine->workers[i];
        const bool needless = is_needless(engine, worker);
        receiver_free(worker->receiver);
        lane_free(worker->lane);
        collector_done(&worker->collector);
        if (needless) {
            leave_drops(worker);
            snapshot_file_remove(&worker->snapshot);
        }
        snapshot_file_done(&worker->snapshot);
        free(worker->drops_path);
        journal_close(worker->journal, needless);
    }
    free(engine);
}
