/* SPDX-License-Identifier: MIT */
/*
 * store_account.h - whether as many rows are there as were stored
 *
 * Two tell of that: rows of the ledger, of the commits up to some number; and the notes of each segment
 * (commit_notes.h), of the commits that were done when it was written. The rows that are there are those of the commits
 * of all segments that count. What was committed behind the last that is told of, as when a collector was killed, is
 * not known to be wanting.
 */
#ifndef WEIR_STORE_STORE_ACCOUNT_H
#define WEIR_STORE_STORE_ACCOUNT_H

#include "store_error.h"

#include <stdbool.h>
#include <stdint.h>

struct store_account_counts {
    uint64_t told;    /* rows that the ledger tells of, and that are there */
    uint64_t untold;  /* rows of commits that the ledger does not tell of (yet) */
    uint64_t unknown; /* rows that the ledger tells of, and that cannot be counted: their segments expired, are damaged,
                       * or are of an earlier version that did not write down its commits */
    uint64_t wrong;   /* what does not agree */
};

/* Files in whose midst something is damaged; none where it is zeros. */
struct store_damaged {
    char **paths;
    uint32_t count;
};

/* `tell` is called with a sentence for each thing that is wrong. A store that is written, merged and expired meanwhile
 * is no trouble. The rows of `damaged` files are not taken to be there. 0, or -1 with `error` filled where it could not
 * be looked at. */
int store_account(const char *folder, const struct store_damaged *damaged,
                  void (*tell)(void *context, bool wrong, const char *text), void *context,
                  struct store_account_counts *ret_counts, struct store_error *error);

#endif
