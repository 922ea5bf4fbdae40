/* SPDX-License-Identifier: MIT */
/*
 * call_box.h - has a thread run a function for another, which waits for it
 *
 * The thread looks into the box now and then, and is woken for it. One call at a time.
 */
#ifndef WEIR_COLLECT_CALL_BOX_H
#define WEIR_COLLECT_CALL_BOX_H

#include "waker.h"

#include <pthread.h>
#include <stdint.h>

struct collector;

struct call_box {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    void (*call)(void *context, struct collector *collector);
    void *context;
    uint64_t asked, done;
};

void call_box_init(struct call_box *box);
void call_box_done(struct call_box *box);

/* Of the thread: whether there is a call; and runs it. */
bool call_box_has(struct call_box *box);
void call_box_answer(struct call_box *box, struct collector *collector);

/* Of others: false when the thread did not come to it in time, and will not, or when another call is under way. */
bool call_box_put(struct call_box *box, struct waker *waker, void (*call)(void *context, struct collector *collector),
                  void *context, int timeout_ms);

#endif
