/* SPDX-License-Identifier: MIT */
/*
 * cut.c - files that get their names together
 */
#define _GNU_SOURCE
#include "cut.h"

#include "segment_name.h"
#include "writer_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Stands for the '/' of a path. */
static const char slash = '~';

bool cut_name_format(uint32_t writer, uint64_t cut, const char *path, char name[CUT_NAME_SIZE])
{
    const int start = snprintf(name, CUT_NAME_SIZE, "%08" PRIx32 "-c%" PRIu64 "%c", writer, cut, slash);
    const size_t length = strlen(path);
    if (length >= (size_t)(CUT_NAME_SIZE - start))
        return false;
    for (size_t i = 0; i <= length; i++)
        name[(size_t)start + i] = path[i] == '/' ? slash : path[i];
    return true;
}

/* A folder of the store and the name of a segment: nothing else is made of what somebody wrote there. */
static bool is_place(const char *path)
{
    struct segment_name name;
    char date[16], hour[8], rest[CUT_NAME_SIZE], kind[16];
    int end = 0;
    if (sscanf(path, "%15[a-z]/date=%10[0-9-]/hour=%2[0-9]/%n", kind, date, hour, &end) != 3 || end == 0)
        return false;
    snprintf(rest, sizeof rest, "%s", path + end);
    for (int i = 0; i < SEGMENT_KIND_COUNT; i++) {
        if (strcmp(kind, segment_kind_name((enum segment_kind)i)) == 0)
            return segment_name_parse(rest, &name);
    }
    return false;
}

bool cut_name_parse(const char *name, uint32_t *ret_writer, uint64_t *ret_cut, char ret_path[CUT_NAME_SIZE])
{
    int end = 0;
    if (strlen(name) >= CUT_NAME_SIZE || sscanf(name, "%8" SCNx32 "-c%" SCNu64 "~%n", ret_writer, ret_cut, &end) != 2 ||
        end == 0)
        return false;
    size_t length = 0;
    for (const char *p = name + end; *p != '\0'; p++)
        ret_path[length++] = *p == slash ? '/' : *p;
    ret_path[length] = '\0';
    return is_place(ret_path);
}

/* Brings the names of an hour's folder, and of those above it in the store, to the disk. */
static int sync_above(const char *folder, char *path, struct store_error *error)
{
    for (char *end; (end = strrchr(path, '/')) != NULL && (size_t)(end - path) >= strlen(folder);) {
        *end = '\0';
        if (sync_folder(path, error) != 0)
            return -1;
    }
    return 0;
}

int cut_publish(const char *folder, const char *name, bool sync, struct store_error *error)
{
    uint32_t writer;
    uint64_t cut;
    char place[CUT_NAME_SIZE], from[PATH_MAX], to[PATH_MAX];
    if (!cut_name_parse(name, &writer, &cut, place) ||
        snprintf(from, sizeof from, "%s/.writing/%s", folder, name) >= PATH_MAX ||
        snprintf(to, sizeof to, "%s/%s", folder, place) >= PATH_MAX)
        return store_error_set(error, "the name of the store %.64s... is too long", folder);
    char *end = strrchr(to, '/');
    *end = '\0';
    if (make_folders(to) != 0)
        return store_error_system(error, "cannot make the folder %s", to);
    *end = '/';
    /* one that is gone had its name before, and may have been merged or have expired since */
    if (rename(from, to) != 0 && !(errno == ENOENT && access(from, F_OK) != 0))
        return store_error_system(error, "cannot rename %s to %s", from, to);
    return sync ? sync_above(folder, to, error) : 0;
}

static int recover_one(const char *folder, int directory, const char *name, uint32_t writer, uint64_t cut, bool sync,
                       struct store_error *error)
{
    uint32_t whose;
    uint64_t which;
    char place[CUT_NAME_SIZE];
    if (cut_name_parse(name, &whose, &which, place) && whose == writer && which <= cut)
        return cut_publish(folder, name, sync, error);
    return unlinkat(directory, name, 0) == 0 || errno == ENOENT
               ? 0
               : store_error_system(error, "cannot remove %s/.writing/%s", folder, name);
}

/* By the numbers of their commits. What is none of a cut comes first. */
static int compare(const struct dirent **left, const struct dirent **right)
{
    const struct dirent *const entries[] = {*left, *right};
    uint64_t sequences[2] = {0};
    for (int i = 0; i < 2; i++) {
        char place[CUT_NAME_SIZE];
        struct segment_name segment;
        uint32_t writer;
        uint64_t cut;
        if (cut_name_parse(entries[i]->d_name, &writer, &cut, place) && segment_name_parse(strrchr(place, '/') + 1, &segment))
            sequences[i] = segment.sequence_first;
    }
    return (sequences[0] > sequences[1]) - (sequences[0] < sequences[1]);
}

int cut_recover(const char *folder, uint32_t writer, uint64_t cut, bool sync, struct store_error *error)
{
    char path[PATH_MAX], start[16];
    snprintf(path, sizeof path, "%s/.writing", folder);
    snprintf(start, sizeof start, "%08" PRIx32 "-", writer);
    const int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent **entries;
    const int count = directory < 0 ? -1 : scandirat(directory, ".", &entries, NULL, compare);
    int result = 0;
    if (count < 0 && !(directory < 0 && errno == ENOENT))
        result = store_error_system(error, "cannot read the folder %s", path);
    for (int i = 0; i < count; i++) {
        if (result == 0 && strncmp(entries[i]->d_name, start, strlen(start)) == 0)
            result = recover_one(folder, directory, entries[i]->d_name, writer, cut, sync, error);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (directory >= 0)
        close(directory);
    return result;
}
