/* SPDX-License-Identifier: MIT */
/*
 * filter_address.h - addresses and networks as people write them
 */
#ifndef WEIR_QUERY_FILTER_ADDRESS_H
#define WEIR_QUERY_FILTER_ADDRESS_H

#include "filter_value.h"

/*
 * "192.0.2.1", "10.0.0.0/8", "10/8", "10.1/255.255.0.0", "10.0.0.1-10.0.0.9", "2001:db8::/32", "::ffff:10.0.0.1" (which
 * is 10.0.0.1). Bits behind the prefix do not matter. Returns how many ranges it is, 1 or 2: one of IPv6 that
 * ::ffff:0.0.0.0/96 lies in is what is before and what is behind that. 0 with `message` when it is no address.
 */
int filter_address_parse(const char *word, size_t length, struct filter_value ret_values[2],
                         char message[FILTER_MESSAGE_SIZE]);

/* Whether it looks as if an address was meant: digits and a '.', or a ':'. */
bool filter_address_like(const char *word, size_t length);

#endif
