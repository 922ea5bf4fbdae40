/* SPDX-License-Identifier: MIT */
/*
 * store_check.h - whether a store is whole
 *
 * Reads all that is there: footers, each page with its checksum, each value; and whether as many rows are there as were
 * stored, by each file and by the ledger (store_account.h).
 */
#ifndef WEIR_STORE_STORE_CHECK_H
#define WEIR_STORE_STORE_CHECK_H

#include "store_account.h"

struct store_check_counts {
    uint64_t segments, obsolete; /* that count, and that another one covers */
    uint64_t rows, bytes;        /* of those that count */
    uint64_t damaged;            /* segments of both */
    uint64_t unknown;            /* the same that a later version of Weir wrote, or another program */
    uint64_t strangers;          /* what lies in the folders of segments and is none */
    struct store_account_counts account; /* whether the rows are those that were stored */
};

/* Who hears what is found. */
struct store_check_listener {
    void (*tell)(void *context, bool wrong, const char *text); /* a sentence for each thing that is wrong, or only
                                                                * odd */
    void (*begin)(uint64_t total_bytes);                       /* of all that will be read; or NULL */
    void (*progress)(void *context, uint64_t more_bytes);      /* that were read; or NULL */
    void *context;
};

/* 0 when all was looked at; -1 with `error` filled where it could not be. */
int store_check(const char *folder, const struct store_check_listener *listener, struct store_check_counts *ret_counts,
                struct store_error *error);

#endif
