/* SPDX-License-Identifier: MIT */
/*
 * metric_text.h - numbers as Prometheus reads them: its text format, version 0.0.4
 *
 *     # HELP weir_flows_total Records of data templates.
 *     # TYPE weir_flows_total counter
 *     weir_flows_total 31415
 *
 * A buffer that grows; without memory it stays as it is, and `short_of_memory` tells that in the end.
 */
#ifndef WEIR_COLLECT_METRIC_TEXT_H
#define WEIR_COLLECT_METRIC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metric_text {
    char *data; /* not ended by NUL */
    size_t size_bytes, room_bytes;
    bool short_of_memory;
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* Begins a metric. `help` is a sentence without its full stop, in plain characters. */
void metric_begin(struct metric_text *text, const char *name, enum metric_type type, const char *help);

/* A value of it. `labels` is what stands in the braces, made with metric_label(), or NULL. */
void metric_value(struct metric_text *text, const char *name, const char *labels, uint64_t value);
void metric_real(struct metric_text *text, const char *name, const char *labels, double value);

/* One without labels, begun and with its value. */
void metric_counter(struct metric_text *text, const char *name, const char *help, uint64_t value);
void metric_gauge(struct metric_text *text, const char *name, const char *help, uint64_t value);

/* NAME="VALUE" at the end of `labels`, behind a comma where something stands there, with what the format wants escaped
 * and control characters and octets that are not ASCII as '?'. What has no room is cut off. */
void metric_label(char *labels, size_t room_bytes, const char *name, const char *value);

#endif
