/* SPDX-License-Identifier: MIT */
/* query_session.c - a store opened for weir flows, weir top or weir graph, and the account at their end */
#define _GNU_SOURCE
#include "query_options.h"

#include "exit_code.h"
#include "format.h"
#include "segment_list.h"
#include "store_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ----------------------------------------------------------------------------------------------------------- faults */

int query_session_fail(struct query_session *session, const struct query_error *error)
{
    fprintf(stderr, "weir %s: %s\n", session->options->command, error->text);
    return EXIT_FAILURE;
}

int query_session_output_end(struct query_session *session, enum query_output_end end, const struct query_error *error)
{
    if (end == QUERY_OUTPUT_DONE || (end == QUERY_OUTPUT_UNWRITTEN && errno == EPIPE))
        return EXIT_SUCCESS; /* as in "| head": whoever read has seen enough */
    if (end == QUERY_OUTPUT_FAILED)
        return query_session_fail(session, error);
    fprintf(stderr, "weir %s: cannot write to standard output: %s\n", session->options->command, strerror(errno));
    return EXIT_FAILURE;
}

/* ------------------------------------------------------------------------------------------------------------- open */

/* Names tell whole seconds. */
static struct segment_window window_of(const struct flow_span *span)
{
    return (struct segment_window){
        .from_s = span->from_us == INT64_MIN ? INT64_MIN : span->from_us / 1000000 - 1,
        .to_s = span->to_us == INT64_MAX ? INT64_MAX : span->to_us / 1000000 + 1,
        .hour_from_s = INT64_MIN,
    };
}

/* 0, or -1 when it was told. */
static int find_files(struct query_session *session)
{
    const struct query_options *options = session->options;
    const struct segment_window window = window_of(&options->span);
    struct stat is;
    bool told;
    session->folder = store_folder(options->store, &told);
    if (session->folder == NULL) {
        fprintf(stderr, "weir %s: it is not known where the store is; --store DIR names it\n", options->command);
        return -1;
    }
    if (stat(session->folder, &is) == 0 && !S_ISDIR(is.st_mode))
        errno = ENOTDIR;
    else if (access(session->folder, R_OK | X_OK) == 0 &&
             store_files_find(&session->flows, session->folder, "flows", &window) == 0 &&
             store_files_find(&session->ledger, session->folder, "ledger", &window) == 0)
        return 0;
    if (errno == ENOENT)
        fprintf(stderr, "weir %s: there is no store at %s; 'weir collect -o store:DIR' makes one, and --store DIR or "
                        "WEIR_STORE names it\n", options->command, session->folder);
    else
        fprintf(stderr, "weir %s: cannot read the store %s: %s\n", options->command, session->folder, strerror(errno));
    return -1;
}

/* 0, or the exit code. */
static int read_filter(struct query_session *session)
{
    char shown[FILTER_ERROR_TEXT_SIZE];
    struct filter_error error;
    const char *text = session->options->filter;
    const struct filter_options options = flow_columns_filter_options(session->columns);
    if (text == NULL)
        return EXIT_SUCCESS;
    session->filter = filter_parse(text, strlen(text), &options, &error);
    if (session->filter != NULL)
        return EXIT_SUCCESS;
    fprintf(stderr, "weir %s: the filter: %s", session->options->command,
            filter_error_text(&error, text, strlen(text), shown));
    return EXIT_USAGE;
}

static int open_session(struct query_session *session)
{
    struct query_error error = {.text = ""};
    const struct query_options *options = session->options;
    const unsigned threads = options->settings.threads;
    if (find_files(session) != 0)
        return EXIT_FAILURE;
    if (store_footers_read(&session->flow_footers, &session->flows, &options->span, threads) != 0 ||
        store_footers_read(&session->ledger_footers, &session->ledger, NULL, threads) != 0) {
        fprintf(stderr, "weir %s: not enough memory\n", options->command);
        return EXIT_FAILURE;
    }
    const struct query_files files = {
        .flows = store_footers_paths(&session->flow_footers, &session->flows),
        .ledger = store_footers_paths(&session->ledger_footers, &session->ledger),
    };
    session->query = query_open(&files, &options->settings, &error);
    if (session->query == NULL || (session->columns = flow_columns_read(session->query, &error)) == NULL)
        return query_session_fail(session, &error);
    const int code = read_filter(session);
    session->source = (struct flow_source){.query = session->query, .columns = session->columns,
                                           .filter = session->filter, .span = options->span,
                                           .sampled = options->sampled,
                                           .facts = query_flows_are_known(session->query)
                                                        ? &session->flow_footers.facts : NULL};
    return code;
}

static void close_session(struct query_session *session)
{
    filter_free(session->filter);
    flow_columns_free(session->columns);
    query_close(session->query);
    store_footers_done(&session->flow_footers);
    store_footers_done(&session->ledger_footers);
    store_files_done(&session->flows);
    store_files_done(&session->ledger);
    free(session->folder);
}

int query_session_run(const struct query_options *options, int (*run)(struct query_session *session, void *context),
                      void *context)
{
    struct query_session session = {.options = options};
    int code = open_session(&session);
    if (code == EXIT_SUCCESS)
        code = run(&session, context);
    close_session(&session);
    return code;
}

int query_session_keys(struct query_session *session, const char *words, struct flow_key keys[FLOW_KEYS_MAX],
                       size_t *ret_count)
{
    struct query_error error = {.text = ""};
    if (flow_keys_parse(words, session->columns, keys, ret_count, &error) != 0)
        return query_usage_error(session->options, "", error.text);
    return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------------------------------------------------- account */

static const char *plural(double count)
{
    return count == 1 ? "" : "s";
}

static void print_ledger(const struct query_session *session)
{
    struct flow_ledger ledger;
    struct query_error error = {.text = ""};
    if (flow_source_ledger(&session->source, &ledger, &error) != 0) {
        fprintf(stderr, "weir: what was lost cannot be told: %s\n", error.text);
        return;
    }
    if (!ledger.is_there) {
        fputs("weir: the store does not tell what was lost in this time\n", stderr);
        return;
    }
    fprintf(stderr, "weir: %" PRIu64 " exporter%s; lost by sequence: %" PRId64 " datagrams, %" PRId64 " records; "
                    "refused: %" PRId64 " datagrams; dropped by the collector: %" PRId64 " records", ledger.exporters,
            plural((double)ledger.exporters), ledger.lost, ledger.lost_records, ledger.refused, ledger.dropped);
    if (ledger.tells_kernel)
        fprintf(stderr, "; dropped by the kernel: %" PRId64 " datagrams", ledger.kernel_dropped);
    if (ledger.reported > 0)
        fprintf(stderr, "; dropped by exporters: %" PRId64 " flows", ledger.reported);
    fputc('\n', stderr);
}

/* How many files there are of other times, where there is none of this one. */
static size_t count_others(const struct query_session *session)
{
    struct store_files all = {0};
    const bool is_known = store_files_find(&all, session->folder, "flows", NULL) == 0;
    const size_t count = is_known ? all.count : 0;
    store_files_done(&all);
    return count;
}

static void print_skipped(const struct query_session *session)
{
    const struct query_skipped *skipped;
    const size_t count = query_skipped(session->query, &skipped);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "weir %s: left out: %s: %s\n", session->options->command, skipped[i].path, skipped[i].why);
    if (count > 0)
        fprintf(stderr, "weir: %zu file%s left out\n", count, plural((double)count));
}

void query_session_account(struct query_session *session, const struct flow_totals *totals)
{
    char first[FORMAT_TEXT_SIZE], last[FORMAT_TEXT_SIZE];
    fflush(stdout);
    fprintf(stderr, "weir: %.0f flow%s", totals->flows, plural(totals->flows));
    if (totals->flows != (double)totals->rows)
        fprintf(stderr, " in %" PRIu64 " record%s", totals->rows, plural((double)totals->rows));
    if (totals->has_span)
        fprintf(stderr, ", %s to %s", format_time(totals->first_us, first), format_time(totals->last_us, last));
    const size_t others = session->flows.count == 0 ? count_others(session) : 0;
    if (others > 0)
        fprintf(stderr, "; the store has %zu file%s of other times", others, plural((double)others));
    fputc('\n', stderr);
    if (session->options->sampled && (totals->sampled_rows > 0 || !session->options->sampled_by_default))
        fprintf(stderr, "weir: multiplied by sampling rates: %" PRIu64 " of %" PRIu64 " records; of %" PRIu64
                        " no rate is known\n", totals->sampled_rows, totals->rows, totals->rateless_rows);
    else if (!session->options->sampled && totals->sampled_rows > 0)
        fprintf(stderr, "weir: %" PRIu64 " of %" PRIu64 " records are of sampled packets; --sampled multiplies them\n",
                totals->sampled_rows, totals->rows);
    print_ledger(session);
    print_skipped(session);
}
