/* SPDX-License-Identifier: MIT */
/*
 * store_folder.h - where the store is
 */
#ifndef WEIR_CLI_STORE_FOLDER_H
#define WEIR_CLI_STORE_FOLDER_H

#include <stdbool.h>

/*
 * The folder of the store: `option`, or where that is NULL $WEIR_STORE, or else the folder store/ in the one where Weir
 * keeps its state (state_file.h). *ret_told: it was named by the user. NULL when memory is short or no folder is known.
 */
char *store_folder(const char *option, bool *ret_told);

enum { STORE_FOLDER_WHY_SIZE = 1024 };

/* Whether a folder may be a store: it has what a store has, or Parquet files, or nothing at all. Else `why` tells that
 * it is none, and which store is near. What cannot be read may be one. */
bool store_folder_may_be(const char *folder, char why[STORE_FOLDER_WHY_SIZE]);

#endif
