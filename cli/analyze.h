/* SPDX-License-Identifier: MIT */
/*
 * analyze.h - weir analyze: who talked to whom, from JSON of our own or of the Python original
 */
#ifndef WEIR_CLI_ANALYZE_H
#define WEIR_CLI_ANALYZE_H

/* argv[0] is the subcommand's name. Returns the exit code. */
int cmd_analyze(int argc, char **argv);

#endif
