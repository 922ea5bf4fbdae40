/* SPDX-License-Identifier: MIT */
/*
 * metric_text.c - numbers as Prometheus reads them
 */
#define _GNU_SOURCE
#include "metric_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 65536, LINE_MAX_BYTES = 1024 };

__attribute__((format(printf, 2, 3))) static void put(struct metric_text *text, const char *format, ...)
{
    if (text->room_bytes - text->size_bytes < LINE_MAX_BYTES) {
        const size_t room = text->room_bytes == 0 ? ROOM_FIRST : text->room_bytes * 2;
        char *grown = realloc(text->data, room);
        if (grown == NULL) {
            text->short_of_memory = true;
            return;
        }
        text->data = grown;
        text->room_bytes = room;
    }
    va_list values;
    va_start(values, format);
    const int length = vsnprintf(text->data + text->size_bytes, LINE_MAX_BYTES, format, values);
    va_end(values);
    if (length > 0 && length < LINE_MAX_BYTES) /* a longer line is none of ours */
        text->size_bytes += (size_t)length;
}

void metric_begin(struct metric_text *text, const char *name, enum metric_type type, const char *help)
{
    put(text, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type == METRIC_COUNTER ? "counter" : "gauge");
}

static void put_name(struct metric_text *text, const char *name, const char *labels)
{
    if (labels == NULL || labels[0] == '\0')
        put(text, "%s ", name);
    else
        put(text, "%s{%s} ", name, labels);
}

void metric_value(struct metric_text *text, const char *name, const char *labels, uint64_t value)
{
    put_name(text, name, labels);
    put(text, "%" PRIu64 "\n", value);
}

void metric_real(struct metric_text *text, const char *name, const char *labels, double value)
{
    put_name(text, name, labels);
    put(text, "%.6f\n", value);
}

void metric_counter(struct metric_text *text, const char *name, const char *help, uint64_t value)
{
    metric_begin(text, name, METRIC_COUNTER, help);
    metric_value(text, name, NULL, value);
}

void metric_gauge(struct metric_text *text, const char *name, const char *help, uint64_t value)
{
    metric_begin(text, name, METRIC_GAUGE, help);
    metric_value(text, name, NULL, value);
}

void metric_label(char *labels, size_t room_bytes, const char *name, const char *value)
{
    size_t at = strlen(labels);
    const size_t name_room = strlen(name) + 5; /* , = two " and the end */
    if (at + name_room > room_bytes)
        return;
    at += (size_t)snprintf(labels + at, room_bytes - at, "%s%s=\"", at > 0 ? "," : "", name);
    for (; *value != '\0' && at + 4 <= room_bytes; value++) {
        if (*value == '"' || *value == '\\')
            labels[at++] = '\\';
        labels[at++] = *value < ' ' || *value > '~' ? '?' : *value;
    }
    labels[at++] = '"';
    labels[at] = '\0';
}
