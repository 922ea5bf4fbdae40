/* SPDX-License-Identifier: MIT */
/*
 * journal_maker.h - journals for tests, filled by a real socket
 *
 * To be included behind cmocka.h.
 */
#ifndef JOURNAL_MAKER_H
#define JOURNAL_MAKER_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal.h"
#include "journal_layout.h"

static char folder[] = "/tmp/weir-journal-XXXXXX";
static char path[128];
static int from, to; /* sockets */
static char warned[1024];

static inline void note_warning(void *context, const char *text)
{
    (void)context;
    snprintf(warned, sizeof warned, "%s", text);
}

static inline struct journal *open_it(void)
{
    const struct journal_options options = {.path = path, .size_bytes = 2 << 20, .worker_count = 3};
    struct sink_error error = {0};
    warned[0] = '\0';
    struct journal *journal = journal_open(&options, note_warning, NULL, &error);
    if (journal == NULL)
        print_error("%s\n", error.text);
    return journal;
}

static inline int set_up(void **state)
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
    if (bind(to, (struct sockaddr *)&address, length) != 0 ||
        getsockname(to, (struct sockaddr *)&address, &length) != 0)
        return -1;
    return connect(from, (struct sockaddr *)&address, length);
}

static inline int tear_down(void **state)
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
static inline void fill(uint8_t *octets, size_t size_bytes, uint32_t number)
{
    for (size_t i = 0; i < size_bytes; i++)
        octets[i] = (uint8_t)(number * 31 + i * 7 + i / 256);
}

static inline void send_one(uint32_t number, size_t size_bytes)
{
    static uint8_t octets[65536];
    fill(octets, size_bytes, number);
    assert_int_equal(send(from, octets, size_bytes, 0), size_bytes);
}

/* Receives what is there; returns how many. */
static inline uint32_t receive(struct journal *journal)
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

static inline void check_datagram(const struct weir_datagram *datagram, uint32_t number, size_t size_bytes)
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

static inline void check(struct journal *journal, uint64_t position, uint32_t number, size_t size_bytes)
{
    struct weir_datagram datagram;
    assert_true(journal_datagram(journal, position, &datagram));
    check_datagram(&datagram, number, size_bytes);
}

static inline void commit(struct journal *journal, uint64_t cut, uint64_t position)
{
    const struct journal_commit commit = {cut, position};
    journal_commit(journal, &commit);
}

#endif
