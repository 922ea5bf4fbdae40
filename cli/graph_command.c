/* SPDX-License-Identifier: MIT */
/* graph_command.c - weir graph: the traffic of a store over time */
#define _GNU_SOURCE
#include "graph_command.h"

#include "exit_code.h"
#include "graph.h"
#include "graph_query.h"
#include "quantity.h"
#include "query_options.h"
#include "terminal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "Usage: weir graph [OPTION]... ['FILTER']\n"
    "Draw the traffic in a store over time.\n"
    "\n"
    "  -k, --key KEYS     what the bands are of: proto, dstport, srcas, src ..., as for weir top (default: proto)\n"
    "  -b, --by WORD      bytes, packets or flows (default: bytes)\n"
    "      --group-time T  steps of 10s, 5m, 1h (default: about a hundred)\n"
    "  -n, --count N      how many bands, 6 at most and unless told; the rest is 'other'\n"
    "  -o, --output FORMAT  text, svg or csv (default: text)\n"
    QUERY_OPTIONS_HELP
    "  -h, --help         show this help\n"
    "\n"
    "FILTER says which flows, as in 'proto tcp and dst port 443'; weir-filter(7).\n"
    "\n"
    "Examples:\n"
    "  weir graph --last 1d\n"
    "  weir graph --key dstport --group-time 5m -o svg 'src net 192.0.2.0/24' >services.svg\n";

enum output { OUTPUT_TEXT, OUTPUT_SVG, OUTPUT_CSV, OUTPUT_COUNT };
static const char *const output_names[OUTPUT_COUNT] = {"text", "svg", "csv"};
enum { AMOUNTS = 3 };
static const char *const amount_names[AMOUNTS] = {"bytes", "packets", "flows"};

struct graph_options {
    struct query_options common;
    const char *keys;
    unsigned amount;
    unsigned band_count;
    enum output output;
};

/* The place of a word, or `count`. */
static unsigned find(const char *const *words, unsigned count, const char *word)
{
    unsigned i = 0;
    while (i < count && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static int take(struct graph_options *options, int option, const char *value)
{
    uint64_t count;
    switch (option) {
    case 'k':
        options->keys = value;
        return 0;
    case 'b':
        options->amount = find(amount_names, AMOUNTS, value);
        return options->amount < AMOUNTS
                   ? 0 : query_usage_error(&options->common, "not bytes, packets or flows: ", value);
    case 'n':
        if (quantity_parse_count(value, &count) != 0 || count == 0 || count > GRAPH_BANDS_MAX)
            return query_usage_error(&options->common, "not a number of bands from 1 to 6: ", value);
        options->band_count = (unsigned)count;
        return 0;
    case 'o':
        options->output = (enum output)find(output_names, OUTPUT_COUNT, value);
        return options->output < OUTPUT_COUNT
                   ? 0 : query_usage_error(&options->common, "no such output format: ", value);
    case 'g':
        return query_options_group_time(&options->common, value);
    default:
        return query_options_take(&options->common, option, value);
    }
}

/* -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct graph_options *options)
{
    static const struct option known[] = {
        {"key", required_argument, NULL, 'k'},        {"by", required_argument, NULL, 'b'},
        {"group-time", required_argument, NULL, 'g'}, {"count", required_argument, NULL, 'n'},
        {"output", required_argument, NULL, 'o'},     {"help", no_argument, NULL, 'h'},
        QUERY_OPTIONS,                                {0},
    };
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":k:b:n:o:h", known, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return EXIT_SUCCESS;
        }
        if (c == ':')
            return query_usage_error(&options->common, "this option needs a value: ", argv[optind - 1]);
        const int result = c == '?' ? query_usage_error(&options->common, "unknown option ", argv[optind - 1])
                                    : take(options, c, optarg);
        if (result != 0)
            return result;
    }
    const int result = query_options_finish(&options->common, argc, argv, optind);
    return result != 0 ? result : -1;
}

/* Labels come from the network: a quote, a comma or a newline goes between quotes. */
static void print_field(const char *text)
{
    if (strpbrk(text, "\",\r\n") == NULL) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void print_csv(const struct graph_steps *steps, const struct graph_options *options)
{
    fputs("time,", stdout);
    print_field(options->keys);
    printf(",%s\n", amount_names[options->amount]);
    for (size_t step = 0; step < steps->count; step++) {
        const int64_t us = steps->moments[step];
        const time_t when = (time_t)(us / 1000000);
        struct tm utc;
        char text[40];
        if (gmtime_r(&when, &utc) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
            continue;
        for (size_t band = 0; band < steps->band_count; band++) {
            printf("%s.%06dZ,", text, (int)(us % 1000000));
            print_field(steps->labels[band]);
            printf(",%.3f\n", steps->amounts[band * steps->count + step]);
        }
    }
}

static enum query_output_end print(const struct graph_steps *steps, const struct graph_options *options)
{
    static const char *const titles[AMOUNTS] = {"Bytes", "Packets", "Flows"};
    char title[FILTER_NAME_MAX + 64];
    struct terminal terminal;
    snprintf(title, sizeof title, "%s per second by %.100s", titles[options->amount], options->keys);
    const struct graph_bins bins = {
        .title = title, .is_bytes = options->amount == 0, .moments = steps->moments, .step_us = steps->step_us,
        .count = steps->count, .band_count = steps->band_count, .labels = steps->labels, .amounts = steps->amounts,
    };
    terminal_init(&terminal, STDOUT_FILENO);
    if (options->output == OUTPUT_CSV)
        print_csv(steps, options);
    else if (options->output == OUTPUT_SVG)
        graph_bins_print_svg(&bins, stdout);
    else
        graph_bins_print(&bins, stdout, &terminal);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? QUERY_OUTPUT_DONE : QUERY_OUTPUT_UNWRITTEN;
}

static int show(struct query_session *session, void *context)
{
    const struct graph_options *options = context;
    struct query_error error = {.text = ""};
    struct flow_key keys[FLOW_KEYS_MAX];
    struct graph_request request = {.keys = keys, .amount = amount_names[options->amount],
                                    .band_count = options->band_count, .step_us = options->common.group_us};
    struct flow_totals totals;
    struct graph_steps steps;
    int code = query_session_keys(session, options->keys, keys, &request.key_count);
    if (code != EXIT_SUCCESS)
        return code;
    for (size_t i = 0; i < request.key_count; i++) {
        if (keys[i].other[0] != '\0')
            return query_usage_error(session->options, "a flow has one place in a graph, and two ends: ", keys[i].name);
    }
    if (flow_source_totals(&session->source, false, false, &totals, &error) != 0 ||
        graph_query(&session->source, &request, &totals, &steps, &error) != 0)
        return query_session_fail(session, &error);
    query_session_writes(session);
    code = query_session_output_end(session, print(&steps, options), &error);
    graph_steps_done(&steps);
    if (code == EXIT_SUCCESS)
        query_session_account(session, &totals);
    return code;
}

int cmd_graph(int argc, char **argv)
{
    struct graph_options options = {.keys = "proto", .band_count = GRAPH_BANDS_MAX};
    query_options_init(&options.common, "graph");
    const int done = parse(argc, argv, &options);
    if (done >= 0)
        return done;
    signal(SIGPIPE, SIG_IGN);
    return query_session_run(&options.common, show, &options);
}
