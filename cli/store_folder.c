/* SPDX-License-Identifier: MIT */
/*
 * store_folder.c - where the store is
 */
#define _GNU_SOURCE
#include "store_folder.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ------------------------------------------------------------------------------------------------- what is no store */

/* Whether a store is at `folder`/`below`. */
static bool is_store(const char *folder, const char *below)
{
    static const char *const parts[] = {".format", ".writers", "flows", "ledger", "options"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (snprintf(path, sizeof path, "%s/%s%s", folder, below, parts[i]) < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* Whether other files than Parquet's are in it, and none of these; what is hidden does not count. `store` becomes the
 * name of a folder among them that is a store, or "". */
static bool has_other_files(const char *folder, char store[NAME_MAX + 1])
{
    char below[NAME_MAX + 2];
    DIR *directory = opendir(folder);
    bool has_others = false, has_parquet = false;
    store[0] = '\0';
    for (const struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.')
            continue;
        has_others = true;
        has_parquet |= end != NULL && strcmp(end, ".parquet") == 0;
        snprintf(below, sizeof below, "%s/", entry->d_name);
        if (store[0] == '\0' && is_store(folder, below))
            snprintf(store, NAME_MAX + 1, "%s", entry->d_name);
    }
    if (directory != NULL)
        closedir(directory);
    return has_others && !has_parquet;
}

bool store_folder_may_be(const char *folder, char why[STORE_FOLDER_WHY_SIZE])
{
    static const char *const above[] = {"../", "../../", "../../../"}; /* STORE/flows/date=D/hour=H */
    char path[PATH_MAX + sizeof "../../../"], whole[PATH_MAX], store[NAME_MAX + 1];
    if (is_store(folder, ""))
        return true;
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        snprintf(path, sizeof path, "%.*s/%s", PATH_MAX - 1, folder, above[i]);
        if (is_store(path, "") && realpath(path, whole) != NULL) {
            snprintf(why, STORE_FOLDER_WHY_SIZE, "%.400s is no store, but a part of the one at %.400s", folder, whole);
            return false;
        }
    }
    if (!has_other_files(folder, store))
        return true;
    if (store[0] != '\0')
        snprintf(why, STORE_FOLDER_WHY_SIZE, "%.300s is no store; there is one at %.300s/%s", folder, folder, store);
    else
        snprintf(why, STORE_FOLDER_WHY_SIZE, "%.400s is no store: it has files, and no folder flows among them",
                 folder);
    return false;
}
