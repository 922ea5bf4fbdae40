/* SPDX-License-Identifier: MIT */
/* test_journal_left.c - what is left of a journal by a kill, by another process, and by hands that meddle */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "journal_file.h"
#include "journal_maker.h"

/* One whose making was cut off just when it could be told that it is a journal: nothing was received into it yet. */
static void test_made_but_never_used(void **state)
{
    (void)state;
    const struct journal_options options = {.path = path, .size_bytes = 2 << 20, .worker_count = 1};
    struct sink_error error = {0};
    struct journal_file file;
    assert_int_equal(journal_file_open(&options, &file, NULL, NULL, &error), 0);
    journal_file_close(&file); /* journal_open() does more; it did not come to that */
    struct journal *journal = open_it();
    assert_non_null(journal);
    assert_int_equal(journal_head(journal), 0);
    assert_false(journal_is_recovered(journal));
    journal_close(journal, true);
}

/* Long ones that hold all chunks stay whole over a kill, whatever is received after that. */
static void test_all_chunks_outlive_a_kill(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    for (uint32_t i = 0; i < 4 * JOURNAL_BURST; i++) { /* each place in a burst gives away its chunk, and has a new
                                                        * one */
        send_one(i, 20000);
        if (i % JOURNAL_BURST == JOURNAL_BURST - 1)
            assert_int_equal(receive(journal), JOURNAL_BURST);
    }
    uint32_t whole = 0;
    bool is_whole[4 * JOURNAL_BURST];
    struct weir_datagram datagram;
    for (uint32_t i = 0; i < 4 * JOURNAL_BURST; i++)
        whole += is_whole[i] = journal_datagram(journal, i, &datagram);
    assert_int_equal(whole, JOURNAL_CHUNKS);
    journal_close(journal, false);
    journal = open_it();
    assert_int_equal(journal_head(journal), 4 * JOURNAL_BURST);
    for (uint32_t i = 0; i < JOURNAL_BURST; i++) {
        send_one(100000 + i, 6000);
        if (i % JOURNAL_BURST == JOURNAL_BURST - 1)
            assert_int_equal(receive(journal), JOURNAL_BURST);
    }
    for (uint32_t i = 0; i < 4 * JOURNAL_BURST; i++) {
        assert_int_equal(journal_datagram(journal, i, &datagram), is_whole[i]);
        if (is_whole[i])
            check(journal, i, i, 20000);
    }
    journal_close(journal, true);
}

#define LONG_NAME "/is/longer/than/what/is/kept/so/that/its/beginning/is/left/out/and/its/end/is/there"

static void check_writer(const struct journal *journal, int i, uint64_t wanted_key, const char *wanted_name)
{
    uint64_t key;
    char name[JOURNAL_WRITER_NAME];
    assert_true(journal_writer_at(journal, i, &key, name));
    assert_int_equal(key, wanted_key);
    assert_string_equal(name, wanted_name);
}

/* What a kill leaves: the mapping goes, nothing else is done. */
static void test_reopen(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 3000; before += 271) {
        struct journal *journal = open_it();
        journal_writer_set(journal, 77, 0xabcd, "/one");
        journal_writer_set(journal, 78, before + 1, LONG_NAME);
        journal_writer_set(journal, 77, 0xabce, "/a\033b");
        assert_false(journal_is_recovered(journal));
        for (uint32_t i = 0; i < before; i++) {
            send_one(i, 100);
            receive(journal);
            if (i % 64 == 63)
                commit(journal, i / 64 + 1, i + 1);
        }
        send_one(1000000, 0);
        send_one(1000001, 30000);
        send_one(1000002, 50);
        receive(journal);
        const struct journal_commit last = journal_committed(journal);
        journal_close(journal, false);

        journal = open_it();
        assert_non_null(journal);
        assert_string_equal(warned, "");
        assert_true(journal_is_recovered(journal));
        assert_int_equal(journal_writer(journal, 77), 0xabce);
        assert_int_equal(journal_writer(journal, 78), before + 1);
        assert_int_equal(journal_writer(journal, 79), 0);
        check_writer(journal, 0, 77, "/a?b");
        check_writer(journal, 1, 78, &LONG_NAME[sizeof LONG_NAME - JOURNAL_WRITER_NAME]);
        assert_false(journal_writer_at(journal, 2, &(uint64_t){0}, (char[JOURNAL_WRITER_NAME]){0}));
        assert_int_equal(journal_worker_count(journal), 3);
        assert_int_equal(journal_committed(journal).position, last.position);
        assert_int_equal(journal_committed(journal).cut, last.cut);
        assert_int_equal(journal_head(journal), before + 3);
        for (uint32_t i = (uint32_t)last.position; i < before; i++)
            check(journal, i, i, 100);
        check(journal, before, 1000000, 0);
        check(journal, before + 1, 1000001, 30000);
        check(journal, before + 2, 1000002, 50);
        send_one(7, 20000); /* takes no chunk that is in use */
        assert_int_equal(receive(journal), 1);
        check(journal, before + 1, 1000001, 30000);
        check(journal, before + 3, 7, 20000);
        journal_close(journal, true);
    }
}

/* A burst that filled all slots on offer, and the process ended before anything else: what is behind is not older
 * stuff. */
static void test_killed_within_the_call(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    const uint32_t slots = journal_slot_count(journal);
    for (uint32_t i = 0; i < slots + 100; i++) {
        send_one(i, 60);
        receive(journal);
        commit(journal, i + 1, i + 1);
    }
    for (uint32_t i = 0; i < JOURNAL_BURST; i++)
        send_one(i, 70);
    uint32_t room;
    struct mmsghdr *messages = journal_offer(journal, &room);
    assert_int_equal(recvmmsg(to, messages, room, MSG_DONTWAIT, NULL), JOURNAL_BURST);
    journal_close(journal, false); /* journal_received() was not called */
    journal = open_it();
    assert_int_equal(journal_head(journal), slots + 100 + JOURNAL_BURST);
    for (uint32_t i = 0; i < JOURNAL_BURST; i++)
        check(journal, slots + 100 + i, i, 70);
    journal_close(journal, true);
}

/* The one before ends, and removes its journal, between the opening and the locking of the next one: that is not on a
 * file without a name then. */
static void *end_soon(void *context)
{
    const struct timespec a_while = {.tv_nsec = 1000};
    nanosleep(&a_while, NULL);
    journal_close(context, true);
    return NULL;
}

static void test_drops_are_there_for_the_next(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    struct journal_drops drops = {.kernel = 5, .journal = 1, .sockets[0] = {.cookie = 77, .dropped = 6}}, noted;
    journal_drops_noted(journal, &noted);
    assert_int_equal(noted.kernel + noted.journal + noted.sockets[0].cookie, 0);
    journal_drops_note(journal, &drops);
    drops.kernel = 8;
    drops.sockets[0].dropped = 9;
    journal_drops_note(journal, &drops);
    journal_close(journal, false);
    journal = open_it();
    journal_drops_noted(journal, &noted);
    assert_memory_equal(&noted, &drops, sizeof drops);
    journal_close(journal, true);
}

static void test_removed_meanwhile(void **state)
{
    (void)state;
    const struct journal_options options = {.path = path, .size_bytes = 2 << 20, .worker_count = 1};
    for (int round = 0; round < 300; round++) {
        struct journal *journal = open_it(), *next = NULL;
        struct sink_error error = {0};
        pthread_t thread;
        assert_non_null(journal);
        assert_int_equal(pthread_create(&thread, NULL, end_soon, journal), 0);
        while (next == NULL)
            next = journal_open(&options, NULL, NULL, &error); /* in use, for a while */
        pthread_join(thread, NULL);
        assert_int_equal(access(path, F_OK), 0);
        journal_close(next, true);
    }
}

/* A file with 100 datagrams, of which 40 are committed. */
static size_t make_file(void)
{
    struct stat is;
    struct journal *journal = open_it();
    for (uint32_t i = 0; i < 100; i++)
        send_one(i, i % 10 == 0 ? 9000 : 200);
    assert_int_equal(receive(journal), 100);
    commit(journal, 1, 40);
    journal_close(journal, false);
    assert_int_equal(stat(path, &is), 0);
    return (size_t)is.st_size;
}

/* Cut off anywhere, it is moved aside and a new one made; what could be read of it was not to be trusted. */
static void test_cut_off(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 7, 8, 100, sizeof(struct journal_header) - 1, 4095, 4096, 100000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        make_file();
        assert_int_equal(truncate(path, (off_t)lengths[i]), 0);
        struct journal *journal = open_it();
        assert_non_null(journal);
        assert_false(journal_is_recovered(journal));
        assert_non_null(strstr(warned, "cannot be read"));
        assert_int_equal(journal_head(journal), 0);
        journal_close(journal, true);
    }
}

static uint64_t random_number(void)
{
    static uint64_t seed = 88172645463325252;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* Whatever is in it, reading stays within. */
static void test_meddled_with(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        const size_t size_bytes = make_file();
        const int fd = open(path, O_RDWR);
        for (int i = 0; i < 400; i++) {
            const uint64_t value = random_number();
            const size_t at = round % 3 == 0 ? random_number() % sizeof(struct journal_header)
                                             : JOURNAL_HEADER_BYTES + random_number() % (1024 * 64 + 100 * 2048);
            assert_int_equal(pwrite(fd, &value, (size_t)i % 8 + 1, (off_t)(at < size_bytes - 8 ? at : 0)), i % 8 + 1);
        }
        close(fd);
        struct journal *journal = open_it();
        assert_non_null(journal);
        volatile uint64_t sum = 0;
        for (uint64_t p = journal_committed(journal).position; p < journal_head(journal); p++) {
            struct weir_datagram datagram;
            if (!journal_datagram(journal, p, &datagram))
                continue;
            assert_true(datagram.size_bytes < 65536);
            for (size_t i = 0; i < datagram.size_bytes; i += 64)
                sum += datagram.data[i];
        }
        (void)sum;
        send_one(1, 4000);
        receive(journal);
        journal_close(journal, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_but_never_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_chunks_outlive_a_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reopen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_within_the_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removed_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drops_are_there_for_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_meddled_with, set_up, tear_down),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
