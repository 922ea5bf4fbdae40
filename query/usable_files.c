/* SPDX-License-Identifier: MIT */
/*
 * usable_files.c - which of the files that a query is given can be read
 *
 *     "PAR1" | pages ... | foot | its length (4 octets, least first) | "PAR1"
 */
#define _GNU_SOURCE
#include "usable_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_BYTES = 4, END_BYTES = 8 };

static int skip(struct skipped_files *skipped, const char *path, const char *why)
{
    struct query_skipped *items = realloc(skipped->items, (skipped->count + 1) * sizeof *items);
    if (items == NULL)
        return -1;
    skipped->items = items;
    const struct query_skipped item = {strdup(path), strndup(why, strcspn(why, "\n"))};
    if (item.path == NULL || item.why == NULL) {
        free(item.path);
        free(item.why);
        return -1;
    }
    items[skipped->count++] = item;
    return 0;
}

/* What is wrong with a file, or NULL; `why` has room for it. */
static const char *fault_of(int fd, query_refuses *refuses, char why[QUERY_WHY_SIZE])
{
    uint8_t head[MAGIC_BYTES], tail[QUERY_TAIL_BYTES];
    struct stat is;
    if (fstat(fd, &is) != 0)
        return strerror(errno);
    if (!S_ISREG(is.st_mode))
        return "it is no file";
    const size_t tail_bytes = is.st_size < QUERY_TAIL_BYTES ? (size_t)is.st_size : QUERY_TAIL_BYTES;
    if (is.st_size < MAGIC_BYTES + END_BYTES || pread(fd, head, sizeof head, 0) != sizeof head ||
        pread(fd, tail, tail_bytes, is.st_size - (off_t)tail_bytes) != (ssize_t)tail_bytes)
        return "it is too short to be Parquet";
    const uint8_t *end = tail + tail_bytes - END_BYTES;
    if (memcmp(head, "PAR1", MAGIC_BYTES) != 0 || memcmp(end + 4, "PAR1", MAGIC_BYTES) != 0)
        return "it does not begin and end as Parquet does";
    const uint32_t foot_bytes =
        (uint32_t)end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 | (uint32_t)end[3] << 24;
    if (foot_bytes > is.st_size - MAGIC_BYTES - END_BYTES)
        return "its foot is longer than the file";
    return refuses != NULL && refuses(tail, tail_bytes, why) ? why : NULL;
}

int usable_files_init(struct usable_files *files, const struct query_paths *paths, query_refuses *refuses,
                      struct skipped_files *skipped)
{
    *files = (struct usable_files){.paths = calloc(paths->count + 1, sizeof *files->paths),
                                   .is_known = calloc(paths->count + 1, sizeof *files->is_known)};
    if (files->paths == NULL || files->is_known == NULL)
        return -1;
    for (size_t i = 0; i < paths->count; i++) {
        char why[QUERY_WHY_SIZE];
        if (paths->is_known != NULL && paths->is_known[i]) {
            files->is_known[files->count] = true;
            files->paths[files->count++] = paths->paths[i];
            continue;
        }
        const int fd = open(paths->paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        /* one that the merger has taken away, and the caller has not heard yet, is no fault to hide: DuckDB tells */
        const char *fault = fd >= 0 ? fault_of(fd, refuses, why) : NULL;
        if (fd >= 0)
            close(fd);
        if (fault == NULL)
            files->paths[files->count++] = paths->paths[i];
        else if (skip(skipped, paths->paths[i], fault) != 0)
            return -1;
    }
    return 0;
}

size_t usable_files_unknown(const struct usable_files *files)
{
    size_t count = 0;
    for (size_t i = 0; i < files->count; i++)
        count += !files->is_known[i];
    return count;
}

/* Whether DuckDB can read the foot of a file. */
static bool is_readable(struct query *query, const char *name, struct query_error *error)
{
    const struct query_value path = {.kind = QUERY_VALUE_TEXT, .octets = {name, strlen(name)}};
    struct query_result *result;
    struct query_chunk chunk;
    int got = query_run(query, "SELECT count(*) FROM parquet_schema($1)", &path, 1, &result, error);
    if (got != 0)
        return false;
    while ((got = query_next(result, &chunk, error)) == 1)
        continue;
    query_result_free(result);
    return got == 0;
}

int usable_files_check(struct usable_files *files, struct query *query, bool unknown, struct skipped_files *skipped)
{
    size_t kept = 0;
    for (size_t i = 0; i < files->count; i++) {
        struct query_error error = {.text = ""};
        if ((unknown && files->is_known[i]) || is_readable(query, files->paths[i], &error) ||
            access(files->paths[i], F_OK) != 0) {
            files->is_known[kept] = files->is_known[i];
            files->paths[kept++] = files->paths[i];
        } else if (skip(skipped, files->paths[i], error.text) != 0) {
            return -1;
        }
    }
    files->count = kept;
    return 0;
}

void usable_files_done(struct usable_files *files)
{
    free(files->paths);
    free(files->is_known);
    *files = (struct usable_files){0};
}

void skipped_files_clear(struct skipped_files *skipped)
{
    for (size_t i = 0; i < skipped->count; i++) {
        free(skipped->items[i].path);
        free(skipped->items[i].why);
    }
    free(skipped->items);
    *skipped = (struct skipped_files){0};
}
