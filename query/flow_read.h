/* SPDX-License-Identifier: MIT */
/*
 * flow_read.h - the flows of a store one by one, as a report reads them: in the order in which they were received
 *
 * Files and row groups hold flows of the same time side by side. They are read a slice of time after the other, each of
 * so many rows as FLOW_READ_SLICE tells, and put in order there, so that memory is bounded whatever the store holds.
 * Flows that were received at the same time stay in the order in which they are stored.
 */
#ifndef WEIR_QUERY_FLOW_READ_H
#define WEIR_QUERY_FLOW_READ_H

#include "flow.h"
#include "flow_source.h"

#define FLOW_READ_SLICE (1u << 20)

struct flow_read_options {
    bool (*flow)(void *context, const struct flow *flow); /* false: enough; must not use the connection */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* rows; may be NULL */
    void *context;
    uint32_t slice_rows; /* 0: FLOW_READ_SLICE */
};

struct flow_read_counts {
    uint64_t flows;
    uint64_t skipped; /* rows that are no flow between two hosts */
};

/* Of a connection with query_settings.places. Bytes and packets are as counted, whatever source->sampled says: the sampling rate
 * is beside them. 0, or -1. */
int flow_read(const struct flow_source *source, const struct flow_read_options *options,
              struct flow_read_counts *ret_counts, struct query_error *error);

#endif
