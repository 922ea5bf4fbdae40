/* SPDX-License-Identifier: MIT */
/*
 * command_line.h - what the command lines of all commands have in common
 */
#ifndef WEIR_CLI_COMMAND_LINE_H
#define WEIR_CLI_COMMAND_LINE_H

#include <getopt.h>

struct command_line {
    const char *command; /* "replay" */
    const char *letters; /* for getopt_long(3), with a colon before them */
    const struct option *options;
    /* Takes an option by its number: -1 to go on, else the exit code. */
    int (*take)(void *context, int option, const char *value);
};

/* Takes all options. -1 to go on with the words that are left, from argv[optind] on; else the exit code. */
int command_line_take(const struct command_line *line, int argc, char **argv, void *context);

/* Tells what is wrong with the command line: `text`, and the word that is meant. Returns the exit code. */
int command_line_error(const char *command, const char *text, const char *what);

#endif
