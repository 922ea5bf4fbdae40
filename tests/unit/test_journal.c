/* SPDX-License-Identifier: MIT */
/* test_journal.c - the ring of slots, filled by real sockets */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "journal_maker.h"

static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1464, JOURNAL_PAYLOAD_BYTES - 1, JOURNAL_PAYLOAD_BYTES,
                                   JOURNAL_PAYLOAD_BYTES + 1, 9000, 65507, 0, 20};
    struct journal *journal = open_it();
    assert_non_null(journal);
    for (uint32_t round = 0; round < 300; round++) {
        for (uint32_t i = 0; i < 10; i++)
            send_one(round + i, sizes[i]);
        const uint64_t head = journal_head(journal);
        assert_int_equal(receive(journal), 10);
        for (uint32_t i = 0; i < 10; i++)
            check(journal, head + i, round + i, sizes[i]);
        commit(journal, round + 1, head + 10);
    }
    journal_close(journal, true);
    assert_int_equal(access(path, F_OK), -1);
}

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The time is that of the kernel, when it came, not when it is looked at; and the sender is who sent it. */
static void test_time_and_sender(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    assert_non_null(journal);
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    assert_int_equal(getsockname(from, (struct sockaddr *)&own, &length), 0);
    const int64_t before_us = clock_us();
    send_one(1, 100);
    const int64_t after_us = clock_us();
    assert_int_equal(receive(journal), 1);
    while (clock_us() <= after_us + 1000)
        ;
    struct weir_datagram datagram;
    assert_true(journal_datagram(journal, journal_head(journal) - 1, &datagram));
    assert_in_range(datagram.received_us, before_us, after_us);
    assert_memory_equal(datagram.source.octets, &own.sin_addr, 4);
    assert_int_equal(datagram.source_port, ntohs(own.sin_port));
    journal_close(journal, true);
}

/* More long ones than there are chunks: those that have none are told apart, and counted by whoever reads. */
static void test_long_ones_without_room(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    uint32_t whole = 0, cut_off = 0;
    for (uint32_t i = 0; i < 300; i++) {
        send_one(i, 20000);
        assert_int_equal(receive(journal), 1);
    }
    for (uint32_t i = 0; i < 300; i++) {
        struct weir_datagram datagram;
        if (journal_datagram(journal, i, &datagram)) {
            check(journal, i, i, 20000);
            whole++;
        } else {
            cut_off++;
        }
    }
    assert_int_equal(whole + cut_off, 300);
    assert_true(whole >= JOURNAL_CHUNKS - JOURNAL_BURST);
    assert_true(cut_off > 0);
    commit(journal, 1, 300);
    for (uint32_t i = 0; i < 20; i++) { /* there is room again: as much as is not on offer for others */
        send_one(i, 20000);
        receive(journal);
    }
    const uint64_t last = journal_head(journal) - 1;
    check(journal, last, 20 - 1, 20000);
    journal_close(journal, true);
}

/* Those of jumbo frames have room in number, and what is held is to be committed before that ends. */
static void test_medium_ones(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    for (uint32_t i = 0; i < JOURNAL_SLOTS_MIN - 1; i++) {
        send_one(i, 3000 + i % 6000);
        assert_int_equal(receive(journal), 1);
        if (i < JOURNAL_MEDIUM_CHUNKS / 2 - 2)
            assert_false(journal_is_pressed(journal));
    }
    assert_true(journal_is_pressed(journal));
    journal_close(journal, false);
    journal = open_it(); /* as after a kill */
    for (uint32_t i = 0; i < JOURNAL_SLOTS_MIN - 1; i++)
        check(journal, i, i, 3000 + i % 6000);
    commit(journal, 1, JOURNAL_SLOTS_MIN - 1);
    for (uint32_t i = 0; i < 3; i++) {
        send_one(i, 9216);
        assert_int_equal(receive(journal), 1);
        check(journal, JOURNAL_SLOTS_MIN - 1 + i, i, 9216);
    }
    assert_false(journal_is_pressed(journal));
    journal_close(journal, true);
}

static void test_full(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    uint32_t room;
    const uint32_t slots = journal_slot_count(journal);
    for (uint32_t i = 0; i < slots - 1; i++) {
        send_one(i, 100);
        assert_int_equal(receive(journal), 1);
    }
    assert_null(journal_offer(journal, &room));
    assert_int_equal(room, 0);
    send_one(slots, 100);
    assert_int_equal(receive(journal), 0);
    check(journal, 0, 0, 100);
    commit(journal, 1, 1);
    assert_int_equal(receive(journal), 1);
    check(journal, slots - 1, slots, 100);
    check(journal, 1, 1, 100);
    journal_close(journal, true);
}

static void test_in_use(void **state)
{
    (void)state;
    const struct journal_options options = {.path = path, .size_bytes = 2 << 20, .worker_count = 1};
    struct sink_error error = {0};
    struct journal *journal = open_it();
    assert_null(journal_open(&options, NULL, NULL, &error));
    assert_non_null(strstr(error.text, "in use"));
    journal_close(journal, true);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_null(journal_open(&options, NULL, NULL, &error));
}

static void test_without_a_file(void **state)
{
    (void)state;
    const struct journal_options options = {.size_bytes = 2 << 20, .worker_count = 1};
    struct sink_error error = {0};
    struct journal *journal = journal_open(&options, NULL, NULL, &error);
    assert_null(journal_path(journal));
    send_one(3, 300);
    assert_int_equal(receive(journal), 1);
    check(journal, 0, 3, 300);
    journal_close(journal, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_and_sender, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_ones_without_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_medium_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_file, set_up, tear_down),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
