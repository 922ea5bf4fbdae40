/* SPDX-License-Identifier: MIT */
/*
 * live_writers.c - which commits of a store may still be under way
 */
#define _GNU_SOURCE
#include "live_writers.h"

#include "writer_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { HELD_MAX = 256 }; /* more are taken to be alive: the descriptors of a process are few */

static int no_memory(struct store_error *error)
{
    return store_error_set(error, "not enough memory to list the writers of the store");
}

static int note(struct live_writers *writers, uint32_t id, int fd, struct store_error *error)
{
    if (fd < 0) {
        uint32_t *alive = realloc(writers->alive, ((size_t)writers->alive_count + 1) * sizeof *alive);
        if (alive == NULL)
            return no_memory(error);
        writers->alive = alive;
        writers->alive[writers->alive_count++] = id;
        return 0;
    }
    void *held = realloc(writers->held, ((size_t)writers->held_count + 1) * sizeof *writers->held);
    if (held == NULL) {
        close(fd);
        return no_memory(error);
    }
    writers->held = held;
    writers->held[writers->held_count].id = id;
    writers->held[writers->held_count++].fd = fd;
    return 0;
}

int live_writers_hold(struct live_writers *writers, const char *folder, struct store_error *error)
{
    char path[PATH_MAX];
    int result = 0;
    *writers = (struct live_writers){0};
    if (snprintf(path, sizeof path, "%s/.writers", folder) >= (int)sizeof path)
        return store_error_set(error, "the name of the store %.64s... is too long", folder);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return errno == ENOENT ? 0 : store_error_system(error, "cannot read the folder %s", path);
    for (struct dirent *entry; result == 0 && (entry = readdir(directory)) != NULL;) {
        uint32_t id;
        char end;
        if (strlen(entry->d_name) != 8 || sscanf(entry->d_name, "%8" SCNx32 "%c", &id, &end) != 1)
            continue;
        int fd = writers->held_count >= HELD_MAX ? -1 : openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && (flock(fd, LOCK_SH | LOCK_NB) != 0 || writer_lock_is_claimed(fd))) {
            close(fd);
            fd = -1;
        }
        result = note(writers, id, fd, error);
    }
    closedir(directory);
    if (result != 0)
        live_writers_release(writers);
    return result;
}

void live_writers_release(struct live_writers *writers)
{
    for (uint32_t i = 0; i < writers->held_count; i++)
        close(writers->held[i].fd);
    free(writers->held);
    free(writers->alive);
    *writers = (struct live_writers){0};
}

static bool is_alive(const struct live_writers *writers, uint32_t id)
{
    for (uint32_t i = 0; i < writers->alive_count; i++) {
        if (writers->alive[i] == id)
            return true;
    }
    return false;
}

static int compare(const void *left, const void *right)
{
    const struct commit_range *a = left, *b = right;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

static void take(struct commit_ranges *ranges, const struct segment_files *files)
{
    for (uint32_t i = 0; i < files->count; i++) {
        const struct segment_name *name = &files->files[i].name;
        ranges->ranges[ranges->count++] =
            (struct commit_range){.writer = name->writer, .first = name->sequence_first, .last = name->sequence_last};
    }
}

int commit_ranges_make(struct commit_ranges *ranges, const struct segment_list lists[SEGMENT_KIND_COUNT],
                       const struct live_writers *writers, struct store_error *error)
{
    size_t total = 0;
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        total += (size_t)lists[kind].current.count + lists[kind].obsolete.count;
    *ranges = (struct commit_ranges){.ranges = calloc(total + 1, sizeof *ranges->ranges)};
    if (ranges->ranges == NULL)
        return no_memory(error);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        take(ranges, &lists[kind].current);
        take(ranges, &lists[kind].obsolete);
    }
    qsort(ranges->ranges, ranges->count, sizeof *ranges->ranges, compare);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ranges->count; i++) {
        const struct commit_range *range = &ranges->ranges[i];
        struct commit_range *last = kept == 0 ? NULL : &ranges->ranges[kept - 1];
        const bool same = last != NULL && last->writer == range->writer;
        if (same && (range->first <= last->last || range->first - last->last == 1 || !is_alive(writers, range->writer)))
            last->last = range->last > last->last ? range->last : last->last;
        else
            ranges->ranges[kept++] = *range;
    }
    ranges->count = kept;
    return 0;
}

void commit_ranges_done(struct commit_ranges *ranges)
{
    free(ranges->ranges);
    *ranges = (struct commit_ranges){0};
}

bool commit_ranges_join(const struct commit_ranges *ranges, uint32_t writer, uint64_t first, uint64_t second)
{
    for (uint32_t low = 0, high = ranges->count; low < high;) {
        const uint32_t middle = low + (high - low) / 2;
        const struct commit_range *range = &ranges->ranges[middle];
        if (range->writer < writer || (range->writer == writer && range->last < first))
            low = middle + 1;
        else if (range->writer > writer || range->first > first)
            high = middle;
        else
            return range->last >= second;
    }
    return false;
}
