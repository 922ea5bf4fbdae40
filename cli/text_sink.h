/* SPDX-License-Identifier: MIT */
/*
 * text_sink.h - connection lines on a terminal, as they arrive: weir collect -o text
 *
 * The lines are those of weir analyze. A flow waits two seconds for its other side, in time of receipt; a line waits
 * half a second for the names of its hosts; nothing waits for the resolver.
 */
#ifndef WEIR_CLI_TEXT_SINK_H
#define WEIR_CLI_TEXT_SINK_H

#include <stdio.h>

#include "sink.h"

/* Connections of more than `min_size_bytes` are printed to `out`, all of them when it is 0. `out` stays the caller's;
 * when nobody reads it any more, `batch` and the others fail. Returns NULL and fills `error` when memory is short. */
struct sink *text_sink_create(uint64_t min_size_bytes, bool resolve_names, FILE *out, struct sink_error *error);

#endif
