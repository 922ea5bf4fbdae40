/* SPDX-License-Identifier: MIT */
/*
 * call_box.c - has a thread run a function for another, which waits for it
 */
#define _GNU_SOURCE
#include "call_box.h"

#include <stddef.h>
#include <time.h>

/* How long somebody waits must not depend on the clock being set. */
void call_box_init(struct call_box *box)
{
    pthread_condattr_t attributes;
    *box = (struct call_box){0};
    pthread_mutex_init(&box->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&box->answered, &attributes);
    pthread_condattr_destroy(&attributes);
}

void call_box_done(struct call_box *box)
{
    pthread_mutex_destroy(&box->mutex);
    pthread_cond_destroy(&box->answered);
}

bool call_box_has(struct call_box *box)
{
    pthread_mutex_lock(&box->mutex);
    const bool has = box->call != NULL;
    pthread_mutex_unlock(&box->mutex);
    return has;
}

/* The mutex is held meanwhile, so that who gives up waiting finds the call either not begun or done. */
void call_box_answer(struct call_box *box, struct collector *collector)
{
    pthread_mutex_lock(&box->mutex);
    if (box->call != NULL) {
        box->call(box->context, collector);
        box->call = NULL;
        box->done = box->asked;
        pthread_cond_broadcast(&box->answered);
    }
    pthread_mutex_unlock(&box->mutex);
}

bool call_box_put(struct call_box *box, struct waker *waker, void (*call)(void *context, struct collector *collector),
                  void *context, int timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000 + (until.tv_nsec / 1000000 + timeout_ms % 1000) / 1000;
    until.tv_nsec = (until.tv_nsec + (long)(timeout_ms % 1000) * 1000000) % 1000000000;
    pthread_mutex_lock(&box->mutex);
    if (box->call != NULL) {
        pthread_mutex_unlock(&box->mutex);
        return false; /* of somebody else */
    }
    box->call = call;
    box->context = context;
    const uint64_t number = ++box->asked;
    pthread_mutex_unlock(&box->mutex);
    waker_wake(waker);
    pthread_mutex_lock(&box->mutex);
    while (box->done < number && pthread_cond_timedwait(&box->answered, &box->mutex, &until) == 0)
        ;
    const bool done = box->done >= number;
    if (!done)
        box->call = NULL;
    pthread_mutex_unlock(&box->mutex);
    return done;
}
