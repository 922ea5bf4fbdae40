/* SPDX-License-Identifier: MIT */
/*
 * graph.h - bytes over time, stacked by service, drawn with characters
 *
 * The bytes of a flow are spread evenly over its duration. Memory is fixed: time is cut into 1,024 pieces that grow
 * with the span, and 64 services are told apart, the rest is "other".
 */
#ifndef REPORT_GRAPH_H
#define REPORT_GRAPH_H

#include <stdio.h>

#include "services.h"
#include "terminal.h"

struct graph;

struct graph *graph_create(const struct services *services); /* NULL when memory is short */
void graph_free(struct graph *graph);

/* Adds both directions of a connection. */
void graph_add(struct graph *graph, const struct connection *connection);

/* Draws it as wide as the terminal. */
void graph_print(const struct graph *graph, FILE *out, const struct terminal *terminal);

#endif
