/* SPDX-License-Identifier: MIT */
/*
 * flow_columns.h - the columns that the flows of a connection have, for filters and keys that name some
 */
#ifndef WEIR_QUERY_FLOW_COLUMNS_H
#define WEIR_QUERY_FLOW_COLUMNS_H

#include "filter.h"
#include "query.h"

struct flow_columns;

struct flow_columns *flow_columns_read(struct query *query, struct query_error *error); /* NULL where it fails */
void flow_columns_free(struct flow_columns *columns);

/* Before the names of columns that are elements, which flow_source.h makes: no file has one like it. */
#define FLOW_ELEMENT_MARK '='

/* For filter_parse(), as long as the columns live. */
struct filter_options flow_columns_filter_options(const struct flow_columns *columns);

/* The column of that number, in the order of the view, and its type as DuckDB names it. NULL behind the last. */
const char *flow_columns_at(const struct flow_columns *columns, size_t number, const char **ret_sql_type);

/* The type, as DuckDB names it, of a column by its name, whatever the case. NULL where the flows have none of it. */
const char *flow_columns_sql_type(const struct flow_columns *columns, const char *name);

#endif
