/* SPDX-License-Identifier: MIT */
/*
 * analyze_store.h - the flows of a store for weir analyze
 */
#ifndef WEIR_CLI_ANALYZE_STORE_H
#define WEIR_CLI_ANALYZE_STORE_H

#include "flow_read.h"
#include "query_options.h"

struct analyze_store {
    struct flow_read_options read;
    /* Before flows are read, and again when all of them are read once more, without files that are damaged or gone. It
     * tells by query_session_writes() when it writes: then they are not. 0, or the exit code. */
    int (*begin)(void *context, struct query_session *session);
    /* All were read, or as many as were wanted: shows what there is to show. The exit code. */
    int (*finish)(void *context, const struct flow_read_counts *counts);
};

/* Tells the flows that the options choose, calls `finish`, and prints the account behind it. The exit code; a signal
 * ends it. */
int analyze_store(const struct query_options *options, const struct analyze_store *store);

#endif
