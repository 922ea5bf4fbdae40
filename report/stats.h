/* SPDX-License-Identifier: MIT */
/*
 * stats.h - what a collection of flows adds up to: totals, and who and what stands out
 *
 * All bytes are those of both directions of every flow, unlike the size of a connection, which is that of its larger
 * direction. Memory is bounded: with more than 65,536 hosts, services or conversations the small ones are dropped
 * and the report says so.
 */
#ifndef REPORT_STATS_H
#define REPORT_STATS_H

#include <stdio.h>

#include "names.h"
#include "services.h"
#include "terminal.h"

struct stats;

struct stats *stats_create(const struct services *services); /* NULL when memory is short */
void stats_free(struct stats *stats);

void stats_add(struct stats *stats, const struct connection *connection);

/* Prints it all. Names may be NULL. `skipped` is how many flows and entries could not be read. */
void stats_print(const struct stats *stats, FILE *out, const struct terminal *terminal, struct names *names,
                 uint64_t skipped);

#endif
