/* SPDX-License-Identifier: MIT */
/*
 * record_core.h - the core columns of a record as JSON
 */
#ifndef WEIR_COLLECT_RECORD_CORE_H
#define WEIR_COLLECT_RECORD_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

/* Room for what record_core_put() writes of any record of the layout. */
size_t record_core_size(const struct weir_layout *layout);

/* Writes `,"core":{"time_start":1600000000000000,...}` with all that the layout has, and returns where it ends; nothing
 * where the layout has no core columns. With the decoder that the batch is from (else NULL) the names too that the
 * exporter of the run has told. */
char *record_core_put(char *to, const struct weir_decoder *decoder, const struct weir_batch *batch,
                      const struct weir_run *run, uint32_t row);

#endif
