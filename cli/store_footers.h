/* SPDX-License-Identifier: MIT */
/*
 * store_footers.h - what the footers of the files of a store tell, for queries
 *
 * Reading a footer takes some 30 microseconds, which is a tenth of what DuckDB takes for it, and it tells which columns
 * there are, how many rows, of which time, and bounds of the values.
 */
#ifndef WEIR_CLI_STORE_FOOTERS_H
#define WEIR_CLI_STORE_FOOTERS_H

#include "flow_facts.h"
#include "flow_source.h"
#include "store_files.h"

/* Files without what is looked for are not asked about, as far as footers and bloom filters tell that. */
struct store_footers {
    bool *is_known; /* one for each file: its footer was read. What is not Weir's own is for DuckDB to tell */
    bool *is_damaged; /* its footer is not what Weir wrote */
    size_t damaged_count;
    struct query_known_column *columns; /* of them, in the order in which they come, from file to file */
    uint32_t column_count;
    struct flow_facts facts; /* of the known files, where they are of flows */
    const char **asked; /* the files that are asked, of which ... */
    bool *asked_known;  /* ... is known what is_known tells */
    size_t asked_count;
    bool asked_part, asked_vain; /* see query_paths */
};

/* Of files of one kind; `span`, which may be NULL, is what the facts are of, and `sought` which flows will be asked for:
 * NULL, all. Uses so many threads, 0: one for each processor. No file is known where their columns do not go together.
 * 0, or -1 when memory is short. */
int store_footers_read(struct store_footers *footers, const struct store_files *files, const struct flow_span *span,
                       const struct filter *sought, unsigned threads);
void store_footers_done(struct store_footers *footers);

/* The files that are asked, with what is known of them; lives as long as the footers and the list. */
struct query_paths store_footers_paths(const struct store_footers *footers);

#endif
