/* SPDX-License-Identifier: MIT */
/*
 * log.h - the messages of a program that runs all the time: a line a cause, with a priority, and none of them without
 * end
 *
 * Between log_open() and log_close() each line that is written to stderr, by any part of the program and any thread,
 * passes here.
 * Its priority is told by how it begins, unless it comes by log_error():
 *
 *     error    3   by log_error(): something has ended for it
 *     warning  4   "weir COMMAND: ..."
 *     notice   5   "Note: ..."
 *     info     6   all else: what it listens on, the summary at the end
 *
 * As text a line is written as it is; where stderr goes to systemd's journal, "<4>" stands before it, which the journal
 * takes as its priority (sd-daemon(3)). As JSON a line is an object:
 *
 *     {"time":"2026-11-25T20:15:03.250Z","level":"warning","message":"..."}
 *
 * Of warnings and notices that differ in their numbers alone, LOG_EACH_MINUTE are written in a minute; how many more
 * there were is told behind it, with the next line of all, or at the end.
 */
#ifndef WEIR_CLI_LOG_H
#define WEIR_CLI_LOG_H

#include <stdbool.h>

enum log_form { LOG_TEXT, LOG_JSON };
enum { LOG_EACH_MINUTE = 10 };

/* `limited` is false where all is wanted, as with --debug. Where that cannot be done, as without memory, lines go where
 * they went. */
void log_open(enum log_form form, bool limited);

/* Writes what is left. Once, when no other thread writes any more; not needed without log_open(). */
void log_close(void);

/* Writes a line, with its end, as an error; without log_open() it goes to stderr as it is. */
__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);

#endif
