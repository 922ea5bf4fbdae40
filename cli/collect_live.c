/* SPDX-License-Identifier: MIT */
/*
 * collect_live.c - weir collect, from sockets: sets up the engine, waits, and tells in the end
 */
#define _GNU_SOURCE
#include "collect_live.h"

#include "collect_rights.h"
#include "collect_reload.h"
#include "collect_watch.h"
#include "elements_file.h"
#include "engine.h"
#include "exit_code.h"
#include "exporter_table.h"
#include "journal_place.h"
#include "listener.h"
#include "log.h"
#include "notices.h"
#include "outputs.h"
#include "passed_sockets.h"
#include "receive_buffer.h"
#include "service_manager.h"
#include "state_file.h"
#include "stop_signal.h"
#include "summary.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 250, DATAGRAM_BYTES_USUAL = 1400 };

struct live {
    const struct collect_options *options;
    uint16_t ports[COLLECT_PORTS_MAX];
    size_t port_count;
    int passed_count; /* of sockets that were opened for us */
    struct listener *listener;
    struct engine *engine;
    struct collect_watch *watch;
    struct address_list *allowed; /* or NULL: all */
    struct collect_reload reload;
    struct state_file states[ENGINE_WORKERS_MAX];
    uint32_t state_count;
    bool secured;
    struct service_manager manager;
};

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int fail(const struct sink_error *error)
{
    log_error("weir collect: %s\n", error->text);
    return EXIT_FAILURE;
}

static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "weir collect: %s\n", text);
}

static int prepare(void *context, struct weir_decoder *decoder, struct sink_error *error)
{
    const struct live *live = context;
    return live->options->elements == NULL ? 0 : elements_file_load(live->options->elements, decoder, error);
}

static void tick(void *context, uint32_t worker, struct collector *collector, int64_t now_us)
{
    struct live *live = context;
    state_file_tick(&live->states[worker], collector->decoder, now_us);
}

/* The path of the journals; NULL where there are none, as with a port that the kernel chooses: nobody could find them again. */
static int find_place(const struct live *live, char **ret_path, struct sink_error *error)
{
    const struct collect_options *options = live->options;
    char name[STATE_FILE_NAME_SIZE];
    bool fixed = options->journal != NULL;
    *ret_path = NULL;
    state_file_name(name, options->hosts, options->host_count, live->ports, live->port_count);
    for (size_t i = 0; i < live->port_count; i++)
        fixed |= live->ports[i] != 0;
    return fixed ? journal_place(options->journal, name, ret_path, error) : 0;
}

static int open_listener(struct live *live, struct sink_error *error)
{
    const struct collect_options *options = live->options;
    const struct listener_options listen = {.hosts = options->hosts,
                                            .host_count = options->host_count,
                                            .ports = live->ports,
                                            .port_count = live->port_count,
                                            .worker_count = options->store.workers,
                                            .passed_first = PASSED_SOCKETS_FIRST,
                                            .passed_count = live->passed_count,
                                            .device = options->device,
                                            .buffer_bytes = options->buffer_bytes,
                                            .busy_poll_us = options->busy_poll_us};
    live->listener = listener_open(&listen, error);
    return live->listener == NULL ? -1 : 0;
}

/* Sockets are opened behind the journals, whose locks tell whether another collector is at work, and before all threads: root's
 * capabilities end here, and belong to each thread. */
static int secure(struct live *live, struct sink_error *error)
{
    if (live->secured)
        return 0;
    if (live->listener == NULL && open_listener(live, error) != 0)
        return -1;
    live->secured = true;
    outputs_open_raw(live->options);
    return collect_rights_drop(live->options, warn, NULL, error);
}

static int create_engine(struct live *live, const char *journal_path, uint32_t worker_count, bool *ret_usage,
                         struct sink_error *error)
{
    const struct collect_options *options = live->options;
    const uint64_t bytes = options->journal_bytes > 0 ? options->journal_bytes : journal_size_default();
    const struct engine_options engine = {
        .worker_count = worker_count, .journal_path = journal_path, .sockets_stay = live->passed_count > 0,
        .decoder = &options->decoder, .debug = options->debug ? stderr : NULL, .journal_bytes = bytes,
        .datagram_count_max = options->datagram_count_max, .commit_us = options->store.commit_us, .cpus = options->cpus, .cpu_count = options->cpu_count,
        .allowed = live->allowed, .prepare = prepare, .warn = warn, .tick = tick, .context = live};
    live->engine = engine_create(&engine, error);
    if (live->engine == NULL || secure(live, error) != 0)
        return -1;
    return outputs_create_live(options, clock_us(), live->engine, ret_usage, error);
}

struct wanted {
    const struct listener *listener;
    unsigned worker, worker_count;
};

static bool is_wanted(void *context, const struct weir_address *address)
{
    const struct wanted *wanted = context;
    return listener_leads(wanted->listener, address, wanted->worker, wanted->worker_count);
}

static int init_states(struct live *live, uint32_t count)
{
    const struct collect_options *options = live->options;
    for (; live->state_count < count; live->state_count++) {
        if (state_file_init(&live->states[live->state_count], options->state, options->hosts, options->host_count,
                            live->ports, live->port_count, live->state_count, clock_us()) != 0)
            return -1;
    }
    return 0;
}

/* Each worker takes what is known of the exporters that are steered to it, whichever worker of an earlier process they were with. */
static void load_shares(struct live *live, uint32_t worker_count)
{
    for (uint32_t i = 0; i < worker_count; i++) {
        struct wanted wanted = {live->listener, i, worker_count};
        for (uint32_t k = 0; k < live->state_count && !engine_is_resumed(live->engine, i); k++)
            state_file_load_where(&live->states[k], engine_collector(live->engine, i)->decoder, is_wanted, &wanted);
    }
}

/* Decoders of outputs beside the workers' need what those of all workers know. */
static void load_sides(struct live *live)
{
    struct collector *collector;
    bool resumed = false;
    for (uint32_t i = 0; i < engine_worker_count(live->engine); i++)
        resumed |= engine_is_resumed(live->engine, i);
    for (size_t i = 0; !resumed && (collector = engine_side(live->engine, i)) != NULL; i++) {
        for (uint32_t k = 0; k < live->state_count; k++)
            state_file_load_where(&live->states[k], collector->decoder, NULL, NULL);
    }
}

static int load_states(struct live *live)
{
    const uint32_t worker_count = engine_worker_count(live->engine);
    if (init_states(live, ENGINE_WORKERS_MAX) != 0)
        return -1;
    bool alone = worker_count == 1;
    for (uint32_t i = 1; i < live->state_count; i++)
        alone &= !state_file_is_there(&live->states[i]);
    if (!alone)
        load_shares(live, worker_count);
    else if (!engine_is_resumed(live->engine, 0))
        state_file_load(&live->states[0], engine_collector(live->engine, 0)->decoder);
    load_sides(live);
    return 0;
}

static void save_states(struct live *live)
{
    const uint32_t worker_count = engine_worker_count(live->engine);
    for (uint32_t i = 0; i < live->state_count; i++) {
        if (i < worker_count)
            state_file_save(&live->states[i], engine_collector(live->engine, i)->decoder);
        else
            state_file_remove(&live->states[i]); /* its exporters are with others now */
    }
}

/* Sockets that were passed on are taken over first, as their ports are in the names of files. */
static int take_passed(struct live *live, bool *ret_usage, struct sink_error *error)
{
    const struct collect_options *options = live->options;
    live->passed_count = passed_sockets_take(error);
    if (live->passed_count <= 0)
        return live->passed_count;
    if (options->port_count > 0 || options->host_count > 0 || options->device != NULL) {
        *ret_usage = true;
        snprintf(error->text, sizeof error->text,
                 "%d sockets were passed on by the service manager, so -p, -b and --device have nothing to do: leave "
                 "them out, or end the socket unit", live->passed_count);
        return -1;
    }
    if (open_listener(live, error) != 0)
        return -1;
    const struct receive_socket *socket;
    live->port_count = 0;
    for (size_t i = 0; i < COLLECT_PORTS_MAX && (socket = listener_socket(live->listener, 0, i)) != NULL; i++) {
        /* one port may have several addresses */
        if (live->port_count == 0 || live->ports[live->port_count - 1] != socket->port)
            live->ports[live->port_count++] = socket->port;
    }
    return 0;
}

/* Whether a socket of worker 0 is the first on its address: of passed ones it may have several. */
static bool is_first(const struct live *live, size_t i)
{
    const char *text = listener_socket(live->listener, 0, i)->text;
    for (size_t k = 0; k < i; k++) {
        if (strcmp(listener_socket(live->listener, 0, k)->text, text) == 0)
            return false;
    }
    return true;
}

static void tell_idle_workers(const struct live *live, const struct receive_socket *socket)
{
    const unsigned workers = live->options->store.workers, sharers = listener_sharers(live->listener, socket);
    if (live->passed_count > 0 && sharers < workers && !socket->multicast)
        fprintf(stderr,
                "Note: %u of %u workers receive on %s, as so many sockets were passed on; ListenDatagram= %u times in "
                "the socket unit, with ReusePort=yes, has all of them receive\n",
                sharers, workers, socket->text, workers);
}

/* What listens, and what of it is not as it was asked for. */
static void tell_sockets(const struct live *live)
{
    const int asked_bytes = live->options->buffer_bytes;
    const struct receive_socket *socket;
    for (size_t i = 0; (socket = listener_socket(live->listener, 0, i)) != NULL; i++) {
        if (is_first(live, i))
            fprintf(stderr, "Listening on %s\n", socket->text);
    }
    for (size_t i = 0; (socket = listener_socket(live->listener, 0, i)) != NULL; i++) {
        if (is_first(live, i))
            tell_idle_workers(live, socket);
    }
    for (size_t i = 0; (socket = listener_socket(live->listener, 0, i)) != NULL; i++) {
        if (asked_bytes > socket->buffer_bytes)
            fprintf(stderr,
                    "Note: the receive buffer of %s has %d KB of the %d KB asked for; 'sysctl -w net.core.rmem_max=%d' "
                    "allows it\n",
                    socket->text, socket->buffer_bytes >> 10, asked_bytes >> 10, asked_bytes);
        if (socket->busy_poll_refused)
            fprintf(stderr, "Note: --busy-poll has no effect on %s: this kernel lacks it, or wants root for it\n",
                    socket->text);
    }
}

/* Once, when what came in the last second is more than a buffer is good for; all may have come by one socket. */
static void advise(const struct live *live, uint64_t datagrams, int64_t duration_us, bool *told)
{
    const double rate = (double)datagrams * 1e6 / (double)duration_us;
    const struct receive_socket *socket;
    char text[512];
    for (size_t i = 0; !*told && (socket = listener_socket(live->listener, 0, i)) != NULL; i++) {
        *told = receive_buffer_advice(socket, rate, rate * DATAGRAM_BYTES_USUAL, text, sizeof text);
        if (*told)
            fprintf(stderr, "Note: %s\n", text);
    }
}

static void tell_recovered(const struct live *live)
{
    struct engine_counts counts;
    engine_counts(live->engine, &counts);
    if (counts.recovered > 0)
        fprintf(stderr, "%" PRIu64 " datagrams that were received before the last end are taken up from the journal\n",
                counts.recovered);
}

/* The name of the journal, with the ports that the kernel chose where it was to choose. */
static void name_sockets(const struct live *live, char name[STATE_FILE_NAME_SIZE])
{
    uint16_t ports[COLLECT_PORTS_MAX];
    size_t count = 0;
    const struct receive_socket *socket;
    for (size_t i = 0; count < COLLECT_PORTS_MAX && (socket = listener_socket(live->listener, 0, i)) != NULL; i++) {
        if (count == 0 || ports[count - 1] != socket->port) /* one port, several addresses */
            ports[count++] = socket->port;
    }
    state_file_name(name, live->options->hosts, live->options->host_count, ports, count);
}

static int start(struct live *live, struct sink_error *error)
{
    static struct receiver_socket sockets[ENGINE_WORKERS_MAX][RECEIVER_SOCKETS_MAX];
    const struct receiver_socket *of_workers[ENGINE_WORKERS_MAX];
    size_t counts[ENGINE_WORKERS_MAX] = {0};
    for (uint32_t i = 0; i < engine_worker_count(live->engine); i++) {
        const struct receive_socket *socket;
        of_workers[i] = sockets[i];
        while (counts[i] < RECEIVER_SOCKETS_MAX && (socket = listener_socket(live->listener, i, counts[i])) != NULL)
            sockets[i][counts[i]++] = (struct receiver_socket){.fd = socket->fd, .dropped = socket->dropped};
    }
    tell_sockets(live);
    if (engine_start(live->engine, of_workers, counts, error) != 0)
        return -1;
    tell_recovered(live);
    char name[STATE_FILE_NAME_SIZE];
    name_sockets(live, name);
    return collect_watch_start(live->watch, live->engine, name, error);
}

static void tell_manager(struct live *live)
{
    int64_t stuck_us;
    if (service_manager_tick(&live->manager, live->engine, &stuck_us))
        fprintf(stderr, "weir collect: a worker has not moved for %.1f s; the service manager is not told any more that all is well\n",
                (double)stuck_us * 1e-6);
}

/* Until a signal comes, or enough datagrams, or something fails. */
static int wait(struct live *live, struct sink_error *error)
{
    struct notices notices;
    int state = 1;
    bool advised = false;
    uint64_t received = 0;
    notices_init(&notices, clock_us());
    service_manager_ready(&live->manager);
    for (int64_t told_us = clock_us(); state == 1 && !stop_signal_came();) {
        const struct timespec look = {.tv_nsec = (long)LOOK_MS * 1000000};
        ppoll(NULL, 0, &look, stop_signal_wait_mask());
        collect_watch_beat(live->watch);
        state = engine_state(live->engine, error);
        if (state == 1 && stop_signal_hangup_came())
            collect_reload(&live->reload, live->engine, clock_us());
        struct sink_error side;
        while (engine_side_trouble(live->engine, &side))
            fail(&side);
        tell_manager(live);
        const int64_t now_us = clock_us();
        if (now_us - told_us < 1000000 && now_us >= told_us)
            continue;
        struct engine_counts counts;
        engine_counts(live->engine, &counts);
        if (now_us - told_us >= 1000000)
            advise(live, counts.receiver.received - received, now_us - told_us, &advised);
        told_us = now_us;
        received = counts.receiver.received;
        notices_tick(&notices, &counts.ledger, now_us);
    }
    return state < 0 ? -1 : 0;
}

static void tell_losses(struct live *live, const struct engine_counts *counts, uint64_t left)
{
    struct side_lane_counts side;
    const char *name;
    const bool is_kept = journal_path(engine_journal(live->engine, 0)) != NULL;
    if (counts->receiver.dropped_kernel > 0)
        fprintf(stderr,
                "  dropped by the kernel: %" PRIu64 " datagrams, as the receive buffer was full; "
                "'sysctl net.core.rmem_max' bounds it\n",
                counts->receiver.dropped_kernel);
    if (counts->receiver.dropped_journal > 0)
        fprintf(stderr,
                "  dropped as the journal was full: %" PRIu64 " datagrams; what is stored could not be written as fast as "
                "they came\n",
                counts->receiver.dropped_journal);
    for (size_t i = 0; (name = engine_side_counts(live->engine, i, &side)) != NULL; i++) {
        if (side.missed > 0)
            fprintf(stderr, "  missed by -o %s: %" PRIu64 " datagrams, as it %s\n", name, side.missed,
                    side.failed ? "had failed" : "was too slow");
    }
    if (counts->refused > 0)
        fprintf(stderr, "  refused: %" PRIu64 " datagrams of exporters that --allow does not name\n", counts->refused);
    if (counts->cut_off > 0)
        fprintf(stderr, "  too long: %" PRIu64 " datagrams for which there was no room\n", counts->cut_off);
    if (left > 0)
        fprintf(stderr, "  %s: %" PRIu64 " datagrams%s\n", is_kept ? "in the journal" : "not stored", left,
                is_kept ? ", which the next start stores" : "");
}

static int end(struct live *live, int result)
{
    struct sink_error error = {0};
    uint64_t left = 0;
    collect_watch_end(live->watch);
    service_manager_stopping();
    if (engine_end(live->engine, true, stop_signal_came_again, &left, &error) != 0 && result == 0)
        result = fail(&error);
    struct engine_counts counts;
    struct weir_decoder *decoders[ENGINE_WORKERS_MAX];
    const bool idle = !engine_lanes_are_stuck(live->engine); /* whose decoders can be looked at */
    const uint32_t worker_count = engine_worker_count(live->engine);
    for (uint32_t i = 0; i < worker_count; i++)
        decoders[i] = engine_collector(live->engine, i)->decoder;
    if (idle)
        save_states(live);
    engine_counts(live->engine, &counts);
    summary_print(&counts.ledger, NULL, stderr);
    if (idle)
        exporter_table_print(decoders, worker_count, live->options->debug, stderr);
    tell_losses(live, &counts, left);
    return result == 0 && left == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What as many workers as there were before have left is finished by as many, before others begin. */
static int catch_up(struct live *live, const char *journal_path, bool *ret_usage, struct sink_error *error)
{
    const uint32_t found = journal_path == NULL ? 0 : engine_found_workers(journal_path);
    uint64_t left = 0;
    if (found == 0 || found == live->options->store.workers)
        return 0;
    if (create_engine(live, journal_path, found, ret_usage, error) != 0 || load_states(live) != 0)
        return -1;
    int result = engine_start(live->engine, NULL, NULL, error);
    if (result == 0)
        tell_recovered(live);
    struct sink_error why = {0};
    if (engine_end(live->engine, false, stop_signal_came, &left, &why) != 0 && result == 0) {
        *error = why;
        result = -1;
    }
    if (engine_is_stuck(live->engine))
        return result;
    save_states(live);
    if (left > 0 && result == 0 && stop_signal_came()) {
        snprintf(error->text, sizeof error->text, "ended before %" PRIu64 " datagrams in the journal were stored; the next start "
                 "does that", left);
        result = -1;
    } else if (left > 0 && result == 0) {
        snprintf(error->text, sizeof error->text,
                 "%" PRIu64 " datagrams of before stay in the journal; start with --workers %" PRIu32 " or make room for them",
                 left, found);
        result = -1;
    }
    engine_free(live->engine);
    live->engine = NULL;
    return result;
}

static int prepare_all(struct live *live, bool *ret_usage, struct sink_error *error)
{
    char *path = NULL;
    const struct collect_options *options = live->options;
    if (options->allowed_count > 0 &&
        (live->allowed = address_list_create(options->allowed, options->allowed_count, error)) == NULL)
        return -1;
    int result = take_passed(live, ret_usage, error);
    if (result == 0 && (live->watch = collect_watch_open(live->options, error)) == NULL)
        result = -1;
    if (result == 0)
        result = collect_rights_begin(options, ret_usage, error);
    if (result == 0)
        result = find_place(live, &path, error);
    if (result == 0)
        result = catch_up(live, path, ret_usage, error);
    if (result == 0)
        result = create_engine(live, path, live->options->store.workers, ret_usage, error);
    free(path);
    if (result == 0)
        result = outputs_check_loops(live->engine, live->listener, error);
    return result == 0 ? load_states(live) : result;
}

static int run(struct live *live)
{
    struct sink_error error = {0};
    bool usage = false;
    if (prepare_all(live, &usage, &error) != 0) {
        if (error.text[0] != '\0')
            fail(&error);
        return usage ? EXIT_USAGE : EXIT_FAILURE;
    }
    int result = 0;
    if (start(live, &error) != 0 || wait(live, &error) != 0)
        result = fail(&error);
    return end(live, result);
}

int collect_live(const struct collect_options *options)
{
    struct live *live = calloc(1, sizeof *live);
    if (live == NULL) {
        fputs("weir collect: not enough memory to start\n", stderr);
        return EXIT_FAILURE;
    }
    log_open(options->log, !options->debug);
    live->options = options;
    live->ports[0] = COLLECT_PORT_DEFAULT;
    live->port_count = options->port_count > 0 ? options->port_count : 1;
    memcpy(live->ports, options->ports, options->port_count * sizeof live->ports[0]);
    stop_signal_init(true);
    const int code = collect_reload_init(&live->reload, options) == 0 ? run(live) : EXIT_FAILURE;
    /* An output is in a call that does not come back: nothing may wait for it, exit() neither. The journal is as after a kill. */
    if (live->engine != NULL && engine_is_stuck(live->engine)) {
        engine_free(live->engine);
        _exit(code);
    }
    listener_close(live->listener);
    for (uint32_t i = 0; i < live->state_count; i++)
        state_file_done(&live->states[i]);
    collect_watch_free(live->watch);
    engine_free(live->engine);
    address_list_free(live->allowed);
    collect_reload_done(&live->reload);
    log_close();
    free(live);
    return code;
}
