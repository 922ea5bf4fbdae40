/* SPDX-License-Identifier: MIT */
/*
 * exporter_table.h - what came from each exporter, in a table
 */
#ifndef WEIR_CLI_EXPORTER_TABLE_H
#define WEIR_CLI_EXPORTER_TABLE_H

#include <stdbool.h>
#include <stdio.h>
#include <weir/weir.h>

/*
 * Sums up the sessions of each address and prints the exporters, those with losses or refused data first, and only
 * the first few unless `all`. With one exporter the summary has said all there is; its
 * row is printed with `all` when something was amiss.
 */
void exporter_table_print(struct weir_decoder *decoder, bool all, FILE *out);

#endif
