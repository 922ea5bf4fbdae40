/* SPDX-License-Identifier: MIT */
/*
 * service_manager.c - what a service manager is told
 */
#define _GNU_SOURCE
#include "service_manager.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { STATUS_EACH_US = 5000000, SIGNS = 3 /* in the time that it waits for one */ };

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void service_manager_ready(struct service_manager *manager)
{
    uint64_t watchdog_us = 0;
    *manager = (struct service_manager){.status_us = monotonic_us()};
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        manager->watchdog_us = watchdog_us;
    sd_notify(0, "READY=1\nSTATUS=Waiting for datagrams");
}

static void tell_status(struct service_manager *manager, struct engine *engine, int64_t now_us)
{
    struct engine_counts counts;
    engine_counts(engine, &counts);
    const double seconds = (double)(now_us - manager->status_us) * 1e-6;
    const uint64_t lost = counts.receiver.dropped_kernel + counts.receiver.dropped_journal;
    sd_notifyf(0, "STATUS=%.0f datagrams/s, %.0f flows/s, %" PRIu64 " waiting, %" PRIu64 " dropped",
               (double)(counts.receiver.received - manager->datagrams) / seconds,
               (double)(counts.ledger.flows - manager->flows) / seconds, counts.waiting, lost);
    manager->status_us = now_us;
    manager->datagrams = counts.receiver.received;
    manager->flows = counts.ledger.flows;
}

bool service_manager_tick(struct service_manager *manager, struct engine *engine, int64_t *ret_stuck_us)
{
    const int64_t now_us = monotonic_us();
    bool news = false;
    if (now_us - manager->status_us >= STATUS_EACH_US)
        tell_status(manager, engine, now_us);
    if (manager->watchdog_us == 0 || now_us - manager->told_us < (int64_t)(manager->watchdog_us / SIGNS))
        return false;
    const int64_t still_us = engine_still_us(engine);
    if (still_us < (int64_t)(manager->watchdog_us / 2)) {
        sd_notify(0, "WATCHDOG=1");
        manager->told_us = now_us;
        manager->stuck = false;
    } else if (!manager->stuck) {
        manager->stuck = news = true;
        *ret_stuck_us = still_us;
    }
    return news;
}

void service_manager_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=Writing what was received");
}
