/* SPDX-License-Identifier: MIT */
/* top.c - weir top: what most of the traffic of a store is */
#define _GNU_SOURCE
#include "top.h"

#include "exit_code.h"
#include "flow_join.h"
#include "quantity.h"
#include "query_options.h"
#include "top_table.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: weir top KEYS [OPTION]... ['FILTER']\n"
    "Show who or what most of the traffic in a store is.\n"
    "\n"
    "  -b, --by WORDS     bytes, packets, flows, bps, pps, bpp; several with commas, the first ranks (default: bytes)\n"
    "  -n, --count N      how many; 0: all (default: 10)\n"
    "      --group-time T  such a list for each 5m, 1h, 1d, by when flows began\n"
    "      --biflow[=T]   of conversations, both directions as one, which are over after a pause of T (default: 60s)\n"
    "  -o, --output FORMAT  table, csv, json, ndjson, parquet, markdown or box (default: table)\n"
    QUERY_OPTIONS_HELP
    "  -h, --help         show this help\n"
    "\n"
    "KEYS, several with commas: src dst ip srcport dstport port proto srcnet/24 dstnet/16/48 net srcas dstas as in\n"
    "out if exporter app tos flags next vlan ..., any column or element by name. ip, net, port, as, if, mask,\n"
    "vrf, mac: of either end.\n"
    "FILTER says which flows, as in 'proto tcp and dst port 443'; weir-filter(7). With --biflow src is who began, bytes are\n"
    "of both directions, flows are conversations, and FILTER chooses those of which a flow matches.\n"
    "\n"
    "Examples:\n"
    "  weir top src --last 1h\n"
    "  weir top dstport,proto --by bytes,flows -n 20 'src net 192.0.2.0/24'\n"
    "  weir top srcas --by bps -o csv --from 14:00 --to 15:00\n";

struct top_options {
    struct query_options common;
    const char *keys;
    enum top_amount amounts[TOP_AMOUNT_COUNT];
    size_t amount_count;
    uint64_t limit;
    bool is_table, is_parquet; /* else it is of a format */
    enum query_format format;
};

static int set_amounts(struct top_options *options, const char *words)
{
    struct query_error error;
    return top_amounts_parse(words, options->amounts, &options->amount_count, &error) == 0
               ? 0 : query_usage_error(&options->common, "--by: ", error.text);
}

static int set_output(struct top_options *options, const char *text)
{
    options->is_table = strcmp(text, "table") == 0;
    options->is_parquet = strcmp(text, "parquet") == 0;
    options->format = query_format_find(text);
    return options->is_table || options->is_parquet || options->format != QUERY_FORMAT_COUNT
               ? 0 : query_usage_error(&options->common, "no such output format: ", text);
}

/* -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct top_options *options)
{
    static const struct option known[] = {
        {"by", required_argument, NULL, 'b'},     {"count", required_argument, NULL, 'n'},
        {"output", required_argument, NULL, 'o'}, {"group-time", required_argument, NULL, 'g'},
        {"biflow", optional_argument, NULL, 'B'}, {"help", no_argument, NULL, 'h'},
        QUERY_OPTIONS,                            {0},
    };
    opterr = 0;
    optind = 1;
    for (int c, result = 0; (c = getopt_long(argc, argv, ":b:n:o:h", known, NULL)) != -1;) {
        switch (c) {
        case 'b': result = set_amounts(options, optarg); break;
        case 'n':
            if (quantity_parse_count(optarg, &options->limit) != 0)
                result = query_usage_error(&options->common, "not a number: ", optarg);
            break;
        case 'o': result = set_output(options, optarg); break;
        case 'g': result = query_options_group_time(&options->common, optarg); break;
        case 'B': result = query_options_biflow(&options->common, optarg); break;
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
    if (optind == argc)
        return query_usage_error(&options->common, "the keys are missing, such as src or dstport,proto", "");
    options->keys = argv[optind];
    const int result = query_options_finish(&options->common, argc, argv, optind + 1);
    return result != 0 ? result : -1;
}

/* The largest groups of the session's flows or, where that is asked for, of conversations. 0, or -1. */
static int find(struct query_session *session, const struct top_request *request, struct flow_totals *ret_account,
                struct flow_totals *ret_totals, struct query_result **ret_result, struct query_error *error)
{
    const int64_t timeout_us = session->options->join_us;
    struct flow_source joined;
    if (timeout_us > 0)
        return flow_source_totals(&session->source, false, false, ret_account, error) != 0 ||
                       flow_join(&session->source, timeout_us, request->keys, request->key_count, &joined, error) != 0
                   ? -1 : top_query(&joined, request, ret_totals, ret_result, error);
    if (top_query(&session->source, request, ret_totals, ret_result, error) != 0)
        return -1;
    *ret_account = *ret_totals;
    return 0;
}

static int show(struct query_session *session, void *context)
{
    const struct top_options *options = context;
    struct query_error error = {.text = ""};
    struct flow_key keys[FLOW_KEYS_MAX];
    struct top_request request = {.keys = keys, .limit = options->limit, .to_parquet = options->is_parquet,
                                  .group_us = options->common.group_us, .amount_count = options->amount_count};
    struct flow_totals account, totals;
    struct query_result *result;
    int code = query_session_keys(session, options->keys, keys, &request.key_count);
    if (code != EXIT_SUCCESS)
        return code;
    if (options->is_parquet && (code = query_session_parquet(session)) != EXIT_SUCCESS)
        return code;
    memcpy(request.amounts, options->amounts, sizeof request.amounts);
    if (find(session, &request, &account, &totals, &result, &error) != 0)
        return query_session_fail(session, &error);
    const struct query_output_settings settings = query_session_settings(session, options->format);
    uint64_t count;
    query_session_writes(session);
    code = query_session_output_end(session,
                                    options->is_table ? top_table_write(result, &request, &totals, &error)
                                                      : query_output_write(result, &settings, &count, &error), &error);
    query_result_free(result);
    if (code == EXIT_SUCCESS)
        query_session_account(session, &account);
    return code;
}

int cmd_top(int argc, char **argv)
{
    struct top_options options = {.amounts = {TOP_BYTES}, .amount_count = 1, .limit = 10, .is_table = true};
    query_options_init(&options.common, "top");
    const int done = parse(argc, argv, &options);
    if (done >= 0)
        return done;
    signal(SIGPIPE, SIG_IGN);
    return query_session_run(&options.common, show, &options);
}
