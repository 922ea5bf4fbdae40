/* SPDX-License-Identifier: MIT */
/* flow_bins.c - what flows come to in each span of time */
#define _GNU_SOURCE
#include "flow_bins.h"

#include <inttypes.h>
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
              struct flow_source *ret_bins)
{
    static const char *const amounts[] = {"bytes", "packets", "flows"};
    int result = text_print(table, "(SELECT NULL::TIMESTAMPTZ AS received, make_timestamptz(t * %" PRId64 ") AS "
                                   "time_start, make_timestamptz((t + 1) * %" PRId64 ") AS time_end, "
                                   "coalesce(sum(n_bytes), 0) AS bytes, coalesce(sum(n_packets), 0) AS packets, "
                                   "sum(n_flows) AS flows FROM (SELECT ", group_us, group_us);
    if (result == 0 && (result = flow_source_put_bin(table, source, group_us)) == 0)
        result = text_put(table, " AS t");
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts && result == 0; i++) {
        if ((result = text_put(table, ", ")) == 0 &&
            (result = flow_source_put_amount(table, source, amounts[i])) == 0)
            result = text_print(table, " AS n_%s", amounts[i]);
    }
    if (result != 0 || flow_source_put(table, source, NULL, 0) != 0 || text_put(table, ") GROUP BY t)") != 0)
        return -1;
    *ret_bins = (struct flow_source){.query = source->query, .columns = source->columns, .span = FLOW_SPAN_ALL,
                                     .table = table->data};
    return 0;
}
