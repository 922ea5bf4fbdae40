/* SPDX-License-Identifier: MIT */
/*
 * store_files.c - the paths of the files of a store that count, for queries
 */
#define _GNU_SOURCE
#include "store_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum segment_kind kind_of(const char *name)
{
    int kind = 0;
    while (kind < SEGMENT_KIND_COUNT - 1 && strcmp(segment_kind_name((enum segment_kind)kind), name) != 0)
        kind++;
    return (enum segment_kind)kind;
}

/* Takes the paths out of a list, which is freed. */
static int take_paths(struct store_files *files, struct segment_files *from)
{
    if (from->count == 0)
        return 0;
    char **paths = realloc(files->paths, (files->count + from->count) * sizeof *paths);
    if (paths == NULL)
        return -1;
    files->paths = paths;
    for (uint32_t i = 0; i < from->count; i++) {
        paths[files->count++] = from->files[i].path;
        from->files[i].path = NULL;
    }
    return 0;
}

int store_files_find(struct store_files *files, const char *folder, const char *kind,
                     const struct segment_window *window)
{
    struct segment_list list = {0};
    struct store_error error = {0};
    int result = segment_list_read(&list, folder, kind_of(kind), window, NULL, NULL, &error);
    int number = error.number;
    if (result == 0) {
        result = take_paths(files, &list.current);
        number = ENOMEM;
    }
    segment_list_done(&list);
    errno = number;
    return result;
}

int store_files_find_recent(struct store_files *files, const char *folder, enum segment_kind kind, int64_t back_s)
{
    struct segment_list list = {0};
    struct store_error error;
    int64_t newest_s = INT64_MIN;
    if (segment_list_read(&list, folder, kind, NULL, NULL, NULL, &error) == 0) {
        for (uint32_t i = 0; i < list.current.count; i++)
            newest_s = list.current.files[i].hour_s > newest_s ? list.current.files[i].hour_s : newest_s;
    }
    segment_list_done(&list);
    if (newest_s == INT64_MIN)
        return 0;
    const struct segment_window window = {.from_s = INT64_MIN, .to_s = INT64_MAX, .hour_from_s = newest_s - back_s};
    return store_files_find(files, folder, segment_kind_name(kind), &window);
}

void store_files_done(struct store_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct store_files){0};
}
