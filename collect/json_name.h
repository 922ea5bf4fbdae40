/* SPDX-License-Identifier: MIT */
/* json_name.h - names of files that follow one another */
#ifndef WEIR_JSON_NAME_H
#define WEIR_JSON_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes the name of the file that begins at a time: STEM-YYYYmmdd-HHMMSS.EXT (UTC) from STEM.EXT or, with
 * `unix_names`, FOLDER/<unix seconds>.EXT. `attempt` 0 is the name itself; others put -1, -2 ... behind the time, for
 * when there is such a file already. Returns -1 when `name` is too small.
 */
int json_name_make(const char *path, bool unix_names, int64_t start_us, unsigned attempt, char *name,
                   size_t name_size);

/* Whether a name ends in another. */
bool json_name_ends(const char *name, const char *end);

#endif
