/* SPDX-License-Identifier: MIT */
/*
 * flow_join.h - both directions of a conversation as one row
 *
 * Records belong together when one's ends are the other's, or those reversed, protocol and exporter (address and port)
 * are the same, and one begins no later than `timeout_us` behind the end of those before it. Of ICMP it is the type that
 * asks and the one that answers in place of ports; a type that is neither has one direction. This is what
 * report/pairing.h calls a connection, with all the records that a long one is exported in.
 *
 * A row has the columns of the record that began first (of several: the one with the larger source port), but
 *
 *     time_start, time_end    of the first and the last
 *     bytes, packets          of the direction of the record that began first
 *     reverse_bytes, reverse_packets, reverse_tcp_flags    of the other one, 0 and null where there is none
 *     flows                   records, with those that are aggregated in them
 *
 * What a record itself tells of its other direction (RFC 5103) is counted there.
 */
#ifndef WEIR_QUERY_FLOW_JOIN_H
#define WEIR_QUERY_FLOW_JOIN_H

#include "flow_source.h"

#define FLOW_JOIN_TIMEOUT_US ((int64_t)60 * 1000000)

/* Makes a table of conversations of which a record matches source->filter, with the columns that these keys need, and a
 * source of its rows: bytes and packets are multiplied already where that is asked for. There is one such table at a
 * time. 0, or -1. */
int flow_join(const struct flow_source *source, int64_t timeout_us, const struct flow_key *keys, size_t key_count,
              struct flow_source *ret_joined, struct query_error *error);

#endif
