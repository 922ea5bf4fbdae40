/* SPDX-License-Identifier: MIT */
/*
 * collect_watch.h - what shows the running weir collect to others: metrics over HTTP, the socket that weir exporters
 * asks
 */
#ifndef WEIR_CLI_COLLECT_WATCH_H
#define WEIR_CLI_COLLECT_WATCH_H

#include "collect_options.h"
#include "engine.h"

struct collect_watch;

/* Opens what has to be open before the rest starts. NULL with `error` filled. */
struct collect_watch *collect_watch_open(const struct collect_options *options, struct sink_error *error);

/* The engine has started: shows it from now on, until collect_watch_end(). `name` is the journal's, for the socket
 * beside it; that there can be none is told and no failure. -1 with `error` filled. */
int collect_watch_start(struct collect_watch *watch, struct engine *engine, const char *name, struct sink_error *error);

/* Several times a second, from the main thread, between these two. */
void collect_watch_beat(struct collect_watch *watch);

/* Before engine_end(). NULL is fine, and so is one that was not started. */
void collect_watch_end(struct collect_watch *watch);

/* NULL is fine. */
void collect_watch_free(struct collect_watch *watch);

#endif
