/* SPDX-License-Identifier: MIT */
/*
 * waker.c - one thread sleeps until others have something for it
 */
#define _GNU_SOURCE
#include "waker.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int waker_init(struct waker *waker)
{
    atomic_init(&waker->sleeping, 0);
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return waker->fd < 0 ? -1 : 0;
}

void waker_done(struct waker *waker)
{
    if (waker->fd >= 0)
        close(waker->fd);
    waker->fd = -1;
}

/* Both change the same number, so one comes first: either the sleeper, and it is seen here; or this, and then the
 * sleeper sees what was written before. With a mere look what was written before may come after it. */
void waker_wake(struct waker *waker)
{
    const uint64_t one = 1;
    if (atomic_fetch_add(&waker->sleeping, 0) == 0)
        return;
    while (write(waker->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void waker_sleep(struct waker *waker, int timeout_ms, bool (*ready)(void *context), void *context)
{
    uint64_t count;
    atomic_exchange(&waker->sleeping, 1);
    if (!ready(context)) {
        struct pollfd poll_fd = {.fd = waker->fd, .events = POLLIN};
        poll(&poll_fd, 1, timeout_ms);
    }
    atomic_store(&waker->sleeping, 0);
    while (read(waker->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
}
