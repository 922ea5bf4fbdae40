/* SPDX-License-Identifier: MIT */
/*
 * debug_log.h - the lines of --debug: each datagram, and what was special about it
 */
#ifndef WEIR_COLLECT_DEBUG_LOG_H
#define WEIR_COLLECT_DEBUG_LOG_H

#include <stdio.h>
#include <weir/weir.h>

struct debug_log;

/* NULL when memory is short. `out` stays the caller's. */
struct debug_log *debug_log_create(FILE *out);

/* NULL is fine. */
void debug_log_free(struct debug_log *log);

/* A datagram has come; the ledger is as before it. */
void debug_log_received(struct debug_log *log, const struct weir_datagram *datagram, const struct weir_ledger *ledger);

/* It is decoded; the ledger is as after it. */
void debug_log_processed(struct debug_log *log, const struct weir_ledger *ledger);

/* The decoder tells something. */
void debug_log_event(struct debug_log *log, const struct weir_event *event);

/* Records of an options template: they go into no sink as flows do, so they are shown here. */
void debug_log_options(struct debug_log *log, const struct weir_batch *batch);

#endif
