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
#include <unistd.h>

static const char help[] =
    "Usage: weir graph [OPTION]... ['FILTER']\n"
    "Draw the traffic in a store over time.\n"
    "\n"
    "  -k, --key KEYS     what the bands are of: proto, dstport, srcas, src ..., as for weir top (default: proto)\n"
    "  -b, --by WORD      bytes, packets, flows, bps or pps (default: bytes)\n"
    "      --group-time T  steps of 10s, 5m, 1h (default: about a hundred)\n"
    "  -n, --count N      how many bands, 6 at most and unless told; the rest is 'other'\n"
    "  -o, --output FORMAT  text, svg, csv, json, ndjson, parquet, markdown or box (default: text)\n"
    QUERY_OPTIONS_HELP
    "  -h, --help         show this help\n"
    "\n"
    "FILTER says which flows, as in 'proto tcp and dst port 443'; weir-filter(7).\n"
    "\n"
    "Examples:\n"
    "  weir graph --last 1d\n"
    "  weir graph --key dstport --group-time 5m -o svg 'src net 192.0.2.0/24' >services.svg\n"
    "  weir graph --by bps --group-time 1h -o csv --last 7d >rates.csv\n";

enum output { OUTPUT_TEXT, OUTPUT_SVG, OUTPUT_PARQUET, OUTPUT_ROWS };
static const char *const output_names[OUTPUT_ROWS] = {"text", "svg", "parquet"};

static const struct amount {
    const char *summed, *title; /* of it a second */
    struct graph_column column;
} amounts[] = {
    {"bytes", "Bytes", {"bytes", 1, false}}, {"packets", "Packets", {"packets", 1, false}},
    {"flows", "Flows", {"flows", 1, false}}, {"bytes", "Bits", {"bps", 8, true}},
    {"packets", "Packets", {"pps", 1, true}},
};
enum { AMOUNTS = sizeof amounts / sizeof *amounts };

struct graph_options {
    struct query_options common;
    const char *keys;
    unsigned amount;
    unsigned band_count;
    enum output output;
    enum query_format format; /* of OUTPUT_ROWS */
};

static int set_amount(struct graph_options *options, const char *word)
{
    options->amount = 0;
    while (options->amount < AMOUNTS && strcmp(amounts[options->amount].column.name, word) != 0)
        options->amount++;
    return options->amount < AMOUNTS
               ? 0 : query_usage_error(&options->common, "not bytes, packets, flows, bps or pps: ", word);
}

static int set_output(struct graph_options *options, const char *word)
{
    options->output = OUTPUT_TEXT;
    while (options->output < OUTPUT_ROWS && strcmp(output_names[options->output], word) != 0)
        options->output++;
    options->format = query_format_find(word);
    return options->output < OUTPUT_ROWS || options->format != QUERY_FORMAT_COUNT
               ? 0 : query_usage_error(&options->common, "no such output format: ", word);
}

static int take(struct graph_options *options, int option, const char *value)
{
    uint64_t count;
    switch (option) {
    case 'k':
        options->keys = value;
        return 0;
    case 'b':
        return set_amount(options, value);
    case 'n':
        if (quantity_parse_count(value, &count) != 0 || count == 0 || count > GRAPH_BANDS_MAX)
            return query_usage_error(&options->common, "not a number of bands from 1 to 6: ", value);
        options->band_count = (unsigned)count;
        return 0;
    case 'o':
        return set_output(options, value);
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

static enum query_output_end draw(const struct graph_steps *steps, const struct graph_options *options)
{
    const struct amount *amount = &amounts[options->amount];
    char title[FILTER_NAME_MAX + 64];
    struct terminal terminal;
    snprintf(title, sizeof title, "%s per second by %.100s", amount->title, options->keys);
    for (size_t i = 0; i < steps->count * steps->band_count; i++)
        steps->amounts[i] *= amount->column.factor;
    const struct graph_bins bins = {
        .title = title, .moments = steps->moments, .step_us = steps->step_us,
        .count = steps->count, .band_count = steps->band_count, .labels = steps->labels, .amounts = steps->amounts,
    };
    terminal_init(&terminal, STDOUT_FILENO);
    if (options->output == OUTPUT_SVG)
        graph_bins_print_svg(&bins, stdout);
    else
        graph_bins_print(&bins, stdout, &terminal);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? QUERY_OUTPUT_DONE : QUERY_OUTPUT_UNWRITTEN;
}

/* Rows for programs. */
static enum query_output_end write_rows(struct query_session *session, const struct graph_request *request,
                                        const struct graph_steps *steps, const struct graph_options *options,
                                        struct query_error *error)
{
    const struct query_output_settings settings = query_session_settings(session, options->format);
    struct query_result *result;
    uint64_t count;
    if (graph_rows(&session->source, request, steps, &amounts[options->amount].column,
                   options->output == OUTPUT_PARQUET, &result, error) != 0)
        return QUERY_OUTPUT_FAILED;
    const enum query_output_end end = query_output_write(result, &settings, &count, error);
    query_result_free(result);
    return end;
}

static int show(struct query_session *session, void *context)
{
    const struct graph_options *options = context;
    struct query_error error = {.text = ""};
    struct flow_key keys[FLOW_KEYS_MAX];
    struct graph_request request = {.keys = keys, .amount = amounts[options->amount].summed,
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
    if (options->output == OUTPUT_PARQUET && (code = query_session_parquet(session)) != EXIT_SUCCESS)
        return code;
    if (flow_source_totals(&session->source, false, false, &totals, &error) != 0 ||
        graph_query(&session->source, &request, &totals, &steps, &error) != 0)
        return query_session_fail(session, &error);
    query_session_writes(session);
    code = query_session_output_end(session, options->output <= OUTPUT_SVG
                                                 ? draw(&steps, options)
                                                 : write_rows(session, &request, &steps, options, &error), &error);
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
