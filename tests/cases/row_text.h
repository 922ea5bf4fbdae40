/* SPDX-License-Identifier: MIT */
/*
 * row_text.h - rows of batches as text, to compare them
 *
 * A row is "DATAGRAM TEMPLATE flow|options [late ]NAME=VALUE NAME=VALUE ...", the names the library's, the values as
 * weir_value_json() writes them, a scope field's name ended by "(scope)". Its core columns are " NAME=VALUE
 * NAME=VALUE ...", those that its layout has.
 */
#ifndef TESTS_ROW_TEXT_H
#define TESTS_ROW_TEXT_H

#include <stdio.h>
#include <weir/weir.h>

/* Write a row of the run `from`. Return what is not as weir.h promises, or NULL. */
const char *row_put_fields(FILE *out, const struct weir_batch *batch, const struct weir_run *from, uint32_t row);
const char *row_put_core(FILE *out, const struct weir_batch *batch, uint32_t row);

#endif
