/* SPDX-License-Identifier: MIT */
/* test_journal.c - the ring of slots, filled by real sockets; what is left of it by a kill, and by hands that meddle */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal.h"
#include "journal_file.h"
#include "journal_layout.h"

static char folder[] = "/tmp/weir-journal-XXXXXX";
static char path[128];
static int from, to; /* sockets */
static char warned[1024];

static void note_warning(void *context, const char *text)
{
    (void)context;
    snprintf(warned, sizeof warned, "%s", text);
}

static struct journal *open_it(void)
{
    const struct journal_options options = {.path = path, .size_bytes = 2 << 20, .worker_count = 3};
    struct sink_error error = {0};
    warned[0] = '\0';
    struct journal *journal = journal_open(&options, note_warning, NULL, &error);
    if (journal == NULL)
        print_error("%s\n", error.text);
    return journal;
}

static int set_up(void **state)
{
    (void)state;
    const int on = 1, room = 4 << 20;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    snprintf(path, sizeof path, "%s/j.journal", folder);
    to = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    from = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(to, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(to, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (bind(to, (struct sockaddr *)&address, length) != 0 || getsockname(to, (struct sockaddr *)&address, &length) != 0)
        return -1;
    return connect(from, (struct sockaddr *)&address, length);
}

static int tear_down(void **state)
{
    char aside[160];
    (void)state;
    close(from);
    close(to);
    unlink(path);
    snprintf(aside, sizeof aside, "%s.damaged", path);
    unlink(aside);
    return 0;
}

/* Octets that tell which number and size they are of. */
static void fill(uint8_t *octets, size_t size_bytes, uint32_t number)
{
    for (size_t i = 0; i < size_bytes; i++)
        octets[i] = (uint8_t)(number * 31 + i * 7 + i / 256);
}

static void send_one(uint32_t number, size_t size_bytes)
{
    static uint8_t octets[65536];
    fill(octets, size_bytes, number);
    assert_int_equal(send(from, octets, size_bytes, 0), size_bytes);
}

/* Receives what is there; returns how many. */
static uint32_t receive(struct journal *journal)
{
    uint32_t room, sum = 0;
    struct mmsghdr *messages;
    while ((messages = journal_offer(journal, &room)) != NULL) {
        const int count = recvmmsg(to, messages, room, MSG_DONTWAIT, NULL);
        if (count <= 0)
            break;
        journal_received(journal, (uint32_t)count);
        sum += (uint32_t)count;
    }
    return sum;
}

static void check_datagram(const struct weir_datagram *datagram, uint32_t number, size_t size_bytes)
{
    static uint8_t octets[65536];
    fill(octets, size_bytes, number);
    assert_int_equal(datagram->size_bytes, size_bytes);
    assert_memory_equal(datagram->data, octets, size_bytes);
    assert_int_equal(datagram->source.family, 4);
    assert_int_equal(datagram->source.octets[0], 127);
    assert_true(datagram->source_port > 0);
    assert_true(datagram->received_us > INT64_C(1600000000000000));
}

static void check(struct journal *journal, uint64_t position, uint32_t number, size_t size_bytes)
{
    struct weir_datagram datagram;
    assert_true(journal_datagram(journal, position, &datagram));
    check_datagram(&datagram, number, size_bytes);
}

static void commit(struct journal *journal, uint64_t cut, uint64_t position)
{
    const struct journal_commit commit = {cut, position};
    journal_commit(journal, &commit);
}

static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1464, JOURNAL_PAYLOAD_BYTES - 1, JOURNAL_PAYLOAD_BYTES, JOURNAL_PAYLOAD_BYTES + 1,
                                   9000, 65507, 0, 20};
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

/* More long ones than there are chunks: those that have none are told apart, and counted by whoever reads. */
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

/* Long ones that hold all chunks stay whole over a kill, whatever is received after that. */
static void test_all_chunks_outlive_a_kill(void **state)
{
    (void)state;
    struct journal *journal = open_it();
    for (uint32_t i = 0; i < 4 * JOURNAL_BURST; i++) { /* each place in a burst gives away its chunk, and has a new one */
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

/* What a kill leaves: the mapping goes, nothing else is done. */
static void test_reopen(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 3000; before += 271) {
        struct journal *journal = open_it();
        journal_writer_set(journal, 77, 0xabcd);
        journal_writer_set(journal, 78, before + 1);
        journal_writer_set(journal, 77, 0xabce);
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

/* A burst that filled all slots on offer, and the process ended before anything else: what is behind is not older stuff. */
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

/* Room of long payloads that are committed is used again before the slots are: whoever copies late gets what was there, or nothing. */
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

/* The one before ends, and removes its journal, between the opening and the locking of the next one: that is not on a file without
 * a name then. */
static void *end_soon(void *context)
{
    const struct timespec a_while = {.tv_nsec = 1000};
    nanosleep(&a_while, NULL);
    journal_close(context, true);
    return NULL;
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
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_and_sender, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_ones_without_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_chunks_outlive_a_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_medium_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reopen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_within_the_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_copies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marks_at_one_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_late_copies_of_long_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removed_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drops_are_there_for_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_meddled_with, set_up, tear_down),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return result;
}
