/* SPDX-License-Identifier: MIT */
/*
 * from_batch.h - flows from the rows of a batch
 *
 * Which column holds what is found once for each layout and kept under its slot; the layout's serial tells when
 * the slot was given to another one.
 */
#ifndef REPORT_FROM_BATCH_H
#define REPORT_FROM_BATCH_H

#include "flow.h"

struct from_batch;

struct from_batch *from_batch_create(void); /* NULL when memory is short */
void from_batch_free(struct from_batch *from);

/* Tells each row of the batch as a flow. Rows of options layouts and of layouts without addresses are left out.
 * Returns 0, or -1 when memory is short. */
int from_batch_read(struct from_batch *from, const struct weir_batch *batch,
                    void (*flow)(void *context, const struct flow *flow), void *context);

#endif
