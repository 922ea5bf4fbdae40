/* SPDX-License-Identifier: MIT */
/* store_progress.c - a bar for weir store check, merge and export, and their end by Ctrl-C */
#define _GNU_SOURCE
#include "store_progress.h"

#include "progress.h"

#include <signal.h>

enum { SIGNAL_EXIT = 128 };

static struct progress progress;
static uint64_t done_bytes;
static atomic_bool is_stopped;
static volatile sig_atomic_t signal_number;

void store_progress_begin(uint64_t total_bytes)
{
    done_bytes = 0;
    progress_init(&progress, total_bytes);
}

void store_progress_add(void *unused, uint64_t more_bytes)
{
    (void)unused;
    done_bytes += more_bytes;
    progress_update(&progress, done_bytes);
}

void store_progress_hide(void)
{
    progress_hide(&progress);
}

static void on_signal(int number)
{
    signal_number = number;
    atomic_store_explicit(&is_stopped, true, memory_order_relaxed);
}

const atomic_bool *store_stop_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal}, before; /* it ends the waiting for a lock as well */
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        /* what runs in the background of a script does not take them */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    return &is_stopped;
}

int store_stopped(void)
{
    return signal_number != 0 ? SIGNAL_EXIT + signal_number : 0;
}
