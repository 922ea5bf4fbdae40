/* SPDX-License-Identifier: MIT */
/*
 * test_sender.c - what is added arrives: in order, whole, from the address that was asked for; what does not is counted
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sender.h"

enum { PATIENCE_MS = 10000, BYTES_MAX = 65536 };

/* What sendmmsg() is to fail with, before it does what it should: the next so many calls, or each whose first message
 * is to be cut up. */
static int fault, faults_left;
static bool fault_of_segments;

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    if (fault_of_segments) {
        unsigned whole = 0;
        while (whole < count && messages[whole].msg_hdr.msg_iovlen == 1)
            whole++;
        if (whole == 0) {
            errno = fault;
            return -1;
        }
        count = whole;
    } else if (faults_left > 0) {
        faults_left--;
        errno = fault;
        return -1;
    } else if (count > 3) {
        count = 3; /* the kernel may take fewer */
    }
    return __real_sendmmsg(fd, messages, count, flags);
}

static uint8_t received[BYTES_MAX];
static struct sockaddr_storage received_from;

/* A socket on a free port of the loopback interface. */
static int bind_socket(int family, uint16_t *ret_port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *address = family == AF_INET6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t length = family == AF_INET6 ? sizeof six : sizeof four;
    const int fd = socket(family, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, address, length) != 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, address, &length), 0);
    *ret_port = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
    return fd;
}

static ssize_t receive(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    socklen_t length = sizeof received_from;
    assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
    return recvfrom(fd, received, sizeof received, 0, (struct sockaddr *)&received_from, &length);
}

static uint32_t from_4(void)
{
    assert_int_equal(received_from.ss_family, AF_INET);
    return ntohl(((struct sockaddr_in *)&received_from)->sin_addr.s_addr);
}

static struct sender *open_to(const char *host, uint16_t port, uint32_t sources, bool segment)
{
    const struct sender_options options = {.host = host, .port = port, .source_count = sources, .segment = segment};
    char error[SENDER_ERROR_BYTES] = "";
    struct sender *sender = sender_open(&options, error);
    if (sender == NULL)
        fail_msg("%s", error);
    return sender;
}

/* A datagram of octets of one value. */
static const uint8_t *add(struct sender *sender, uint32_t source, uint8_t value, size_t size)
{
    uint8_t *room = sender_room(sender, size);
    assert_non_null(room);
    memset(room, value, size);
    sender_add(sender, source, room, size);
    return room;
}

static void expect(int fd, uint32_t from, uint8_t value, size_t size)
{
    assert_int_equal(receive(fd), size);
    assert_int_equal(from_4(), from);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(received[i], value);
}

static void check_sources(bool segment)
{
    static const struct { uint32_t source; size_t size; } table[] = {
        {0, 100}, {0, 100}, {0, 100}, {0, 99}, {299, 100}, {299, 100}, {1, 1}, {1, 1},
        {2, 0}, {2, 0}, {0, 1400}, {0, 1400},
    };
    const size_t count = sizeof table / sizeof *table;
    uint16_t port;
    const int fd = bind_socket(AF_INET, &port);
    assert_true(fd >= 0);
    struct sender *sender = open_to("127.0.0.1", port, 300, segment);
    size_t octets = 0;
    for (size_t i = 0; i < count; i++) {
        add(sender, table[i].source, (uint8_t)(i + 1), table[i].size);
        octets += table[i].size;
    }
    sender_flush(sender);
    for (size_t i = 0; i < count; i++)
        expect(fd, 0x7f010001 + table[i].source, (uint8_t)(i + 1), table[i].size);
    const struct sender_counts *counts = sender_counts(sender);
    assert_int_equal(counts->datagrams, count);
    assert_int_equal(counts->octets, octets);
    assert_int_equal(counts->segmented, segment ? 9 : 0); /* 3 + 2 + 2 + 2: those of no octets go one by one */
    assert_int_equal(counts->failed + counts->refused, 0);
    char text[SENDER_ADDRESS_TEXT_BYTES];
    sender_source_text(sender, 299, text);
    assert_string_equal(text, "127.1.1.44");
    sender_close(sender);
    close(fd);
}

static void test_sources(void **state)
{
    (void)state;
    check_sources(false);
    check_sources(true);
}

static void test_added_twice(void **state)
{
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET, &port);
    struct sender *sender = open_to("127.0.0.1", port, 1, true);
    const uint8_t *octets = add(sender, 0, 7, 500);
    sender_add(sender, 0, octets, 500);
    add(sender, 0, 8, 500);
    sender_flush(sender);
    expect(fd, 0x7f000001, 7, 500);
    expect(fd, 0x7f000001, 7, 500);
    expect(fd, 0x7f000001, 8, 500);
    char text[SENDER_ADDRESS_TEXT_BYTES];
    sender_source_text(sender, 0, text);
    assert_string_equal(text, "");
    sender_close(sender);
    close(fd);
}

/* As many as there is room for, of the greatest size too, again and again. */
static void test_room(void **state)
{
    static const size_t sizes[] = {1, 1400, SENDER_DATAGRAM_BYTES};
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET, &port);
    for (size_t i = 0; i < 3; i++) {
        struct sender *sender = open_to("127.0.0.1", port, 1, true);
        for (int round = 0; round < 3; round++) {
            int count = 0;
            while (sender_room(sender, sizes[i]) != NULL) {
                add(sender, 0, 1, sizes[i]);
                count++;
            }
            assert_in_range(count, 4, 256);
            sender_flush(sender);
            assert_int_equal(receive(fd), sizes[i]);
            while (recv(fd, received, sizeof received, MSG_DONTWAIT) >= 0)
                ;
        }
        assert_int_equal(sender_counts(sender)->failed, 0);
        sender_close(sender);
    }
    close(fd);
}

static void test_refused(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        uint16_t port;
        const int fd = bind_socket(AF_INET, &port);
        struct sender *sender = open_to("127.0.0.1", port, form < 2 ? 1 : 3, form % 2 == 1);
        add(sender, 0, 1, 10);
        sender_flush(sender);
        assert_int_equal(sender_counts(sender)->refused, 0);
        close(fd);
        for (uint8_t i = 0; i < 5; i++) {
            add(sender, form < 2 ? 0 : i % 3, i, 10 + i); /* each by itself */
            sender_flush(sender);
        }
        assert_int_equal(sender_counts(sender)->datagrams, 6);
        assert_int_equal(sender_counts(sender)->refused, 5);
        assert_int_equal(sender_counts(sender)->failed, 0);
        sender_close(sender);
    }
}

/* One that is longer than any packet: those before and behind it go. */
static void test_failed(void **state)
{
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET, &port);
    struct sender *sender = open_to("127.0.0.1", port, 1, true);
    uint8_t *room = sender_room(sender, 2 * (size_t)SENDER_DATAGRAM_BYTES);
    memset(room, 1, SENDER_DATAGRAM_BYTES + 1);
    sender_add(sender, 0, room, 20);
    sender_add(sender, 0, room, SENDER_DATAGRAM_BYTES + 1);
    sender_add(sender, 0, room, 30);
    sender_flush(sender);
    assert_int_equal(receive(fd), 20);
    assert_int_equal(receive(fd), 30);
    assert_int_equal(sender_counts(sender)->datagrams, 2);
    assert_int_equal(sender_counts(sender)->failed, 1);
    assert_int_equal(sender_counts(sender)->failed_errno, EMSGSIZE);
    sender_close(sender);
    close(fd);
}

/* Faults that pass: everything arrives, once, in order. */
static void test_faults(void **state)
{
    static const struct { int fault; bool waits; } table[] = {
        {EINTR, false}, {EAGAIN, true}, {ENOBUFS, true}, {ENOMEM, true}, {ECONNREFUSED, false}};
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET, &port);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sender *sender = open_to("127.0.0.1", port, 2, true);
        for (uint8_t k = 1; k <= 10; k++)
            add(sender, k / 4 % 2, k, 50);
        fault = table[i].fault;
        faults_left = 7;
        sender_flush(sender);
        for (uint8_t k = 1; k <= 10; k++)
            expect(fd, 0x7f010001 + k / 4 % 2, k, 50);
        assert_int_equal(sender_counts(sender)->datagrams, 10);
        assert_int_equal(sender_counts(sender)->waits, table[i].waits ? 7 : 0);
        assert_int_equal(sender_counts(sender)->failed, 0);
        assert_true(recv(fd, received, sizeof received, MSG_DONTWAIT) < 0);
        sender_close(sender);
    }
    close(fd);
}

/* A kernel, or a way, that cuts nothing up: each goes by itself from there on. */
static void test_no_segments(void **state)
{
    static const int table[] = {EINVAL, EMSGSIZE, EIO, EOPNOTSUPP};
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET, &port);
    fault_of_segments = true;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sender *sender = open_to("127.0.0.1", port, 1, true);
        fault = table[i];
        for (uint8_t round = 0; round < 2; round++) {
            add(sender, 0, 100, 10);
            add(sender, 0, 101, 11);
            for (uint8_t k = 1; k <= 5; k++)
                add(sender, 0, k, 50);
            sender_flush(sender);
            expect(fd, 0x7f000001, 100, 10);
            expect(fd, 0x7f000001, 101, 11);
            for (uint8_t k = 1; k <= 5; k++)
                expect(fd, 0x7f000001, k, 50);
        }
        assert_int_equal(sender_counts(sender)->datagrams, 14);
        assert_int_equal(sender_counts(sender)->segmented, 0);
        assert_int_equal(sender_counts(sender)->failed, 0);
        assert_int_equal(sender_counts(sender)->calls, 4); /* of the first round 3 */
        sender_close(sender);
    }
    fault_of_segments = false;
    close(fd);
}

/* One that cannot be sent stands before those that cannot be cut up. */
static void test_failed_before_segments(void **state)
{
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET, &port);
    struct sender *sender = open_to("127.0.0.1", port, 1, true);
    uint8_t *room = sender_room(sender, 2 * (size_t)SENDER_DATAGRAM_BYTES);
    memset(room, 1, SENDER_DATAGRAM_BYTES + 1);
    sender_add(sender, 0, room, SENDER_DATAGRAM_BYTES + 1);
    add(sender, 0, 1, 50);
    add(sender, 0, 2, 50);
    fault_of_segments = true;
    fault = EINVAL;
    sender_flush(sender);
    fault_of_segments = false;
    expect(fd, 0x7f000001, 1, 50);
    expect(fd, 0x7f000001, 2, 50);
    assert_int_equal(sender_counts(sender)->datagrams, 2);
    assert_int_equal(sender_counts(sender)->failed, 1);
    sender_close(sender);
    close(fd);
}

/* The way is gone: what cannot be sent is counted, and the program goes on. */
static void test_network_down(void **state)
{
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET, &port);
    struct sender *sender = open_to("127.0.0.1", port, 1, true);
    for (uint8_t k = 1; k <= 6; k++)
        add(sender, 0, k, k <= 4 ? 50 : 60);
    fault = ENETUNREACH;
    faults_left = 1;
    sender_flush(sender);
    expect(fd, 0x7f000001, 5, 60);
    expect(fd, 0x7f000001, 6, 60);
    assert_int_equal(sender_counts(sender)->datagrams, 2);
    assert_int_equal(sender_counts(sender)->failed, 4);
    assert_int_equal(sender_counts(sender)->failed_errno, ENETUNREACH);
    sender_close(sender);
    close(fd);
}

static void test_ipv6(void **state)
{
    uint16_t port;
    (void)state;
    const int fd = bind_socket(AF_INET6, &port);
    if (fd < 0)
        skip();
    struct sender *sender = open_to("::1", port, 1, true);
    for (uint8_t i = 1; i <= 4; i++)
        add(sender, 0, i, 1000);
    sender_flush(sender);
    for (uint8_t i = 1; i <= 4; i++) {
        assert_int_equal(receive(fd), 1000);
        assert_int_equal(received[999], i);
        assert_int_equal(received_from.ss_family, AF_INET6);
    }
    char target[32];
    snprintf(target, sizeof target, "[::1]:%u", port);
    assert_string_equal(sender_target(sender), target);
    sender_close(sender);
    close(fd);
}

static void test_cannot_open(void **state)
{
    static const struct sender_options table[] = {
        {.host = "192.0.2.1", .port = 1, .source_count = 2},
        {.host = "::1", .port = 1, .source_count = 2},
        {.host = "no address", .port = 1, .source_count = 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char error[SENDER_ERROR_BYTES] = "";
        assert_null(sender_open(&table[i], error));
        assert_non_null(strstr(error, "cannot send to"));
        assert_non_null(strstr(error, table[i].host));
    }
    sender_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources), cmocka_unit_test(test_added_twice), cmocka_unit_test(test_room),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_failed),      cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_faults),  cmocka_unit_test(test_no_segments), cmocka_unit_test(test_network_down),
        cmocka_unit_test(test_failed_before_segments),
        cmocka_unit_test(test_cannot_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
