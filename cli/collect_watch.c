/* SPDX-License-Identifier: MIT */
/*
 * collect_watch.c - what shows the running weir collect to others
 */
#define _GNU_SOURCE
#include "collect_watch.h"

#include "control_server.h"
#include "exporter_list.h"
#include "journal_place.h"
#include "metrics.h"
#include "metrics_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct collect_watch {
    const struct collect_options *options;
    struct control_server *control; /* or NULL */
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
    watch->options = options;
    if (options->metrics == NULL || (watch->server = metrics_server_open(options->metrics, error)) != NULL)
        return watch;
    free(watch);
    return NULL;
}

/* In the journal's folder or, where there is to be no journal, in the usual one. */
static void start_control(struct collect_watch *watch, struct engine *engine, const char *name)
{
    const char *folder = watch->options->journal;
    char *place = NULL, *path = NULL;
    struct sink_error error = {.text = "there is no folder for the socket"};
    if (folder != NULL && strcmp(folder, "none") == 0)
        folder = NULL;
    if (journal_place(folder, name, &place, &error) == 0 && place != NULL && asprintf(&path, "%s.sock", place) >= 0) {
        watch->control = control_server_start(path, engine, watch->exporters, &error);
        free(path);
    }
    free(place);
    if (watch->control == NULL)
        fprintf(stderr, "Note: 'weir exporters' cannot ask this collector: %s\n", error.text);
}

int collect_watch_start(struct collect_watch *watch, struct engine *engine, const char *name, struct sink_error *error)
{
    watch->exporters = exporter_watch_create(engine);
    watch->metrics = watch->exporters == NULL ? NULL : metrics_create(engine, watch->exporters);
    if (watch->metrics == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory to start");
        return -1;
    }
    start_control(watch, engine, name);
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
    control_server_free(watch->control);
    metrics_free(watch->metrics);
    exporter_watch_free(watch->exporters);
    *watch = (struct collect_watch){.options = watch->options};
}

void collect_watch_free(struct collect_watch *watch)
{
    collect_watch_end(watch);
    free(watch);
}
