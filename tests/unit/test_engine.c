/* SPDX-License-Identifier: MIT */
/*
 * test_engine.c - the live collector with sockets of its own: what was sent is kept once, whoever stalls; and all is
 * accounted for
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_maker.h"

static void test_all_is_kept(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 1;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = begin("all", &keeper);
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
    struct engine *engine = begin("account", &keeper);
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

static void test_failure_ends_it(void **state)
{
    (void)state;
    struct keeper keeper;
    struct sink_error error = {0};
    uint64_t left = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    struct engine *engine = begin(NULL, &keeper);
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
    struct engine *engine = begin(NULL, &keeper);
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

/* Workers and lanes beside them, while datagrams come; one that is stuck, or has failed, is told of, and holds nobody
 * up. */
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
