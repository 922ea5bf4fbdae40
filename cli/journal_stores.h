/* SPDX-License-Identifier: MIT */
/*
 * journal_stores.h - which stores a journal is for
 *
 * What a killed collector left in its journal was for the stores it had. One that has others must not take it up.
 */
#ifndef WEIR_CLI_JOURNAL_STORES_H
#define WEIR_CLI_JOURNAL_STORES_H

#include "collect_options.h"
#include "journal.h"

/* The number of the writer that the journal has for the store in the folder; 0 where there is none. */
uint32_t journal_stores_writer(const struct journal *journal, const char *folder);

/* Notes that the journal is for this store, which is there. */
void journal_stores_note(struct journal *journal, const char *folder, uint32_t writer);

/* Whether all stores that a journal with something in it is for are among the outputs. -1 with `error` filled, which
 * says what can be done. */
int journal_stores_check(const struct journal *journal, const struct collect_options *options,
                         struct sink_error *error);

#endif
