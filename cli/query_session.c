/* SPDX-License-Identifier: MIT */
/* query_session.c - a store opened for weir flows, weir top or weir graph, and the account at their end */
#define _GNU_SOURCE
#include "query_options.h"

#include "exit_code.h"
#include "format.h"
#include "plural.h"
#include "query_watch.h"
#include "terminal.h"
#include "told_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ----------------------------------------------------------------------------------------------------------- faults */

int query_session_fail(struct query_session *session, const struct query_error *error)
{
    session->error = *error;
    return EXIT_FAILURE;
}

int query_session_output_end(struct query_session *session, enum query_output_end end, const struct query_error *error)
{
    if (end == QUERY_OUTPUT_DONE || (end == QUERY_OUTPUT_UNWRITTEN && errno == EPIPE))
        return EXIT_SUCCESS; /* as in "| head": whoever read has seen enough */
    if (end == QUERY_OUTPUT_FAILED)
        return query_session_fail(session, error);
    if (query_watch_stopped() == 0)
        fprintf(stderr, "weir %s: cannot write to standard output: %s\n", session->options->command, strerror(errno));
    return EXIT_FAILURE;
}

bool query_session_mend(struct query_session *session, struct query_error *error)
{
    const bool is_mended = query_store_mend(session->store, error) == 1;
    session->source.query = session->query = session->store->query;
    session->source.facts = query_store_facts(session->store);
    if (session->query != NULL)
        query_watch_begin(session->query);
    return is_mended;
}

/* The last word on what failed, when nothing more is tried. */
static void tell_error(struct query_session *session)
{
    const char *command = session->options->command;
    if (session->error.text[0] == '\0')
        return;
    const bool blames_files = session->error.blames_files;
    const size_t before = session->store->left_out_count;
    if (!session->has_written || !blames_files || query_store_mend(session->store, &session->error) != 1)
        fprintf(stderr, "weir %s: %s\n", command, session->error.text);
    else if (session->store->left_out_count > before)
        fprintf(stderr, "weir %s: the output ends early, as files of the store are damaged; with --verify they are "
                        "left out from the beginning\n", command);
    else
        fprintf(stderr, "weir %s: the output ends early, as files of the store were merged or expired meanwhile; try "
                        "again\n", command);
}

/* ----------------------------------------------------------------------------------------------------------- output */

void query_session_writes(struct query_session *session)
{
    if (!session->has_written && isatty(STDOUT_FILENO) == 1)
        query_watch_hide();
    session->has_written = true;
}

int query_session_parquet(struct query_session *session)
{
    const char *command = session->options->command;
    struct stat is;
    if (isatty(STDOUT_FILENO) == 1) {
        fprintf(stderr, "weir %s: Parquet is not for a terminal; write it to a file: weir %s -o parquet ... >FILE\n",
                command, command);
        return EXIT_USAGE;
    }
    /* a file is emptied before another try */
    session->has_written |= fstat(STDOUT_FILENO, &is) != 0 || !S_ISREG(is.st_mode);
    return EXIT_SUCCESS;
}

static bool before_write(void *context)
{
    query_session_writes(context);
    return query_watch_stopped() == 0;
}

struct query_output_settings query_session_settings(struct query_session *session, enum query_format format)
{
    struct terminal terminal;
    terminal_init(&terminal, STDOUT_FILENO);
    return (struct query_output_settings){
        .format = format,
        .fd = STDOUT_FILENO,
        .threads = session->options->settings.threads,
        .width = isatty(STDOUT_FILENO) == 1 ? terminal.width : 0,
        .utf8 = terminal.utf8,
        .colour = terminal.colour,
        .omit_nulls = true,
        .before_write = before_write,
        .context = session,
    };
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

/* 0, or the exit code. */
static int read_filter(struct query_session *session)
{
    char shown[FILTER_ERROR_TEXT_SIZE];
    struct filter_error error;
    struct told_names names = {.options = session->options};
    const char *text = session->options->filter;
    struct filter_options options = flow_columns_filter_options(session->columns);
    if (text == NULL)
        return EXIT_SUCCESS;
    options.told = told_names_find;
    options.told_context = &names;
    session->filter = filter_parse(text, strlen(text), &options, &error);
    told_names_done(&names);
    if (session->filter != NULL)
        return EXIT_SUCCESS;
    fprintf(stderr, "weir %s: the filter: %s", session->options->command,
            filter_error_text(&error, text, strlen(text), shown));
    return EXIT_USAGE;
}

static int open_session(struct query_session *session)
{
    struct query_error error = {.text = ""};
    if (query_store_open(session->store, &error) != 0)
        return query_session_fail(session, &error);
    session->query = session->store->query;
    if ((session->columns = flow_columns_read(session->query, &error)) == NULL)
        return query_session_fail(session, &error);
    const int code = read_filter(session);
    session->source = (struct flow_source){.query = session->query, .columns = session->columns,
                                           .filter = session->filter, .span = session->options->span,
                                           .sampled = session->options->sampled,
                                           .facts = query_store_facts(session->store)};
    return code;
}

/* The connection stays open. */
static void close_session(struct query_session *session)
{
    filter_free(session->filter);
    flow_columns_free(session->columns);
}

/* Whether it is worth to do it once more, with other files. */
static bool is_worth_another(struct query_session *session, int code)
{
    return code != EXIT_SUCCESS && !session->has_written && query_watch_stopped() == 0 && session->error.blames_files &&
           query_store_mend(session->store, &session->error) == 1;
}

/* What can be told of the filter before it is known which columns there are: addresses that files may lack. Of a
 * conversation each direction has them in columns of its own. NULL: nothing. */
static struct filter *read_sought(const struct query_options *options)
{
    struct filter_error error;
    if (options->filter == NULL || options->join_us > 0)
        return NULL;
    return filter_parse(options->filter, strlen(options->filter), NULL, &error);
}

int query_session_run(const struct query_options *options, int (*run)(struct query_session *session, void *context),
                      void *context)
{
    struct query_store store = {.command = options->command, .settings = options->settings, .has_window = true,
                                .window = window_of(&options->span), .span = &options->span, .verify = options->verify};
    struct filter *sought = read_sought(options);
    int code = EXIT_FAILURE;
    store.sought = sought;
    bool is_again = query_store_find(&store, options->store, false) == 0;
    query_watch_signals();
    while (is_again) {
        struct query_session session = {.options = options, .store = &store};
        code = open_session(&session);
        if (code == EXIT_SUCCESS) {
            query_watch_begin(session.query);
            code = run(&session, context);
            query_watch_end();
        }
        is_again = is_worth_another(&session, code);
        if (!is_again && code != EXIT_SUCCESS && query_watch_stopped() == 0) {
            tell_error(&session);
            query_store_tell(&store);
        }
        close_session(&session);
    }
    query_store_done(&store);
    filter_free(sought);
    return query_watch_stopped() != 0 ? query_watch_stopped() : code;
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

/* Whether the time that is asked for goes on behind what the ledger of a collector at work tells. */
static bool is_before_now(const struct query_session *session, int64_t told_us)
{
    const struct query_options *options = session->options;
    return options->span.to_us > told_us && told_us >= options->now_us - 2 * FLOW_LEDGER_EACH_US;
}

/* Whether a collector at work has flows in the store of which its ledger has nothing yet. */
static bool is_told_soon(const struct query_session *session, const struct flow_totals *totals)
{
    return totals->has_span && session->store->left_out_count == 0 && is_before_now(session, totals->last_us);
}

static void print_ledger(struct query_session *session, const struct flow_totals *totals)
{
    char last[FORMAT_TEXT_SIZE];
    struct flow_ledger ledger;
    struct query_error error = {.text = ""};
    int result = flow_source_ledger(&session->source, &ledger, &error);
    while (result != 0 && query_session_mend(session, &error))
        result = flow_source_ledger(&session->source, &ledger, &error);
    if (result != 0) {
        fprintf(stderr, "weir: what was lost cannot be told: %s\n", error.text);
        return;
    }
    if (!ledger.is_there) {
        const bool is_soon = is_told_soon(session, totals);
        fprintf(stderr, "weir: the store does not tell %swhat was lost in this time%s\n", is_soon ? "yet " : "",
                is_soon ? ": it does so each minute" : "");
        return;
    }
    fprintf(stderr, "weir: %" PRIu64 " exporter%s; lost by sequence: %" PRId64 " datagrams, %" PRId64 " records; "
                    "refused: %" PRId64 " datagrams; dropped by the collector: %" PRId64 " records", ledger.exporters,
            plural(ledger.exporters), ledger.lost, ledger.lost_records, ledger.refused, ledger.dropped);
    if (ledger.tells_kernel)
        fprintf(stderr, "; dropped by the kernel: %" PRId64 " datagrams", ledger.dropped_kernel);
    if (ledger.dropped_journal > 0)
        fprintf(stderr, "; dropped as the disk was too slow: %" PRId64 " datagrams", ledger.dropped_journal);
    if (ledger.reported > 0)
        fprintf(stderr, "; dropped by exporters: %" PRId64 " flows", ledger.reported);
    if (is_before_now(session, ledger.last_us))
        fprintf(stderr, "; told up to %s, each minute", format_time(ledger.last_us, last));
    fputc('\n', stderr);
}

/* How many files there are of other times, where there is none of this one. */
static size_t count_others(const struct query_session *session)
{
    struct store_files all = {0};
    const bool is_known = store_files_find(&all, session->store->folder, "flows", NULL) == 0;
    size_t count = 0;
    for (size_t i = 0; i < all.count && is_known; i++)
        count += !query_store_leaves_out(session->store, all.paths[i]);
    store_files_done(&all);
    return count;
}

static void print_skipped(const struct query_session *session)
{
    const size_t count = query_store_tell(session->store);
    if (count > 0)
        fprintf(stderr, "weir: %zu file%s left out\n", count, plural(count));
}

void query_session_account(struct query_session *session, const struct flow_totals *totals)
{
    char first[FORMAT_TEXT_SIZE], last[FORMAT_TEXT_SIZE];
    fflush(stdout);
    query_watch_end();
    fprintf(stderr, "weir: %.0f flow%s", totals->flows, plural((uint64_t)totals->flows));
    if (totals->flows != (double)totals->rows)
        fprintf(stderr, " in %" PRIu64 " record%s", totals->rows, plural(totals->rows));
    if (totals->has_span)
        fprintf(stderr, ", %s to %s", format_time(totals->first_us, first), format_time(totals->last_us, last));
    const size_t others = session->store->flows.count == 0 ? count_others(session) : 0;
    if (others > 0)
        fprintf(stderr, "; the store has %zu file%s of other times", others, plural(others));
    fputc('\n', stderr);
    if (session->options->sampled && (totals->sampled_rows > 0 || !session->options->sampled_by_default))
        fprintf(stderr, "weir: multiplied by sampling rates: %" PRIu64 " of %" PRIu64 " records; of %" PRIu64
                        " no rate is known\n", totals->sampled_rows, totals->rows, totals->rateless_rows);
    else if (!session->options->sampled && totals->sampled_rows > 0)
        fprintf(stderr, "weir: %" PRIu64 " of %" PRIu64 " records are of sampled packets; --sampled multiplies them\n",
                totals->sampled_rows, totals->rows);
    print_ledger(session, totals);
    print_skipped(session);
}
