/* SPDX-License-Identifier: MIT */
/*
 * journal_place.h - where weir collect has its journal
 */
#ifndef WEIR_CLI_JOURNAL_PLACE_H
#define WEIR_CLI_JOURNAL_PLACE_H

#include "sink.h"

#include <stdint.h>

/*
 * Finds and makes the folder, and returns the path of the journal without its end, to be freed: a memory file system,
 * so that receiving writes nothing to a disk. `option` is a folder, "none", or NULL for the usual one:
 * $RUNTIME_DIRECTORY, /run/weir for root, else $XDG_RUNTIME_DIR/weir or a folder of one's own in /dev/shm. `name` is
 * the file's. 0, and NULL where there is to be none. -1 with `error` filled when a folder that was asked for cannot be
 * used.
 */
int journal_place(const char *option, const char *name, char **ret_path, struct sink_error *error);

/* How large one is unless told otherwise: less on a small machine. Octets. */
uint64_t journal_size_default(void);

#endif
