/* SPDX-License-Identifier: MIT */
/*
 * test_worker_sockets.c - workers' sockets on one port: each exporter at its own, none bound when one cannot be
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net_maker.h"
#include "steering.h"
#include "worker_sockets.h"

#include <sys/resource.h>

enum { WORKERS = 5 };

static struct sink_error error;

static unsigned sent_meanwhile;
static bool send_meanwhile;

int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);

/* With `send_meanwhile`, something comes right after each socket is bound. */
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_in bound;
    socklen_t bound_length = sizeof bound;
    const int result = __real_bind(fd, address, length);
    if (send_meanwhile && result == 0) {
        assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &bound_length), 0);
        assert_true(net_send(NULL, 0, "127.0.0.1", ntohs(bound.sin_port), "early"));
        sent_meanwhile++;
    }
    return result;
}

static int open_group(const char *host, uint16_t port, unsigned worker_count, struct receive_socket *sockets)
{
    const struct receive_spec spec = {.host = host, .port = port};
    struct receive_address address;
    assert_int_equal(receive_socket_resolve(&spec, &address, 1, &error), 1);
    return worker_sockets_open(&spec, &address, worker_count, sockets, &error);
}

static void close_group(struct receive_socket *sockets, int count)
{
    while (count > 0)
        close(sockets[--count].fd);
}

static void test_each_exporter_at_its_worker(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "0.0.0.0", NULL};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct receive_socket sockets[WORKERS];
        assert_int_equal(open_group(hosts[i], 0, WORKERS, sockets), WORKERS);
        for (uint8_t source = 1; source <= 30; source++) {
            const struct weir_address exporter = {.family = 4, .octets = {127, 0, 6, source}};
            char from[32], text[64];
            snprintf(from, sizeof from, "127.0.6.%u", source);
            assert_true(net_send(from, 0, "127.0.0.1", sockets[0].port, "x"));
            for (unsigned worker = 0; worker < WORKERS; worker++) {
                assert_int_equal(sockets[worker].port, sockets[0].port);
                assert_int_equal(net_take(sockets[worker].fd, text), worker == steering_worker(&exporter, WORKERS));
            }
        }
        close_group(sockets, WORKERS);
    }
}

/* It could be for a worker that is not there yet. */
static void test_nothing_comes_until_all_are_there(void **state)
{
    (void)state;
    struct receive_socket sockets[WORKERS];
    char text[64];
    send_meanwhile = true;
    const int count = open_group("127.0.0.1", 0, WORKERS, sockets);
    send_meanwhile = false;
    assert_int_equal(count, WORKERS);
    assert_int_equal(sent_meanwhile, WORKERS);
    uint32_t dropped = 0;
    for (unsigned worker = 0; worker < WORKERS; worker++) {
        uint32_t of_one;
        assert_false(net_take(sockets[worker].fd, text));
        assert_int_equal(receive_socket_dropped(sockets[worker].fd, &of_one), 0);
        dropped += of_one;
    }
    assert_int_equal(dropped, WORKERS); /* and it is told */
    close_group(sockets, WORKERS);
}

/* One worker needs none of it: its port is its own. */
static void test_one_worker(void **state)
{
    (void)state;
    struct receive_socket one, other[2];
    assert_int_equal(open_group("127.0.0.1", 0, 1, &one), 1);
    assert_int_equal(open_group("127.0.0.1", one.port, 1, other), -1);
    assert_int_equal(open_group("127.0.0.1", one.port, 2, other), -1);
    assert_non_null(strstr(error.text, "Address already in use"));
    close(one.fd);
}

static void test_a_group_has_one_socket(void **state)
{
    (void)state;
    struct receive_socket sockets[WORKERS];
    char text[64];
    assert_int_equal(open_group("239.1.2.9%lo", 0, WORKERS, sockets), 1);
    assert_true(net_send(NULL, 0, "239.1.2.9", sockets[0].port, "x"));
    assert_true(net_take(sockets[0].fd, text));
    close(sockets[0].fd);
}

/* When descriptors run out half-way: those that were open are closed, and the port is free. */
static void test_all_or_none(void **state)
{
    (void)state;
    struct receive_socket sockets[WORKERS];
    int spare[1024], count = 0;
    assert_int_equal(open_group("127.0.0.1", 0, 2, sockets), 2);
    const uint16_t port = sockets[0].port;
    close_group(sockets, 2);
    while (count < 1024 && (spare[count] = dup(STDERR_FILENO)) >= 0)
        count++;
    const bool full = count < 1024;
    if (full) {
        for (int i = 0; i < 3; i++)
            close(spare[--count]);
    }
    const int result = open_group("127.0.0.1", port, WORKERS, sockets);
    while (count > 0)
        close(spare[--count]);
    assert_true(full);
    assert_int_equal(result, -1);
    assert_non_null(strstr(error.text, "ulimit -n"));
    assert_int_equal(open_group("127.0.0.1", port, 1, sockets), 1); /* without SO_REUSEPORT: nobody else has it */
    close(sockets[0].fd);
}

int main(void)
{
    const struct rlimit few = {.rlim_cur = 256, .rlim_max = 256};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_exporter_at_its_worker),
        cmocka_unit_test(test_nothing_comes_until_all_are_there),
        cmocka_unit_test(test_one_worker),
        cmocka_unit_test(test_a_group_has_one_socket),
        cmocka_unit_test(test_all_or_none),
    };
    net_own(); /* where that is permitted, so that nobody else has our ports */
    setrlimit(RLIMIT_NOFILE, &few);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
