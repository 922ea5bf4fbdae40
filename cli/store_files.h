/* SPDX-License-Identifier: MIT */
/*
 * store_files.h - which files of a store are the current ones
 *
 *     DIR/flows/date=2026-11-23/hour=14/20261123T140000-20261123T140005-0badcafe-17-17-0.parquet
 *
 * The name tells the time from the first flow's start to the last one's end, the collector that wrote the file, the
 * first and last of its commits that the file holds, and the tier: a file that was merged from others covers their
 * commits at a higher one, and they are left out from then on. Files of other names are none of the store's.
 */
#ifndef WEIR_CLI_STORE_FILES_H
#define WEIR_CLI_STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct store_files {
    char **paths; /* by folder and name */
    size_t count;
    size_t room;
};

/*
 * The folder of the store: `option`, or where that is NULL $WEIR_STORE, or else the folder store/ in the one where Weir
 * keeps its state (state_file.h). *ret_told: it was named by the user. NULL when memory is short or no folder is known.
 */
char *store_folder(const char *option, bool *ret_told);

/* Adds the current files of a kind ("flows", "options", "ledger"); none where there is no such folder. 0, or -1 with
 * errno. */
int store_files_find(struct store_files *files, const char *folder, const char *kind);
void store_files_done(struct store_files *files);

#endif
