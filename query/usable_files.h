/* SPDX-License-Identifier: MIT */
/*
 * usable_files.h - which of the files that a query is given can be read
 *
 * A file that cannot is left out and told of, so that the others are answered.
 */
#ifndef WEIR_QUERY_USABLE_FILES_H
#define WEIR_QUERY_USABLE_FILES_H

#include "connection.h"

/* Paths that are the caller's, and those that were left out. */
struct usable_files {
    const char **paths;
    bool *is_known; /* one for each: the caller has read its foot */
    size_t count;
};

struct skipped_files {
    struct query_skipped *items; /* their texts are their own */
    size_t count;
};

/* Takes those that are known, and those that begin and end as Parquet does and that `refuses` (query.h) takes. 0, or -1 when memory is
 * short. */
int usable_files_init(struct usable_files *files, const struct query_paths *paths, query_refuses *refuses,
                      struct skipped_files *skipped);

/* Leaves out those whose foot DuckDB cannot read, `unknown`: of those alone that are not known. Each takes a moment.
 * 0, or -1. */
int usable_files_check(struct usable_files *files, struct query *query, bool unknown, struct skipped_files *skipped);

/* How many are not known. */
size_t usable_files_unknown(const struct usable_files *files);

void usable_files_done(struct usable_files *files);
void skipped_files_clear(struct skipped_files *skipped);

#endif
