/* SPDX-License-Identifier: MIT */
/*
 * host_filter.h - which hosts a report is about: addresses, networks, names
 */
#ifndef REPORT_HOST_FILTER_H
#define REPORT_HOST_FILTER_H

#include "names.h"

struct host_filter {
    struct host_network {
        struct weir_address address;
        uint8_t prefix_bits;
    } *networks;
    uint32_t count;
};

/* Adds "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", or a name, whose addresses `names` finds. Returns 0, or -1 and
 * fills `error`. */
int host_filter_add(struct host_filter *filter, const char *text, struct names *names, char error[512]);
void host_filter_done(struct host_filter *filter);

/* Whether either end of the flow matches; true for a filter without entries. */
bool host_filter_match(const struct host_filter *filter, const struct flow *flow);

#endif
