/* SPDX-License-Identifier: MIT */
/*
 * graph_query.h - what flows carried in each step of time, by the largest groups: each flow is spread evenly over its
 * duration
 *
 * Steps of whole days are those of the local calendar. Others are all of the same length, and begin as the local clock
 * counts at the first flow.
 */
#ifndef WEIR_QUERY_GRAPH_QUERY_H
#define WEIR_QUERY_GRAPH_QUERY_H

#include "flow_source.h"
#include "query_output.h"

#define GRAPH_BANDS_MAX 6u /* beside the others */
#define GRAPH_STEPS_MAX 10000u

struct graph_request {
    const struct flow_key *keys; /* none that means either end */
    size_t key_count;
    const char *amount;  /* "bytes", "packets" or "flows" */
    unsigned band_count; /* at most, GRAPH_BANDS_MAX */
    int64_t step_us;     /* 0: so that about a hundred fit */
};

struct graph_steps {
    int64_t step_us;
    size_t count; /* 0: there are no flows */
    int64_t *moments; /* when steps begin, as the local clock counts them, and when the last one ends */
    size_t band_count; /* the last one is the others */
    char *labels[GRAPH_BANDS_MAX + 1];
    double *amounts; /* of band b in step s: amounts[b * count + s] */
};

/* 0, or -1. `totals` of the same source. */
int graph_query(const struct flow_source *source, const struct graph_request *request, const struct flow_totals *totals,
                struct graph_steps *ret_steps, struct query_error *error);
/*
 * The steps as rows, in their order: "time", a column for each key as text ("other" in that of the rest), and the
 * amount times `factor`, in all or by the second. Of no flows none. `to_parquet`: to standard output
 * (QUERY_PARQUET_BEGIN). 0, or -1.
 */
struct graph_column {
    const char *name;
    double factor;
    bool by_second;
};
int graph_rows(const struct flow_source *source, const struct graph_request *request, const struct graph_steps *steps,
               const struct graph_column *column, bool to_parquet, struct query_result **ret_result,
               struct query_error *error);
void graph_steps_done(struct graph_steps *steps);

#endif
