/* SPDX-License-Identifier: MIT */
/*
 * flow_row.h - a row of the store as a flow of a report
 *
 * It means what the same record means in a JSON file (report/flow_builder.h) or in a batch (report/from_batch.h).
 */
#ifndef WEIR_QUERY_FLOW_ROW_H
#define WEIR_QUERY_FLOW_ROW_H

#include "flow.h"
#include "flow_columns.h"
#include "stored_form.h"
#include "text_buffer.h"

/* Adds the columns that rows are made of, with commas between. 0, or -1. */
int flow_row_put_columns(struct text_buffer *sql, const struct flow_columns *columns, bool with_place);

/* A row of a chunk that has these columns; `with_place` where the forms are mixed. False when it is no flow between two
 * hosts. */
bool flow_row_read(const struct query_chunk *chunk, size_t row, const struct stored_forms *forms, struct flow *ret_flow);

#endif
