/* SPDX-License-Identifier: MIT */
/*
 * null_sink.h - takes everything and keeps nothing: to measure what comes before the sinks
 */
#ifndef WEIR_COLLECT_NULL_SINK_H
#define WEIR_COLLECT_NULL_SINK_H

#include "sink.h"

/* NULL with `error` filled when memory is short. */
struct sink *null_sink_create(struct sink_error *error);

#endif
