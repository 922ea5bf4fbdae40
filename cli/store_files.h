/* SPDX-License-Identifier: MIT */
/*
 * store_files.h - the paths of the files of a store that count, for queries
 */
#ifndef WEIR_CLI_STORE_FILES_H
#define WEIR_CLI_STORE_FILES_H

#include "segment_list.h"

#include <stddef.h>


struct store_files {
    char **paths; /* by hour, writer and commit */
    size_t count;
};

/* Adds the files of a kind ("flows", "options", "ledger") that count, of any time where `window` is NULL
 * (segment_list.h); none where there is no such folder. 0, or -1 with errno. */
int store_files_find(struct store_files *files, const char *folder, const char *kind,
                     const struct segment_window *window);

/* Adds those of a kind in the newest hour's folder, and in folders of so many seconds before; the same. */
int store_files_find_recent(struct store_files *files, const char *folder, enum segment_kind kind, int64_t back_s);

void store_files_done(struct store_files *files);

#endif
