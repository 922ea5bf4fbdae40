/* SPDX-License-Identifier: MIT */
/* json_rows.h - rows of a batch as JSON objects */
#ifndef WEIR_JSON_ROWS_H
#define WEIR_JSON_ROWS_H

#include "json_buffer.h"

#include <weir/weir.h>

/* What is kept by layout: the fields' names, ready to be copied. */
struct json_rows;

struct json_rows *json_rows_create(void);
void json_rows_free(struct json_rows *rows);

/*
 * Adds `row_count` rows of the batch from `first_row` on, each as `, {"NAME": value, ...}`. The first two octets are
 * there for every row; who needs a list skips those of the first. Returns -1 when memory is short.
 */
int json_rows_write(struct json_rows *rows, const struct weir_batch *batch, uint32_t first_row, uint32_t row_count,
                    struct json_buffer *out);

#endif
