/* SPDX-License-Identifier: MIT */
/*
 * null_sink.c - the sink that keeps nothing
 */
#include "null_sink.h"

#include <stdio.h>
#include <stdlib.h>

static int null_close(struct sink *sink, struct sink_error *error)
{
    (void)error;
    free(sink);
    return 0;
}

struct sink *null_sink_create(struct sink_error *error)
{
    static const struct sink_class class = {.name = "null", .close = null_close};
    struct sink *sink = malloc(sizeof *sink);
    if (sink == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory");
        return NULL;
    }
    sink->class = &class;
    return sink;
}
