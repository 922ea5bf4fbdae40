/* SPDX-License-Identifier: MIT */
/* flow_bins.c - what flows come to in each span of time */
#define _GNU_SOURCE
#include "flow_bins.h"

#include <stdio.h>
#include <strings.h>

static const char *const words[] = {"ts", "te", "td", "duration", "bytes", "byt", "packets", "pkt", "fl", "flows", "bps",
                                    "pps", "bpp", "time_start", "time_end"};

bool flow_bins_have(const struct flow_key *key)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(words[i], key->name) == 0)
            return true;
    }
    return false;
}

int flow_bins(const struct flow_source *source, int64_t group_us, struct text_buffer *table,
              struct flow_source *ret_bins, struct query_error *error)
{
    static const char *const amounts[] = {"bytes", "packets", "flows"};
    struct flow_totals totals;
    struct time_bins bins;
    if (flow_source_totals(source, false, false, &totals, error) != 0 ||
        flow_source_bins(source, &totals, group_us, &bins, error) != 0)
        return -1;
    text_put(table, "(SELECT NULL::TIMESTAMPTZ AS received, make_timestamptz(t) AS time_start, make_timestamptz(");
    time_bins_put_end(table, &bins, "t");
    text_put(table, ") AS time_end, coalesce(sum(n_bytes), 0) AS bytes, coalesce(sum(n_packets), 0) AS packets, "
                    "sum(n_flows) AS flows FROM (SELECT ");
    flow_source_put_bin(table, source, &bins);
    text_put(table, " AS t");
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        text_put(table, ", ");
        flow_source_put_amount(table, source, amounts[i]);
        text_print(table, " AS n_%s", amounts[i]);
    }
    flow_source_put(table, source, NULL, 0);
    text_put(table, ") GROUP BY t)");
    *ret_bins = (struct flow_source){.query = source->query, .columns = source->columns, .span = FLOW_SPAN_ALL,
                                     .table = table->data};
    if (!table->failed)
        return 0;
    snprintf(error->text, sizeof error->text, "not enough memory");
    return -1;
}
