/* SPDX-License-Identifier: MIT */
/*
 * collect.h - weir collect: receives flows, or reads them from a capture, and writes them
 */
#ifndef WEIR_CLI_COLLECT_H
#define WEIR_CLI_COLLECT_H

/* argv[0] is the subcommand's name. Returns the exit code. */
int cmd_collect(int argc, char **argv);

#endif
