/* SPDX-License-Identifier: MIT */
/*
 * query_watch.h - looks after a query while it runs: a bar on a terminal, and Ctrl-C
 *
 * A thread of its own draws how far the statement is, and interrupts it when SIGINT or SIGTERM came. There is one in
 * the program.
 */
#ifndef WEIR_CLI_QUERY_WATCH_H
#define WEIR_CLI_QUERY_WATCH_H

#include "query.h"

/* From here on the signals end the statement that runs, and a write that waits, instead of the program. */
void query_watch_signals(void);

/* A statement begins, or work that query_watch_share() tells of where `query` is NULL; query_watch_end() is called
 * behind it, and before the connection is closed. */
void query_watch_begin(struct query *query);
void query_watch_end(void);

/* How far the work is, 0 to 1; of a query, where its statements are parts of a whole. */
void query_watch_share(double share);

/* Wipes the bar until something else begins: lines are written to the terminal now. */
void query_watch_hide(void);

/* Whether a signal came, and then the exit code that tells so, 130 or 143; else 0. */
int query_watch_stopped(void);

#endif
