/* SPDX-License-Identifier: MIT */
/*
 * collect_watch.c - what shows the running weir collect to others
 */
#define _GNU_SOURCE
#include "collect_watch.h"

#include "exporter_list.h"
#include "metrics.h"
#include "metrics_server.h"

#include <stdio.h>
#include <stdlib.h>

struct collect_watch {
    struct metrics_server *server; /* or NULL */
    struct exporter_watch *exporters;
    struct metrics *metrics;
};

struct collect_watch *collect_watch_open(const struct collect_options *options, struct sink_error *error)
{
    struct collect_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        return NULL;
    }
    if (options->metrics == NULL || (watch->server = metrics_server_open(options->metrics, error)) != NULL)
        return watch;
    free(watch);
    return NULL;
}

int collect_watch_start(struct collect_watch *watch, struct engine *engine, struct sink_error *error)
{
    watch->exporters = exporter_watch_create(engine);
    watch->metrics = watch->exporters == NULL ? NULL : metrics_create(engine, watch->exporters);
    if (watch->metrics == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        return -1;
    }
    if (watch->server == NULL)
        return 0;
    if (metrics_server_start(watch->server, watch->metrics, error) != 0)
        return -1;
    fprintf(stderr, "Metrics at %s\n", metrics_server_url(watch->server));
    return 0;
}

void collect_watch_beat(struct collect_watch *watch)
{
    metrics_beat(watch->metrics);
}

void collect_watch_end(struct collect_watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->metrics != NULL)
        metrics_end(watch->metrics);
    metrics_server_free(watch->server);
    metrics_free(watch->metrics);
    exporter_watch_free(watch->exporters);
    *watch = (struct collect_watch){0};
}

void collect_watch_free(struct collect_watch *watch)
{
    collect_watch_end(watch);
    free(watch);
}
