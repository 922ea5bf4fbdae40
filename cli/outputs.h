/* SPDX-License-Identifier: MIT */
/*
 * outputs.h - makes the sinks that -o names
 */
#ifndef WEIR_CLI_OUTPUTS_H
#define WEIR_CLI_OUTPUTS_H

#include "collect_options.h"
#include "collector.h"
#include "engine.h"
#include "listener.h"

/* Whether the outputs go together; makes none. -1 with `error` filled. */
int outputs_check(const struct collect_options *options, struct sink_error *error);

/* Adds the sinks to the collector. `start_us` is when the first datagram came, or the present. -1 with `error`
 * filled; `ret_usage` tells that it is the command line that is wrong. */
int outputs_create(const struct collect_options *options, int64_t start_us, struct collector *collector,
                   bool *ret_usage, struct sink_error *error);

/* The same for the live collector: what is stored goes to the workers' collectors, so does the first output where
 * nothing is stored, and others have lanes of their own beside them. */
int outputs_create_live(const struct collect_options *options, int64_t start_us, struct engine *engine, bool *ret_usage,
                        struct sink_error *error);

/* Before rights are given up: opens what outputs need them for, which are sockets for packets with the exporters'
 * addresses. */
void outputs_open_raw(const struct collect_options *options);

/* Refuses what would be repeated to the collector itself, before the engine is started. -1 with `error` filled. */
int outputs_check_loops(struct engine *engine, const struct listener *listener, struct sink_error *error);

/* Whether flows are shown on the terminal itself. */
bool outputs_use_terminal(const struct collect_options *options);

#endif
