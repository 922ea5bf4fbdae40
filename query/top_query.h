/* SPDX-License-Identifier: MIT */
/*
 * top_query.h - the largest groups of flows: SQL that adds up stored numbers, and makes text of the few that are left
 */
#ifndef WEIR_QUERY_TOP_QUERY_H
#define WEIR_QUERY_TOP_QUERY_H

#include "flow_source.h"
#include "query_output.h"

enum top_amount { TOP_BYTES, TOP_PACKETS, TOP_FLOWS, TOP_BPS, TOP_PPS, TOP_BPP, TOP_AMOUNT_COUNT };

extern const char *const top_amount_names[TOP_AMOUNT_COUNT];

/* Words with commas between. 0, or -1 with a text. */
int top_amounts_parse(const char *words, enum top_amount amounts[TOP_AMOUNT_COUNT], size_t *ret_count,
                      struct query_error *error);

struct top_request {
    const struct flow_key *keys;
    size_t key_count;
    enum top_amount amounts[TOP_AMOUNT_COUNT]; /* by the first one they are ranked */
    size_t amount_count;
    uint64_t limit;   /* 0: all groups */
    bool to_parquet;  /* to standard output: the result tells how many rows (QUERY_PARQUET_BEGIN) */
    int64_t group_us; /* 0, or one list for each span of time so long, by when the flows began */
};

/* The whole of an amount, of which the groups have a share; 0 where there is none, as of rates. */
double top_total(enum top_amount amount, const struct flow_totals *totals);

/* Columns of the result: "time" where group_us is given, the keys as text, the amounts, and "percent" of the first one
 * where it has a whole. The totals have bytes and packets where these are among the amounts. 0, or -1. */
int top_query(const struct flow_source *source, const struct top_request *request, struct flow_totals *ret_totals,
              struct query_result **ret_result, struct query_error *error);

#endif
