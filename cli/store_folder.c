/* SPDX-License-Identifier: MIT */
/*
 * store_folder.c - where the store is
 */
#define _GNU_SOURCE
#include "store_folder.h"

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
