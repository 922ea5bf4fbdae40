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

#define GRAPH_BINS_BANDS_MAX 7 /* the last one is grey */

/* Amounts of any kind that were added up before, in steps of time. */
struct graph_bins {
    const char *title;  /* "Bytes per second by service" */
    const int64_t *moments; /* when steps begin and, behind them, when the last one ends */
    int64_t step_us;        /* how long one is; days may be an hour longer or shorter */
    size_t count;
    size_t band_count;  /* up to GRAPH_BINS_BANDS_MAX; the last one is the others */
    char *const *labels;
    const double *amounts; /* of band b in step s: amounts[b * count + s] */
};

/* The same of bins; steps are drawn together where there are more than columns. */
void graph_bins_print(const struct graph_bins *bins, FILE *out, const struct terminal *terminal);

/* A picture in SVG, without scripts and fonts of its own: stacked areas, axes, a legend with the totals. */
void graph_bins_print_svg(const struct graph_bins *bins, FILE *out);

#endif
