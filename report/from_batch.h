/* SPDX-License-Identifier: MIT */
/*
 * from_batch.h - flows from the rows of a batch
 *
 * Flows are made of the core columns, so they mean the same whatever fields their exporter uses.
 */
#ifndef REPORT_FROM_BATCH_H
#define REPORT_FROM_BATCH_H

#include "flow.h"

/* Tells each row of the batch as a flow, as the exporter counted it, and the run that it is of. Rows of options
 * layouts, and those without a pair of addresses, are left out. Other layouts have core columns. */
void from_batch_read(const struct weir_batch *batch,
                     void (*flow)(void *context, const struct flow *flow, const struct weir_run *run), void *context);

#endif
