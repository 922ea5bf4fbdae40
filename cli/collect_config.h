/* SPDX-License-Identifier: MIT */
/*
 * collect_config.h - what the command line of weir collect sets, and what its file of --config does
 *
 * The command line goes before the file: of an option that it has, the file's values are not used, also of one that may
 * be repeated.
 */
#ifndef WEIR_CLI_COLLECT_CONFIG_H
#define WEIR_CLI_COLLECT_CONFIG_H

#include "collect_settings.h"

struct collect_config {
    const char *path; /* of the file, or NULL */
    struct collect_settings command, file;
    struct texts texts; /* the file's values; they stay until the end, as settings of before are compared with them */
};

void collect_config_done(struct collect_config *config);

/* Reads the file into `file`. `tell` is told all that is wrong with it: FILE:LINE and a sentence. How much that was;
 * then, or with -1, when it cannot be read (which was told too), `file` is as it was. */
int collect_config_read(struct collect_config *config, void (*tell)(void *context, const char *text), void *context);

/* The same from a stream, which the path only names. */
int collect_config_read_stream(struct collect_config *config, FILE *stream,
                               void (*tell)(void *context, const char *text), void *context);

/* Both together into `settings`, which is empty. -1 when memory is short. */
int collect_config_join(const struct collect_config *config, struct collect_settings *settings);

#endif
