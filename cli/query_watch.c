/* SPDX-License-Identifier: MIT */
/* query_watch.c - looks after a query while it runs: a bar on a terminal, and Ctrl-C */
#define _GNU_SOURCE
#include "query_watch.h"

#include "progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { LOOK_MS = 50, SIGNAL_EXIT = 128 };

static atomic_int signal_number;

static struct {
    pthread_mutex_t mutex; /* all below, and the terminal */
    pthread_cond_t woken;
    pthread_t thread, main_thread;
    bool has_thread, begun, hidden, takes_signals, leaving;
    struct query *query; /* NULL: work of our own */
    double share;        /* less than 0: that of the statement */
    struct progress progress;
} watch = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void on_signal(int number)
{
    signal_number = number;
}

/* A signal that comes before a statement has really begun would be forgotten by it: it is told until it ends. The same
 * holds for a write that waits for whoever reads. */
static void pass_on_signal(void)
{
    if (signal_number == 0 || !watch.takes_signals)
        return;
    if (watch.query != NULL)
        query_interrupt(watch.query);
    pthread_kill(watch.main_thread, signal_number);
}

static void *look_after(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&watch.mutex);
    while (!watch.leaving) {
        struct timespec until;
        if (watch.begun) {
            pass_on_signal();
            if (!watch.hidden)
                progress_share(&watch.progress, watch.query != NULL && watch.share < 0 ? query_progress(watch.query)
                                                                                     : watch.share);
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (watch.begun)
            pthread_cond_timedwait(&watch.woken, &watch.mutex, &until);
        else
            pthread_cond_wait(&watch.woken, &watch.mutex);
    }
    pthread_mutex_unlock(&watch.mutex);
    return NULL;
}

static void end_thread(void)
{
    pthread_mutex_lock(&watch.mutex);
    watch.leaving = true;
    pthread_cond_signal(&watch.woken);
    pthread_mutex_unlock(&watch.mutex);
    pthread_join(watch.thread, NULL);
}

/* Without the thread there is no bar, and a signal ends what it can. It takes none itself. */
static void start_thread(void)
{
    pthread_condattr_t attributes;
    sigset_t all, before;
    watch.main_thread = pthread_self();
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.woken, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watch.has_thread = pthread_create(&watch.thread, NULL, look_after, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (watch.has_thread)
        atexit(end_thread);
}

void query_watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigemptyset(&action.sa_mask);
    watch.takes_signals = true;
    static const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        /* what runs in the background of a script does not take them */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

void query_watch_begin(struct query *query)
{
    if (!watch.has_thread)
        start_thread();
    pthread_mutex_lock(&watch.mutex);
    watch.begun = true;
    watch.hidden = false;
    watch.query = query;
    watch.share = -1;
    progress_init(&watch.progress, 0);
    pthread_cond_signal(&watch.woken);
    pthread_mutex_unlock(&watch.mutex);
}

void query_watch_end(void)
{
    pthread_mutex_lock(&watch.mutex);
    watch.begun = false;
    watch.query = NULL;
    progress_hide(&watch.progress);
    pthread_mutex_unlock(&watch.mutex);
}

void query_watch_share(double share)
{
    pthread_mutex_lock(&watch.mutex);
    watch.share = share;
    pthread_mutex_unlock(&watch.mutex);
}

void query_watch_hide(void)
{
    pthread_mutex_lock(&watch.mutex);
    watch.hidden = true;
    progress_hide(&watch.progress);
    pthread_mutex_unlock(&watch.mutex);
}

int query_watch_stopped(void)
{
    return watch.takes_signals && signal_number != 0 ? SIGNAL_EXIT + signal_number : 0;
}
