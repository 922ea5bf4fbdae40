/* SPDX-License-Identifier: MIT */
/*
 * pace.c - so many units a second
 */
#define _GNU_SOURCE
#include "pace.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

void pace_init(struct pace *pace, double rate, double burst, int64_t now_ns)
{
    assert(rate > 0);
    *pace = (struct pace){.rate = rate, .burst = burst < 1 ? 1 : burst, .start_ns = now_ns};
}

/* Unit n, counted from 0, is due at start + n / rate. */
uint64_t pace_due(struct pace *pace, int64_t now_ns)
{
    const double begun = (double)(now_ns - pace->start_ns) * 1e-9 * pace->rate + 1;
    const double due = begun - pace->spent;
    if (due < 1)
        return 0;
    if (due > pace->burst + 1) {
        const double late = due - pace->burst;
        pace->start_ns += (int64_t)(late / pace->rate * 1e9);
        pace->forgiven += late;
        return (uint64_t)pace->burst;
    }
    return (uint64_t)(due > pace->burst ? pace->burst : due);
}

void pace_spend(struct pace *pace, uint64_t units)
{
    pace->spent += (double)units;
}

int64_t pace_when(const struct pace *pace, uint64_t units)
{
    assert(units > 0);
    return pace->start_ns + (int64_t)((pace->spent + (double)(units - 1)) / pace->rate * 1e9) + 1;
}

int64_t pace_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool pace_sleep_until(int64_t until_ns)
{
    const struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != EINTR;
}
