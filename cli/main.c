/* SPDX-License-Identifier: MIT */
/*
 * main.c - weir: finds the subcommand
 */
#define _GNU_SOURCE
#include "analyze.h"
#include "collect.h"
#include "decode.h"
#include "doctor.h"
#include "exit_code.h"
#include "exporters.h"
#include "flows.h"
#include "graph_command.h"
#include "replay.h"
#include "sql.h"
#include "store.h"
#include "top.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <weir/weir.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *text;
} commands[] = {
    {"collect", cmd_collect, "receive flows from exporters, or read a capture, and write them"},
    {"exporters", cmd_exporters, "show who sends flows, and how well: loss, clocks, templates"},
    {"analyze", cmd_analyze, "show who talked to whom, from what was collected"},
    {"decode", cmd_decode, "print every record of a capture as a line of JSON"},
    {"flows", cmd_flows, "list the flows of a store"},
    {"top", cmd_top, "show who or what most of the traffic in a store is"},
    {"graph", cmd_graph, "draw the traffic in a store over time"},
    {"sql", cmd_sql, "ask a store of flows questions in SQL"},
    {"replay", cmd_replay, "send a capture, or made traffic, to a collector"},
    {"doctor", cmd_doctor, "tell what is wrong with the machine, the store or exporters, and what to do"},
    {"store", cmd_store, "look after a store of flows: list, check, merge, expire, export"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fputs("Usage: weir COMMAND [OPTION]...\n"
          "NetFlow collector, decoder and analyzer.\n"
          "\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].text);
    fputs("\n"
          "'weir COMMAND --help' tells what a command takes; 'weir --version' which one this is.\n"
          "\n"
          "See your traffic now, in two terminals:\n"
          "  weir collect -p 9000 -o text\n"
          "  softflowd -d -i eth0 -v 9 -n 127.0.0.1:9000 -t tcp.fin=5 -t maxlife=60 -t expint=5\n",
          out);
}

/* A standard stream that is closed would become the next file that is opened, and messages would land in somebody's
 * flows. What takes its place is opened the wrong way round, so that reading input and writing output still fail. */
static void fill_closed_streams(void)
{
    static const int modes[] = {[STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) < 0)
            return;
    }
}

/* Runs the command that argv[0] names. */
static int run_command(int argc, char **argv)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    }
    fprintf(stderr, "weir: no command '%s'; 'weir --help' shows those there are\n", argv[0]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    fill_closed_streams();
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 && argc > 2)
        return run_command(2, (char *[]){argv[2], (char[]){"--help"}, NULL});
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("weir %s\n", weir_version());
        return EXIT_SUCCESS;
    }
    return run_command(argc - 1, argv + 1);
}
