/* SPDX-License-Identifier: MIT */
/*
 * store_progress.h - a bar for weir store check, merge and export, and their end by Ctrl-C
 *
 * There is one in the program.
 */
#ifndef WEIR_CLI_STORE_PROGRESS_H
#define WEIR_CLI_STORE_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

/* Work of so many octets begins; 0 where it is not known. */
void store_progress_begin(uint64_t total_bytes);

/* So many octets more were read. */
void store_progress_add(void *unused, uint64_t more_bytes);

/* Before a line is written to standard error, and at the end. */
void store_progress_hide(void);

/* From here on SIGINT and SIGTERM make this true, instead of ending the program. */
const atomic_bool *store_stop_signals(void);

/* The exit code where one of them came, 130 or 143; else 0. */
int store_stopped(void);

#endif
