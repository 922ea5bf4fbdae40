/* SPDX-License-Identifier: MIT */
/*
 * engine_maker.h - live collectors for tests: a socket and who sends to it, and a sink that keeps numbers as a store
 * keeps rows
 *
 * To be included behind cmocka.h.
 */
#ifndef ENGINE_MAKER_H
#define ENGINE_MAKER_H

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "export_maker.h"

enum { NUMBERS = 200000, FLOWS_EACH = 4, WAIT_MS = 20000 };

static char folder[] = "/tmp/weir-engine-XXXXXX"; /* main() makes it */
static int from, to;
static uint32_t next_number;
static struct export export;
static uint64_t count_max; /* of the engine that is made next */

/* ---------------------------------------------------------------------------------------------------------- sending */

static inline void open_sockets(int buffer_bytes)
{
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    to = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    from = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(to, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(to, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    assert_int_equal(bind(to, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(to, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(connect(from, (struct sockaddr *)&address, length), 0);
    next_number = 0;
    memset(&export, 0, sizeof export);
}

static inline int close_sockets(void **state)
{
    (void)state;
    close(from);
    close(to);
    return 0;
}

/* A datagram of FLOWS_EACH flows, each with the next number as its source address; the first has the template. */
static inline void send_flows(void)
{
    static const uint16_t fields[][2] = {{8, 4}, {12, 4}, {1, 4}};
    export_begin(&export, 0);
    if (next_number == 0)
        export_template(&export, 256, fields, 3, 0);
    export_set(&export, 256);
    for (int i = 0; i < FLOWS_EACH; i++) {
        export_put(&export, next_number++, 4);
        export_put(&export, 1, 4);
        export_put(&export, 1, 4);
    }
    export_set_end(&export);
    assert_int_equal(send(from, export.data, export.size_bytes, 0), export.size_bytes);
}

/* -------------------------------------------------------------------------------------------------------- a sink */

/* Keeps numbers as a store does rows: under a cut, unnamed, until that is published. */
struct keeper {
    struct sink sink;
    _Atomic bool stalled;     /* takes nothing */
    _Atomic bool stuck;       /* in that */
    _Atomic bool unwritable;  /* cuts do not come to an end */
    _Atomic bool nameless;    /* names cannot be given */
    _Atomic bool hurried, broken;
    _Atomic uint64_t cut_now, cut_last, published, taken;
    uint64_t first_cut;
    uint32_t *cuts;    /* by number: that it was taken in, or 0 */
    uint32_t *counts;  /* by number: how often it was taken */
};

static inline struct keeper *of(struct sink *sink)
{
    return (struct keeper *)sink;
}

static inline void nap(void)
{
    const struct timespec a_while = {.tv_nsec = 1000000};
    nanosleep(&a_while, NULL);
}

static inline int on_batch(struct sink *sink, const struct weir_batch *batch, struct sink_error *error)
{
    struct keeper *keeper = of(sink);
    while (atomic_load(&keeper->stalled) && !atomic_load(&keeper->hurried)) {
        atomic_store(&keeper->stuck, true);
        nap();
    }
    if (atomic_load(&keeper->broken)) {
        snprintf(error->text, sizeof error->text, "broken");
        return -1;
    }
    const uint32_t *numbers = batch->columns[0];
    for (uint32_t i = 0; i < batch->row_count; i++) {
        keeper->cuts[numbers[i]] = (uint32_t)atomic_load(&keeper->cut_now);
        keeper->counts[numbers[i]]++;
    }
    atomic_fetch_add(&keeper->taken, batch->row_count);
    return 0;
}

static inline int on_cut(struct sink *sink, uint64_t cut, struct sink_error *error)
{
    (void)error;
    assert_int_equal(cut, atomic_load(&of(sink)->cut_now));
    atomic_store(&of(sink)->cut_last, cut);
    atomic_store(&of(sink)->cut_now, cut + 1);
    return 0;
}

static inline uint64_t on_written(struct sink *sink)
{
    const uint64_t last = atomic_load(&of(sink)->cut_last);
    return atomic_load(&of(sink)->unwritable) ? last - 1 : last;
}

static inline int on_publish(struct sink *sink, uint64_t cut, struct sink_error *error)
{
    assert_true(cut <= on_written(sink));
    if (atomic_load(&of(sink)->nameless)) {
        snprintf(error->text, sizeof error->text, "no names");
        return -1;
    }
    atomic_store(&of(sink)->published, cut);
    return 0;
}

static inline void on_hurry(struct sink *sink)
{
    atomic_store(&of(sink)->hurried, true);
}

static inline int on_close(struct sink *sink, struct sink_error *error)
{
    (void)sink;
    (void)error;
    return 0;
}

static inline void keeper_init(struct keeper *keeper, uint64_t cut)
{
    static const struct sink_class class = {.name = "keeper", .batch = on_batch, .close = on_close, .cut = on_cut,
                                            .written = on_written, .publish = on_publish, .hurry = on_hurry};
    memset(keeper, 0, sizeof *keeper);
    keeper->sink.class = &class;
    keeper->cut_now = cut + 1;
    keeper->cut_last = keeper->published = cut;
    keeper->cuts = calloc(NUMBERS, sizeof(uint32_t));
    keeper->counts = calloc(NUMBERS, sizeof(uint32_t));
}

static inline void keeper_done(struct keeper *keeper)
{
    free(keeper->cuts);
    free(keeper->counts);
}

/* ----------------------------------------------------------------------------------------------------------- engine */

static char noted[512];

static inline void note(void *context, const char *text)
{
    (void)context;
    snprintf(noted, sizeof noted, "%s", text);
}

static struct address_list *allowed; /* NULL: all are */

static inline struct engine *make(const char *name)
{
    char path[128];
    struct sink_error error = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name == NULL ? "" : name);
    const struct engine_options options = {
        .worker_count = 1, .journal_path = name == NULL ? NULL : path, .journal_bytes = 2 << 20, .commit_us = 20000,
        .allowed = allowed, .warn = note, .datagram_count_max = count_max};
    struct engine *engine = engine_create(&options, &error);
    if (engine == NULL)
        print_error("%s\n", error.text);
    return engine;
}

static inline void start(struct engine *engine)
{
    const struct receiver_socket socket = {.fd = to}, *const sockets[] = {&socket};
    const size_t count = 1;
    struct sink_error error = {0};
    assert_int_equal(engine_start(engine, sockets, &count, &error), 0);
}

static inline bool never(void)
{
    return false;
}

static inline bool always(void)
{
    return true;
}

/* One whose worker has this sink, and which receives. */
static inline struct engine *begin(const char *name, struct keeper *keeper)
{
    struct engine *engine = make(name);
    collector_add(engine_collector(engine, 0), &keeper->sink);
    start(engine);
    return engine;
}

/* The account of engine.h adds up. */
static inline void check_account(struct engine *engine, uint64_t sent)
{
    struct engine_counts counts;
    engine_counts(engine, &counts);
    assert_int_equal(counts.receiver.received + counts.receiver.dropped_kernel + counts.receiver.dropped_journal, sent);
    assert_int_equal(counts.receiver.received + counts.recovered,
                     counts.waiting + counts.cut_off + counts.refused + counts.ledger.datagrams);
}

#define wait_until(condition)                                                                                   \
    for (int waited = 0; !(condition); waited++) {                                                              \
        assert_true(waited < WAIT_MS);                                                                          \
        nap();                                                                                                  \
    }

#endif
