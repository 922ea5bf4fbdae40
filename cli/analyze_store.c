/* SPDX-License-Identifier: MIT */
/* analyze_store.c - the flows of a store for weir analyze */
#define _GNU_SOURCE
#include "analyze_store.h"

#include "exit_code.h"
#include "query_watch.h"

#include <stdio.h>
#include <stdio_ext.h>

/* `context` is a constant: query_session_run() hands it on as it is. */
struct job {
    const struct analyze_store *store;
};

/* Whether a signal came. What is printed already goes out, unless nobody takes it. */
static bool is_ended(void)
{
    if (query_watch_stopped() == 0)
        return false;
    if (fflush(stdout) != 0)
        __fpurge(stdout);
    return true;
}

static int read_flows(struct query_session *session, void *context)
{
    const struct analyze_store *store = ((struct job *)context)->store;
    struct query_error error = {.text = ""};
    struct flow_read_counts counts = {0};
    struct flow_totals totals;
    const int begun = store->begin(store->read.context, session);
    if (begun != 0)
        return begun;
    if (flow_source_totals(&session->source, false, false, &totals, &error) != 0 ||
        (totals.rows > 0 && flow_read(&session->source, &store->read, &counts, &error) != 0))
        return is_ended() ? EXIT_FAILURE : query_session_fail(session, &error);
    if (is_ended())
        return EXIT_FAILURE;
    const int code = store->finish(store->read.context, &counts);
    if (is_ended())
        return EXIT_FAILURE;
    if (code == EXIT_SUCCESS)
        query_session_account(session, &totals);
    return code;
}

int analyze_store(const struct query_options *options, const struct analyze_store *store)
{
    struct query_options placed = *options;
    struct job job = {store};
    placed.settings.places = true;
    return query_session_run(&placed, read_flows, &job);
}
