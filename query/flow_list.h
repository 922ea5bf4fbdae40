/* SPDX-License-Identifier: MIT */
/*
 * flow_list.h - flows one by one: as columns, or as lines of a form like "%ts %src:%srcport -> %dst:%dstport %bytes"
 */
#ifndef WEIR_QUERY_FLOW_LIST_H
#define WEIR_QUERY_FLOW_LIST_H

#include "flow_source.h"
#include "query_output.h"

#define FLOW_FORM_MAX 64u /* words of a form */

/* A form that was read: text between words. */
struct flow_form;

/*
 * Words are those of flow_key.h, columns and elements behind a '%'; `%10bytes` is 10 columns wide, `%-10src` with the
 * blanks behind it, `%{src}x` ends where a letter follows, and %% is a '%'. \n and \t mean what they do in C. NULL with
 * a text where it is wrong. flow_form_line and flow_form_long are the tables for people,
 * flow_form_both_ways and flow_form_bins those of conversations, and of what there is in a span of time.
 */
struct flow_form *flow_form_parse(const char *text, const struct flow_columns *columns, struct query_error *error);
void flow_form_free(struct flow_form *form);
extern const char flow_form_line[], flow_form_long[], flow_form_both_ways[], flow_form_bins[];

/* Whether it has only what flow_bins.h has. */
bool flow_form_fits_bins(const struct flow_form *form);

enum flow_order { FLOW_ORDER_TIME, FLOW_ORDER_BYTES, FLOW_ORDER_PACKETS, FLOW_ORDER_DURATION, FLOW_ORDER_NONE,
                  FLOW_ORDER_COUNT };
extern const char *const flow_order_names[FLOW_ORDER_COUNT];

struct flow_list_request {
    const struct flow_form *form; /* NULL: columns */
    bool all_columns;             /* all that flows have, else those that most want to see */
    bool omits_nulls;             /* of all columns, those that are known to be null throughout may be left out */
    bool to_parquet;              /* to standard output: the result tells how many rows (QUERY_PARQUET_BEGIN) */
    enum flow_order order;        /* time upwards, others downwards */
    uint64_t limit;               /* 0: all */
    int64_t group_us;             /* 0, or what there is in each span of time so long (flow_bins.h) */
};

/* The keys of a form that was read, for flow_join(). */
const struct flow_key *flow_form_keys(const struct flow_form *form, size_t *ret_count);

/* 0, or -1. The source may be one of flow_join(). */
int flow_list_query(const struct flow_source *source, const struct flow_list_request *request,
                    struct query_result **ret_result, struct query_error *error);

/* Writes the lines of a result that flow_list_query() gave for this form; of the settings, the format does not matter.
 * The first few MiB are held back, as query_output_write() does. */
enum query_output_end flow_form_write(const struct flow_form *form, struct query_result *result,
                                      const struct query_output_settings *settings, uint64_t *ret_count,
                                      struct query_error *error);

/* The same with a heading, in columns as wide as what they hold; the form's widths are the least ones, and tell to
 * which side values stand. A result without rows writes nothing. */
enum query_output_end flow_table_write(const struct flow_form *form, struct query_result *result,
                                       const struct query_output_settings *settings, uint64_t *ret_count,
                                       struct query_error *error);

#endif
