/* SPDX-License-Identifier: MIT */
/*
 * store_recent.h - the newest files of a store, for queries about how things are now
 */
#ifndef WEIR_CLI_STORE_RECENT_H
#define WEIR_CLI_STORE_RECENT_H

#include "segment_name.h"
#include "store_files.h"
#include "store_footers.h"

struct store_recent {
    struct store_files files;
    struct store_footers footers; /* of them */
};

/* Those of a kind in the newest hour's folder, and in folders of so many seconds before; none where there are none.
 * `recent` is zeros. 0, or -1 where they cannot be read or memory is short. */
int store_recent_find(struct store_recent *recent, const char *folder, enum segment_kind kind, int64_t back_s);
void store_recent_done(struct store_recent *recent);

#endif
