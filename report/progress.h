/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a bar on standard error for work that takes more than a second
 *
 * Shown only when standard error is a terminal. It lies on one line, which progress_hide() wipes before anything
 * else is written.
 */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    uint64_t total_bytes; /* 0 when not known */
    int64_t start_ms;
    int64_t drawn_ms;
    int64_t share_ms; /* when the share that is told began to grow */
    double share;
    bool enabled;
    bool shown;
};

void progress_init(struct progress *progress, uint64_t total_bytes);

/* Tells how far the work is; draws at most ten times a second. */
void progress_update(struct progress *progress, uint64_t done_bytes);

/* The same of work whose share that is done is known, 0 to 1; less than 0 where it is not. It may be done in several
 * parts, of which each begins anew. */
void progress_share(struct progress *progress, double share);

void progress_hide(struct progress *progress);

#endif
