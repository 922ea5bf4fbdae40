/* SPDX-License-Identifier: MIT */
/*
 * query_store.h - a store opened for queries, without the files that cannot be read
 *
 *     find, open, run a statement
 *         it failed, and blames a file: mend, run it again
 *     tell, done
 *
 * What is wrong in the middle of a file shows only when DuckDB reads it, which then tells no more than that something
 * is wrong. Only then are the files looked at one by one, by their checksums first; those that are damaged are left
 * out.
 * One that is gone was merged or expired meanwhile: the list is read anew.
 */
#ifndef WEIR_CLI_QUERY_STORE_H
#define WEIR_CLI_QUERY_STORE_H

#include "query.h"
#include "segment_list.h"
#include "store_files.h"
#include "store_footers.h"

/* A file that is not asked; the texts are its own. */
struct left_out {
    char *path, *why;
};

struct query_store {
    const char *command; /* "top", for messages */
    struct query_settings settings;
    struct segment_window window; /* with has_window: only files of that time */
    bool has_window;
    int64_t flows_back_s, ledger_back_s; /* of this kind only the newest hour, and so many seconds before; 0: all */
    const struct flow_span *span; /* what query_store_facts() are of, NULL: of all */
    const struct filter *sought;  /* only flows that match it are asked for; NULL: all. The caller's */
    bool wants_options;  /* files of options records too */
    bool wants_options_only; /* none but these */
    bool verify;         /* all files are looked at before anything is asked */
    char *folder;        /* filled by query_store_find(), or by the caller, to be freed here */
    bool is_missing;     /* there is no store yet */
    struct store_files flows, options, ledger;
    struct store_footers flow_footers, option_footers, ledger_footers; /* of the files as the views have them */
    struct left_out *left_out;
    size_t left_out_count, told_count;
    unsigned list_count; /* how often a file was gone */
    bool is_whole;       /* all of the files were looked at */
    struct query *query; /* NULL while it is not open */
};

/* Finds the store: that of --store, or NULL for the usual one, which may be missing (is_missing) where `may_miss`. 0,
 * or -1 when it was told. The fields above `folder` are the caller's. */
int query_store_find(struct query_store *store, const char *option, bool may_miss);

/* Lists the files, as query_store_open() does first. 0, or -1 with `error` filled. */
int query_store_list(struct query_store *store, struct query_error *error);

/* Lists the files and opens the connection; what was open before is closed. 0, or -1 with `error` filled. */
int query_store_open(struct query_store *store, struct query_error *error);

/* Behind a statement that failed, whose results are freed: 1 when it may go well now, as the views have other files, 0
 * when there is nothing to be mended, and then `error` may tell more. It ends: each time a file is left out, or gone,
 * which is forgiven a few times. The connection may be another one afterwards. */
int query_store_mend(struct query_store *store, struct query_error *error);

/* What the footers of the flows tell, where they tell of all that the views have; else NULL. It is other facts, or
 * none, behind query_store_mend(). */
const struct flow_facts *query_store_facts(const struct query_store *store);

/* Whether a file is left out. */
bool query_store_leaves_out(const struct query_store *store, const char *path);

/* Names those that are left out and were not named yet: "weir top: left out: PATH: WHY". Returns how many there are in all. */
size_t query_store_tell(struct query_store *store);

void query_store_close(struct query_store *store); /* the connection */
void query_store_done(struct query_store *store);

#endif
