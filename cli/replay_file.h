/* SPDX-License-Identifier: MIT */
/*
 * replay_file.h - sends the datagrams of a capture or an IPFIX file
 */
#ifndef WEIR_CLI_REPLAY_FILE_H
#define WEIR_CLI_REPLAY_FILE_H

#include "replay_run.h"

/* Sends them and tells what was sent. Returns the exit code. */
int replay_file(struct replay_run *run);

#endif
