/* SPDX-License-Identifier: MIT */
/*
 * store_expire.h - removes the oldest segments of a store
 */
#ifndef WEIR_STORE_STORE_EXPIRE_H
#define WEIR_STORE_STORE_EXPIRE_H

#include "store_error.h"

#include <stdbool.h>
#include <stdint.h>

struct store_expire_options {
    const char *folder;
    uint64_t keep_days;  /* hours that ended so long ago go; 0: of any age stay */
    uint64_t keep_bytes; /* the oldest go until no more is left; 0: as much as there is */
    bool wait;           /* for a merger that works on the store */
    bool dry;            /* only count */
};

struct store_expire_counts {
    uint64_t segments, bytes;
};

/* Whole segments, the oldest hour first, of all kinds alike; folders that are empty then go too. `now_us`: microseconds
 * since 1970. Adds to `counts`. 0, or -1 with `error` filled. */
int store_expire(const struct store_expire_options *options, int64_t now_us, struct store_expire_counts *counts,
                 struct store_error *error);

/* Whether the store has flows, and all of them are older than keep_days. False where that cannot be told. */
bool store_is_all_old(const struct store_expire_options *options, int64_t now_us);

#endif
