/* SPDX-License-Identifier: MIT */
/*
 * query_options.h - what weir flows, weir top and weir graph have in common: the store, the time, the filter, and the
 * account that each ends with on standard error
 */
#ifndef WEIR_CLI_QUERY_OPTIONS_H
#define WEIR_CLI_QUERY_OPTIONS_H

#include "flow_source.h"
#include "query_output.h"
#include "query_store.h"

#include <getopt.h>

struct query_options {
    const char *command; /* "top" */
    const char *store;
    struct query_settings settings;
    int64_t now_us;
    int64_t last_us; /* 0: not told */
    struct flow_span span;
    bool sampled;
    bool sampled_by_default; /* it was not asked for, and is told of only where there is something to multiply */
    bool verify; /* files are looked at before they are asked */
    int64_t group_us; /* 0: not told */
    int64_t join_us;  /* the timeout of --biflow; 0: not told */
    const char *filter; /* NULL: all flows */
};

/* A row of getopt_long() for each of the common options, and their lines of --help. */
enum { QUERY_OPTION_FIRST = 1000 };
#define QUERY_OPTIONS                                                                                                  \
    {"store", required_argument, NULL, QUERY_OPTION_FIRST + 0},                                                        \
    {"last", required_argument, NULL, QUERY_OPTION_FIRST + 1},                                                         \
    {"from", required_argument, NULL, QUERY_OPTION_FIRST + 2},                                                         \
    {"to", required_argument, NULL, QUERY_OPTION_FIRST + 3},                                                           \
    {"sampled", no_argument, NULL, QUERY_OPTION_FIRST + 4},                                                            \
    {"memory", required_argument, NULL, QUERY_OPTION_FIRST + 5},                                                       \
    {"threads", required_argument, NULL, QUERY_OPTION_FIRST + 6},                                                      \
    {"verify", no_argument, NULL, QUERY_OPTION_FIRST + 7}
#define QUERY_OPTIONS_HELP                                                                                             \
    "      --store DIR    the store (default: $WEIR_STORE, else the folder store where weir keeps its state)\n"        \
    "      --last TIME    flows of the last 1h30m, 90s, 7d, 2w\n"                                                             \
    "      --from WHEN    flows from then on: 2026-11-23 14:05, 14:05, -2h, now\n"                                     \
    "      --to WHEN      flows before then\n"                                                                         \
    "      --sampled      multiply bytes and packets by the sampling rates\n"                                          \
    "      --memory SIZE  use temporary files for what needs more (default: a quarter of the machine's memory)\n"      \
    "      --threads N    how many at once (default: as many as there are processors)\n"                              \
    "      --verify       look at all files before, and leave out what is damaged\n"

void query_options_init(struct query_options *options, const char *command);

/* Takes an option of the common ones: 0, or the exit code, when that was told. */
int query_options_take(struct query_options *options, int option, const char *value);

/* --group-time, of the commands that have it. */
int query_options_group_time(struct query_options *options, const char *value);

/* --biflow, of the commands that have it; `value` may be NULL. */
int query_options_biflow(struct query_options *options, const char *value);

/* After all options: the filter is what is left of the arguments, and the first argument that is no option is
 * argv[first]. 0 or the exit code. */
int query_options_finish(struct query_options *options, int argc, char **argv, int first);

/* "weir top: TEXT WHAT; 'weir top --help' shows what there is". The exit code. */
int query_usage_error(const struct query_options *options, const char *text, const char *what);

/* The store opened, and the flows chosen. */
struct query_session {
    const struct query_options *options;
    bool has_written; /* to standard output: it cannot be done once more */
    struct query_error error; /* what failed, where it has a text */
    struct query_store *store;
    struct query *query; /* that of the store */
    struct flow_columns *columns;
    struct filter *filter;
    struct flow_source source;
};

/*
 * Opens the store, calls `run`, and closes it. Where that fails as a file is damaged or gone, all is done once more
 * without it: `run` tells when it has written anything (has_written), and then it is not. Returns the exit code.
 */
int query_session_run(const struct query_options *options, int (*run)(struct query_session *session, void *context),
                      void *context);

/* Keys for query_session_run(). 0, or the exit code. */
int query_session_keys(struct query_session *session, const char *words, struct flow_key keys[FLOW_KEYS_MAX],
                       size_t *ret_count);

/* "weir top: TEXT". EXIT_FAILURE. */
int query_session_fail(struct query_session *session, const struct query_error *error);

/* Behind a statement that failed when all was written that there is to write: whether it may go well now. */
bool query_session_mend(struct query_session *session, struct query_error *error);

/* To be called before standard output is written to by other means than query_session_settings() is for. */
void query_session_writes(struct query_session *session);

/* To be called before rows are written as Parquet, which is not for a terminal. 0, or the exit code, when that was
 * told. */
int query_session_parquet(struct query_session *session);

/* How to write a result to standard output. */
struct query_output_settings query_session_settings(struct query_session *session, enum query_format format);

/* How writing to standard output ended; that nobody reads any more is no failure. */
int query_session_output_end(struct query_session *session, enum query_output_end end, const struct query_error *error);

/* The account: exporters, span, flows, what was lost, files that are left out. */
void query_session_account(struct query_session *session, const struct flow_totals *totals);

#endif
