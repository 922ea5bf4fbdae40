/* SPDX-License-Identifier: MIT */
/*
 * flow_source.h - which flows a report is about: a filter and a span of time, as the FROM and WHERE of a statement
 */
#ifndef WEIR_QUERY_FLOW_SOURCE_H
#define WEIR_QUERY_FLOW_SOURCE_H

#include "flow_facts.h"
#include "flow_key.h"
#include "time_bins.h"

/* Flows that were there in the span: they began before its end and ended at its start or later. */
struct flow_span {
    int64_t from_us; /* INT64_MIN: from the first on */
    int64_t to_us;   /* not in it; INT64_MAX: up to the last */
};
#define FLOW_SPAN_ALL ((struct flow_span){INT64_MIN, INT64_MAX})

struct flow_source {
    struct query *query;
    const struct flow_columns *columns;
    const struct filter *filter; /* NULL: all flows */
    struct flow_span span;
    bool sampled; /* bytes and packets are multiplied by sampling rates */
    const char *table; /* NULL: stored.flows, or what has its columns and others */
    bool is_joined; /* rows are conversations (flow_join.h), whose amounts are those of both directions */
    const struct flow_facts *facts; /* of this span, where they are known */
};

/* When a flow began and ended; where it does not tell, when it was told of. */
#define FLOW_START_SQL "coalesce(time_start, received)"
#define FLOW_END_SQL "coalesce(time_end, received)"
/* How many flows a record is: some exporters have the field, and never write anything but 0 into it. */
#define FLOW_COUNT_SQL "coalesce(nullif(flows, 0), 1)"

/* Adds " FROM ... WHERE ...", to which " AND ..." may be added. What filter and keys name of elements is made (flow_element.h)
 * and has names that begin with FLOW_ELEMENT_MARK. */
int flow_source_put(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                    size_t key_count);

/* The same without the filter, and the filter alone as an expression, which may be null. */
int flow_source_put_unfiltered(struct text_buffer *sql, const struct flow_source *source, const struct flow_key *keys,
                               size_t key_count);
int flow_source_put_filter(struct text_buffer *sql, const struct flow_source *source);

/* Adds the names of those that are made of keys: ", "=name"" for each. */
void flow_source_put_made(struct text_buffer *sql, const struct flow_key *keys, size_t key_count);

/* Adds what is summed of a flow: "bytes", "packets" or their like, multiplied where that is asked for, or "flows". */
int flow_source_put_amount(struct text_buffer *sql, const struct flow_source *source, const char *amount);

/* Adds the begin of the span that a flow began in, in microseconds since 1970; of one that began before the source's
 * span, of its first. */
int flow_source_put_bin(struct text_buffer *sql, const struct flow_source *source, const struct time_bins *bins);

/* Whether a flow has an IPv4 address in a key's columns for IPv6. 1, 0, or -1. */
int flow_source_is_mapped(const struct flow_source *source, const struct flow_key *keys, size_t key_count,
                          struct query_error *error);

/* What all of the flows come to. */
struct flow_totals {
    uint64_t rows;      /* records */
    double flows;
    double bytes, packets; /* multiplied where that is asked for */
    bool has_span;
    int64_t first_us, last_us;
    uint64_t sampled_rows; /* of them: one packet in several was looked at */
    uint64_t rateless_rows; /* nothing is told of sampling; counted where rates are multiplied with */
};

/* Whether the facts tell what the flows come to, but for bytes and packets. */
bool flow_source_is_counted(const struct flow_source *source);

/* Bytes and packets are added up where they are wanted, else 0: each column that is read takes its time. */
int flow_source_totals(const struct flow_source *source, bool wants_bytes, bool wants_packets,
                       struct flow_totals *ret_totals, struct query_error *error);

/* Spans of time that the flows, which the totals are of, may have begun in. 0, or -1. */
int flow_source_bins(const struct flow_source *source, const struct flow_totals *totals, int64_t length_us,
                     struct time_bins *ret_bins, struct query_error *error);

/* The ledger is written so often: each row tells of the time since the one before. */
#define FLOW_LEDGER_EACH_US 60000000

/* What the ledger tells of the span, of all exporters and flows: rows of which at least a part of their minute is in
 * it. */
struct flow_ledger {
    bool is_there;
    int64_t last_us; /* up to when it tells */
    uint64_t exporters;
    int64_t lost, lost_records, refused, dropped, reported, dropped_kernel, dropped_journal;
    bool tells_kernel; /* it tells of datagrams that the kernel dropped */
};
int flow_source_ledger(const struct flow_source *source, struct flow_ledger *ret_ledger, struct query_error *error);

/* Runs a statement whose rows nobody needs. 0, or -1. */
int query_do(struct query *query, const char *sql, struct query_error *error);

/* Runs a statement that has one row, takes the numbers of its columns, and frees its text. 0, or -1. */
int query_numbers(struct query *query, struct text_buffer *sql, double *ret_numbers, size_t count,
                  struct query_error *error);

/* The number in a row, whatever its kind; 0 where there is none. */
double query_number_at(const struct query_vector *vector, size_t row);

#endif
