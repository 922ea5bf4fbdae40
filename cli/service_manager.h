/* SPDX-License-Identifier: MIT */
/*
 * service_manager.h - what a service manager is told, as by sd_notify(3): that we receive, that we live, what we do,
 * that we end
 *
 * Without one ($NOTIFY_SOCKET is not set) nothing is done.
 */
#ifndef WEIR_CLI_SERVICE_MANAGER_H
#define WEIR_CLI_SERVICE_MANAGER_H

#include "engine.h"

#include <stdbool.h>
#include <stdint.h>

struct service_manager {
    uint64_t watchdog_us; /* to be told within so long that we live; 0: it does not ask */
    int64_t told_us;      /* monotonic */
    int64_t status_us;
    uint64_t datagrams, flows; /* at that time */
    bool stuck;           /* it is not told any more */
};

/* Sockets are open, threads run. */
void service_manager_ready(struct service_manager *manager);

/* Several times a second: a sign of life, as long as all workers move; and each few seconds what we do. True, once,
 * when a worker does not move any more; `ret_stuck_us` is for how long. */
bool service_manager_tick(struct service_manager *manager, struct engine *engine, int64_t *ret_stuck_us);

void service_manager_stopping(void);

#endif
