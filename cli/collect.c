/* SPDX-License-Identifier: MIT */
/*
 * collect.c - weir collect: from a file to sinks, or (collect_live.c) from sockets
 */
#define _GNU_SOURCE
#include "collect.h"

#include "collect_check.h"
#include "collect_live.h"
#include "collect_options.h"
#include "collector.h"
#include "elements_file.h"
#include "exit_code.h"
#include "exporter_table.h"
#include "outputs.h"
#include "progress.h"
#include "source.h"
#include "stop_signal.h"
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PROGRESS_DATAGRAMS = 4096 };

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int fail(const struct sink_error *error)
{
    fprintf(stderr, "weir collect: %s\n", error->text);
    return -1;
}

/* Whether as many datagrams have come as were asked for. */
static bool is_enough(const struct collect_options *options, const struct collector *collector)
{
    return options->datagram_count_max > 0 &&
           weir_decoder_ledger(collector->decoder)->datagrams >= options->datagram_count_max;
}

/* Ends what was begun, in order. `result` is what went before. */
static int end(struct collector *collector, int result)
{
    struct sink_error error = {0};
    if (result == 0 && collector_finish(collector, &error) != 0)
        result = fail(&error);
    struct sink_error close_error = {0};
    if (collector_close(collector, &close_error) != 0 && result == 0)
        result = fail(&close_error);
    return result;
}

/* A bar, where it does not run into lines of -o text. */
static void show_progress(const struct collect_options *options, const struct source *source,
                          struct progress *progress, uint64_t datagram_count)
{
    uint64_t done_bytes = 0, total_bytes = 0;
    if (datagram_count % PROGRESS_DATAGRAMS != 0)
        return;
    source_progress(source, &done_bytes, &total_bytes);
    if (datagram_count == 0)
        progress_init(progress, total_bytes);
    if (!outputs_use_terminal(options))
        progress_update(progress, done_bytes);
}

/* 0; -1 when a sink failed; 1 when the file is at fault, and what was read is to be finished as usual. */
static int read_source(const struct collect_options *options, struct collector *collector, struct source *source,
                        const struct weir_datagram *first)
{
    struct sink_error error = {0};
    struct weir_datagram datagram = *first;
    struct progress progress;
    int got = 1, result = 0;
    for (uint64_t count = 0; got == 1 && result == 0; count++) {
        show_progress(options, source, &progress, count);
        if (collector_feed(collector, &datagram, &error) != 0)
            result = -1;
        else if (stop_signal_came() || is_enough(options, collector))
            break;
        else if ((got = source_next(source, &datagram, &error)) < 0)
            result = 1;
    }
    progress_hide(&progress);
    if (result != 0)
        fail(&error);
    return result;
}

static int collect_file(const struct collect_options *options, struct collector *collector)
{
    struct sink_error error = {0};
    struct source *source = source_open(options->file, options->ports, options->port_count, &error);
    if (source == NULL) {
        fail(&error);
        return EXIT_FAILURE;
    }
    stop_signal_init(false);
    /* Files carry the time of the first datagram, so that one is read first. */
    struct weir_datagram first;
    struct sink_error read_error = {0};
    const int got = source_next(source, &first, &read_error);
    const int64_t start_us = options->rotate_us > 0 && got == 1 ? first.received_us : clock_us();
    bool usage = false;
    if (outputs_create(options, start_us, collector, &usage, &error) != 0) {
        fail(&error);
        end(collector, -1);
        source_close(source);
        return usage ? EXIT_USAGE : EXIT_FAILURE; /* nothing was read that could be told of */
    }
    if (options->rotate_us > 0)
        collector_rotate_each(collector, options->rotate_us, start_us);
    bool damaged = got < 0;
    if (damaged)
        fail(&read_error);
    int result = got == 1 ? read_source(options, collector, source, &first) : 0;
    if (result == 1) {
        damaged = true;
        result = 0;
    }
    result = end(collector, result);
    summary_print(weir_decoder_ledger(collector->decoder), source_counts(source), stderr);
    exporter_table_print(&collector->decoder, 1, options->debug, stderr);
    source_close(source);
    return result == 0 && !damaged ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int collect_offline(const struct collect_options *options)
{
    struct collector collector;
    struct sink_error error = {0};
    if (collector_init(&collector, &options->decoder, options->debug ? stderr : NULL, &error) != 0) {
        fail(&error);
        return EXIT_FAILURE;
    }
    if (options->elements != NULL && elements_file_load(options->elements, collector.decoder, &error) != 0) {
        fail(&error);
        collector_done(&collector);
        return EXIT_FAILURE;
    }
    const int code = collect_file(options, &collector);
    collector_done(&collector);
    return code;
}

int cmd_collect(int argc, char **argv)
{
    struct collect_options options;
    int code = collect_options_parse(argc, argv, &options);
    if (code >= 0)
        return code;
    if (options.check)
        code = collect_check(&options);
    else
        code = options.file == NULL ? collect_live(&options) : collect_offline(&options);
    collect_options_done(&options);
    return code;
}
