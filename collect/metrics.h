/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - the account of a running engine, as Prometheus reads it, and whether it is well
 *
 * Names begin with weir_, and with process_ where they are what every program has. weir-collect(1) tells of the
 * account, which adds up at every look:
 *
 *     weir_datagrams_received_total + weir_datagrams_recovered_total
 *         = weir_datagrams_decoded_total + the sum of weir_datagrams_refused_total + weir_datagrams_cut_off_total
 *           + weir_journal_waiting_datagrams
 *
 * Labels are bounded: METRICS_EXPORTERS_MAX exporters, those with most datagrams, have series of their own; all others,
 * and what belongs to none, are summed up as exporter="other".
 *
 * All functions may be called from any thread between engine_start() and engine_end().
 */
#ifndef WEIR_COLLECT_METRICS_H
#define WEIR_COLLECT_METRICS_H

#include "engine.h"
#include "exporter_list.h"

enum { METRICS_EXPORTERS_MAX = 1000 };

struct metrics;

/* NULL without memory. The watch stays the caller's. */
struct metrics *metrics_create(struct engine *engine, struct exporter_watch *watch);

/* NULL is fine. */
void metrics_free(struct metrics *metrics);

/* The main thread goes on; several times a second. */
void metrics_beat(struct metrics *metrics);

/* It ends: it is ready no more. */
void metrics_end(struct metrics *metrics);

/* The text, to be freed, or NULL without memory. May take a second or two. */
char *metrics_text(struct metrics *metrics, size_t *ret_size_bytes);

/* Whether the main thread and the lanes go on; whether besides all that was asked for is done: sinks work, files can be
 * written. `text` is filled with a line for people. */
bool metrics_is_alive(struct metrics *metrics, char *text, size_t room_bytes);
bool metrics_is_ready(struct metrics *metrics, char *text, size_t room_bytes);

#endif
