/* SPDX-License-Identifier: MIT */
/*
 * store_sink.h - the sink that keeps flows in a store: weir collect -o store:DIR
 */
#ifndef WEIR_CLI_STORE_SINK_H
#define WEIR_CLI_STORE_SINK_H

#include "engine.h"
#include "sink.h"
#include "store_writer.h"

/* What `decoder` counts, which must live longer, is noted in the store's ledger. Live, a store that cannot be written
 * to is told on stderr and goes on to be tried; with options->wait it fails. NULL with `error` filled where there can
 * be no store. */
struct sink *store_sink_create(const struct store_writer_options *options, struct weir_decoder *decoder,
                               struct sink_error *error);

/* Where the sink is a store: other values of merge, keep_days and keep_bytes, on the thread that it is used by. -1 with
 * `error` filled; it then goes on as before. */
int store_sink_keep(struct sink *sink, const struct store_writer_options *options, struct sink_error *error);

/* The number of its writer in the store. */
uint32_t store_sink_writer(const struct sink *sink);

/*
 * Where the sink is a store's: the ledger has what the kernel dropped of what was this worker's, and that of the first
 * worker what outputs beside it missed. What all workers have stored is told in one line, so they are closed by one
 * thread; `first` is the sink of the first worker, which is still open.
 */
void store_sink_watch(struct sink *sink, struct engine *engine, uint32_t worker, struct sink *first);

#endif
