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
 * Sums up the sessions of each address, in all of the decoders, and prints the exporters, those with something amiss
 * first, and only the first few unless `all`: a row each, and below it what else there is to tell. With one exporter
 * the summary has said all there is; its row is printed with `all` when something was amiss, or when it has several
 * sessions, as two programs on one machine have: each has sequence numbers of its own.
 */
void exporter_table_print(struct weir_decoder *const *decoders, size_t decoder_count, bool all, FILE *out);

#endif
