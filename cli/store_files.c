/* SPDX-License-Identifier: MIT */
/* store_files.c - which files of a store are the current ones */
#define _GNU_SOURCE
#include "store_files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIERS = 256 };

/* What a file's name tells. */
struct segment {
    char *name;
    uint32_t writer;
    uint64_t first, last; /* commits */
    unsigned tier;
    bool is_covered;
};

struct segments {
    struct segment *items;
    size_t count;
    size_t room;
};

char *store_folder(const char *option, bool *ret_told)
{
    char *folder = NULL;
    const char *variable = getenv("WEIR_STORE"), *told = getenv("STATE_DIRECTORY");
    const char *state_home = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    *ret_told = option != NULL || (variable != NULL && variable[0] != '\0');
    if (*ret_told)
        return strdup(option != NULL ? option : variable);
    int length = -1;
    if (told != NULL && told[0] == '/')
        length = asprintf(&folder, "%.*s/store", (int)strcspn(told, ":"), told);
    else if (geteuid() == 0)
        length = asprintf(&folder, "/var/lib/weir/store");
    else if (state_home != NULL && state_home[0] == '/')
        length = asprintf(&folder, "%s/weir/store", state_home);
    else if (home != NULL && home[0] == '/')
        length = asprintf(&folder, "%s/.local/state/weir/store", home);
    return length >= 0 ? folder : NULL;
}

/* --------------------------------------------------------------------------------------------------------- names */

static bool read_number(const char **text, char end, uint64_t *ret_number)
{
    char *behind;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    const unsigned long long number = strtoull(*text, &behind, 10);
    if (errno != 0 || *behind != end)
        return false;
    *text = behind + 1;
    *ret_number = number;
    return true;
}

/* YYYYMMDDTHHMMSS- */
static bool skip_time(const char **text)
{
    for (int i = 0; i < 15; i++) {
        const char c = (*text)[i];
        if (i == 8 ? c != 'T' : c < '0' || c > '9')
            return false;
    }
    if ((*text)[15] != '-')
        return false;
    *text += 16;
    return true;
}

static bool read_name(const char *text, struct segment *segment)
{
    uint64_t tier;
    char *behind;
    if (!skip_time(&text) || !skip_time(&text))
        return false;
    if (strspn(text, "0123456789abcdef") != 8)
        return false;
    segment->writer = (uint32_t)strtoul(text, &behind, 16);
    if (*behind != '-')
        return false;
    text = behind + 1;
    if (!read_number(&text, '-', &segment->first) || !read_number(&text, '-', &segment->last) ||
        !read_number(&text, '.', &tier) || strcmp(text, "parquet") != 0)
        return false;
    segment->tier = tier < TIERS ? (unsigned)tier : TIERS;
    return segment->first <= segment->last && segment->tier < TIERS;
}

/* Writers, and of each its commits; of files that begin with the same one the largest first. */
static int compare(const void *left, const void *right)
{
    const struct segment *a = left, *b = right;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    if (a->last != b->last)
        return a->last > b->last ? -1 : 1;
    return a->tier != b->tier ? (a->tier > b->tier ? -1 : 1) : strcmp(a->name, b->name);
}

static int compare_names(const void *left, const void *right)
{
    const struct segment *a = left, *b = right;
    return strcmp(a->name, b->name);
}

/* Marks those that one of a higher tier covers: of each tier, how far a file reaches that begins no later. */
static void mark_covered(struct segments *segments)
{
    uint64_t last_of_tier[TIERS];
    bool has_tier[TIERS] = {false};
    qsort(segments->items, segments->count, sizeof *segments->items, compare);
    for (size_t i = 0; i < segments->count; i++) {
        struct segment *segment = &segments->items[i];
        if (i > 0 && segments->items[i - 1].writer != segment->writer)
            memset(has_tier, 0, sizeof has_tier);
        for (unsigned tier = segment->tier + 1; tier < TIERS && !segment->is_covered; tier++)
            segment->is_covered = has_tier[tier] && last_of_tier[tier] >= segment->last;
        if (!has_tier[segment->tier] || last_of_tier[segment->tier] < segment->last)
            last_of_tier[segment->tier] = segment->last;
        has_tier[segment->tier] = true;
    }
    qsort(segments->items, segments->count, sizeof *segments->items, compare_names);
}

/* ------------------------------------------------------------------------------------------------------- folders */

/* Room for one more in an array. */
static void *grow(void *items, size_t count, size_t *room, size_t item_bytes)
{
    if (count < *room)
        return items;
    const size_t more = *room == 0 ? 64 : *room * 2;
    void *grown = realloc(items, more * item_bytes);
    if (grown != NULL)
        *room = more;
    return grown;
}

static int add_path(struct store_files *files, const char *folder, const char *name)
{
    char **paths = grow(files->paths, files->count, &files->room, sizeof *files->paths);
    if (paths == NULL)
        return -1;
    files->paths = paths;
    if (asprintf(&files->paths[files->count], "%s/%s", folder, name) < 0)
        return -1;
    files->count++;
    return 0;
}

static int add_segment(struct segments *segments, const char *name)
{
    struct segment segment = {0};
    if (!read_name(name, &segment))
        return 0;
    struct segment *items = grow(segments->items, segments->count, &segments->room, sizeof *items);
    if (items == NULL)
        return -1;
    segments->items = items;
    if ((segment.name = strdup(name)) == NULL)
        return -1;
    items[segments->count++] = segment;
    return 0;
}

/* The files of one hour. A folder that goes while it is looked at is as good as empty. */
static int find_in_hour(struct store_files *files, const char *folder)
{
    struct segments segments = {0};
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return errno == ENOENT ? 0 : -1;
    int result = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(entries)) != NULL;)
        result = add_segment(&segments, entry->d_name);
    closedir(entries);
    if (segments.count > 0)
        mark_covered(&segments);
    for (size_t i = 0; i < segments.count && result == 0; i++) {
        if (!segments.items[i].is_covered)
            result = add_path(files, folder, segments.items[i].name);
    }
    const int fault = errno;
    for (size_t i = 0; i < segments.count; i++)
        free(segments.items[i].name);
    free(segments.items);
    errno = fault;
    return result;
}

static int is_date(const struct dirent *entry)
{
    return strncmp(entry->d_name, "date=", 5) == 0;
}

static int is_hour(const struct dirent *entry)
{
    return strncmp(entry->d_name, "hour=", 5) == 0;
}

/* Goes through the folders of a folder that `choose` takes, in order: days at depth 0, hours at 1. */
static int find_below(struct store_files *files, const char *folder, int depth)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, depth == 0 ? is_date : is_hour, alphasort);
    if (count < 0)
        return errno == ENOENT ? 0 : -1;
    int result = 0;
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        if (result == 0 && asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
            result = -1;
        if (result == 0)
            result = depth == 0 ? find_below(files, path, 1) : find_in_hour(files, path);
        const int fault = errno;
        free(path);
        free(entries[i]);
        errno = fault;
    }
    free(entries);
    return result;
}

int store_files_find(struct store_files *files, const char *folder, const char *kind)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, kind) < 0)
        return -1;
    const int result = find_below(files, path, 0);
    const int fault = errno;
    free(path);
    errno = fault;
    return result;
}

void store_files_done(struct store_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct store_files){0};
}
