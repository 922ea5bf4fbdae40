/* SPDX-License-Identifier: MIT */
/*
 * replay_run.c - what sending a file and sending made traffic have in common
 */
#define _GNU_SOURCE
#include "replay_run.h"

#include "stop_signal.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
    SLICE_NS = 100000000,  /* a signal that comes just before a sleep is noticed behind it */
    QUIET_NS = 1000000000,
    SHOW_NS = 250000000,
    BURSTS_PER_SECOND = 50, /* what became due in a fiftieth of a second is made up for at once, */
    BURST_DATAGRAMS = 16,    /* but at least so much */
    BURST_FLOWS = 500,
    WAKES_PER_SECOND = 5000, /* and woken up for no more often than this */
};

bool replay_run_begin(struct replay_run *run, const struct replay_options *options)
{
    const struct sender_options sender_options = {
        .host = options->host,
        .port = options->port,
        .source_count = options->source_count,
        .segment = options->segment,
    };
    char error[SENDER_ERROR_BYTES];
    *run = (struct replay_run){
        .options = options,
        .sender = sender_open(&sender_options, error),
        .due = UINT64_MAX,
        .terminal = isatty(STDERR_FILENO) == 1,
    };
    if (run->sender == NULL) {
        fprintf(stderr, "weir replay: %s\n", error);
        return false;
    }
    run->start_ns = run->shown_ns = pace_clock_ns();
    if (options->rate > 0) {
        const double least = options->rate_is_flows ? BURST_FLOWS : BURST_DATAGRAMS;
        const double burst = (double)options->rate / BURSTS_PER_SECOND;
        run->due = 0;
        pace_init(&run->pace, (double)options->rate, burst < least ? least : burst, run->start_ns);
    }
    return true;
}

static void show(struct replay_run *run, int64_t now_ns)
{
    if (now_ns - run->start_ns < QUIET_NS || now_ns - run->shown_ns < SHOW_NS)
        return;
    const double seconds = (double)(now_ns - run->start_ns) * 1e-9;
    run->shown_ns = now_ns;
    run->shown = true;
    fprintf(stderr, "\r\033[K%.0f s: %" PRIu64 " datagrams, %" PRIu64 " flows, %.0f flows/s", seconds,
            sender_counts(run->sender)->datagrams, run->flows, (double)run->flows / seconds);
}

bool replay_run_goes_on(struct replay_run *run)
{
    const int64_t duration_us = run->options->duration_us;
    if (stop_signal_came())
        return false;
    if (duration_us == 0 && !run->terminal)
        return true;
    const int64_t now_ns = pace_clock_ns();
    if (duration_us > 0 && (now_ns - run->start_ns) / 1000 >= duration_us)
        return false;
    if (run->terminal)
        show(run, now_ns);
    return true;
}

bool replay_run_wait_until(struct replay_run *run, int64_t until_ns)
{
    int64_t now_ns = pace_clock_ns();
    if (now_ns >= until_ns)
        return true;
    sender_flush(run->sender);
    while (replay_run_goes_on(run) && now_ns < until_ns) {
        pace_sleep_until(until_ns - now_ns > SLICE_NS ? now_ns + SLICE_NS : until_ns);
        now_ns = pace_clock_ns();
    }
    return now_ns >= until_ns;
}

bool replay_run_wait_due(struct replay_run *run)
{
    if (run->options->rate == 0)
        return true;
    const double chunk = (double)run->options->rate / WAKES_PER_SECOND;
    while ((run->due = pace_due(&run->pace, pace_clock_ns())) == 0) {
        if (!replay_run_wait_until(run, pace_when(&run->pace, chunk < 1 ? 1 : (uint64_t)chunk)))
            return false;
    }
    return true;
}

void replay_run_spend(struct replay_run *run, uint32_t flows)
{
    run->flows += flows;
    if (run->options->rate == 0)
        return;
    const uint64_t units = run->options->rate_is_flows ? flows : 1;
    pace_spend(&run->pace, units);
    run->due -= units < run->due ? units : run->due;
}

void replay_run_end(struct replay_run *run)
{
    sender_flush(run->sender);
    run->end_ns = pace_clock_ns();
    if (run->shown)
        fputs("\r\033[K", stderr);
}

double replay_run_seconds(const struct replay_run *run)
{
    return (double)(run->end_ns - run->start_ns) * 1e-9;
}
