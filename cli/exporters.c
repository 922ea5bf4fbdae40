/* SPDX-License-Identifier: MIT */
/*
 * exporters.c - weir exporters: who sends flows, and how well
 */
#define _GNU_SOURCE
#include "exporters.h"

#include "command_line.h"
#include "control_place.h"
#include "exit_code.h"
#include "exporter_entries.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: weir exporters [OPTION]...\n"
    "Show who sends flows, and how well: loss, clocks, templates, sampling. Those in trouble stand first.\n"
    "\n"
    "From the collectors that run, unless a store is named:\n"
    "      --socket PATH    of this collector: the socket beside its journal (default: all in the usual places)\n"
    "      --store DIR      what the ledger of this store tells, of all the time it has\n"
    "      --all            also those known from the run before, of which nothing came since\n"
    "  -o, --output FORMAT  table (default), json or csv\n"
    "  -h, --help           show this help\n"
    "\n"
    "Examples:\n"
    "  weir exporters\n"
    "  weir exporters -o json | jq '.[] | select(.trouble != \"\")'\n";

struct request {
    const char *socket, *store;
    enum exporter_format format;
    bool all; /* also those that are unheard */
};

static int usage_error(const char *text, const char *what)
{
    return command_line_error("exporters", text, what);
}

static int fail(const char *text)
{
    fprintf(stderr, "weir exporters: %s\n", text);
    return EXIT_FAILURE;
}

static int take(void *context, int option, const char *value)
{
    struct request *request = context;
    static const char *const formats[EXPORTERS_FORMAT_COUNT] = {"table", "json", "csv"};
    switch (option) {
    case 's':
        request->socket = value;
        return -1;
    case 'd':
        request->store = value;
        return -1;
    case 'a':
        request->all = true;
        return -1;
    case 'o':
        for (int i = 0; i < EXPORTERS_FORMAT_COUNT; i++) {
            if (strcmp(value, formats[i]) == 0) {
                request->format = (enum exporter_format)i;
                return -1;
            }
        }
        return usage_error("not table, json or csv: ", value);
    default:
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
}

static int parse(int argc, char **argv, struct request *request)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'},
        {"store", required_argument, NULL, 'd'},
        {"all", no_argument, NULL, 'a'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    static const struct command_line line = {"exporters", ":o:h", options, take};
    const int code = command_line_take(&line, argc, argv, request);
    if (code >= 0)
        return code;
    if (optind < argc)
        return usage_error("takes options only, and this is none: ", argv[optind]);
    if (request->socket != NULL && request->store != NULL)
        return usage_error("--socket and --store are two places to look", "");
    return -1;
}

/* Adds what collectors answer, of which one that has ended is none. Returns the exit code. */
static int ask(struct exporter_entries *entries, const char *const *paths, size_t count,
               bool is_named)
{
    char account[EXPORTER_TEXT_SIZE], error[EXPORTER_TEXT_SIZE];
    size_t answered = 0, failed = 0;
    for (size_t i = 0; i < count; i++) {
        const int result = exporter_entries_ask(entries, paths[i], account, error);
        if (result == 0) {
            answered++;
            fprintf(stderr, "weir: %s: %s\n", paths[i], account);
        } else if (result < 0 || is_named) {
            failed++;
            fail(error);
        }
    }
    if (answered > 0 || failed > 0)
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    return fail("no collector runs, or it is another user's; 'weir collect' starts one, --socket names the socket of "
                "one whose journal is elsewhere, and --store DIR shows what a store tells");
}

static int gather(struct exporter_entries *entries, const struct request *request)
{
    char account[EXPORTER_TEXT_SIZE];
    char *paths[CONTROL_PLACES_MAX];
    const char *found[CONTROL_PLACES_MAX];
    if (request->store != NULL) {
        if (exporter_entries_read(entries, request->store, account) != 0)
            return EXIT_FAILURE;
        if (account[0] != '\0')
            fprintf(stderr, "weir: %s\n", account);
        return EXIT_SUCCESS;
    }
    if (request->socket != NULL)
        return ask(entries, &request->socket, 1, true);
    const size_t count = control_place_find(paths);
    memcpy(found, paths, count * sizeof *found);
    const int code = ask(entries, found, count, false);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    return code;
}

int cmd_exporters(int argc, char **argv)
{
    struct request request = {.format = EXPORTERS_TABLE};
    struct exporter_entries entries = {0};
    int code = parse(argc, argv, &request);
    if (code >= 0)
        return code;
    code = gather(&entries, &request);
    const size_t left_out = request.all ? 0 : exporter_entries_leave_out(&entries);
    if ((code == EXIT_SUCCESS || entries.count > 0) && exporter_entries_print(&entries, request.format) != 0 &&
        errno != EPIPE) {
        fprintf(stderr, "weir exporters: cannot write to standard output: %s\n", strerror(errno));
        code = EXIT_FAILURE;
    }
    if (left_out > 0)
        fprintf(stderr, "weir: %zu more known from the run before, not heard since; --all shows them\n", left_out);
    exporter_entries_done(&entries);
    return code;
}
