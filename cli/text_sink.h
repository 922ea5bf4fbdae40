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

/* Sizes are of all packets: what an exporter counted times its sampling rate, which is noted once for each exporter and
 * rate, unless `raw_sizes` is set. */
struct text_sink_options {
    FILE *out; /* stays the caller's; when nobody reads it any more, `batch` and the others fail */
    uint64_t min_size_bytes; /* connections of more than that are printed, all of them when it is 0 */
    bool resolve_names;
    bool raw_sizes;
    void (*note)(void *context, const char *text); /* a sentence for people; may be NULL */
    void *context;
};

/* Returns NULL and fills `error` when memory is short. The options need not outlive the call. */
struct sink *text_sink_create(const struct text_sink_options *options, struct sink_error *error);

#endif
