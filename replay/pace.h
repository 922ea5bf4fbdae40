/* SPDX-License-Identifier: MIT */
/*
 * pace.h - so many units a second: datagrams, flows
 *
 * What is due is reckoned from the start, so that rounding and waking late do not add up: on average the rate is the
 * one asked for. What has become due while the machine did something else is made up for, but only so much of it:
 * the rest is forgiven, as a burst is what a collector loses by.
 */
#ifndef WEIR_REPLAY_PACE_H
#define WEIR_REPLAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    double rate;      /* units a second, above 0 */
    double burst;     /* units that are due at once at the most, at least 1 */
    int64_t start_ns; /* moves on when units are forgiven */
    double spent;     /* units since then */
    double forgiven;  /* units, for the summary */
};

/* Times are of any clock that does not go back, nanoseconds. The first unit is due at once. */
void pace_init(struct pace *pace, double rate, double burst, int64_t now_ns);

/* How many units may go now, at most the burst. */
uint64_t pace_due(struct pace *pace, int64_t now_ns);

/* So many have gone: more than were due are made up for by waiting longer. */
void pace_spend(struct pace *pace, uint64_t units);

/* When so many units, at least 1, will be due. */
int64_t pace_when(const struct pace *pace, uint64_t units);

/* The monotonic clock, nanoseconds. */
int64_t pace_clock_ns(void);

/* Sleeps until that clock shows so much, or a signal comes: false then. */
bool pace_sleep_until(int64_t until_ns);

#endif
