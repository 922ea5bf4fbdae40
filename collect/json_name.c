/* SPDX-License-Identifier: MIT */
/* json_name.c - see json_name.h */
#define _GNU_SOURCE
#include "json_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool json_name_ends(const char *name, const char *end)
{
    size_t name_length = strlen(name);
    size_t end_length = strlen(end);

    return name_length >= end_length && strcmp(name + name_length - end_length, end) == 0;
}

/* Where the extension begins, ".json.gz" as one; the end of the name when it has none. */
static size_t extension_at(const char *path, size_t folder_length)
{
    static const char *const doubles[] = {".json.gz", ".ndjson.gz", ".jsonl.gz"};
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        if (json_name_ends(path, doubles[i]) && length - strlen(doubles[i]) > folder_length) {
            return length - strlen(doubles[i]);
        }
    }
    const char *dot = strrchr(path + folder_length, '.');
    return dot == NULL || dot == path + folder_length ? length : (size_t)(dot - path);
}

int json_name_make(const char *path, bool unix_names, int64_t start_us, unsigned attempt, char *name,
                   size_t name_size)
{
    const char *slash = strrchr(path, '/');
    size_t folder_length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    size_t extension = extension_at(path, folder_length);
    time_t start_s = (time_t)(start_us / 1000000);
    char again[16] = "";
    char stamp[64] = "";
    struct tm utc;

    if (attempt > 0) {
        snprintf(again, sizeof again, "-%u", attempt);
    }
    if (unix_names) {
        snprintf(stamp, sizeof stamp, "%" PRId64, (int64_t)start_s);
    } else if (gmtime_r(&start_s, &utc) != NULL) {
        strftime(stamp, sizeof stamp, "-%Y%m%d-%H%M%S", &utc);
    }
    int length = snprintf(name, name_size, "%.*s%s%s%s", (int)(unix_names ? folder_length : extension), path, stamp,
                          again, path + extension);
    return length < 0 || (size_t)length >= name_size ? -1 : 0;
}
