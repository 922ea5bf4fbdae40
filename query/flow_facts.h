/* SPDX-License-Identifier: MIT */
/*
 * flow_facts.h - what the feet of all files tell of the flows in a span of time, so that they need not be read for it
 */
#ifndef WEIR_QUERY_FLOW_FACTS_H
#define WEIR_QUERY_FLOW_FACTS_H

#include "query.h"

/* Addresses that have two columns each, NAME_ipv4 and NAME_ipv6. */
#define FLOW_FACTS_ADDRESSES(X) X(EXPORTER, exporter) X(SRC, src) X(DST, dst) X(NEXT_HOP, next_hop)                    \
    X(BGP_NEXT_HOP, bgp_next_hop) X(NAT_SRC, nat_src) X(NAT_DST, nat_dst)
enum flow_facts_address {
#define FLOW_FACTS_ENUM(upper, lower) FLOW_FACTS_##upper,
    FLOW_FACTS_ADDRESSES(FLOW_FACTS_ENUM)
#undef FLOW_FACTS_ENUM
    FLOW_FACTS_ADDRESS_COUNT
};

struct flow_facts {
    bool is_counted;       /* the numbers below are those of all flows of the span; else they are not to be used */
    uint64_t rows;         /* records */
    uint64_t flows;
    uint64_t sampled_rows; /* of them: one packet in several was looked at */
    bool has_first, has_last;
    int64_t first_us, last_us; /* the least time_start, the greatest time_end */

    /* Whether an IPv4 address may be among the values of NAME_ipv6, at any time. */
    bool may_be_mapped[FLOW_FACTS_ADDRESS_COUNT];

    /* The columns that there are in files, at any time; all others are null. NULL: it is not known. */
    const struct query_known_column *columns;
    uint32_t column_count;
};

#endif
