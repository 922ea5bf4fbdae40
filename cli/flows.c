/* SPDX-License-Identifier: MIT */
/* flows.c - weir flows: the flows of a store, one by one */
#define _GNU_SOURCE
#include "flows.h"

#include "exit_code.h"
#include "flow_list.h"
#include "quantity.h"
#include "query_options.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: weir flows [OPTION]... ['FILTER']\n"
    "List the flows of a store, by time.\n"
    "\n"
    "  -o, --output FORMAT  line, long, csv, json, ndjson, markdown, box or fmt:... (default: line)\n"
    "  -n, --count N      no more than N flows\n"
    "      --order WORD   time, bytes, packets, duration (the largest first), or none: as they are stored, at once\n"
    QUERY_OPTIONS_HELP
    "  -h, --help         show this help\n"
    "\n"
    "FILTER says which flows, as in 'proto tcp and dst port 443 and bytes > 1M'; weir-filter(7).\n"
    "fmt: takes words behind a %: ts te td proto src srcport dst dstport flags packets bytes exporter in out tos\n"
    "srcas dstas bps pps bpp next app ..., any column or element by name; %10bytes and %-20src are as wide as that.\n"
    "\n"
    "Examples:\n"
    "  weir flows --last 1h 'dst port 53'\n"
    "  weir flows -o 'fmt:%ts %src:%srcport -> %dst:%dstport %proto %bytes' -n 100\n"
    "  weir flows -o csv --from '2026-11-23 14:00' --to '2026-11-23 15:00' 'src net 192.0.2.0/24' >flows.csv\n";

struct flows_options {
    struct query_options common;
    const char *form; /* NULL: a format of columns */
    enum query_format format;
    struct flow_list_request request;
};

static int set_output(struct flows_options *options, const char *text)
{
    options->form = strcmp(text, "line") == 0 ? flow_form_line : strcmp(text, "long") == 0 ? flow_form_long
                    : strncmp(text, "fmt:", 4) == 0 ? text + 4 : NULL;
    if (options->form != NULL)
        return 0;
    options->format = query_format_find(text);
    options->request.all_columns = options->format != QUERY_BOX && options->format != QUERY_MARKDOWN;
    return options->format != QUERY_FORMAT_COUNT
               ? 0 : query_usage_error(&options->common, "no such output format: ", text);
}

static int set_order(struct flows_options *options, const char *text)
{
    for (unsigned i = 0; i < FLOW_ORDER_COUNT; i++) {
        if (strcmp(flow_order_names[i], text) == 0) {
            options->request.order = (enum flow_order)i;
            return 0;
        }
    }
    return query_usage_error(&options->common, "not time, bytes, packets, duration or none: ", text);
}

static int set_count(struct flows_options *options, const char *text)
{
    if (quantity_parse_count(text, &options->request.limit) == 0 && options->request.limit > 0)
        return 0;
    return query_usage_error(&options->common, "not a number of flows: ", text);
}

/* -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct flows_options *options)
{
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'}, {"count", required_argument, NULL, 'n'},
        {"order", required_argument, NULL, 'O'},  {"help", no_argument, NULL, 'h'},
        QUERY_OPTIONS,                            {0},
    };
    opterr = 0;
    optind = 1;
    for (int c, result = 0; (c = getopt_long(argc, argv, ":o:n:h", known, NULL)) != -1;) {
        switch (c) {
        case 'o': result = set_output(options, optarg); break;
        case 'n': result = set_count(options, optarg); break;
        case 'O': result = set_order(options, optarg); break;
        case 'h':
            fputs(help, stdout);
            return EXIT_SUCCESS;
        case ':': return query_usage_error(&options->common, "this option needs a value: ", argv[optind - 1]);
        case '?': return query_usage_error(&options->common, "unknown option ", argv[optind - 1]);
        default: result = query_options_take(&options->common, c, optarg); break;
        }
        if (result != 0)
            return result;
    }
    const int result = query_options_finish(&options->common, argc, argv, optind);
    return result != 0 ? result : -1;
}

static int list(struct query_session *session, void *context)
{
    struct flows_options *options = context;
    struct query_error error = {.text = ""};
    struct flow_totals totals;
    struct flow_form *form = NULL;
    struct query_result *result;
    uint64_t count;
    int code;
    if (options->form != NULL && (form = flow_form_parse(options->form, session->columns, &error)) == NULL)
        return query_usage_error(session->options, "the form: ", error.text);
    options->request.form = form;
    if (flow_list_query(&session->source, &options->request, &result, &error) != 0) {
        code = query_session_fail(session, &error);
    } else {
        const struct query_output_settings settings = query_session_settings(session, options->format);
        const enum query_output_end end = form == NULL ? query_output_write(result, &settings, &count, &error)
                                                       : flow_form_write(form, result, &settings, &count, &error);
        code = query_session_output_end(session, end, &error);
        query_result_free(result);
    }
    flow_form_free(form);
    if (code != EXIT_SUCCESS)
        return code;
    int got = flow_source_totals(&session->source, false, false, &totals, &error);
    while (got != 0 && query_session_mend(session, &error))
        got = flow_source_totals(&session->source, false, false, &totals, &error);
    if (got != 0)
        return query_session_fail(session, &error);
    query_session_account(session, &totals);
    return EXIT_SUCCESS;
}

int cmd_flows(int argc, char **argv)
{
    struct flows_options options = {.form = flow_form_line};
    query_options_init(&options.common, "flows");
    const int done = parse(argc, argv, &options);
    if (done >= 0)
        return done;
    signal(SIGPIPE, SIG_IGN);
    return query_session_run(&options.common, list, &options);
}
