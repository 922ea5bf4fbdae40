/* SPDX-License-Identifier: MIT */
/*
 * record_names.h - what the exporter calls the numbers of a record, as JSON
 */
#ifndef WEIR_COLLECT_RECORD_NAMES_H
#define WEIR_COLLECT_RECORD_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

/* Room for what record_names_put() writes of any record. */
size_t record_names_size(void);

/* Writes `,"in_interface_name":"eth0"` for each name that the exporter of the run has told, and returns where it ends;
 * the layout has core columns. */
char *record_names_put(char *to, const struct weir_decoder *decoder, const struct weir_batch *batch,
                       const struct weir_run *run, uint32_t row);

#endif
