/* SPDX-License-Identifier: MIT */
/*
 * flow_bins.h - what flows come to in each span of time, by when they began
 */
#ifndef WEIR_QUERY_FLOW_BINS_H
#define WEIR_QUERY_FLOW_BINS_H

#include "flow_source.h"

/*
 * A row for each span in which flows began: time_start and time_end are its ends, bytes, packets and flows the sums,
 * multiplied where the source says so. Spans are those of time_bins.h. `table` holds the text of the source's table and
 * is to be freed behind it. 0, or -1.
 */
int flow_bins(const struct flow_source *source, int64_t group_us, struct text_buffer *table,
              struct flow_source *ret_bins, struct query_error *error);

/* Whether such a row has what a key tells: times, amounts and their rates. */
bool flow_bins_have(const struct flow_key *key);
#define FLOW_BINS_WORDS "ts te td bytes packets fl bps pps bpp"

#endif
