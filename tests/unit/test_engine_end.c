/* SPDX-License-Identifier: MIT */
/*
 * test_engine_end.c - how a live collector ends, and what it leaves to the next one
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_maker.h"

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
    struct engine *engine = begin("left", &keeper);
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
    struct engine *engine = begin("hurry", &keeper);
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
    struct engine *engine = begin("bound", &keeper);
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
    struct engine *engine = begin("never", &keeper);
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

/* A sink beside goes on behind what it has, and knows the templates that came before: nobody had kept them. */
static void test_side_has_all_once(void **state)
{
    (void)state;
    struct keeper keeper, side, next, next_side;
    struct sink_error error = {0};
    uint64_t left = 0;
    open_sockets(8 << 20);
    keeper_init(&keeper, 0);
    keeper_init(&side, 0);
    atomic_store(&keeper.unwritable, true);
    struct engine *engine = make("beside");
    collector_add(engine_collector(engine, 0), &keeper.sink);
    collector_add(engine_add_side(engine, "side", &error), &side.sink);
    start(engine);
    for (int i = 0; i < 100; i++)
        send_flows();
    const uint32_t before = next_number;
    wait_until(atomic_load(&side.taken) == before && atomic_load(&keeper.taken) == before);
    assert_int_equal(engine_end(engine, true, always, &left, &error), 0);
    assert_int_equal(left, 100);
    engine_free(engine);

    engine = make("beside");
    keeper_init(&next, 0);
    keeper_init(&next_side, 0);
    collector_add(engine_collector(engine, 0), &next.sink);
    collector_add(engine_add_side(engine, "side", &error), &next_side.sink);
    start(engine);
    for (int i = 0; i < 100; i++)
        send_flows();
    wait_until(atomic_load(&next_side.taken) == next_number - before);
    assert_int_equal(engine_end(engine, true, never, &left, &error), 0);
    struct side_lane_counts counts;
    engine_side_counts(engine, 0, &counts);
    assert_int_equal(counts.taken, 100);
    assert_int_equal(counts.missed, 0);
    for (uint32_t i = 0; i < next_number; i++) {
        assert_int_equal(next.counts[i], 1);
        assert_int_equal(side.counts[i], i < before);
        assert_int_equal(next_side.counts[i], i >= before);
    }
    engine_free(engine);
    keeper_done(&keeper);
    keeper_done(&side);
    keeper_done(&next);
    keeper_done(&next_side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_left_to_the_next, close_sockets),
        cmocka_unit_test_teardown(test_side_has_all_once, close_sockets),
        cmocka_unit_test_teardown(test_hurry_leaves_what_is_not_decoded, close_sockets),
        cmocka_unit_test_teardown(test_a_bound_is_for_new_ones, close_sockets),
        cmocka_unit_test_teardown(test_without_names_at_the_end, close_sockets),
        cmocka_unit_test_teardown(test_ended_before_it_was_started, close_sockets),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
