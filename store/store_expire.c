/* SPDX-License-Identifier: MIT */
/*
 * store_expire.c - removes the oldest segments of a store
 *
 * What other segments cover goes first: nothing is lost with it, and were what covers it gone before, it would count again.
 */
#define _GNU_SOURCE
#include "store_expire.h"

#include "segment_list.h"
#include "store_merge.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR_S ((int64_t)3600)
#define DAY_S (24 * HOUR_S)

/* A segment of any kind, in the order in which they go. */
struct victim {
    const struct segment_file *file;
    bool covered;
};

static int compare(const void *left, const void *right)
{
    const struct victim *a = left, *b = right;
    if (a->covered != b->covered)
        return a->covered ? -1 : 1;
    if (a->file->hour_s != b->file->hour_s)
        return a->file->hour_s < b->file->hour_s ? -1 : 1;
    if (a->file->name.last_s != b->file->name.last_s)
        return a->file->name.last_s < b->file->name.last_s ? -1 : 1;
    return strcmp(a->file->path, b->file->path);
}

static uint32_t gather(const struct segment_files *files, bool covered, struct victim *victims, uint64_t *bytes)
{
    for (uint32_t i = 0; i < files->count; i++) {
        victims[i] = (struct victim){.file = &files->files[i], .covered = covered};
        *bytes += files->files[i].size_bytes;
    }
    return files->count;
}

/* The folders of an hour and of its day, where nothing is left in them. */
static void remove_folders(const char *path)
{
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return;
    for (int level = 0; level < 2; level++) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
        if (rmdir(folder) != 0)
            return;
    }
}

static int expire(const struct store_expire_options *options, int64_t now_us, const struct victim *victims, uint32_t count,
                  uint64_t bytes, struct store_expire_counts *counts, struct store_error *error)
{
    const int64_t now_s = now_us / 1000000;
    for (uint32_t i = 0; i < count; i++) {
        const struct segment_file *file = victims[i].file;
        const bool too_old = options->keep_days > 0 && options->keep_days < INT32_MAX &&
                             file->hour_s + HOUR_S <= now_s - (int64_t)options->keep_days * DAY_S;
        const bool too_much = options->keep_bytes > 0 && bytes > options->keep_bytes;
        if (!too_old && !too_much)
            continue;
        if (!options->dry && unlink(file->path) != 0 && errno != ENOENT)
            return store_error_system(error, "cannot remove %s", file->path);
        if (!options->dry)
            remove_folders(file->path);
        bytes -= file->size_bytes;
        counts->segments++;
        counts->bytes += file->size_bytes;
    }
    return 0;
}

static int list_all(struct segment_list *lists, const char *folder, struct store_error *error)
{
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        if (segment_list_read(&lists[kind], folder, (enum segment_kind)kind, NULL, NULL, NULL, error) != 0)
            return -1;
    }
    return 0;
}

int store_expire(const struct store_expire_options *options, int64_t now_us, struct store_expire_counts *counts,
                 struct store_error *error)
{
    struct segment_list lists[SEGMENT_KIND_COUNT] = {0};
    size_t total = 0;
    uint64_t bytes = 0;
    uint32_t count = 0;
    /* A merger that has read what is removed here would bring it back. */
    const int lock = store_merge_lock(options->folder, options->wait, error);
    if (lock < 0)
        return -1;
    int result = list_all(lists, options->folder, error);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        total += (size_t)lists[kind].current.count + lists[kind].obsolete.count;
    struct victim *victims = calloc(total + 1, sizeof *victims);
    if (result == 0 && victims == NULL)
        result = store_error_set(error, "not enough memory to list the segments of the store");
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++) {
        count += gather(&lists[kind].current, false, victims + count, &bytes);
        count += gather(&lists[kind].obsolete, true, victims + count, &bytes);
    }
    if (result == 0 && count > 0) {
        qsort(victims, count, sizeof *victims, compare);
        result = expire(options, now_us, victims, count, bytes, counts, error);
    }
    free(victims);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
    close(lock);
    return result;
}
