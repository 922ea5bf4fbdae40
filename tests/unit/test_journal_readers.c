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
    const int first = journal_bookmark(journal, "first", 0), second = journal_bookmark(journal, "second", 0);
    journal_bookmark_set(journal, first, 5);
    journal_bookmark_set(journal, second, 6);
    journal_bookmark_set(journal, first, 7);
    journal_close(journal, false);
    journal = open_it();
    assert_int_equal(journal_bookmark_position(journal, journal_bookmark(journal, "first", 0)), 7);
    assert_int_equal(journal_bookmark_position(journal, journal_bookmark(journal, "second", 0)), 6);
    assert_int_equal(journal_bookmark_position(journal, journal_bookmark(journal, "third", 4)), 4);
    journal_copies_free(copies);
    journal_close(journal, true);
}

/* More names than there is room for do no harm: what those write is written again. */
static void test_too_many_bookmarks(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    const struct journal_intent intent = {.position = 1};
    char name[16];
    for (int i = 0; i < JOURNAL_BOOKMARKS; i++) {
        snprintf(name, sizeof name, "reader-%d", i);
        assert_int_equal(journal_bookmark(journal, name, 0), i);
    }
    const int none = journal_bookmark(journal, "one more", 0);
    assert_int_equal(none, -1);
    journal_bookmark_set(journal, none, 3);
    journal_intent_note(journal, none, &intent);
    assert_int_equal(journal_bookmark_position(journal, none), 0);
    assert_int_equal(journal_intent(journal, none).position, 0);
    for (int i = 0; i < JOURNAL_BOOKMARKS; i++) {
        assert_int_equal(journal_bookmark_position(journal, i), 0);
        assert_int_equal(journal_intent(journal, i).position, 0);
    }
    journal_close(journal, true);
}

static void check_intents(const struct journal *journal, uint64_t position)
{
    for (int i = 0; i <= JOURNAL_COMMITTER; i++) {
        const struct journal_intent intent = journal_intent(journal, i);
        const uint64_t wanted = position == 0 ? 0 : position + (uint64_t)i;
        assert_int_equal(intent.position, wanted);
        assert_int_equal(intent.write.behind, wanted);
    }
}

/* Intents outlive the process, and a file of a version that knew none has none, and all else. */
static void test_intents(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    const uint32_t slots = journal_slot_count(journal);
    journal_bookmark_set(journal, journal_bookmark(journal, "first", 0), 7);
    check_intents(journal, 0);
    for (uint64_t turn = 1; turn < 4; turn++) {
        for (int i = 0; i <= JOURNAL_COMMITTER; i++) {
            const struct journal_intent intent = {100 * turn + (uint64_t)i, {1, 2, 3, 100 * turn + (uint64_t)i}};
            journal_intent_note(journal, i, &intent);
        }
        check_intents(journal, 100 * turn);
    }
    send_one(5, 100);
    assert_int_equal(receive(journal), 1);
    journal_close(journal, false);
    check_intents(journal = open_it(), 300);
    journal_close(journal, false);

    assert_int_equal(truncate(path, (off_t)journal_old_size_bytes(slots)), 0);
    check_intents(journal = open_it(), 0);
    assert_string_equal(warned, "");
    assert_int_equal(journal_slot_count(journal), slots);
    assert_int_equal(journal_bookmark_position(journal, journal_bookmark(journal, "first", 0)), 7);
    check(journal, 0, 5, 100);
    journal_close(journal, true);
}

/* What was committed is there for who had not come to it when the process was killed, as long as its slots are not used again. */
static void test_committed_ones_outlive_a_kill(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    struct journal_copies *copies = journal_copies_create();
    const uint32_t slots = journal_slot_count(journal);
    uint32_t number = 0;
    for (uint32_t end = slots / 2; end < 4 * slots; end += slots / 2) {
        for (; number < end; number++) {
            send_one(number, 100);
            receive(journal);
        }
        commit(journal, end, end);
        journal_close(journal, false);
        journal = open_it();
        uint64_t position = 0, missed = 0, copied = 0;
        const int reader = journal_reader_add(journal);
        for (uint32_t got; (got = journal_copy(journal, reader, &position, copies, &missed)) > 0; copied += got) {
            for (uint32_t i = 0; i < got; i++) {
                struct weir_datagram datagram;
                assert_true(journal_copies_datagram(copies, i, &datagram));
                check_datagram(&datagram, (uint32_t)(position - got) + i, 100);
            }
        }
        assert_int_equal(copied + missed, end);
        assert_int_equal(copied, end < slots ? end : slots - JOURNAL_BURST - 1);
    }
    journal_copies_free(copies);
    journal_close(journal, true);
}

static void test_tidy(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    const struct journal_intent intent = {.position = 8};
    for (const char *const *name = (const char *const[]){"first", "second", NULL}; *name != NULL; name++) {
        const int bookmark = journal_bookmark(journal, *name, 7);
        journal_intent_note(journal, bookmark, &intent);
    }
    journal_close(journal, false);
    journal = open_it();
    const int first = journal_bookmark(journal, "first", 9);
    journal_bookmarks_tidy(journal);
    const int second = journal_bookmark(journal, "second", 9);
    assert_int_equal(journal_bookmark_position(journal, first), 7);
    assert_int_equal(journal_intent(journal, first).position, 8);
    assert_int_equal(journal_bookmark_position(journal, second), 9);
    assert_int_equal(journal_intent(journal, second).position, 0);
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
    journal_bookmark_set(marker->journal, journal_bookmark(marker->journal, marker->name, 0), marker->position);
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
            assert_int_equal(journal_bookmark_position(journal, journal_bookmark(journal, markers[i].name, 0)), i + 1);
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
        cmocka_unit_test_setup_teardown(test_too_many_bookmarks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_intents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_committed_ones_outlive_a_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tidy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marks_at_one_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_late_copies_of_long_ones, set_up, tear_down),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
