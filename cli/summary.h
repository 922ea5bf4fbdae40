/* SPDX-License-Identifier: MIT */
/*
 * summary.h - what was received and decoded, and what was not, in a few lines
 */
#ifndef WEIR_CLI_SUMMARY_H
#define WEIR_CLI_SUMMARY_H

#include "capture.h"

#include <stdio.h>
#include <weir/weir.h>

/* The first line is always there and has a fixed form; others follow where there is something to say. `counts`
 * are those of the capture that was read, or NULL. */
void summary_print(const struct weir_ledger *ledger, const struct capture_counts *counts, FILE *out);

#endif
