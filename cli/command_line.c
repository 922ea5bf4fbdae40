/* SPDX-License-Identifier: MIT */
/*
 * command_line.c - what the command lines of all commands have in common
 */
#define _GNU_SOURCE
#include "command_line.h"

#include "exit_code.h"

#include <stdio.h>

int command_line_error(const char *command, const char *text, const char *what)
{
    fprintf(stderr, "weir %s: %s%s; 'weir %s --help' shows what there is\n", command, text, what, command);
    return EXIT_USAGE;
}

int command_line_take(const struct command_line *line, int argc, char **argv, void *context)
{
    opterr = 0;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, line->letters, line->options, NULL)) != -1;) {
        if (option == ':')
            return command_line_error(line->command, "this option needs a value: ", argv[optind - 1]);
        if (option == '?')
            return command_line_error(line->command, "unknown option ", argv[optind - 1]);
        const int code = line->take(context, option, optarg);
        if (code >= 0)
            return code;
    }
    return -1;
}
