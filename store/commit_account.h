/* SPDX-License-Identifier: MIT */
/*
 * commit_account.h - up to which of its commits a writer can tell how many rows came by them
 *
 * Commits are numbered as they are sealed, and may end in another order: stored, or given up. What is told is of those
 * before the first that has not ended.
 */
#ifndef WEIR_STORE_COMMIT_ACCOUNT_H
#define WEIR_STORE_COMMIT_ACCOUNT_H

#include "commit_notes.h"

#include <assert.h>

enum { COMMIT_AHEAD_MAX = 256 }; /* that may end before one that was begun earlier */

struct commit_account {
    uint64_t first; /* of the run */
    uint64_t next;  /* the first that has not ended */
    uint64_t rows;  /* of those before it */
    uint64_t ahead[COMMIT_AHEAD_MAX]; /* rows of those behind it, plus 1; 0: not ended. By number, modulo */
};

static inline void commit_account_init(struct commit_account *account, uint64_t first)
{
    *account = (struct commit_account){.first = first, .next = first};
}

/* Whether a commit may be begun: not too many are ahead. */
static inline bool commit_account_has_room(const struct commit_account *account, uint64_t sequence)
{
    return sequence - account->next < COMMIT_AHEAD_MAX;
}

/* A commit ended, with so many rows of flows and options records stored by it. */
static inline void commit_account_end(struct commit_account *account, uint64_t sequence, uint64_t rows)
{
    assert(sequence >= account->next && commit_account_has_room(account, sequence));
    account->ahead[sequence % COMMIT_AHEAD_MAX] = rows + 1;
    for (uint64_t *ended; *(ended = &account->ahead[account->next % COMMIT_AHEAD_MAX]) > 0; account->next++) {
        account->rows += *ended - 1;
        *ended = 0;
    }
}

static inline struct commit_told commit_account_told(const struct commit_account *account)
{
    return (struct commit_told){.first = account->first, .last = account->next - 1, .rows = account->rows};
}

#endif
