/* SPDX-License-Identifier: MIT */
/*
 * result_output.h - the rows of a report on standard output
 */
#ifndef WEIR_CLI_RESULT_OUTPUT_H
#define WEIR_CLI_RESULT_OUTPUT_H

#include "query_output.h"

/* Writes all rows. */
enum query_output_end result_output_write(struct query_result *result, enum query_format format,
                                          struct query_error *error);

#endif
