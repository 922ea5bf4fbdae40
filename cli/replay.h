/* SPDX-License-Identifier: MIT */
/*
 * replay.h - weir replay
 */
#ifndef WEIR_CLI_REPLAY_H
#define WEIR_CLI_REPLAY_H

/* Runs the command; argv[0] is "replay". Returns the exit code. */
int cmd_replay(int argc, char **argv);

#endif
