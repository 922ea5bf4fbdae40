/* SPDX-License-Identifier: MIT */
/* flows.c - weir flows: the flows of a store, one by one */
#define _GNU_SOURCE
#include "flows.h"

#include "exit_code.h"
#include "flow_bins.h"
#include "flow_join.h"
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
    "  -o, --output FORMAT  line, long, csv, json, ndjson, parquet, markdown, box or fmt:... (default: line)\n"
    "  -n, --count N      no more than N flows; 0: all (default)\n"
    "      --biflow[=T]   both directions of a conversation as one, which is over after a pause of T (default: 60s)\n"
    "      --group-time T  what there is in each 5m, 1h, 1d, by when flows began (default output: box)\n"
    "      --order WORD   time, bytes, packets, duration (the largest first), or none: as they are stored, at once\n"
    QUERY_OPTIONS_HELP
    "  -h, --help         show this help\n"
    "\n"
    "FILTER says which flows, as in 'proto tcp and dst port 443 and bytes > 1M'; weir-filter(7).\n"
    "fmt: takes words behind a %: ts te td proto src srcport dst dstport flags packets bytes exporter in out tos\n"
    "srcas dstas bps pps bpp next app ..., any column or element by name; %10bytes and %-20src are as wide as that.\n"
    "With --biflow bytes and packets are of who began; reverse_bytes and reverse_packets of the other end. FILTER chooses\n"
    "those of which a flow matches. With --group-time there are " FLOW_BINS_WORDS ".\n"
    "\n"
    "Examples:\n"
    "  weir flows --last 1h 'dst port 53'\n"
    "  weir flows -o 'fmt:%ts %src:%srcport -> %dst:%dstport %proto %bytes' -n 100\n"
    "  weir flows --biflow --order bytes -n 10 --last 1d\n"
    "  weir flows --group-time 5m --from 14:00 'dst port 443'\n"
    "  weir flows -o csv --from '2026-11-23 14:00' --to '2026-11-23 15:00' 'src net 192.0.2.0/24' >flows.csv\n";

struct flows_options {
    struct query_options common;
    bool is_told; /* -o was given */
    const char *form; /* NULL: a format of columns */
    bool is_own_form; /* fmt:, else a table */
    enum query_format format;
    struct flow_list_request request;
};

static int set_output(struct flows_options *options, const char *text)
{
    options->is_told = true;
    options->request.to_parquet = false;
    options->is_own_form = strncmp(text, "fmt:", 4) == 0;
    options->form = strcmp(text, "line") == 0 ? flow_form_line : strcmp(text, "long") == 0 ? flow_form_long
                    : options->is_own_form ? text + 4 : NULL;
    if (options->form != NULL)
        return options->form[0] != '\0' ? 0
                   : query_usage_error(&options->common, "there is nothing in the form ", text);
    options->format = query_format_find(text);
    options->request.all_columns = options->format != QUERY_BOX && options->format != QUERY_MARKDOWN;
    options->request.omits_nulls = options->format == QUERY_JSON || options->format == QUERY_NDJSON;
    options->request.to_parquet = strcmp(text, "parquet") == 0;
    return options->format != QUERY_FORMAT_COUNT || options->request.to_parquet
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
    if (quantity_parse_count(text, &options->request.limit) == 0)
        return 0;
    return query_usage_error(&options->common, "not a number of flows: ", text);
}

/* Lines of what is listed. */
static void choose_form(struct flows_options *options)
{
    const bool is_usual = options->form == flow_form_line || options->form == flow_form_long;
    options->request.group_us = options->common.group_us;
    if (options->common.group_us > 0 && !options->is_told) {
        options->form = NULL;
        options->format = QUERY_BOX;
    } else if (options->common.group_us > 0 && is_usual) {
        options->form = flow_form_bins;
    } else if (options->common.join_us > 0 && is_usual) {
        options->form = flow_form_both_ways;
    }
}

/* -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct flows_options *options)
{
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'}, {"count", required_argument, NULL, 'n'},
        {"order", required_argument, NULL, 'O'},  {"biflow", optional_argument, NULL, 'B'},
        {"group-time", required_argument, NULL, 'g'}, {"help", no_argument, NULL, 'h'},
        QUERY_OPTIONS,                            {0},
    };
    opterr = 0;
    optind = 1;
    for (int c, result = 0; (c = getopt_long(argc, argv, ":o:n:h", known, NULL)) != -1;) {
        switch (c) {
        case 'o': result = set_output(options, optarg); break;
        case 'n': result = set_count(options, optarg); break;
        case 'O': result = set_order(options, optarg); break;
        case 'B': result = query_options_biflow(&options->common, optarg); break;
        case 'g': result = query_options_group_time(&options->common, optarg); break;
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
    choose_form(options);
    return result != 0 ? result : -1;
}

/* The conversations, where they are wanted, as the source to list. */
static int list_rows(struct query_session *session, const struct flows_options *options, struct query_result **ret_result,
                     struct query_error *error)
{
    struct flow_source joined;
    size_t key_count = 0;
    const struct flow_form *form = options->request.form;
    const struct flow_key *keys = form != NULL ? flow_form_keys(form, &key_count) : NULL;
    if (options->common.join_us == 0)
        return flow_list_query(&session->source, &options->request, ret_result, error);
    if (options->common.group_us > 0) /* these keys are of what is made of them */
        key_count = 0;
    return flow_join(&session->source, options->common.join_us, keys, key_count, &joined, error) == 0
               ? flow_list_query(&joined, &options->request, ret_result, error) : -1;
}

static int list(struct query_session *session, void *context)
{
    struct flows_options *options = context;
    struct query_error error = {.text = ""};
    struct flow_totals totals;
    struct flow_form *form = NULL;
    struct query_result *result;
    uint64_t count;
    int code = options->request.to_parquet ? query_session_parquet(session) : EXIT_SUCCESS;
    if (code != EXIT_SUCCESS)
        return code;
    if (options->form != NULL && (form = flow_form_parse(options->form, session->columns, &error)) == NULL)
        return query_usage_error(session->options, "the form: ", error.text);
    options->request.form = form;
    if (form != NULL && options->common.group_us > 0 && !flow_form_fits_bins(form)) {
        flow_form_free(form);
        return query_usage_error(session->options, "the form: with --group-time there are ", FLOW_BINS_WORDS);
    }
    if (list_rows(session, options, &result, &error) != 0) {
        code = query_session_fail(session, &error);
    } else {
        const struct query_output_settings settings = query_session_settings(session, options->format);
        const enum query_output_end end =
            form == NULL          ? query_output_write(result, &settings, &count, &error)
            : options->is_own_form ? flow_form_write(form, result, &settings, &count, &error)
                                  : flow_table_write(form, result, &settings, &count, &error);
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
