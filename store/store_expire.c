/* SPDX-License-Identifier: MIT */
/*
 * store_expire.c - removes the oldest segments of a store
 *
 * What other segments cover goes first: nothing is lost with it, and were what covers it gone before, it would count
 * again.
 */
#define _GNU_SOURCE
#include "store_expire.h"

#include "expired.h"
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
    bool goes;
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

static bool is_too_old(const struct store_expire_options *options, const struct segment_file *file, int64_t now_us)
{
    return options->keep_days > 0 && options->keep_days < INT32_MAX &&
           file->hour_s + HOUR_S <= now_us / 1000000 - (int64_t)options->keep_days * DAY_S;
}

/* Chooses what goes, and counts it. */
static void choose(const struct store_expire_options *options, int64_t now_us, struct victim *victims, uint32_t count,
                   uint64_t bytes, struct store_expire_counts *counts)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct segment_file *file = victims[i].file;
        const bool too_much = options->keep_bytes > 0 && bytes > options->keep_bytes;
        victims[i].goes = too_much || is_too_old(options, file, now_us);
        if (!victims[i].goes)
            continue;
        bytes -= file->size_bytes;
        if (options->dry) {
            counts->segments++;
            counts->bytes += file->size_bytes;
        }
    }
}

static int remove_chosen(const struct victim *victims, uint32_t count, struct store_expire_counts *counts,
                         struct store_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct segment_file *file = victims[i].file;
        if (!victims[i].goes)
            continue;
        if (unlink(file->path) != 0 && errno != ENOENT)
            return store_error_system(error, "cannot remove %s", file->path);
        remove_folders(file->path);
        counts->segments++;
        counts->bytes += file->size_bytes;
    }
    return 0;
}

/* Tells first what will be missing. Where the disk is too full for that, it is told afterwards: this may be what makes
 * room. */
static int expire(const char *folder, const struct victim *victims, uint32_t count, struct store_expire_counts *counts,
                  struct store_error *error)
{
    struct expired expired = {0};
    bool any = false;
    int result = expired_read(&expired, folder, error);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        const struct segment_name *name = &victims[i].file->name;
        if (!victims[i].goes || victims[i].covered)
            continue;
        any = true;
        if (expired_note(&expired, name->writer, name->sequence_last, victims[i].file->kind != SEGMENT_LEDGER) != 0)
            result = store_error_set(error, "not enough memory to list the segments of the store");
    }
    bool told = result == 0 && (!any || expired_write(&expired, folder, error) == 0);
    if (result == 0 && !told && error->number != ENOSPC && error->number != EDQUOT)
        result = -1;
    if (result == 0)
        result = remove_chosen(victims, count, counts, error);
    if (result == 0 && !told)
        result = expired_write(&expired, folder, error);
    expired_done(&expired);
    return result;
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
        choose(options, now_us, victims, count, bytes, counts);
        result = options->dry ? 0 : expire(options->folder, victims, count, counts, error);
    }
    free(victims);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
    close(lock);
    return result;
}

bool store_is_all_old(const struct store_expire_options *options, int64_t now_us)
{
    struct segment_list list = {0};
    struct store_error error;
    bool is_all = segment_list_read(&list, options->folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error) == 0 &&
                  list.current.count > 0;
    for (uint32_t i = 0; i < list.current.count; i++)
        is_all &= is_too_old(options, &list.current.files[i], now_us);
    segment_list_done(&list);
    return is_all;
}
