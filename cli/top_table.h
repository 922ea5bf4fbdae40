/* SPDX-License-Identifier: MIT */
/*
 * top_table.h - the groups of weir top as a table for people: numbers that can be compared at a glance, shares, bars
 */
#ifndef WEIR_CLI_TOP_TABLE_H
#define WEIR_CLI_TOP_TABLE_H

#include "query_output.h"
#include "top_query.h"

/* Reads all rows of a result of top_query() and prints them, and what all flows come to below. */
enum query_output_end top_table_write(struct query_result *result, const struct top_request *request,
                                      const struct flow_totals *totals, struct query_error *error);

#endif
