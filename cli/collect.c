/* SPDX-License-Identifier: MIT */
/*
 * collect.c - weir collect: from sockets or a file to sinks
 */
#define _GNU_SOURCE
#include "collect.h"

#include "collect_options.h"
#include "collector.h"
#include "elements_file.h"
#include "exit_code.h"
#include "exporter_table.h"
#include "listener.h"
#include "notices.h"
#include "outputs.h"
#include "passed_sockets.h"
#include "progress.h"
#include "source.h"
#include "state_file.h"
#include "stop_signal.h"
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 1000, DRAIN_US = 1000000, PROGRESS_DATAGRAMS = 4096 };

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

static int feed_burst(const struct collect_options *options, struct collector *collector,
                      const struct listener *listener, int count)
{
    struct sink_error error = {0};
    for (int i = 0; i < count && !is_enough(options, collector); i++) {
        if (collector_feed(collector, listener_datagram(listener, i), &error) != 0)
            return fail(&error);
    }
    return 0;
}

/* What has come before the end and lies in the socket is taken too, but nobody may keep us from ending. */
static int drain(const struct collect_options *options, struct collector *collector, struct listener *listener)
{
    struct sink_error error = {0};
    const int64_t begin_us = clock_us();
    while (!is_enough(options, collector) && llabs(clock_us() - begin_us) < DRAIN_US) {
        const int count = listener_wait(listener, 0, stop_signal_wait_mask(), &error);
        if (count < 0)
            return fail(&error);
        if (count == 0)
            return 0;
        if (feed_burst(options, collector, listener, count) != 0)
            return -1;
    }
    return 0;
}

static int receive(const struct collect_options *options, struct collector *collector, struct listener *listener,
                   struct state_file *state)
{
    struct sink_error error = {0};
    struct notices notices;
    char advice[512];
    notices_init(&notices, clock_us());
    int64_t tick_us = clock_us();
    while (!stop_signal_came() && !is_enough(options, collector)) {
        const int count = listener_wait(listener, TICK_MS, stop_signal_wait_mask(), &error);
        if (count < 0)
            return fail(&error);
        if (feed_burst(options, collector, listener, count) != 0)
            return -1;
        const int64_t now_us = clock_us();
        if (now_us - tick_us < TICK_MS * 1000 && now_us >= tick_us)
            continue;
        tick_us = now_us;
        if (collector_tick(collector, now_us, &error) != 0)
            return fail(&error);
        notices_tick(&notices, weir_decoder_ledger(collector->decoder), now_us);
        if (listener_buffer_advice(listener, now_us, advice, sizeof advice))
            fprintf(stderr, "Note: %s\n", advice);
        state_file_tick(state, collector->decoder, now_us);
    }
    return drain(options, collector, listener);
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

/* What listens, and what of it is not as it was asked for. */
static void tell_sockets(const struct collect_options *options, const struct listener *listener)
{
    const struct receive_socket *socket;
    for (size_t i = 0; (socket = listener_socket(listener, i)) != NULL; i++)
        fprintf(stderr, "Listening on %s\n", socket->text);
    for (size_t i = 0; (socket = listener_socket(listener, i)) != NULL; i++) {
        if (options->buffer_bytes > socket->buffer_bytes)
            fprintf(stderr,
                    "Note: the receive buffer of %s has %d KB of the %d KB asked for; 'sysctl -w net.core.rmem_max=%d' "
                    "allows it\n",
                    socket->text, socket->buffer_bytes >> 10, options->buffer_bytes >> 10, options->buffer_bytes);
        if (socket->busy_poll_refused)
            fprintf(stderr, "Note: --busy-poll has no effect on %s: this kernel lacks it, or wants root for it\n",
                    socket->text);
    }
}

/* It is named by the ports of the command line, 0 as well; by those of the sockets where none were asked for. */
static int open_state(const struct collect_options *options, const struct listener *listener, int64_t now_us,
                      struct state_file *ret_state)
{
    uint16_t ports[COLLECT_PORTS_MAX];
    size_t port_count = options->port_count;
    memcpy(ports, options->ports, port_count * sizeof *ports);
    const struct receive_socket *socket;
    for (size_t i = 0; options->port_count == 0 && port_count < COLLECT_PORTS_MAX; i++) {
        if ((socket = listener_socket(listener, i)) == NULL)
            break;
        if (port_count == 0 || ports[port_count - 1] != socket->port) /* several addresses of one port */
            ports[port_count++] = socket->port;
    }
    return state_file_init(ret_state, options->state, options->hosts, options->host_count, ports, port_count, now_us);
}

/* NULL after telling why; `ret_usage` is set when the command line is at fault. */
static struct listener *listen_live(const struct collect_options *options, bool *ret_usage)
{
    static const uint16_t port_default[] = {COLLECT_PORT_DEFAULT};
    struct sink_error error = {0};
    const int passed_count = passed_sockets_take(&error);
    if (passed_count < 0) {
        fail(&error);
        return NULL;
    }
    if (passed_count > 0 && (options->port_count > 0 || options->host_count > 0 || options->device != NULL)) {
        fprintf(stderr, "weir collect: %d sockets were passed on by the service manager, so -p, -b and --device have "
                        "nothing to do: leave them out, or end the socket unit\n", passed_count);
        *ret_usage = true;
        return NULL;
    }
    const struct listener_options listen = {
        .hosts = options->hosts,
        .host_count = options->host_count,
        .ports = options->port_count > 0 ? options->ports : port_default,
        .port_count = options->port_count > 0 ? options->port_count : 1,
        .passed_first = PASSED_SOCKETS_FIRST,
        .passed_count = passed_count,
        .device = options->device,
        .buffer_bytes = options->buffer_bytes,
        .busy_poll_us = options->busy_poll_us,
    };
    struct listener *listener = listener_open(&listen, &error);
    if (listener == NULL) {
        fail(&error);
        return NULL;
    }
    tell_sockets(options, listener);
    return listener;
}

static int collect_live(const struct collect_options *options, struct collector *collector)
{
    struct sink_error error = {0};
    bool usage = false;
    const int64_t now_us = clock_us();
    if (outputs_create(options, now_us, collector, &usage, &error) != 0) {
        fail(&error);
        end(collector, -1);
        return usage ? EXIT_USAGE : EXIT_FAILURE;
    }
    if (options->rotate_us > 0)
        collector_rotate_each(collector, options->rotate_us, now_us);
    stop_signal_init(true);
    struct listener *listener = listen_live(options, &usage);
    if (listener == NULL) {
        end(collector, -1);
        return usage ? EXIT_USAGE : EXIT_FAILURE;
    }
    struct state_file state;
    if (open_state(options, listener, now_us, &state) != 0) {
        listener_close(listener);
        end(collector, -1);
        return EXIT_FAILURE;
    }
    state_file_load(&state, collector->decoder);
    int result = receive(options, collector, listener, &state);
    state_file_save(&state, collector->decoder);
    state_file_done(&state);
    const uint64_t dropped = listener_dropped(listener);
    listener_close(listener);
    result = end(collector, result);
    summary_print(weir_decoder_ledger(collector->decoder), NULL, stderr);
    exporter_table_print(collector->decoder, options->debug, stderr);
    if (dropped > 0)
        fprintf(stderr,
                "  dropped by the kernel: %" PRIu64 " datagrams, as the receive buffer was full; "
                "'sysctl net.core.rmem_max' bounds it\n",
                dropped);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
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
    int result = outputs_create(options, start_us, collector, &usage, &error);
    if (result != 0)
        fail(&error);
    if (options->rotate_us > 0)
        collector_rotate_each(collector, options->rotate_us, start_us);
    bool damaged = got < 0;
    if (damaged && result == 0)
        fail(&read_error);
    if (result == 0 && got == 1)
        result = read_source(options, collector, source, &first);
    if (result == 1) {
        damaged = true;
        result = 0;
    }
    result = end(collector, result);
    if (!usage)
        summary_print(weir_decoder_ledger(collector->decoder), source_counts(source), stderr);
    if (!usage)
        exporter_table_print(collector->decoder, options->debug, stderr);
    source_close(source);
    return usage ? EXIT_USAGE : result == 0 && !damaged ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_collect(int argc, char **argv)
{
    struct collect_options options;
    const int done = collect_options_parse(argc, argv, &options);
    if (done >= 0)
        return done;
    struct collector collector;
    struct sink_error error = {0};
    if (collector_init(&collector, &options.decoder, options.debug ? stderr : NULL, &error) != 0) {
        fail(&error);
        return EXIT_FAILURE;
    }
    if (options.elements != NULL && elements_file_load(options.elements, collector.decoder, &error) != 0) {
        fail(&error);
        collector_done(&collector);
        return EXIT_FAILURE;
    }
    const int code = options.file != NULL ? collect_file(&options, &collector) : collect_live(&options, &collector);
    collector_done(&collector);
    return code;
}
