/* SPDX-License-Identifier: MIT */
/* test_journal_readers.c - who reads copies from a journal, each at a pace of its own */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "journal_maker.h"

static void test_copies(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    struct journal_copies *copies = journal_copies_create();
    const uint32_t slots = journal_slot_count(journal);
    const int reader = journal_reader_add(journal);
    uint64_t position = 0, missed = 0;
    struct weir_datagram datagram;
    assert_int_equal(journal_copy(journal, reader, &position, copies, &missed), 0);
    for (uint32_t i = 0; i < 70; i++)
        send_one(i, i % 2 == 0 ? 100 : 30000);
    receive(journal);
    commit(journal, 1, 70); /* copies do without */
    assert_int_equal(journal_copy(journal, reader, &position, copies, &missed), JOURNAL_BURST);
    for (uint32_t i = 0; i < JOURNAL_BURST; i++) {
        assert_true(journal_copies_datagram(copies, i, &datagram));
        check_datagram(&datagram, i, i % 2 == 0 ? 100 : 30000);
    }
    for (uint32_t i = 0; i < slots + 10; i++) {
        send_one(i, 100);
        receive(journal);
        commit(journal, i + 2, 71 + i);
    }
    uint64_t copied = JOURNAL_BURST;
    for (uint32_t got; (got = journal_copy(journal, reader, &position, copies, &missed)) > 0; copied += got) {
        assert_true(journal_copies_datagram(copies, 0, &datagram));
        check_datagram(&datagram, (uint32_t)(position - got - 70), 100);
    }
    assert_int_equal(position, journal_head(journal));
    assert_int_equal(copied + missed, journal_head(journal));
    assert_true(missed > 0 && missed < 200);
    journal_bookmark_set(journal, "first", 5);
    journal_bookmark_set(journal, "second", 6);
    journal_bookmark_set(journal, "first", 7);
    journal_close(journal, false);
    journal = open_it();
    assert_int_equal(journal_bookmark(journal, "first"), 7);
    assert_int_equal(journal_bookmark(journal, "second"), 6);
    assert_int_equal(journal_bookmark(journal, "third"), 0);
    journal_copies_free(copies);
    journal_close(journal, true);
}

enum { MARKERS = 8, MARK_ROUNDS = 200 };

struct marker {
    struct journal *journal;
    pthread_barrier_t *together;
    char name[16];
    uint64_t position;
};

static void *mark(void *context)
{
    const struct marker *marker = context;
    pthread_barrier_wait(marker->together);
    journal_bookmark_set(marker->journal, marker->name, marker->position);
    return NULL;
}

/* Readers begin at one time, and none takes another's mark. */
static void test_marks_at_one_time(void **state)
{
    (void)state;
    for (int round = 0; round < MARK_ROUNDS; round++) {
        struct journal *journal = open_it();
        struct marker markers[MARKERS];
        pthread_t threads[MARKERS];
        pthread_barrier_t together;
        pthread_barrier_init(&together, NULL, MARKERS);
        for (uint32_t i = 0; i < MARKERS; i++) {
            markers[i] = (struct marker){.journal = journal, .together = &together, .position = i + 1};
            snprintf(markers[i].name, sizeof markers[i].name, "reader-%u", i);
            assert_int_equal(pthread_create(&threads[i], NULL, mark, &markers[i]), 0);
        }
        for (uint32_t i = 0; i < MARKERS; i++)
            pthread_join(threads[i], NULL);
        for (uint32_t i = 0; i < MARKERS; i++)
            assert_int_equal(journal_bookmark(journal, markers[i].name), i + 1);
        pthread_barrier_destroy(&together);
        journal_close(journal, true);
    }
}

/* Room of long payloads that are committed is used again before the slots are: whoever copies late gets what was there,
 * or nothing. */
static void test_late_copies_of_long_ones(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    struct journal_copies *copies = journal_copies_create();
    const int reader = journal_reader_add(journal);
    uint64_t position = 0, missed = 0, whole = 0;
    for (uint32_t i = 0; i < 500; i++) {
        send_one(i, 4000);
        assert_int_equal(receive(journal), 1);
        commit(journal, i + 1, i + 1);
    }
    for (uint32_t got; (got = journal_copy(journal, reader, &position, copies, &missed)) > 0;) {
        for (uint32_t i = 0; i < got; i++) {
            struct weir_datagram datagram;
            if (!journal_copies_datagram(copies, i, &datagram))
                continue;
            check_datagram(&datagram, (uint32_t)(position - got + i), 4000);
            whole++;
        }
    }
    assert_int_equal(position, 500);
    assert_true(whole > 0 && whole <= JOURNAL_CHUNKS);
    journal_copies_free(copies);
    journal_close(journal, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_copies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marks_at_one_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_late_copies_of_long_ones, set_up, tear_down),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
