/* SPDX-License-Identifier: MIT */
/*
 * stop_signal.c - notes SIGINT, SIGTERM and SIGHUP
 *
 * A loop that waits has them blocked but while the loop waits: a signal between the look and the wait is not lost.
 * Under load, when the wait returns at once, they are fetched with sigtimedwait().
 */
#define _GNU_SOURCE
#include "stop_signal.h"

#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t came, again, hangup;
static sigset_t wait_mask;
static sigset_t stop_set;
static bool blocks, had_terminal;

static void on_stop(int number)
{
    (void)number;
    again = came;
    came = 1;
}

static void on_hangup(int number)
{
    (void)number;
    hangup = 1;
}

static void init_hangup(void)
{
    struct sigaction action = {.sa_handler = on_hangup};
    sigset_t set;
    had_terminal = isatty(STDERR_FILENO);
    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void stop_signal_init(bool blocked)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
    blocks = blocked;
    sigemptyset(&stop_set);
    sigaddset(&stop_set, SIGINT);
    sigaddset(&stop_set, SIGTERM);
    sigprocmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &stop_set, &wait_mask);
    sigdelset(&wait_mask, SIGINT);
    sigdelset(&wait_mask, SIGTERM);
    if (blocked)
        init_hangup();
    sigdelset(&wait_mask, SIGHUP);
}

bool stop_signal_came(void)
{
    const struct timespec now = {0};
    if (!came && blocks && sigtimedwait(&stop_set, NULL, &now) > 0)
        came = 1;
    return came;
}

bool stop_signal_came_again(void)
{
    const struct timespec now = {0};
    if (came && !again && blocks && sigtimedwait(&stop_set, NULL, &now) > 0)
        again = 1;
    return again;
}

bool stop_signal_hangup_came(void)
{
    const bool has_come = hangup;
    hangup = 0; /* it is blocked now */
    if (has_come && had_terminal && !isatty(STDERR_FILENO))
        came = 1;
    return has_come && !came;
}

const sigset_t *stop_signal_wait_mask(void)
{
    return &wait_mask;
}
