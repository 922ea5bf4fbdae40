/* SPDX-License-Identifier: MIT */
/* process_metrics.h - what every program tells Prometheus of itself: memory, processor time, files, start */
#ifndef WEIR_COLLECT_PROCESS_METRICS_H
#define WEIR_COLLECT_PROCESS_METRICS_H

#include "metric_text.h"

/* What the system does not tell is left out. */
void process_metrics_put(struct metric_text *text);

#endif
