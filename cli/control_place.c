/* SPDX-License-Identifier: MIT */
/*
 * control_place.c - where the sockets of running collectors are
 */
#define _GNU_SOURCE
#include "control_place.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int control_place_address(const char *path, struct sockaddr_un *ret_address)
{
    const size_t length = strlen(path);
    if (length == 0 || length >= sizeof ret_address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, path, length + 1);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void look_in(const char *folder, char *paths[CONTROL_PLACES_MAX], size_t *count)
{
    const size_t first = *count;
    DIR *entries = folder == NULL ? NULL : opendir(folder);
    if (entries == NULL)
        return;
    for (const struct dirent *entry; *count < CONTROL_PLACES_MAX && (entry = readdir(entries)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        if (end != NULL && strcmp(end, ".sock") == 0 && asprintf(&paths[*count], "%s/%s", folder, entry->d_name) >= 0)
            ++*count;
    }
    closedir(entries);
    qsort(paths + first, *count - first, sizeof *paths, by_name);
}

/* Two of the folders may be the same. */
static void remove_doubles(char *paths[CONTROL_PLACES_MAX], size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        bool is_new = true;
        for (size_t k = 0; k < kept; k++)
            is_new &= strcmp(paths[k], paths[i]) != 0;
        if (is_new)
            paths[kept++] = paths[i];
        else
            free(paths[i]);
    }
    *count = kept;
}

size_t control_place_find(char *ret_paths[CONTROL_PLACES_MAX])
{
    const char *told = getenv("RUNTIME_DIRECTORY"), *runtime = getenv("XDG_RUNTIME_DIR");
    size_t count = 0;
    char *folder = told == NULL || told[0] != '/' ? NULL : strndup(told, strcspn(told, ":"));
    look_in(folder, ret_paths, &count);
    free(folder);
    look_in("/run/weir", ret_paths, &count);
    if (runtime != NULL && runtime[0] == '/' && asprintf(&folder, "%s/weir", runtime) >= 0) {
        look_in(folder, ret_paths, &count);
        free(folder);
    }
    if (asprintf(&folder, "/dev/shm/weir-%u", (unsigned)geteuid()) >= 0) {
        look_in(folder, ret_paths, &count);
        free(folder);
    }
    remove_doubles(ret_paths, &count);
    return count;
}
