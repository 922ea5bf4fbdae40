/* SPDX-License-Identifier: MIT */
/* collect_live.h - weir collect, from sockets */
#ifndef WEIR_CLI_COLLECT_LIVE_H
#define WEIR_CLI_COLLECT_LIVE_H

#include "collect_options.h"

/* Receives until it is told to end. Returns the exit code. */
int collect_live(const struct collect_options *options);

#endif
