/* SPDX-License-Identifier: MIT */
/*
 * stop_signal.h - Ctrl-C and SIGTERM end the work cleanly, SIGHUP asks for another look at the configuration
 */
#ifndef WEIR_CLI_STOP_SIGNAL_H
#define WEIR_CLI_STOP_SIGNAL_H

#include <signal.h>
#include <stdbool.h>

/* From here on SIGINT and SIGTERM are noted, and a full disk or a closed pipe is an error of the write instead of a
 * signal. With `blocked` they, and SIGHUP, come only while waiting with stop_signal_wait_mask(); else they interrupt
 * whatever read is under way. */
void stop_signal_init(bool blocked);

/* Whether one of them has come. */
bool stop_signal_came(void);

/* Whether another one has come since the first: whoever sends it does not want to wait. From one thread at a time. */
bool stop_signal_came_again(void);

/* Whether SIGHUP has come since the last call. Where it came as the terminal of standard error is gone, it is a
 * SIGTERM. */
bool stop_signal_hangup_came(void);

/* The mask to wait with, so that they end the waiting. */
const sigset_t *stop_signal_wait_mask(void);

#endif
