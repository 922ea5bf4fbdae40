/* SPDX-License-Identifier: MIT */
/*
 * test_engine.c - the live collector with sockets of its own: what was sent is kept once, whoever stalls; and all is accounted for
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine.h"
#include "export_maker.h"

enum { NUMBERS = 200000, FLOWS_EACH = 4, WAIT_MS = 20000 };

static char folder[] = "/tmp/weir-engine-XXXXXX";
static int from, to;
static uint32_t next_number;
static struct export export;
static uint64_t count_max; /* of the engine that is made next */

/* ------------------------------------------------------------------------------------------------------------ sending */

static void open_sockets(int buffer_bytes)
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

static int close_sockets(void **state)
{
    (void)state;
    close(from);
    close(to);
    return 0;
}

/* A datagram of FLOWS_EACH flows, each with the next number as its source address; the first has the template. */
static void send_flows(void)
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

static struct keeper *of(struct sink *sink)
{
    return (struct keeper *)sink;
}

static void nap(void)
{
    const struct timespec a_while = {.tv_nsec = 1000000};
    nanosleep(&a_while, NULL);
}

static int on_batch(struct sink *sink, const struct weir_batch *batch, struct sink_error *error)
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

static int on_cut(struct sink *sink, uint64_t cut, struct sink_error *error)
{
    (void)error;
    assert_int_equal(cut, atomic_load(&of(sink)->cut_now));
    atomic_store(&of(sink)->cut_last, cut);
    atomic_store(&of(sink)->cut_now, cut + 1);
    return 0;
}

static uint64_t on_written(struct sink *sink)
{
    const uint64_t last = atomic_load(&of(sink)->cut_last);
    return atomic_load(&of(sink)->unwritable) ? last - 1 : last;
}

static int on_publish(struct sink *sink, uint64_t cut, struct sink_error *error)
{
    assert_true(cut <= on_written(sink));
    if (atomic_load(&of(sink)->nameless)) {
        snprintf(error->text, sizeof error->text, "no names");
        return -1;
    }
    atomic_store(&of(sink)->published, cut);
    return 0;
}

static void on_hurry(struct sink *sink)
{
    atomic_store(&of(sink)->hurried, true);
}

static int on_close(struct sink *sink, struct sink_error *error)
{
    (void)sink;
    (void)error;
    return 0;
}

static void keeper_init(struct keeper *keeper, uint64_t cut)
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

static void keeper_done(struct keeper *keeper)
{
    free(keeper->cuts);
    free(keeper->counts);
}

/* ------------------------------------------------------------------------------------------------------------ engine */

static char noted[512];

static void note(void *context, const char *text)
{
    (void)context;
    snprintf(noted, sizeof noted, "%s", text);
}

static struct address_list *allowed; /* NULL: all are */

static struct engine *make(const char *name)
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

static void start(struct engine *engine)
{
    const struct receiver_socket socket = {.fd = to}, *const sockets[] = {&socket};
    const size_t count = 1;
    struct sink_error error = {0};
    assert_int_equal(engine_start(engine, sockets, &count, &error), 0);
}

static bool never(void)
{
    return false;
}

static bool always(void)
{
    return true;
}

/* The account of engine.h adds up. */
static void check_account(struct engine *engine, uint64_t sent)
{
    struct engine_counts counts;
    engine_counts(engine, &counts);
    assert_int_equal(counts.receiver.received + counts.receiver.dropped_kernel + counts.receiver.dropped_journal, sent);
    assert_int_equal(counts.receiver.received + counts.recovered, counts.waiting + counts.cut_off + counts.refused + counts.ledger.datagrams);
}

#define wait_until(condition)                                                                                   \
    for (int waited = 0; !(condition); waited++) {                                                              \
        assert_true(waited < WAIT_MS);                                                                          \
        nap();                                                                                                  \
    }

static void test_all_is_kept(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 1;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = make("all");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    for (int i = 0; i < 5000; i++) { /* several times around the ring */
        send_flows();
        if (i % 100 == 99)
            wait_until(atomic_load(&keeper.taken) + 8192 > next_number);
    }
    assert_int_equal(engine_state(engine, &error), 1);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    assert_int_equal(left, 0);
    check_account(engine, 5000);
    for (uint32_t i = 0; i < next_number; i++) {
        assert_int_equal(keeper.counts[i], 1);
        assert_in_range(keeper.cuts[i], 1, atomic_load(&keeper.published));
    }
    engine_free(engine);
    keeper_done(&keeper);
}

/* The account adds up at any time, also when a cut was committed since the lane's ledger was looked at last. */
static void test_account_between_ticks(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    struct engine_counts counts;
    uint64_t left = 1;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = make("account");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    for (uint64_t sent = 1; sent < 20; sent++) {
        send_flows();
        wait_until(journal_committed(engine_journal(engine, 0)).position == sent);
        wait_until((engine_counts(engine, &counts), counts.receiver.received == sent));
        check_account(engine, sent);
    }
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    check_account(engine, 19);
    engine_free(engine);
    keeper_done(&keeper);
}

/* A sink that stalls: the journal fills, then the buffer of the socket, then the kernel drops; it is all counted. */
static void test_stalled(void **state)
{
    (void)state;
    struct keeper keeper;
    struct engine_counts counts;
    struct sink_error error = {0};
    uint64_t left = 1;
    open_sockets(100000);
    keeper_init(&keeper, 0);
    struct engine *engine = make("stalled");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    atomic_store(&keeper.stalled, true);
    start(engine);
    const uint64_t room = journal_slot_count(engine_journal(engine, 0)) - 1;
    for (uint64_t i = 0; i < 4000; i++) {
        send_flows();
        if (i % 16 == 15 || i + 16 > room)
            wait_until((engine_counts(engine, &counts), counts.receiver.received >= (i < room ? i + 1 : room)));
    }
    assert_int_equal(counts.receiver.received, room);
    atomic_store(&keeper.stalled, false);
    wait_until(atomic_load(&keeper.taken) >= room);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    check_account(engine, 4000);
    engine_counts(engine, &counts);
    assert_true(counts.receiver.dropped_journal > 1000);
    uint64_t kept = 0;
    for (uint32_t i = 0; i < next_number; i++) {
        assert_in_range(keeper.counts[i], 0, 1);
        kept += keeper.counts[i];
    }
    assert_int_equal(kept, counts.ledger.flows);
    assert_int_equal(kept, counts.receiver.received * FLOWS_EACH);
    engine_free(engine);
    keeper_done(&keeper);
}

/* What did not fit into the buffer while the collector was being set up counts as well. */
static void test_drops_before_the_start(void **state)
{
    (void)state;
    struct keeper keeper;
    struct engine_counts counts;
    struct sink_error error = {0};
    uint64_t left = 1;
    open_sockets(100000);
    for (int i = 0; i < 4000; i++)
        send_flows();
    keeper_init(&keeper, 0);
    struct engine *engine = make("before");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    check_account(engine, 4000);
    engine_counts(engine, &counts);
    assert_true(counts.receiver.dropped_kernel > 0 && counts.receiver.received > 0);
    engine_free(engine);
    keeper_done(&keeper);
}

/* One beside the worker's own stalls: it misses something, and nobody else does. */
static void test_side_is_stalled(void **state)
{
    (void)state;
    struct keeper main_keeper, side_keeper;
    struct side_lane_counts counts;
    struct sink_error error = {0};
    uint64_t left = 1;
    open_sockets(8 << 20);
    keeper_init(&main_keeper, 0);
    keeper_init(&side_keeper, 0);
    struct engine *engine = make("side");
    collector_add(engine_collector(engine, 0), &main_keeper.sink);
    collector_add(engine_add_side(engine, "the slow one", &error), &side_keeper.sink);
    start(engine);
    send_flows();
    wait_until(atomic_load(&side_keeper.taken) == FLOWS_EACH);
    atomic_store(&side_keeper.stalled, true);
    uint64_t sent = 1;
    for (; sent < 4001 || (engine_side_counts(engine, 0, &counts), counts.taken + 3000 > sent); sent++) {
        assert_true(sent < NUMBERS / FLOWS_EACH);
        send_flows();
        if (sent % 100 == 99)
            wait_until(atomic_load(&main_keeper.taken) + 8192 > next_number);
    }
    wait_until(atomic_load(&main_keeper.taken) + 8192 > next_number);
    wait_until(atomic_load(&main_keeper.taken) == next_number); /* so that none is on its way in the socket */
    atomic_store(&side_keeper.stalled, false);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    assert_string_equal(engine_side_counts(engine, 0, &counts), "the slow one");
    assert_int_equal(counts.taken + counts.missed, sent);
    assert_true(counts.missed > 1000);
    assert_null(engine_side_counts(engine, 1, &counts));
    for (uint32_t i = 0; i < next_number; i++)
        assert_int_equal(main_keeper.counts[i], 1);
    engine_free(engine);
    keeper_done(&main_keeper);
    keeper_done(&side_keeper);
}

/* Whoever is not in the list reaches neither decoder; he is counted, told of, and holds nothing up. */
static void test_refused(void **state)
{
    (void)state;
    struct keeper main_keeper, side_keeper;
    struct engine_counts counts;
    struct side_lane_counts side;
    struct sink_error error = {0};
    uint64_t left = 1;
    const char *const entry = "127.0.0.2/31";
    struct address_list *list = address_list_create(&entry, 1, &error);
    struct sockaddr_in to_address;
    socklen_t length = sizeof to_address;
    assert_non_null(list);
    open_sockets(1 << 20);
    assert_int_equal(getsockname(to, (struct sockaddr *)&to_address, &length), 0);
    allowed = list;
    keeper_init(&main_keeper, 0);
    keeper_init(&side_keeper, 0);
    struct engine *engine = make(NULL);
    allowed = NULL;
    collector_add(engine_collector(engine, 0), &main_keeper.sink);
    collector_add(engine_add_side(engine, "beside", &error), &side_keeper.sink);
    start(engine);
    for (int i = 0; i < 100; i++)
        send_flows();
    wait_until((engine_counts(engine, &counts), counts.refused) == 100);
    const struct sockaddr_in honest = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 2)};
    close(from);
    from = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(from, (const struct sockaddr *)&honest, sizeof honest), 0);
    assert_int_equal(connect(from, (const struct sockaddr *)&to_address, sizeof to_address), 0);
    next_number = 0; /* with the template */
    send_flows();
    wait_until(atomic_load(&main_keeper.taken) == FLOWS_EACH && atomic_load(&side_keeper.taken) == FLOWS_EACH);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    check_account(engine, 101);
    engine_counts(engine, &counts);
    assert_int_equal(counts.refused, 100);
    assert_int_equal(counts.ledger.datagrams, 1);
    engine_side_counts(engine, 0, &side);
    assert_int_equal(side.taken, 1);
    assert_int_equal(side.missed, 0);
    assert_non_null(strstr(noted, " from 127.0.0.1"));
    engine_free(engine);
    address_list_free(list);
    keeper_done(&main_keeper);
    keeper_done(&side_keeper);
}

/* What cannot be written stays in the journal when nobody wants to wait, and the next one has it. */
static void test_left_to_the_next(void **state)
{
    (void)state;
    struct keeper keeper, next;
    struct engine_counts counts;
    struct sink_error error = {0};
    uint64_t left = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = make("left");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    send_flows();
    wait_until(atomic_load(&keeper.published) > 0);
    atomic_store(&keeper.unwritable, true);
    for (int i = 0; i < 500; i++)
        send_flows();
    wait_until(atomic_load(&keeper.taken) == next_number);
    assert_int_equal(engine_end(engine, true, always, &left, &error), 0);
    assert_int_equal(left, 500);
    check_account(engine, 501);
    engine_free(engine);

    engine = make("left");
    const struct journal_commit commit = journal_committed(engine_journal(engine, 0));
    assert_true(engine_is_resumed(engine, 0));
    assert_int_equal(commit.cut, atomic_load(&keeper.published));
    keeper_init(&next, commit.cut);
    collector_add(engine_collector(engine, 0), &next.sink);
    start(engine);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    assert_int_equal(left, 0);
    check_account(engine, 0);
    engine_counts(engine, &counts);
    assert_int_equal(counts.recovered, 500);
    assert_int_equal(counts.ledger.lost, 0); /* it went on with the numbers, too */
    for (uint32_t i = 0; i < next_number; i++) {
        const bool before = keeper.counts[i] == 1 && keeper.cuts[i] <= commit.cut;
        assert_int_equal((int)before + (int)next.counts[i], 1);
    }
    engine_free(engine);
    keeper_done(&keeper);
    keeper_done(&next);
    char path[160];
    snprintf(path, sizeof path, "%s/left-0.journal", folder);
    assert_int_equal(access(path, F_OK), -1);
}

/* Whoever is in a hurry does not wait until all that the journal holds is decoded. */
static void test_hurry_leaves_what_is_not_decoded(void **state)
{
    (void)state;
    struct keeper keeper;
    struct engine_counts counts;
    struct sink_error error = {0};
    uint64_t left = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    atomic_store(&keeper.stalled, true); /* until it is to hurry */
    struct engine *engine = make("hurry");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    for (int i = 0; i < 1000; i++)
        send_flows();
    wait_until((engine_counts(engine, &counts), counts.receiver.received == 1000));
    assert_int_equal(engine_end(engine, true, always, &left, &error), 0);
    assert_in_range(left, 1, 999);
    check_account(engine, 1000);
    engine_free(engine);
    engine = make("hurry");
    engine_counts(engine, &counts);
    assert_int_equal(counts.recovered, left);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    engine_free(engine);
    keeper_done(&keeper);
}

/* One that is to take some datagrams only keeps all that an earlier one has left, and takes as many beside them. */
static void test_a_bound_is_for_new_ones(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    atomic_store(&keeper.unwritable, true);
    struct engine *engine = make("bound");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    for (int i = 0; i < 100; i++)
        send_flows();
    wait_until(atomic_load(&keeper.taken) == next_number);
    assert_int_equal(engine_end(engine, true, always, &left, &error), 0);
    assert_int_equal(left, 100);
    engine_free(engine);
    keeper_done(&keeper);
    keeper_init(&keeper, 0);
    count_max = 5;
    engine = make("bound");
    count_max = 0;
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    for (int i = 0; i < 500; i++)
        send_flows();
    wait_until(engine_state(engine, &error) == 0);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    assert_int_equal(atomic_load(&keeper.taken), 105 * FLOWS_EACH);
    check_account(engine, 5); /* the others were not received */
    engine_free(engine);
    keeper_done(&keeper);
}

/* What is kept under a noted cut needs the journal until it has its names: nothing else tells whose it is. */
static void test_without_names_at_the_end(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 1;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = make("nameless");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    atomic_store(&keeper.nameless, true);
    start(engine);
    send_flows();
    wait_until(journal_committed(engine_journal(engine, 0)).position == 1);
    assert_int_equal(engine_end(engine, true, always, &left, &error), -1);
    assert_non_null(strstr(error.text, "no names"));
    assert_int_equal(left, 0);
    const struct journal_commit committed = journal_committed(engine_journal(engine, 0));
    engine_free(engine);
    engine = make("nameless");
    assert_int_equal(journal_committed(engine_journal(engine, 0)).cut, committed.cut);
    keeper_done(&keeper);
    keeper_init(&keeper, committed.cut);
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    engine_free(engine);
    keeper_done(&keeper);
}

/* Where a thread cannot be started, what was found stays for the next start. */
static void test_ended_before_it_was_started(void **state)
{
    (void)state;
    struct keeper keeper;
    struct engine_counts counts;
    struct sink_error error = {0};
    uint64_t left = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    atomic_store(&keeper.unwritable, true);
    struct engine *engine = make("never");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    for (int i = 0; i < 100; i++)
        send_flows();
    wait_until(atomic_load(&keeper.taken) == next_number);
    assert_int_equal(engine_end(engine, true, always, &left, &error), 0);
    engine_free(engine);
    engine = make("never");
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    assert_int_equal(left, 100);
    engine_free(engine);
    engine = make("never");
    engine_counts(engine, &counts);
    assert_int_equal(counts.recovered, 100);
    keeper_done(&keeper);
    keeper_init(&keeper, 0);
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    assert_int_equal(atomic_load(&keeper.taken), 100 * FLOWS_EACH);
    engine_free(engine);
    keeper_done(&keeper);
}

static void test_failure_ends_it(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = make(NULL);
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    atomic_store(&keeper.broken, true);
    send_flows();
    wait_until(engine_state(engine, &error) == -1);
    assert_string_equal(error.text, "broken");
    assert_int_equal(engine_end(engine, true, never, &left, &error), -1);
    engine_free(engine);
    keeper_done(&keeper);
}

static void count_sessions(void *context, const struct weir_session_view *session)
{
    *(uint64_t *)context += session->datagrams;
}

static void look(void *context, struct collector *collector)
{
    weir_decoder_sessions(collector->decoder, count_sessions, context);
}

static void test_call(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 0, datagrams = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = make(NULL);
    collector_add(engine_collector(engine, 0), &keeper.sink);
    start(engine);
    for (int i = 0; i < 10; i++)
        send_flows();
    wait_until((datagrams = 0, engine_call(engine, 0, look, &datagrams, 1000)) && datagrams == 10);
    atomic_store(&keeper.stalled, true);
    send_flows();
    for (int i = 0; i < 3; i++) { /* one that is stuck does not answer, and is asked again */
        if (!engine_call(engine, 0, look, &datagrams, 50))
            break;
        nap();
    }
    atomic_store(&keeper.stalled, false);
    wait_until((datagrams = 0, engine_call(engine, 0, look, &datagrams, 1000)) && datagrams == 11);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    engine_free(engine);
    keeper_done(&keeper);
}

static void count_threads(void *context, struct collector *collector)
{
    (void)collector;
    ++*(unsigned *)context;
}

/* Workers and lanes beside them, while datagrams come; one that is stuck, or has failed, is told of, and holds nobody up. */
static void test_call_all(void **state)
{
    (void)state;
    struct keeper main_keeper, side_keeper;
    struct sink_error error = {0};
    uint64_t left = 1;
    unsigned count = 0;
    open_sockets(8 << 20);
    keeper_init(&main_keeper, 0);
    keeper_init(&side_keeper, 0);
    struct engine *engine = make(NULL);
    collector_add(engine_collector(engine, 0), &main_keeper.sink);
    collector_add(engine_add_side(engine, "beside", &error), &side_keeper.sink);
    start(engine);
    for (unsigned i = 1; i <= 100; i++) {
        send_flows();
        assert_int_equal(engine_call_all(engine, count_threads, &count, WAIT_MS), 0);
        assert_int_equal(count, 2 * i);
    }
    wait_until(atomic_load(&side_keeper.taken) == next_number);
    atomic_store(&side_keeper.stalled, true);
    send_flows();
    wait_until(atomic_load(&main_keeper.taken) == next_number);
    unsigned missed = 0;
    wait_until((missed = engine_call_all(engine, count_threads, &count, 50)) == 1); /* from when it is stuck on */
    count = 0;
    atomic_store(&side_keeper.broken, true);
    atomic_store(&side_keeper.stalled, false);
    wait_until(engine_side_trouble(engine, &error));
    assert_int_equal(engine_call_all(engine, count_threads, &count, WAIT_MS), 1);
    assert_int_equal(count, 1);
    assert_int_equal(engine_end(engine, true, never, &left, &error), -1);
    engine_free(engine);
    keeper_done(&main_keeper);
    keeper_done(&side_keeper);
}

/* What was to be committed in an hour is when that is changed. */
static void test_set_commit(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 1;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = make(NULL);
    collector_add(engine_collector(engine, 0), &keeper.sink);
    engine_set_commit(engine, INT64_MAX);
    start(engine);
    for (int i = 0; i < 10; i++)
        send_flows();
    wait_until(atomic_load(&keeper.taken) == next_number);
    for (int i = 0; i < 100; i++)
        nap(); /* as long as five commits of before */
    assert_int_equal(atomic_load(&keeper.published), 0);
    engine_set_commit(engine, 20000);
    wait_until(atomic_load(&keeper.published) > 0);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    engine_free(engine);
    keeper_done(&keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_all_is_kept, close_sockets),
        cmocka_unit_test_teardown(test_account_between_ticks, close_sockets),
        cmocka_unit_test_teardown(test_stalled, close_sockets),
        cmocka_unit_test_teardown(test_drops_before_the_start, close_sockets),
        cmocka_unit_test_teardown(test_side_is_stalled, close_sockets),
        cmocka_unit_test_teardown(test_refused, close_sockets),
        cmocka_unit_test_teardown(test_left_to_the_next, close_sockets),
        cmocka_unit_test_teardown(test_hurry_leaves_what_is_not_decoded, close_sockets),
        cmocka_unit_test_teardown(test_a_bound_is_for_new_ones, close_sockets),
        cmocka_unit_test_teardown(test_without_names_at_the_end, close_sockets),
        cmocka_unit_test_teardown(test_ended_before_it_was_started, close_sockets),
        cmocka_unit_test_teardown(test_failure_ends_it, close_sockets),
        cmocka_unit_test_teardown(test_call, close_sockets),
        cmocka_unit_test_teardown(test_call_all, close_sockets),
        cmocka_unit_test_teardown(test_set_commit, close_sockets),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
