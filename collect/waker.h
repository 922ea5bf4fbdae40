/* SPDX-License-Identifier: MIT */
/*
 * waker.h - one thread sleeps until others have something for it
 *
 * Waking one that is awake costs a look at a number, so it can be done for each burst.
 */
#ifndef WEIR_COLLECT_WAKER_H
#define WEIR_COLLECT_WAKER_H

#include <stdatomic.h>
#include <stdbool.h>

struct waker {
    int fd; /* an eventfd */
    _Atomic int sleeping;
};

/* -1 with errno. */
int waker_init(struct waker *waker);
void waker_done(struct waker *waker);

/* From any thread; what it wrote before is there for whoever wakes up, or does not go to sleep. */
void waker_wake(struct waker *waker);

/* Sleeps until it is woken, or so long. `ready` is asked once more when nobody's call can be missed any longer; when it
 * says yes nothing is waited for. */
void waker_sleep(struct waker *waker, int timeout_ms, bool (*ready)(void *context), void *context);

#endif
