/* SPDX-License-Identifier: MIT */
/*
 * collect_rights.c - when weir collect gives up what
 */
#define _GNU_SOURCE
#include "collect_rights.h"

#include "rights.h"
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of an option, or of the variable of systemd; none is looked for where there is none. */
static int check_place(const char *option, const char *variable, const char *what, struct sink_error *error)
{
    const char *told = getenv(variable);
    char *folder = NULL;
    if (option != NULL && (option[0] == '\0' || strcmp(option, "none") == 0))
        return 0;
    if (option != NULL)
        folder = strdup(option);
    else if (told != NULL && told[0] == '/')
        folder = strndup(told, strcspn(told, ":"));
    else
        return 0;
    if (folder == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        return -1;
    }
    const int result = rights_check_folder(folder, what, RIGHTS_FILES, error);
    free(folder);
    return result;
}

static int check_folders(const struct collect_options *options, struct sink_error *error)
{
    int result = check_place(options->state, "STATE_DIRECTORY", "the state folder", error);
    if (result == 0)
        result = check_place(options->journal, "RUNTIME_DIRECTORY", "the journal's folder", error);
    for (size_t i = 0; i < options->output_count && result == 0; i++) {
        const char *output = options->outputs[i];
        if (strncmp(output, "store:", 6) == 0 && output[6] != '\0')
            result = rights_check_folder(output + 6, "the store", RIGHTS_FOLDERS, error);
    }
    return result;
}

int collect_rights_begin(const struct collect_options *options, bool *ret_usage, struct sink_error *error)
{
    if (rights_take_user(options->user, ret_usage, error) != 0)
        return -1;
    return options->user == NULL ? 0 : check_folders(options, error);
}

int collect_rights_drop(const struct collect_options *options, void (*warn)(void *context, const char *text),
                        void *context, struct sink_error *error)
{
    char text[200];
    if (rights_drop(warn, context, error) != 0)
        return -1;
    if (geteuid() == 0 && check_folders(options, error) != 0) /* what others own is closed to root, too */
        return -1;
    if (!options->sandbox) {
        warn(context, "system calls are not filtered, as --no-sandbox says");
        return 0;
    }
    if (sandbox_enter() == SANDBOX_UNAVAILABLE) {
        snprintf(text, sizeof text, "system calls cannot be filtered here: %s; it works without", strerror(errno));
        warn(context, text);
    }
    return 0;
}
