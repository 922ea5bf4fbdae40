/* SPDX-License-Identifier: MIT */
/*
 * segment_list.c - which segments of a store count
 *
 * Reading order: segment_list_read() at the end; read_kind(), read_date() and read_hour() above it, one for each level
 * of folders.
 */
#define _GNU_SOURCE
#include "segment_list.h"

#include "store_format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES_MAX = 20 };

/* What is the same for all that is read. */
struct task {
    struct segment_list *list;
    enum segment_kind kind;
    const struct segment_window *window;
    void (*told)(void *context, const char *path);
    void *context;
    struct store_error *error;
};

static void clear(struct segment_files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        free(files->files[i].path);
    files->count = 0;
}

static void done(struct segment_files *files)
{
    clear(files);
    free(files->files);
    *files = (struct segment_files){0};
}

void segment_list_done(struct segment_list *list)
{
    done(&list->current);
    done(&list->obsolete);
}

static int no_memory(const struct task *task)
{
    return store_error_set(task->error, "not enough memory to list the segments of the store");
}

/* Takes the file, with its path; 0, or -1 without memory, and then it is freed. */
static int add(struct segment_files *files, const struct segment_file *file)
{
    if (files->count == files->capacity) {
        const uint32_t capacity = files->capacity == 0 ? 64 : files->capacity * 2;
        struct segment_file *grown = realloc(files->files, capacity * sizeof *grown);
        if (grown == NULL) {
            free(file->path);
            return -1;
        }
        files->files = grown;
        files->capacity = capacity;
    }
    files->files[files->count++] = *file;
    return 0;
}

/* What lies in a folder where it does not belong. */
static void tell(const struct task *task, const char *folder, const char *name)
{
    char *path = NULL;
    if (task->told == NULL || asprintf(&path, "%s/%s", folder, name) < 0)
        return;
    task->told(task->context, path);
    free(path);
}

/* ------------------------------------------------------------------------------------------------- what covers what */

/* By writer and first commit; of those that begin alike the one that may cover the others is first. */
static int compare(const void *left, const void *right)
{
    const struct segment_name *a = &((const struct segment_file *)left)->name;
    const struct segment_name *b = &((const struct segment_file *)right)->name;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    if (a->sequence_first != b->sequence_first)
        return a->sequence_first < b->sequence_first ? -1 : 1;
    if (a->sequence_last != b->sequence_last)
        return a->sequence_last > b->sequence_last ? -1 : 1;
    return (a->tier < b->tier) - (a->tier > b->tier);
}

static bool is_wanted(const struct task *task, const struct segment_name *name)
{
    return task->window == NULL || (name->first_s < task->window->to_s && name->last_s >= task->window->from_s);
}

/* Moves the files of one hour to where they belong. `open` has room for all of them: those that reach over the one that
 * is looked at. */
static int sort_out(const struct task *task, struct segment_files *hour, uint32_t *open)
{
    uint32_t open_count = 0;
    int result = 0;
    if (hour->count > 0)
        qsort(hour->files, hour->count, sizeof *hour->files, compare);
    for (uint32_t i = 0; i < hour->count; i++) {
        struct segment_file *file = &hour->files[i];
        bool covered = false;
        uint32_t kept = 0;
        for (uint32_t k = 0; k < open_count; k++) {
            const struct segment_name *other = &hour->files[open[k]].name;
            covered |= segment_name_covers(other, &file->name);
            if (other->writer == file->name.writer && other->sequence_last >= file->name.sequence_first)
                open[kept++] = open[k];
        }
        open_count = kept;
        open[open_count++] = i;
        if (!is_wanted(task, &file->name))
            free(file->path);
        else if (result == 0)
            result = add(covered ? &task->list->obsolete : &task->list->current, file);
        else
            free(file->path);
    }
    hour->count = 0;
    return result == 0 ? 0 : no_memory(task);
}

/* ---------------------------------------------------------------------------------------------------------- folders */

static int read_files(const struct task *task, const char *path, int64_t hour_s, DIR *directory,
                      struct segment_files *hour, bool first_time)
{
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct segment_file file = {.kind = task->kind, .hour_s = hour_s};
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        if (!segment_name_parse(entry->d_name, &file.name)) {
            if (first_time)
                tell(task, path, entry->d_name);
            continue;
        }
        if (fstatat(dirfd(directory), entry->d_name, &status, 0) != 0 &&
            fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) /* a link may lead nowhere */
            continue; /* it was removed meanwhile */
        file.size_bytes = (uint64_t)status.st_size;
        file.written_us = (int64_t)status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000;
        if (asprintf(&file.path, "%s/%s", path, entry->d_name) < 0 || add(hour, &file) != 0)
            return no_memory(task);
    }
    return 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The files of one hour, as they were at one moment. */
static int read_hour(const struct task *task, const char *path, int64_t hour_s)
{
    struct segment_files hour = {0};
    DIR *directory = opendir(path);
    if (directory == NULL)
        return errno == ENOENT || errno == ENOTDIR ? 0 : store_error_system(task->error, "cannot read the folder %s",
                                                                            path);
    int result = 0;
    for (int try = 0; try < TRIES_MAX && result == 0; try++) {
        struct stat before, after;
        clear(&hour);
        rewinddir(directory);
        const bool looked = fstat(dirfd(directory), &before) == 0;
        result = read_files(task, path, hour_s, directory, &hour, try == 0);
        if (!looked || fstat(dirfd(directory), &after) != 0 || same_time(&before.st_mtim, &after.st_mtim))
            break;
    }
    closedir(directory);
    uint32_t *open = calloc((size_t)hour.count + 1, sizeof *open);
    if (result == 0)
        result = open == NULL ? no_memory(task) : sort_out(task, &hour, open);
    free(open);
    done(&hour);
    return result;
}

/* "hour=07": 7; -1 where it is something else. */
static int parse_hour(const char *name)
{
    int hour, length = 0;
    return sscanf(name, "hour=%2d%n", &hour, &length) == 1 && length == 7 && name[7] == '\0' && hour >= 0 && hour < 24
           ? hour
                                                                                                                       : -1;
}

static bool parse_date(const char *name, int64_t *ret_date_s)
{
    int year, month, day, length = 0;
    if (sscanf(name, "date=%d-%2d-%2d%n", &year, &month, &day, &length) != 3 || name[length] != '\0' || length < 12 ||
        month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    struct tm parts = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    *ret_date_s = timegm(&parts);
    return true;
}

static bool is_from(const struct task *task, int64_t hour_s)
{
    return task->window == NULL || hour_s >= task->window->hour_from_s;
}

static int read_date(const struct task *task, const char *path, int64_t date_s)
{
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    int result = 0;
    if (count < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : store_error_system(task->error, "cannot read the folder %s",
                                                                            path);
    for (int i = 0; i < count; i++) {
        const int hour = parse_hour(entries[i]->d_name);
        char *below = NULL;
        if (hour < 0 && entries[i]->d_name[0] != '.')
            tell(task, path, entries[i]->d_name);
        if (result == 0 && hour >= 0 && is_from(task, date_s + hour * 3600))
            result = asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0 ? no_memory(task)
                                                                           : read_hour(task, below, date_s + hour * 3600);
        free(below);
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int read_kind(const struct task *task, const char *path)
{
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    int result = 0;
    if (count < 0)
        return errno == ENOENT ? 0 : store_error_system(task->error, "cannot read the folder %s", path);
    for (int i = 0; i < count; i++) {
        int64_t date_s;
        char *below = NULL;
        const bool is_date = parse_date(entries[i]->d_name, &date_s);
        if (!is_date && entries[i]->d_name[0] != '.')
            tell(task, path, entries[i]->d_name);
        if (result == 0 && is_date && is_from(task, date_s + 23 * 3600))
            result = asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0
                     ? no_memory(task) : read_date(task, below, date_s);
        free(below);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int segment_list_read(struct segment_list *list, const char *folder, enum segment_kind kind,
                      const struct segment_window *window, void (*told)(void *context, const char *path), void *context,
                      struct store_error *error)
{
    const struct task task = {.list = list, .kind = kind, .window = window, .told = told, .context = context,
                              .error = error};
    char *path = NULL;
    if (store_format_check(folder, error) != 0)
        return -1;
    if (asprintf(&path, "%s/%s", folder, segment_kind_name(kind)) < 0)
        return no_memory(&task);
    const int result = read_kind(&task, path);
    free(path);
    return result;
}
