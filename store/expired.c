/* SPDX-License-Identifier: MIT */
/*
 * expired.c - up to which of its commits each writer's segments may have been removed because of their age
 */
#define _GNU_SOURCE
#include "expired.h"

#include "writer_lock.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int no_memory(struct store_error *error)
{
    return store_error_set(error, "not enough memory to read what expired in the store");
}

static void note(struct expired_writer *known, uint64_t sequence, bool has_rows)
{
    known->last = sequence > known->last ? sequence : known->last;
    if (has_rows)
        known->last_rows = sequence > known->last_rows ? sequence : known->last_rows;
}

int expired_note(struct expired *expired, uint32_t writer, uint64_t sequence, bool has_rows)
{
    for (uint32_t i = 0; i < expired->count; i++) {
        if (expired->writers[i].writer != writer)
            continue;
        note(&expired->writers[i], sequence, has_rows);
        return 0;
    }
    if (expired->count == expired->capacity) {
        const uint32_t capacity = expired->capacity == 0 ? 8 : expired->capacity * 2;
        struct expired_writer *grown = realloc(expired->writers, capacity * sizeof *grown);
        if (grown == NULL)
            return -1;
        expired->writers = grown;
        expired->capacity = capacity;
    }
    expired->writers[expired->count] = (struct expired_writer){.writer = writer};
    note(&expired->writers[expired->count++], sequence, has_rows);
    return 0;
}

struct expired_writer expired_of(const struct expired *expired, uint32_t writer)
{
    for (uint32_t i = 0; i < expired->count; i++) {
        if (expired->writers[i].writer == writer)
            return expired->writers[i];
    }
    return (struct expired_writer){.writer = writer};
}

int expired_read(struct expired *expired, const char *folder, struct store_error *error)
{
    char path[PATH_MAX], line[64], end;
    int result = 0;
    if (snprintf(path, sizeof path, "%s/.expired", folder) >= (int)sizeof path)
        return store_error_set(error, "the name of the store %.64s... is too long", folder);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT ? 0 : store_error_system(error, "cannot read %s", path);
    while (result == 0 && fgets(line, sizeof line, file) != NULL) {
        uint32_t writer;
        uint64_t last, last_rows;
        if (sscanf(line, "%8" SCNx32 " %" SCNu64 " %" SCNu64 "%c", &writer, &last, &last_rows, &end) != 4 ||
            end != '\n')
            result = store_error_set(error, "%s is damaged: a line is not the numbers of a collector and of commits",
                                     path);
        else if (expired_note(expired, writer, last, false) != 0 || expired_note(expired, writer, last_rows, true) != 0)
            result = no_memory(error);
    }
    if (result == 0 && ferror(file))
        result = store_error_system(error, "cannot read %s", path);
    fclose(file);
    return result;
}

/* Brings the file to the disk and closes it. */
static int end_file(FILE *file, const char *path, struct store_error *error)
{
    const bool whole = !ferror(file) && fflush(file) == 0 && fsync(fileno(file)) == 0;
    const int number = errno;
    if (fclose(file) == 0 && whole)
        return 0;
    errno = whole ? errno : number;
    return store_error_system(error, "cannot write %s", path);
}

int expired_write(const struct expired *expired, const char *folder, struct store_error *error)
{
    char path[PATH_MAX], under_way[PATH_MAX], temporary[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/.expired", folder) >= (int)sizeof path ||
        snprintf(under_way, sizeof under_way, "%s/.writing", folder) >= (int)sizeof under_way ||
        snprintf(temporary, sizeof temporary, "%s/expired", under_way) >= (int)sizeof temporary)
        return store_error_set(error, "the name of the store %.64s... is too long", folder);
    if (make_folders(under_way) != 0)
        return store_error_system(error, "cannot make the folder %s", under_way);
    FILE *file = fopen(temporary, "we");
    if (file == NULL)
        return store_error_system(error, "cannot write %s", temporary);
    for (uint32_t i = 0; i < expired->count; i++)
        fprintf(file, "%08" PRIx32 " %" PRIu64 " %" PRIu64 "\n", expired->writers[i].writer, expired->writers[i].last,
                expired->writers[i].last_rows);
    if (end_file(file, temporary, error) != 0) {
        unlink(temporary);
        return -1;
    }
    if (rename(temporary, path) != 0)
        return store_error_system(error, "cannot rename %s to %s", temporary, path);
    return sync_folder(folder, error);
}

void expired_done(struct expired *expired)
{
    free(expired->writers);
    *expired = (struct expired){0};
}
