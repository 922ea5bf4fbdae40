/* SPDX-License-Identifier: MIT */
/*
 * store_keeper.c - a thread that merges and expires the segments of a store
 *
 * `mutex` guards the counts, what is told of failures, and the options that may change; nothing else.
 */
#define _GNU_SOURCE
#include "store_keeper.h"

#include "store_expire.h"
#include "store_merge.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EACH_S = 5, EXPIRE_EACH_S = 60, ALL_EACH_S = 3600, ALL_AGAIN_S = 10, RECENT_S = 3 * 3600, NICE = 10,
      TOLD_MAX = 16 };

/* A clock that was wrong when the machine started is set right soon after it, and would have taken all there is. */
enum { CLOCK_JUMP_S = 3600, CLOCK_WAIT_S = 600 };

struct store_keeper {
    struct store_keeper_options options;
    char *folder;
    struct store_merger *merger; /* made when something is to be merged, and then kept */
    bool changed;                /* options, since the last look */
    int64_t ahead_us;            /* the clock, of the one that goes on evenly */
    int64_t trusted_us;          /* from then on, by that one, nothing is kept for the reason that the clock may be wrong */
    atomic_bool stop;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopping;
    struct store_keeper_counts counts;
    struct store_error told[TOLD_MAX]; /* what is to be told, the oldest first */
    uint32_t told_count;
    int merge_failure, expire_failure; /* the cause of the last one of each, which is told once; 0: none */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* With the mutex held. What there is no room for is counted all the same. */
static void note(struct store_keeper *keeper, const struct store_error *error)
{
    if (keeper->told_count < TOLD_MAX)
        keeper->told[keeper->told_count++] = *error;
}

static void tell_damaged(void *context, const char *text)
{
    struct store_keeper *keeper = context;
    struct store_error error;
    store_error_set(&error, "%s; it is left out of merges", text);
    pthread_mutex_lock(&keeper->mutex);
    note(keeper, &error);
    pthread_mutex_unlock(&keeper->mutex);
}

/* A cause is told once, until something went well again. */
static void end_pass(struct store_keeper *keeper, int *failure, int result, const struct store_error *error)
{
    if (result == 0) {
        *failure = 0;
    } else if (error->number != ECANCELED && error->number != EWOULDBLOCK) {
        keeper->counts.failures++;
        if (*failure != (error->number == 0 ? -1 : error->number))
            note(keeper, error);
        *failure = error->number == 0 ? -1 : error->number;
    }
}

/* False where not all was done that was to be done. */
static bool merge(struct store_keeper *keeper, int64_t now_us, bool all)
{
    struct store_merge_counts counts = {0};
    struct store_error error = {0};
    const int64_t from_s = all ? INT64_MIN : now_us / 1000000 - RECENT_S;
    const int result = store_merger_pass(keeper->merger, now_us, from_s, &counts, &error);
    pthread_mutex_lock(&keeper->mutex);
    keeper->counts.merges += counts.merges;
    keeper->counts.merged_segments += counts.inputs;
    keeper->counts.merged_rows += counts.rows;
    keeper->counts.damaged_segments += counts.damaged;
    end_pass(keeper, &keeper->merge_failure, result, &error);
    pthread_mutex_unlock(&keeper->mutex);
    return result == 0;
}

static struct store_expire_options expire_options(const struct store_keeper *keeper, const struct store_keeper_options *now)
{
    return (struct store_expire_options){
        .folder = keeper->folder, .keep_days = now->keep_days, .keep_bytes = now->keep_bytes};
}

static void expire(struct store_keeper *keeper, const struct store_keeper_options *now, int64_t now_us)
{
    struct store_expire_options options = expire_options(keeper, now);
    options.keep_days = clock_us(CLOCK_BOOTTIME) < keeper->trusted_us ? 0 : options.keep_days;
    struct store_expire_counts counts = {0};
    struct store_error error = {0};
    const int result = store_expire(&options, now_us, &counts, &error);
    pthread_mutex_lock(&keeper->mutex);
    keeper->counts.expired_segments += counts.segments;
    keeper->counts.expired_bytes += counts.bytes;
    end_pass(keeper, &keeper->expire_failure, result, &error);
    pthread_mutex_unlock(&keeper->mutex);
}

/* False when it is time to end. */
static bool wait_a_while(struct store_keeper *keeper)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_EACH_S;
    pthread_mutex_lock(&keeper->mutex);
    while (!atomic_load(&keeper->stop) && pthread_cond_timedwait(&keeper->stopping, &keeper->mutex,
                                                                 &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&keeper->mutex);
    return !atomic_load(&keeper->stop);
}

/* When it is due again, by the clock that goes on evenly. */
static int64_t in_s(int64_t seconds)
{
    return clock_us(CLOCK_MONOTONIC) + seconds * 1000000;
}

static bool is_due(int64_t *next_us, int64_t each_s)
{
    if (in_s(0) < *next_us)
        return false;
    *next_us = in_s(each_s);
    return true;
}

/* The options as they are now; true once when they have changed. */
static bool look_at_options(struct store_keeper *keeper, struct store_keeper_options *ret_options)
{
    pthread_mutex_lock(&keeper->mutex);
    const bool changed = keeper->changed;
    *ret_options = keeper->options;
    keeper->changed = false;
    pthread_mutex_unlock(&keeper->mutex);
    return changed;
}

/* The hours just past or, when it is due, all there is: again soon where that did not go well, as on a full disk. */
static void merge_what_is_due(struct store_keeper *keeper, int64_t now_us, int64_t *all_us)
{
    const bool all = is_due(all_us, ALL_EACH_S);
    if (!merge(keeper, now_us, all) && all)
        *all_us = in_s(ALL_AGAIN_S);
}

/* Files go by their age once the clock has gone evenly for a while. At the start that is taken for granted, unless all of the
 * store is too old by it. */
static void look_at_clock(struct store_keeper *keeper, const struct store_keeper_options *now, bool begins)
{
    const struct store_expire_options options = expire_options(keeper, now);
    const int64_t now_us = clock_us(CLOCK_REALTIME), even_us = clock_us(CLOCK_BOOTTIME), ahead_us = now_us - even_us;
    struct store_error error;
    if (!begins && llabs(ahead_us - keeper->ahead_us) < CLOCK_JUMP_S * INT64_C(1000000))
        return;
    keeper->ahead_us = ahead_us;
    if (begins && !store_is_all_old(&options, now_us))
        return;
    keeper->trusted_us = even_us + CLOCK_WAIT_S * INT64_C(1000000);
    if (now->keep_days == 0)
        return;
    store_error_set(&error, "%s: no flows in %s go by their age in the next %d minutes, in case that it is wrong",
                    begins ? "by this machine's clock all flows are older than --keep-days" : "this machine's clock was set",
                    keeper->folder, CLOCK_WAIT_S / 60);
    pthread_mutex_lock(&keeper->mutex);
    note(keeper, &error);
    pthread_mutex_unlock(&keeper->mutex);
}

static void *work(void *context)
{
    struct store_keeper *keeper = context;
    int64_t all_us = 0, expire_us = 0;
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* a refused system call: blocked, it would end the process */
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* they are for the thread that waits for them */
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    while (wait_a_while(keeper)) {
        const int64_t now_us = clock_us(CLOCK_REALTIME);
        struct store_keeper_options options;
        if (look_at_options(keeper, &options))
            expire_us = 0;
        look_at_clock(keeper, &options, false);
        if ((options.keep_days > 0 || options.keep_bytes > 0) && is_due(&expire_us, EXPIRE_EACH_S))
            expire(keeper, &options, now_us);
        if (options.merge)
            merge_what_is_due(keeper, now_us, &all_us);
    }
    return NULL;
}

static void free_keeper(struct store_keeper *keeper)
{
    store_merger_free(keeper->merger);
    pthread_mutex_destroy(&keeper->mutex);
    pthread_cond_destroy(&keeper->stopping);
    free(keeper->folder);
    free(keeper);
}

static struct store_merger *make_merger(struct store_keeper *keeper, struct store_error *error)
{
    struct store_merge_options options;
    store_merge_options_init(&options, keeper->folder);
    options.sync = keeper->options.sync;
    options.stop = &keeper->stop;
    options.tell = tell_damaged;
    options.context = keeper;
    return store_merger_create(&options, error);
}

struct store_keeper *store_keeper_start(const struct store_keeper_options *options, struct store_error *error)
{
    struct store_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        store_error_set(error, "not enough memory to start");
        return NULL;
    }
    keeper->options = *options;
    keeper->folder = strdup(options->folder);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_cond_init(&keeper->stopping, &attributes);
    pthread_condattr_destroy(&attributes);
    int result = keeper->folder == NULL ? store_error_set(error, "not enough memory to start") : 0;
    if (result == 0)
        look_at_clock(keeper, &keeper->options, true); /* before there are flows of now */
    if (result == 0 && options->merge && (keeper->merger = make_merger(keeper, error)) == NULL)
        result = -1;
    if (result == 0 && (errno = pthread_create(&keeper->thread, NULL, work, keeper)) != 0)
        result = store_error_system(error, "cannot start a thread");
    if (result == 0)
        return keeper;
    free_keeper(keeper);
    return NULL;
}

/* The merger is the thread's once `merge` is set, and never taken away. */
int store_keeper_set(struct store_keeper *keeper, bool merge, uint64_t keep_days, uint64_t keep_bytes,
                     struct store_error *error)
{
    int result = 0;
    pthread_mutex_lock(&keeper->mutex);
    if (merge && keeper->merger == NULL && (keeper->merger = make_merger(keeper, error)) == NULL)
        result = -1;
    if (result == 0) {
        keeper->options.merge = merge;
        keeper->options.keep_days = keep_days;
        keeper->options.keep_bytes = keep_bytes;
        keeper->changed = true;
    }
    pthread_mutex_unlock(&keeper->mutex);
    return result;
}

void store_keeper_stop(struct store_keeper *keeper, struct store_keeper_counts *ret_counts)
{
    if (keeper == NULL)
        return;
    pthread_mutex_lock(&keeper->mutex);
    atomic_store(&keeper->stop, true);
    pthread_cond_signal(&keeper->stopping);
    pthread_mutex_unlock(&keeper->mutex);
    pthread_join(keeper->thread, NULL);
    if (ret_counts != NULL)
        *ret_counts = keeper->counts;
    free_keeper(keeper);
}

bool store_keeper_trouble(struct store_keeper *keeper, struct store_error *error)
{
    pthread_mutex_lock(&keeper->mutex);
    const bool has_trouble = keeper->told_count > 0;
    if (has_trouble) {
        *error = keeper->told[0];
        memmove(keeper->told, keeper->told + 1, --keeper->told_count * sizeof *keeper->told);
    }
    pthread_mutex_unlock(&keeper->mutex);
    return has_trouble;
}

void store_keeper_counts(struct store_keeper *keeper, struct store_keeper_counts *ret_counts)
{
    pthread_mutex_lock(&keeper->mutex);
    *ret_counts = keeper->counts;
    pthread_mutex_unlock(&keeper->mutex);
}
