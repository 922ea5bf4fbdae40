/* SPDX-License-Identifier: MIT */
/*
 * collect_reload.h - SIGHUP while weir collect receives: its file of --config is read again, and outputs open theirs anew
 *
 * What acts without a restart is marked in the table of options. It is done on the threads that use it, between two datagrams,
 * and nobody waits for it but the one that calls here.
 */
#ifndef WEIR_CLI_COLLECT_RELOAD_H
#define WEIR_CLI_COLLECT_RELOAD_H

#include "collect_settings.h"
#include "engine.h"

struct collect_reload {
    struct collect_config *config;
    struct collect_settings running; /* what acts */
    struct collect_options options;  /* made of it */
};

/* -1 when memory is short. */
int collect_reload_init(struct collect_reload *reload, const struct collect_options *options);
void collect_reload_done(struct collect_reload *reload);

/* Does it, and tells on standard error what became of it. */
void collect_reload(struct collect_reload *reload, struct engine *engine, int64_t now_us);

#endif
