/* SPDX-License-Identifier: MIT */
/*
 * analyze.c - weir analyze: reads flows, pairs them, prints what was asked for
 *
 *     json_read, analyze_store → host filter → pairing → statistics, graph
 *                                                      → thresholds → ordering → a group of lines → names → output
 *
 * What is held is bounded: flows that wait for their other side, connections whose turn has not come, a group of
 * lines whose names are looked up together. Only --sort without --limit keeps all that pass the thresholds.
 */
#define _GNU_SOURCE
#include "analyze.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze_options.h"
#include "analyze_store.h"
#include "exit_code.h"
#include "format.h"
#include "graph.h"
#include "host_filter.h"
#include "input.h"
#include "json_reader.h"
#include "names.h"
#include "ordering.h"
#include "pairing.h"
#include "query_watch.h"
#include "services.h"
#include "stats.h"
#include "terminal.h"

#define HORIZON_US ((int64_t)120 * 1000000)
#define WAITING_MAX (1u << 19)  /* flows without their other side */
#define HELD_MAX ((size_t)1 << 18) /* connections whose turn has not come */
#define GROUP_LINES 256
#define UNPAIRED_MAX 1000

struct analysis {
    struct analyze_options options;
    struct services *services;
    struct names *names; /* NULL without DNS */
    struct host_filter filter;
    struct pairing *pairing;
    struct ordering *ordering; /* of the lines */
    struct ordering *unpaired; /* the largest, for -v */
    struct stats *stats;
    struct graph *graph;
    struct input *input;           /* NULL: a store */
    struct query_session *session; /* of a store */
    struct connection group[GROUP_LINES];
    uint32_t group_count;
    uint64_t shown;
    uint64_t small;         /* not above --min-size */
    uint64_t few_packets;   /* below --min-packets */
    uint64_t unpaired_count;
    uint64_t flows_elsewhere; /* of other hosts than asked for */
    uint64_t flows_of_other_times;
    uint64_t flows_scaled;    /* by their sampling rates, of which these are the least and the largest */
    uint32_t rate_min, rate_max;
    bool out_of_memory;
    bool stop; /* enough was printed, or nobody reads it */
    int write_errno;
};

/* ------------------------------------------------------------------------------------------------------ printing */

static const char *name_of(struct analysis *analysis, const struct weir_address *address)
{
    return analysis->names != NULL ? names_get(analysis->names, address) : NULL;
}

static void request_names(struct analysis *analysis, const struct connection *connections, size_t count)
{
    if (analysis->names == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        names_request(analysis->names, &connections[i].from.source);
        names_request(analysis->names, &connections[i].from.destination);
    }
    names_wait(analysis->names, INT32_MAX);
}

/* Something is written now. */
static void hide_progress(struct analysis *analysis)
{
    if (analysis->input != NULL)
        progress_hide(input_progress(analysis->input));
    else if (analysis->session != NULL)
        query_session_writes(analysis->session);
}

static void check_output(struct analysis *analysis)
{
    if (!ferror(stdout) || analysis->write_errno != 0)
        return;
    analysis->write_errno = errno != 0 ? errno : EIO;
    analysis->stop = true;
}

/* Prints what stands in the group: their names were looked up together. */
static void print_group(struct analysis *analysis)
{
    const enum analyze_form form = analysis->options.form;
    if (analysis->group_count == 0)
        return;
    request_names(analysis, analysis->group, analysis->group_count);
    hide_progress(analysis);
    for (uint32_t i = 0; i < analysis->group_count && !analysis->stop; i++) {
        const struct connection *connection = &analysis->group[i];
        const char *from = name_of(analysis, &connection->from.source);
        const char *to = name_of(analysis, &connection->from.destination);
        if (form == FORM_TABLE && analysis->shown == 0)
            format_table_header(stdout);
        if (form == FORM_TABLE)
            format_table_row(stdout, connection, analysis->services, from, to);
        else if (form == FORM_JSON)
            format_json(stdout, connection, analysis->services, from, to);
        else
            format_line(stdout, connection, analysis->services, from, to);
        analysis->shown++;
        check_output(analysis);
    }
    analysis->group_count = 0;
}

static void print_later(struct analysis *analysis, const struct connection *connection)
{
    const struct analyze_options *options = &analysis->options;
    if (options->limit > 0 && analysis->shown + analysis->group_count >= options->limit)
        return;
    analysis->group[analysis->group_count++] = *connection;
    bool last = options->limit > 0 && analysis->shown + analysis->group_count >= options->limit;
    if (analysis->group_count == GROUP_LINES || last)
        print_group(analysis);
    /* Reading on is of no use, unless something else is to be counted. */
    if (last && !options->stats && !options->graph && !options->verbose)
        analysis->stop = true;
}

/* Prints the connections that no earlier one can come before. */
static void print_settled(struct analysis *analysis, int64_t before_us)
{
    struct connection connection;
    if (analysis->options.sorted)
        return;
    while (!analysis->stop && ordering_take_before(analysis->ordering, before_us, &connection))
        print_later(analysis, &connection);
    while (!analysis->stop && ordering_count(analysis->ordering) > HELD_MAX &&
           ordering_take_before(analysis->ordering, INT64_MAX, &connection))
        print_later(analysis, &connection);
}

static void print_sorted(struct analysis *analysis)
{
    size_t count;
    const struct connection *connections = ordering_all(analysis->ordering, &count);
    for (size_t i = 0; i < count && !analysis->stop; i++)
        print_later(analysis, &connections[i]);
}

static void print_unpaired(struct analysis *analysis)
{
    FILE *out = analysis->options.form == FORM_JSON ? stderr : stdout;
    size_t count;
    const struct connection *connections = ordering_all(analysis->unpaired, &count);
    if (count == 0) {
        fputs(analysis->unpaired_count == 0 ? "\nEvery flow found its other side.\n" : "", out);
        return;
    }
    fprintf(out, "\n%" PRIu64 " flows found no other side%s:\n", analysis->unpaired_count,
            analysis->unpaired_count > count ? ", the largest of them" : "");
    for (size_t start = 0; start < count && !analysis->stop; start += GROUP_LINES) {
        size_t length = count - start < GROUP_LINES ? count - start : GROUP_LINES;
        request_names(analysis, connections + start, length);
        for (size_t i = start; i < start + length; i++)
            format_unpaired(out, &connections[i].from, name_of(analysis, &connections[i].from.source),
                            name_of(analysis, &connections[i].from.destination));
        check_output(analysis);
    }
}

/* ------------------------------------------------------------------------------------------------------- reading */

static void on_connection(void *context, const struct connection *connection)
{
    struct analysis *analysis = context;
    const struct analyze_options *options = &analysis->options;

    if (analysis->stats != NULL)
        stats_add(analysis->stats, connection);
    if (analysis->graph != NULL)
        graph_add(analysis->graph, connection);
    bool enough_packets = connection_packets(connection) >= options->min_packets;
    if (options->verbose && !connection->paired && enough_packets) {
        analysis->unpaired_count++;
        if (ordering_add(analysis->unpaired, connection) != 0)
            analysis->out_of_memory = true;
    }
    if (!options->lines)
        return;
    if (options->min_size_bytes > 0 && connection_size_bytes(connection) <= options->min_size_bytes)
        analysis->small++;
    else if (!enough_packets)
        analysis->few_packets++;
    else if (ordering_add(analysis->ordering, connection) != 0)
        analysis->out_of_memory = true;
}

static void scale(struct analysis *analysis, struct flow *flow)
{
    const uint32_t rate = flow->sampling_rate;
    if (analysis->options.raw_sizes || !flow_scale(flow))
        return;
    if (analysis->flows_scaled == 0 || rate < analysis->rate_min)
        analysis->rate_min = rate;
    if (rate > analysis->rate_max)
        analysis->rate_max = rate;
    analysis->flows_scaled++;
}

/* The same as of a store, whose flows are chosen before they come here. */
static bool is_of_the_time(const struct flow *flow, const struct flow_span *span)
{
    return flow->ended_us >= span->from_us && flow->ended_us - flow_duration_ms(flow) * 1000 < span->to_us;
}

static bool on_flow(void *context, const struct flow *counted)
{
    struct analysis *analysis = context;
    struct flow flow = *counted;
    if (query_watch_stopped() != 0)
        return false;
    if (!analysis->options.is_store && !is_of_the_time(&flow, &analysis->options.query.span)) {
        analysis->flows_of_other_times++;
        return true;
    }
    if (!host_filter_match(&analysis->filter, &flow)) {
        analysis->flows_elsewhere++;
        return true;
    }
    scale(analysis, &flow);
    if (pairing_add(analysis->pairing, &flow) != 0)
        analysis->out_of_memory = true;
    print_settled(analysis, pairing_settled_us(analysis->pairing));
    return !analysis->stop && !analysis->out_of_memory;
}

/* ---------------------------------------------------------------------------------------------------------- notes */

static void print_sampling(const struct analysis *analysis)
{
    char rates[48];
    if (analysis->flows_scaled == 0)
        return;
    if (analysis->rate_min == analysis->rate_max)
        snprintf(rates, sizeof rates, "%" PRIu32, analysis->rate_min);
    else
        snprintf(rates, sizeof rates, "%" PRIu32 " to %" PRIu32, analysis->rate_min, analysis->rate_max);
    fprintf(stderr,
            "weir analyze: exporters looked at one packet in %s, so sizes and packets of %" PRIu64 " flows are "
            "multiplied by that; --raw-sizes shows what they counted\n",
            rates, analysis->flows_scaled);
}

static void print_notes(struct analysis *analysis, const struct json_reader_result *result)
{
    const struct analyze_options *options = &analysis->options;
    const char *path = options->path == NULL || strcmp(options->path, "-") != 0 ? options->path : "standard input";
    char size[FORMAT_TEXT_SIZE];

    if (options->is_store)
        path = options->path != NULL ? options->path : "the store";
    if (result->torn)
        fprintf(stderr,
                "weir analyze: warning: %s ends in the middle of an entry (line %" PRIu64 "), as when its writer was "
                "killed or is still at work; all before that was read: %" PRIu64 " entries, %" PRIu64 " flows\n",
                path, result->lines, result->entries, result->flows);
    uint64_t entries_skipped = result->entries_skipped;
    if (options->is_store && result->flows_skipped > 0)
        fprintf(stderr, "weir analyze: warning: %" PRIu64 " records of %s tell of no pair of hosts, and were left "
                        "out\n",
                result->flows_skipped, path);
    else if (result->flows_skipped > 0 || entries_skipped > 0)
        fprintf(stderr,
                "weir analyze: warning: %" PRIu64 " flows and %" PRIu64 " entries of %s were left out; the first: %s\n",
                result->flows_skipped, entries_skipped, path, result->skipped_first);
    if (!options->is_store) /* there the account tells */
        print_sampling(analysis);
    if (!options->lines || analysis->shown > 0 || analysis->stop)
        return;
    if (result->flows == 0)
        fprintf(stderr, "weir analyze: there are no flows in %s\n", path);
    else if (analysis->small > 0)
        fprintf(stderr,
                "weir analyze: no connection of more than %s; %" PRIu64 " smaller ones: --min-size 0 shows them\n",
                format_size(options->min_size_bytes, size), analysis->small);
    else if (analysis->few_packets > 0)
        fprintf(stderr, "weir analyze: no connection of at least %" PRIu64 " packets; %" PRIu64 " with fewer: a lower "
                        "--min-packets shows them\n", options->min_packets, analysis->few_packets);
    else if (analysis->flows_elsewhere > 0)
        fprintf(stderr, "weir analyze: no flow to or from the hosts of --match-host; %" PRIu64 " of others\n",
                analysis->flows_elsewhere);
    else if (analysis->flows_of_other_times > 0)
        fprintf(stderr, "weir analyze: no flow of that time; %" PRIu64 " of others\n", analysis->flows_of_other_times);
}

static int finish_output(struct analysis *analysis)
{
    errno = 0;
    if (fflush(stdout) != 0 && analysis->write_errno == 0)
        analysis->write_errno = errno != 0 ? errno : EIO;
    if (analysis->write_errno == 0 || analysis->write_errno == EPIPE)
        return EXIT_SUCCESS; /* whoever read it has seen enough */
    if (query_watch_stopped() != 0)
        return EXIT_FAILURE;
    fprintf(stderr, "weir analyze: cannot write to standard output: %s\n", strerror(analysis->write_errno));
    return EXIT_FAILURE;
}

/* ------------------------------------------------------------------------------------------------------- the run */

static int fail(const char *text)
{
    fprintf(stderr, "weir analyze: %s\n", text);
    return EXIT_FAILURE;
}

/* Whether a folder, if it is one, has what a store has: one of other files is rather a mistake than an empty store. */
static bool may_be_store(const char *folder)
{
    static const char *const parts[] = {"flows", "ledger", ".writers"};
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool found = fd < 0; /* what is wrong with it is told by who opens it */
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !found; i++)
        found = faccessat(fd, parts[i], F_OK, 0) == 0;
    if (fd >= 0)
        close(fd);
    return found;
}

/* Of a store; else a signal ends the program by itself. */
static bool is_stopped(void)
{
    return query_watch_stopped() != 0;
}

static void free_findings(struct analysis *analysis)
{
    pairing_free(analysis->pairing);
    ordering_free(analysis->ordering);
    ordering_free(analysis->unpaired);
    stats_free(analysis->stats);
    graph_free(analysis->graph);
}

/* Makes what flows are added to; what was found in others before is forgotten. Returns 0, or the exit code. */
static int begin_findings(struct analysis *analysis)
{
    const struct analyze_options *options = &analysis->options;
    struct pairing_options pairing = {
        .horizon_us = HORIZON_US, .flows_max = WAITING_MAX, .found = on_connection, .context = analysis};

    free_findings(analysis);
    *analysis = (struct analysis){.options = *options, .services = analysis->services, .names = analysis->names,
                                  .filter = analysis->filter, .input = analysis->input};
    analysis->pairing = pairing_create(&pairing);
    analysis->ordering = ordering_create(options->order, options->sorted ? options->limit : 0);
    analysis->unpaired = ordering_create(ORDER_SIZE, UNPAIRED_MAX);
    if (analysis->pairing == NULL || analysis->ordering == NULL || analysis->unpaired == NULL)
        return fail("out of memory");
    if (options->stats && (analysis->stats = stats_create(analysis->services)) == NULL)
        return fail("out of memory");
    if (options->graph && (analysis->graph = graph_create(analysis->services)) == NULL)
        return fail("out of memory");
    return 0;
}

/* Makes all else that the run needs. Returns 0, or the exit code. */
static int prepare(struct analysis *analysis)
{
    struct analyze_options *options = &analysis->options;
    char error[512];
    struct names_options names = {.hosts_only = !options->dns, .budget_ms = options->dns_timeout_ms,
                                  .stopped = is_stopped};

    analysis->services = services_create();
    if (analysis->services == NULL)
        return fail("out of memory");
    analysis->names = names_create(&names); /* without names there are addresses */
    for (int i = 0; i < options->match_host_count; i++)
        if (host_filter_add(&analysis->filter, options->match_hosts[i], analysis->names, error) != 0)
            return fail(error);
    if (!options->dns) { /* the hosts file served for --match-host; in the output there are to be addresses */
        names_free(analysis->names);
        analysis->names = NULL;
    }
    if (options->is_store && options->path != NULL && !may_be_store(options->path)) {
        snprintf(error, sizeof error, "%.400s is a folder without a store: there is no folder flows in "
                                      "it", options->path);
        return fail(error);
    }
    if (options->is_store)
        return 0;
    analysis->input = input_open(options->path, error);
    return analysis->input != NULL ? begin_findings(analysis) : fail(error);
}

static void print_reports(struct analysis *analysis, const struct json_reader_result *result)
{
    struct terminal terminal;
    bool apart = analysis->shown > 0;
    terminal_init(&terminal, STDOUT_FILENO);
    if (analysis->stats != NULL && !analysis->stop) {
        fputs(apart ? "\n" : "", stdout);
        stats_print(analysis->stats, stdout, &terminal, analysis->names,
                    result->flows_skipped + result->entries_skipped);
        apart = true;
    }
    if (analysis->graph != NULL && !analysis->stop) {
        fputs(apart ? "\n" : "", stdout);
        graph_print(analysis->graph, stdout, &terminal);
    }
    check_output(analysis);
}

/* What is left to print when all was read. */
static void print_rest(struct analysis *analysis, const struct json_reader_result *result)
{
    pairing_finish(analysis->pairing);
    if (analysis->options.sorted)
        print_sorted(analysis);
    else
        print_settled(analysis, INT64_MAX);
    print_group(analysis);
    print_reports(analysis, result);
    if (analysis->options.verbose && !analysis->stop)
        print_unpaired(analysis);
}

/* The end of the output. Returns the exit code. */
static int end_output(struct analysis *analysis)
{
    const int code = finish_output(analysis);
    return analysis->out_of_memory ? fail("out of memory; --limit with --sort, or a higher --min-size, takes "
                                          "less") : code;
}

static int run(struct analysis *analysis)
{
    struct json_reader_options reader = {
        .read = input_read, .read_context = analysis->input, .flow = on_flow, .flow_context = analysis};
    struct json_reader_result result;

    int status = json_read(&reader, &result);
    if (input_truncated(analysis->input))
        result.torn = true;
    hide_progress(analysis);
    bool failed_at_start = status != 0 && result.entries == 0;
    if (!failed_at_start && !analysis->out_of_memory)
        print_rest(analysis, &result);
    int code = end_output(analysis);
    if (status != 0) {
        const char *path = strcmp(analysis->options.path, "-") == 0 ? "standard input" : analysis->options.path;
        fprintf(stderr, "weir analyze: %s: %s\n", path, result.error);
        code = EXIT_FAILURE;
    }
    if (!failed_at_start)
        print_notes(analysis, &result);
    return code;
}

static int begin_store(void *context, struct query_session *session)
{
    struct analysis *analysis = context;
    const int code = begin_findings(analysis);
    analysis->session = session;
    return code;
}

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    query_watch_share((double)done / (double)total);
}

static int finish_store(void *context, const struct flow_read_counts *counts)
{
    struct analysis *analysis = context;
    const struct json_reader_result result = {.flows = counts->flows, .flows_skipped = counts->skipped};
    hide_progress(analysis);
    query_watch_hide(); /* messages come too */
    if (!analysis->out_of_memory)
        print_rest(analysis, &result);
    const int code = end_output(analysis);
    if (query_watch_stopped() == 0)
        print_notes(analysis, &result);
    return code;
}

static int run_store(struct analysis *analysis)
{
    const struct analyze_store store = {
        .read = {.flow = on_flow, .progress = on_progress, .context = analysis},
        .begin = begin_store,
        .finish = finish_store,
    };
    return analyze_store(&analysis->options.query, &store);
}

int cmd_analyze(int argc, char **argv)
{
    struct analysis *analysis = calloc(1, sizeof *analysis);
    if (analysis == NULL)
        return fail("out of memory");
    setlocale(LC_CTYPE, "");
    int code = analyze_options_read(argc, argv, &analysis->options);
    if (code == -1) {
        signal(SIGPIPE, SIG_IGN); /* "| head" shows as an error of writing, and ends quietly */
        code = prepare(analysis);
        if (code == 0)
            code = analysis->options.is_store ? run_store(analysis) : run(analysis);
    }
    input_close(analysis->input);
    names_free(analysis->names);
    host_filter_done(&analysis->filter);
    free_findings(analysis);
    services_free(analysis->services);
    analyze_options_done(&analysis->options);
    free(analysis);
    return code;
}
