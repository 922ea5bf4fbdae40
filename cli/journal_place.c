/* SPDX-License-Identifier: MIT */
/*
 * journal_place.c - where weir collect has its journal
 */
#define _GNU_SOURCE
#include "journal_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SIZE_MOST ((uint64_t)96 << 20)
#define SIZE_LEAST ((uint64_t)8 << 20)

enum { SHARE_OF_MEMORY = 32 };

/* One that is there must be a folder of ours that nobody else can write to: /dev/shm is open to all. */
static int make_own(const char *path)
{
    struct stat is;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    if (lstat(path, &is) != 0)
        return -1;
    if (!S_ISDIR(is.st_mode)) {
        errno = ENOTDIR;
        return -1;
    }
    if (is.st_uid != geteuid() || (is.st_mode & 0022) != 0) {
        errno = EPERM;
        return -1;
    }
    return access(path, W_OK | X_OK);
}

/* Where what is written stays in memory; in some containers /run is on a disk. */
static bool is_memory(const char *path)
{
    struct statfs is;
    return statfs(path, &is) == 0 && (is.f_type == TMPFS_MAGIC || is.f_type == RAMFS_MAGIC);
}

static char *usual_folder(void)
{
    char *path = NULL;
    const char *told = getenv("RUNTIME_DIRECTORY"), *runtime = getenv("XDG_RUNTIME_DIR");
    if (told != NULL && told[0] == '/')
        return strndup(told, strcspn(told, ":"));
    if (geteuid() == 0 && is_memory("/run"))
        path = strdup("/run/weir");
    else if (runtime != NULL && runtime[0] == '/' && is_memory(runtime)) {
        if (asprintf(&path, "%s/weir", runtime) < 0)
            return NULL;
    } else if (is_memory("/dev/shm")) {
        if (asprintf(&path, "/dev/shm/weir-%u", (unsigned)geteuid()) < 0)
            return NULL;
    }
    if (path == NULL || make_own(path) == 0)
        return path;
    free(path);
    return NULL;
}

int journal_place(const char *option, const char *name, char **ret_path, struct sink_error *error)
{
    *ret_path = NULL;
    if (option != NULL && strcmp(option, "none") == 0)
        return 0;
    char *folder = option == NULL ? usual_folder() : strdup(option);
    if (folder == NULL)
        return 0;
    int result = 0;
    if (option != NULL && (option[0] == '\0' || make_own(folder) != 0)) {
        snprintf(error->text, sizeof error->text,
                 "cannot keep the journal in '%.200s': %s; --journal names a folder of one's own, or none", option,
                 option[0] == '\0' ? "no name" : errno == EPERM ? "others own it or may write to it" : strerror(errno));
        result = -1;
    } else if (asprintf(ret_path, "%s/%s", folder, name) < 0) {
        *ret_path = NULL;
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        result = -1;
    }
    free(folder);
    return result;
}

uint64_t journal_size_default(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    const uint64_t share = pages > 0 && page_bytes > 0
                           ? (uint64_t)pages * (uint64_t)page_bytes / SHARE_OF_MEMORY : SIZE_LEAST;
    return share > SIZE_MOST ? SIZE_MOST : share < SIZE_LEAST ? SIZE_LEAST : share;
}
