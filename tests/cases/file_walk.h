/* SPDX-License-Identifier: MIT */
/*
 * file_walk.h - a file, or all files in a folder and below it, in the order of their names
 */
#ifndef TESTS_FILE_WALK_H
#define TESTS_FILE_WALK_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* Needs _GNU_SOURCE. Names that begin with a dot are passed over. */
static inline void file_walk(const char *path, void (*run_file)(const char *path))
{
    struct dirent **entries;
    const int entry_count = scandir(path, &entries, NULL, alphasort);
    if (entry_count < 0) {
        run_file(path);
        return;
    }
    for (int i = 0; i < entry_count; i++) {
        char *inner = NULL;
        if (asprintf(&inner, "%s/%s", path, entries[i]->d_name) < 0)
            abort();
        if (entries[i]->d_name[0] != '.')
            file_walk(inner, run_file);
        free(inner);
        free(entries[i]);
    }
    free(entries);
}

#endif
