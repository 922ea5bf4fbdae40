/* SPDX-License-Identifier: MIT */
/* progress.c - a bar on standard error for work that takes more than a second */
#define _GNU_SOURCE
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "format.h"

#define BAR_WIDTH 40
#define QUIET_MS 1000
#define INTERVAL_MS 100

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, uint64_t total_bytes)
{
    memset(progress, 0, sizeof *progress);
    progress->total_bytes = total_bytes;
    progress->enabled = isatty(STDERR_FILENO) == 1;
    progress->start_ms = progress->enabled ? now_ms() : 0;
    progress->share_ms = progress->start_ms;
}

/* Whether it is time to draw. */
static bool is_due(struct progress *progress, int64_t *ret_now_ms)
{
    if (!progress->enabled)
        return false;
    const int64_t now = now_ms();
    if (now - progress->start_ms < QUIET_MS || now - progress->drawn_ms < INTERVAL_MS)
        return false;
    progress->drawn_ms = now;
    progress->shown = true;
    *ret_now_ms = now;
    return true;
}

/* "[####....]  40 %", `amounts` and how long it will take. */
static void draw(double share, const char *amounts, int64_t passed_ms)
{
    char bar[BAR_WIDTH + 1];
    if (share > 1)
        share = 1;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)(share * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    const double left_s = share > 0 ? (double)passed_ms / 1000 * (1 - share) / share : 0;
    fprintf(stderr, "\r\033[K[%s] %3d %%%s, %d s left", bar, (int)(share * 100), amounts, (int)(left_s + 0.5));
}

void progress_update(struct progress *progress, uint64_t done_bytes)
{
    char done[FORMAT_TEXT_SIZE], total[FORMAT_TEXT_SIZE], amounts[2 * FORMAT_TEXT_SIZE + 16];
    int64_t now;
    if (!is_due(progress, &now))
        return;
    format_size(done_bytes, done);
    if (progress->total_bytes == 0) {
        fprintf(stderr, "\r\033[Kreading: %s", done);
        return;
    }
    snprintf(amounts, sizeof amounts, "  %s of %s", done, format_size(progress->total_bytes, total));
    draw((double)done_bytes / (double)progress->total_bytes, amounts, now - progress->start_ms);
}

void progress_share(struct progress *progress, double share)
{
    int64_t now;
    if (progress->enabled && share < progress->share)
        progress->share_ms = now_ms();
    progress->share = share;
    if (!is_due(progress, &now))
        return;
    if (share > 0)
        draw(share, "", now - progress->share_ms);
    else
        fprintf(stderr, "\r\033[Kworking: %d s", (int)((now - progress->start_ms) / 1000));
}

void progress_hide(struct progress *progress)
{
    if (!progress->shown)
        return;
    fputs("\r\033[K", stderr);
    progress->shown = false;
    progress->drawn_ms = now_ms();
}
