/* SPDX-License-Identifier: MIT */
/*
 * names.h - names of hosts, many at once
 *
 * Addresses are asked for together and answered together: the hosts file first, then DNS. Time spent on waiting is
 * limited for the whole run, so that a network without DNS costs it once. The number of names kept is limited too;
 * the oldest go first. Names come from strangers: what is not printable ASCII becomes '?'.
 */
#ifndef REPORT_NAMES_H
#define REPORT_NAMES_H

#include "flow.h"

struct names_options {
    bool hosts_only;     /* no DNS: the hosts file alone */
    int budget_ms;       /* time that names_wait() may spend in all; 2000 unless told */
    uint32_t kept_max;   /* names kept; 65,536 unless told */
    const char *servers; /* "127.0.0.1:5353,..." in place of the system's; NULL for those */
    bool (*stopped)(void); /* true: nobody waits any more; asked several times a second. May be NULL */
};

struct names;

/* NULL when memory is short or no resolver could be set up. Options may be NULL. */
struct names *names_create(const struct names_options *options);
void names_free(struct names *names);

/* Asks for the name of an address, unless it is known or asked for. Returns at once. */
void names_request(struct names *names, const struct weir_address *address);

/* Handles answers that have come, without waiting. */
void names_process(struct names *names);

/* Waits until all that was asked is answered, `timeout_ms` at the most, and less when the budget is used up. */
void names_wait(struct names *names, int timeout_ms);

/* Whether an answer is still awaited for this address. */
bool names_pending(const struct names *names, const struct weir_address *address);

/* The name, or NULL when there is none (yet). Valid until the next call. */
const char *names_get(const struct names *names, const struct weir_address *address);

/* The addresses of a name, of both families. Waits, within the budget. Returns how many, 0 when unknown. */
uint32_t names_lookup(struct names *names, const char *name, struct weir_address *ret_addresses, uint32_t max);

/* Copies a name, '?' for all that is not printable ASCII. */
void names_clean(const char *name, char *clean, size_t size_bytes);

#endif
