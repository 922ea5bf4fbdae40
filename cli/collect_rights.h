/* SPDX-License-Identifier: MIT */
/*
 * collect_rights.h - when weir collect gives up what
 */
#ifndef WEIR_CLI_COLLECT_RIGHTS_H
#define WEIR_CLI_COLLECT_RIGHTS_H

#include "collect_options.h"
#include "sink.h"

#include <stdbool.h>

/* Before anything is opened: becomes the user of --user, and sees to it that he can write to what is to be written to.
 * -1 with `error` filled. */
int collect_rights_begin(const struct collect_options *options, bool *ret_usage, struct sink_error *error);

/* When sockets are open, and before any thread is started: all capabilities, and system calls that are not needed. */
int collect_rights_drop(const struct collect_options *options, void (*warn)(void *context, const char *text),
                        void *context, struct sink_error *error);

#endif
