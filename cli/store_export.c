/* SPDX-License-Identifier: MIT */
/*
 * store_export.c - weir store export: what there is of a time, in one Parquet file
 */
#define _GNU_SOURCE
#include "exit_code.h"
#include "plural.h"
#include "segment_list.h"
#include "segment_merge.h"
#include "store.h"
#include "store_progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LISTS_MAX = 10 };

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

/* Names a file that cannot be read, and takes it out of the paths. */
static void leave_out(const char **paths, uint32_t *count, uint32_t bad, const struct store_error *why)
{
    store_progress_hide();
    fprintf(stderr, "weir store: left out: %s\n", why->text);
    memmove(&paths[bad], &paths[bad + 1], (*count - bad - 1) * sizeof *paths);
    --*count;
}

/* What comes of one list of files. */
struct outcome {
    struct segment_merged merged;
    uint32_t left_out;
    bool is_outdated; /* a file of the list was merged or expired meanwhile */
};

/* Each try leaves out one file that cannot be read. */
static int write_file(const struct store_settings *settings, const struct segment_files *files, struct outcome *outcome,
                      struct store_error *error)
{
    struct segment_merge merge;
    int bad, result = -1;
    uint32_t count = files->count;
    const char **paths = calloc((size_t)count + 1, sizeof *paths);
    if (paths == NULL || segment_merge_init(&merge, settings->level, store_stop_signals()) != 0) {
        free(paths);
        return store_error_set(error, "not enough memory to export");
    }
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        paths[i] = files->files[i].path;
        bytes += files->files[i].size_bytes;
    }
    merge.progress = store_progress_add;
    const struct merge_window window = {.from_us = settings->from_us, .to_us = settings->to_us};
    if (settings->has_window)
        merge.window = &window;
    store_progress_begin(bytes);
    while (count > 0 && (result = segment_merge_files(&merge, paths, count, settings->output, true, &outcome->merged,
                                                      &bad, error)) != 0 && bad >= 0) {
        outcome->is_outdated = error->number == ENOENT && access(paths[bad], F_OK) != 0;
        if (outcome->is_outdated)
            break;
        leave_out(paths, &count, (uint32_t)bad, error);
        store_progress_begin(bytes); /* from the first file on again */
    }
    outcome->left_out = files->count - count;
    if (count == 0)
        store_error_set(error, "none of the files can be read, and nothing was written");
    store_progress_hide();
    segment_merge_done(&merge);
    free(paths);
    return result;
}

/* Lists the files and writes what is in them. */
static int list_and_write(const struct store_settings *settings, struct outcome *outcome, struct store_error *error)
{
    const struct segment_window window = {.hour_from_s = INT64_MIN, .from_s = down(settings->from_us),
                                          .to_s = down(settings->to_us) + (settings->to_us % 1000000 != 0)};
    struct segment_list list = {0};
    *outcome = (struct outcome){.left_out = 0};
    int result = segment_list_read(&list, settings->folder, (enum segment_kind)settings->kind,
                                   settings->has_window ? &window : NULL, NULL, NULL, error);
    if (result == 0 && list.current.count == 0)
        result = store_error_set(error, "there is nothing of that time in %s", settings->folder);
    if (result == 0)
        result = write_file(settings, &list.current, outcome, error);
    segment_list_done(&list);
    return result;
}

int store_export(const struct store_settings *settings)
{
    struct outcome outcome;
    struct store_error error;
    if (settings->output == NULL) {
        fputs("weir store: export needs the name of a file: -o FILE\n", stderr);
        return EXIT_USAGE;
    }
    raise_limit();
    int result = list_and_write(settings, &outcome, &error);
    for (int again = 0; result != 0 && outcome.is_outdated && again < LISTS_MAX; again++)
        result = list_and_write(settings, &outcome, &error);
    if (result != 0 && store_stopped() != 0)
        return store_stopped();
    if (result != 0) {
        fprintf(stderr, "weir store: %s\n", error.text);
        return EXIT_FAILURE;
    }
    if (!settings->quiet)
        printf("%" PRIu64 " row%s, %" PRIu64 " bytes\n", outcome.merged.row_count, plural(outcome.merged.row_count),
               outcome.merged.size_bytes);
    if (outcome.left_out > 0)
        fprintf(stderr, "weir store: %" PRIu32 " file%s left out\n", outcome.left_out,
                plural(outcome.left_out));
    return outcome.left_out > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
