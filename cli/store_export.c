/* SPDX-License-Identifier: MIT */
/*
 * store_export.c - weir store export: what there is of a time, in one Parquet file
 */
#define _GNU_SOURCE
#include "exit_code.h"
#include "segment_list.h"
#include "segment_merge.h"
#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Each file of the store is open while it is written. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int64_t down(int64_t time_us)
{
    return time_us / 1000000 - (time_us % 1000000 < 0);
}

static int write_file(const struct store_settings *settings, const struct segment_files *files, struct segment_merged *ret_merged,
                      struct store_error *error)
{
    struct segment_merge merge;
    int bad;
    const char **paths = calloc((size_t)files->count + 1, sizeof *paths);
    if (paths == NULL || segment_merge_init(&merge, settings->level, NULL) != 0) {
        free(paths);
        return store_error_set(error, "not enough memory to export");
    }
    for (uint32_t i = 0; i < files->count; i++)
        paths[i] = files->files[i].path;
    const struct merge_window window = {.from_us = settings->from_us, .to_us = settings->to_us};
    if (settings->has_window)
        merge.window = &window;
    const int result = segment_merge_files(&merge, paths, files->count, settings->output, true, ret_merged, &bad, error);
    segment_merge_done(&merge);
    free(paths);
    return result;
}

int store_export(const struct store_settings *settings)
{
    const struct segment_window window = {.hour_from_s = INT64_MIN, .from_s = down(settings->from_us),
                                          .to_s = down(settings->to_us) + (settings->to_us % 1000000 != 0)};
    struct segment_list list = {0};
    struct segment_merged merged = {0};
    struct store_error error;
    if (settings->output == NULL) {
        fputs("weir store: export needs the name of a file: -o FILE\n", stderr);
        return EXIT_USAGE;
    }
    raise_limit();
    int result = segment_list_read(&list, settings->folder, (enum segment_kind)settings->kind, settings->has_window ? &window : NULL,
                                   NULL, NULL, &error);
    if (result == 0 && list.current.count == 0)
        result = store_error_set(&error, "there is nothing of that time in %s", settings->folder);
    if (result == 0)
        result = write_file(settings, &list.current, &merged, &error);
    segment_list_done(&list);
    if (result != 0) {
        fprintf(stderr, "weir store: %s\n", error.text);
        return EXIT_FAILURE;
    }
    if (!settings->quiet)
        printf("%" PRIu64 " rows, %" PRIu64 " bytes\n", merged.row_count, merged.size_bytes);
    return EXIT_SUCCESS;
}
