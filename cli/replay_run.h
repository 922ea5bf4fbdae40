/* SPDX-License-Identifier: MIT */
/*
 * replay_run.h - what sending a file and sending made traffic have in common
 */
#ifndef WEIR_CLI_REPLAY_RUN_H
#define WEIR_CLI_REPLAY_RUN_H

#include "pace.h"
#include "replay_options.h"
#include "sender.h"

#include <stdbool.h>
#include <stdint.h>

struct replay_run {
    const struct replay_options *options;
    struct sender *sender;
    struct pace pace;
    uint64_t due; /* units of the pace that may still go; without a rate there is no end of them */
    uint64_t flows; /* sent so far */
    int64_t start_ns, end_ns; /* of the monotonic clock; the end is 0 while it runs */
    int64_t shown_ns;
    bool terminal;
    bool shown;
};

/* False when the address cannot be had; that was said. */
bool replay_run_begin(struct replay_run *run, const struct replay_options *options);

/* Whether to go on: no signal has come, and the time is not over. Tells on a terminal how it goes. */
bool replay_run_goes_on(struct replay_run *run);

/* Waits until the rate allows something. What was added is sent before. False when it ended meanwhile. */
bool replay_run_wait_due(struct replay_run *run);

/* Waits until the clock shows so much, the same way. */
bool replay_run_wait_until(struct replay_run *run, int64_t until_ns);

/* A datagram with so many flows was added. */
void replay_run_spend(struct replay_run *run, uint32_t flows);

/* Sends what was added, and notes the time. */
void replay_run_end(struct replay_run *run);

double replay_run_seconds(const struct replay_run *run);

#endif
