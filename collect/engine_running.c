/* SPDX-License-Identifier: MIT */
/* engine_running.c - what a live collector is asked and told while it runs */
#define _GNU_SOURCE
#include "engine_parts.h"

#include <stdio.h>

int engine_state(struct engine *engine, struct sink_error *error)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct worker *worker = &engine->workers[i];
        const int ended = lane_ended(worker->lane, error);
        if (ended < 0 || (worker->receiver != NULL && receiver_failed(worker->receiver, error)))
            return -1;
        if (ended > 0)
            return 0;
    }
    return 1;
}

int64_t engine_still_us(struct engine *engine)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const int64_t still = engine->workers[i].lane == NULL ? 0 : lane_still_us(engine->workers[i].lane);
        most = still > most ? still : most;
    }
    return most;
}

bool engine_side_trouble(struct engine *engine, struct sink_error *error)
{
    for (size_t i = 0; i < engine->side_count; i++) {
        struct side *side = &engine->sides[i];
        struct sink_error why;
        if (side->told || side->lane == NULL || !side_lane_failed(side->lane, &why))
            continue;
        side->told = true;
        snprintf(error->text, sizeof error->text, "-o %s has failed, the others go on: %.400s", side->name, why.text);
        return true;
    }
    return false;
}

/* All counts are 64 bits wide and side by side. */
static void add_ledger(struct weir_ledger *sum, const struct weir_ledger *more)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)more;
    _Static_assert(sizeof(struct weir_ledger) % sizeof(uint64_t) == 0, "numbers only");
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

/* The receiver counts a moment after the lane can see what came; what the lane has seen was received. */
static void reconcile(const struct worker *worker, struct receiver_counts *received, const struct lane_counts *decoded)
{
    const uint64_t seen = decoded->read + decoded->waiting;
    if (worker->receiver != NULL && seen > worker->recovered && received->received < seen - worker->recovered)
        received->received = seen - worker->recovered;
}

void engine_counts(struct engine *engine, struct engine_counts *ret_counts)
{
    *ret_counts = (struct engine_counts){0};
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        const struct worker *worker = &engine->workers[i];
        struct receiver_counts received = {0};
        struct lane_counts decoded = {0};
        if (worker->receiver != NULL)
            receiver_counts(worker->receiver, &received);
        if (worker->lane != NULL)
            lane_counts(worker->lane, &decoded);
        reconcile(worker, &received, &decoded);
        if (worker->lane != NULL && (ret_counts->counted_us == 0 || decoded.counted_us < ret_counts->counted_us))
            ret_counts->counted_us = decoded.counted_us;
        ret_counts->receiver.received += received.received + decoded.turned_away;
        ret_counts->receiver.dropped_kernel += received.dropped_kernel;
        ret_counts->receiver.dropped_journal += received.dropped_journal;
        ret_counts->recovered += worker->recovered;
        ret_counts->waiting += decoded.waiting;
        ret_counts->held += decoded.held;
        ret_counts->cut_off += decoded.cut_off;
        ret_counts->refused += decoded.refused + decoded.turned_away;
        ret_counts->cuts += decoded.cuts;
        add_ledger(&ret_counts->ledger, &decoded.ledger);
    }
}

void engine_receiver_counts(struct engine *engine, uint32_t worker, struct receiver_counts *ret_counts)
{
    struct receiver *receiver = engine->workers[worker].receiver;
    *ret_counts = (struct receiver_counts){0};
    if (receiver != NULL)
        receiver_counts(receiver, ret_counts);
}

void engine_dropped_before(const struct engine *engine, uint32_t worker, struct receiver_counts *ret_counts)
{
    *ret_counts = engine->workers[worker].before;
}

void engine_left_out(struct engine *engine, uint32_t worker, uint64_t *ret_not_allowed, uint64_t *ret_cut_off)
{
    struct lane *lane = engine->workers[worker].lane;
    struct lane_counts counts = {0};
    if (lane != NULL)
        lane_counts(lane, &counts);
    *ret_not_allowed = counts.refused + counts.turned_away;
    *ret_cut_off = counts.cut_off;
}

const char *engine_side_counts(struct engine *engine, size_t i, struct side_lane_counts *ret_counts)
{
    if (i >= engine->side_count)
        return NULL;
    *ret_counts = (struct side_lane_counts){0};
    if (engine->sides[i].lane != NULL)
        side_lane_counts(engine->sides[i].lane, ret_counts);
    return engine->sides[i].name;
}

bool engine_call(struct engine *engine, uint32_t worker, void (*call)(void *context, struct collector *collector),
                 void *context, int timeout_ms)
{
    return worker < engine->worker_count && engine->workers[worker].lane != NULL &&
           lane_call(engine->workers[worker].lane, call, context, timeout_ms);
}

unsigned engine_call_all(struct engine *engine, void (*call)(void *context, struct collector *collector), void *context,
                         int timeout_ms)
{
    unsigned missed = 0;
    for (uint32_t i = 0; i < engine->worker_count; i++)
        missed += !engine_call(engine, i, call, context, timeout_ms);
    for (size_t i = 0; i < engine->side_count; i++) {
        const struct side *side = &engine->sides[i];
        missed += side->lane == NULL || !side_lane_call(side->lane, call, context, timeout_ms);
    }
    return missed;
}

void engine_set_allowed(struct engine *engine, struct address_list *allowed)
{
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].lane != NULL)
            lane_set_allowed(engine->workers[i].lane, allowed);
        if (engine->workers[i].receiver != NULL)
            receiver_set_allowed(engine->workers[i].receiver, allowed);
    }
    for (size_t i = 0; i < engine->side_count; i++) {
        if (engine->sides[i].lane != NULL)
            side_lane_set_allowed(engine->sides[i].lane, allowed);
    }
}

void engine_set_commit(struct engine *engine, int64_t commit_us)
{
    engine->options.commit_us = commit_us;
    for (uint32_t i = 0; i < engine->worker_count; i++) {
        if (engine->workers[i].lane != NULL)
            lane_set_commit(engine->workers[i].lane, commit_us);
    }
}
