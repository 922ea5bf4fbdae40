/* SPDX-License-Identifier: MIT */
/*
 * test_listener.c - addresses, ports and workers: a socket for each, or none
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "listener.h"
#include "net_maker.h"
#include "steering.h"

static struct sink_error error;

static const uint16_t any[] = {0, 0};

static struct listener *open_on(const char *const *hosts, size_t host_count, const uint16_t *ports, size_t port_count,
                                unsigned worker_count)
{
    const struct listener_options options = {.hosts = hosts, .host_count = host_count, .ports = ports,
                                             .port_count = port_count, .worker_count = worker_count};
    return listener_open(&options, &error);
}

static bool arrives(const struct receive_socket *socket, const char *to)
{
    char text[64];
    return net_send(NULL, 0, to, socket->port, "x") && net_take(socket->fd, text);
}

static void test_all_addresses_on_several_ports(void **state)
{
    (void)state;
    struct listener *listener = open_on(NULL, 0, any, 2, 1);
    assert_non_null(listener);
    for (size_t i = 0; i < 2; i++) {
        assert_true(arrives(listener_socket(listener, 0, i), "127.0.0.1"));
        assert_true(arrives(listener_socket(listener, 0, i), "::1"));
    }
    assert_int_not_equal(listener_socket(listener, 0, 0)->port, listener_socket(listener, 0, 1)->port);
    assert_null(listener_socket(listener, 0, 2));
    listener_close(listener);
}

static void test_hosts_times_ports(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2"};
    struct listener *listener = open_on(hosts, 2, any, 2, 1);
    assert_non_null(listener);
    for (size_t i = 0; i < 4; i++) {
        assert_true(arrives(listener_socket(listener, 0, i), hosts[i % 2]));
        assert_false(arrives(listener_socket(listener, 0, i), hosts[1 - i % 2]));
    }
    assert_null(listener_socket(listener, 0, 4));
    listener_close(listener);
}

static void test_both_families_apart(void **state)
{
    (void)state;
    static const char *const hosts[] = {"::", "0.0.0.0"};
    struct listener *both = open_on(hosts, 1, any, 1, 1);
    assert_true(arrives(listener_socket(both, 0, 0), "127.0.0.1"));
    const uint16_t port = listener_socket(both, 0, 0)->port;
    listener_close(both);
    struct listener *apart = open_on(hosts, 2, &port, 1, 1);
    assert_non_null(apart);
    assert_false(arrives(listener_socket(apart, 0, 0), "127.0.0.1"));
    char text[64];
    assert_true(net_take(listener_socket(apart, 0, 1)->fd, text));
    assert_true(arrives(listener_socket(apart, 0, 0), "::1"));
    listener_close(apart);
}

static void test_workers(void **state)
{
    (void)state;
    enum { WORKERS = 3 };
    static const char *const hosts[] = {"127.0.0.1", "239.1.2.8%lo"};
    struct listener *listener = open_on(hosts, 2, any, 1, WORKERS);
    assert_non_null(listener);
    for (uint8_t source = 1; source <= 20; source++) {
        const struct weir_address exporter = {.family = 4, .octets = {127, 0, 4, source}};
        char from[32], text[64];
        snprintf(from, sizeof from, "127.0.4.%u", source);
        assert_true(net_send(from, 0, "127.0.0.1", listener_socket(listener, 0, 0)->port, "x"));
        assert_true(net_take(listener_socket(listener, steering_worker(&exporter, WORKERS), 0)->fd, text));
    }
    assert_true(arrives(listener_socket(listener, 0, 1), "239.1.2.8"));
    assert_null(listener_socket(listener, 1, 1)); /* a group is for worker 0 alone */
    listener_close(listener);
}

enum { PASSED_FIRST = 100 };

/* Bound to a port of the loopback address, or of a group, and put where passed sockets are: descriptors in a row. */
static void bind_passed(int count, const char *host, int option)
{
    struct sockaddr_in bound = {.sin_family = AF_INET};
    socklen_t length = sizeof bound;
    const int on = 1;
    assert_int_equal(inet_pton(AF_INET, host, &bound.sin_addr), 1);
    for (int i = 0; i < count; i++) {
        const int fd = socket(AF_INET, SOCK_DGRAM, 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, option, &on, sizeof on), 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&bound, length), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &length), 0);
        assert_int_equal(dup2(fd, PASSED_FIRST + i), PASSED_FIRST + i);
        close(fd);
    }
}

static struct listener *take_passed(int count, unsigned worker_count)
{
    const struct listener_options options = {
        .worker_count = worker_count, .passed_first = PASSED_FIRST, .passed_count = count};
    return listener_open(&options, &error);
}

/* Which worker got it: one alone does. */
static unsigned taken_by(const struct listener *listener, unsigned worker_count)
{
    const struct receive_socket *socket;
    unsigned taken = 0, by = 0;
    char text[64];
    for (unsigned worker = 0; worker < worker_count; worker++) {
        for (size_t i = 0; (socket = listener_socket(listener, worker, i)) != NULL; i++) {
            if (net_take(socket->fd, text)) {
                taken++;
                by = worker;
            }
        }
    }
    assert_int_equal(taken, 1);
    return by;
}

/* As many sockets as workers, fewer, more: each exporter has one worker, and that is known. */
static void test_passed_sockets_are_shared(void **state)
{
    (void)state;
    static const struct {
        int sockets;
        unsigned workers, busy;
    } cases[] = {{3, 3, 3}, {2, 3, 2}, {5, 2, 2}, {1, 4, 1}, {4, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool busy[8] = {false};
        unsigned busy_count = 0;
        bind_passed(cases[i].sockets, "127.0.0.1", SO_REUSEPORT);
        struct listener *listener = take_passed(cases[i].sockets, cases[i].workers);
        assert_non_null(listener);
        assert_int_equal(listener_sharers(listener, listener_socket(listener, 0, 0)), cases[i].sockets);
        for (uint8_t source = 1; source <= 40; source++) {
            const struct weir_address exporter = {.family = 4, .octets = {127, 0, 4, source}};
            char from[32];
            snprintf(from, sizeof from, "127.0.4.%u", source);
            assert_true(net_send(from, 0, "127.0.0.1", listener_socket(listener, 0, 0)->port, "x"));
            const unsigned by = taken_by(listener, cases[i].workers);
            for (unsigned worker = 0; worker < cases[i].workers; worker++)
                assert_int_equal(listener_leads(listener, &exporter, worker, cases[i].workers), worker == by);
            busy_count += !busy[by];
            busy[by] = true;
        }
        assert_int_equal(busy_count, cases[i].busy);
        listener_close(listener);
    }
}

static void test_passed_sockets_that_cannot_be_shared(void **state)
{
    (void)state;
    bind_passed(2, "127.0.0.1", SO_REUSEADDR); /* the last one would get all */
    assert_null(take_passed(2, 2));
    assert_non_null(strstr(error.text, "ReusePort=yes"));
    bind_passed(2, "239.1.2.8", SO_REUSEPORT);
    assert_null(take_passed(2, 2));
    assert_non_null(strstr(error.text, "each would get each datagram"));
    bind_passed(1, "239.1.2.8", SO_REUSEPORT);
    struct listener *listener = take_passed(1, 2);
    assert_non_null(listener);
    listener_close(listener);
}

static void test_all_or_none(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "192.0.2.1"}; /* documentation addresses are nobody's */
    struct listener *listener = open_on(hosts, 1, any, 1, 1);
    const uint16_t port = listener_socket(listener, 0, 0)->port;
    assert_null(open_on(hosts, 1, &port, 1, 1));
    assert_non_null(strstr(error.text, "-p"));
    listener_close(listener);
    assert_null(open_on(hosts, 2, &port, 1, 1));
    assert_non_null(strstr(error.text, "192.0.2.1"));
    listener = open_on(hosts, 1, &port, 1, 1); /* the one that could be had is free again */
    assert_non_null(listener);
    listener_close(listener);
    listener_close(NULL);
}

static void test_too_many(void **state)
{
    (void)state;
    static const uint16_t ports[LISTENER_SOCKETS_MAX + 1];
    static const char *const host = "127.0.0.1";
    struct listener *listener = open_on(&host, 1, ports, LISTENER_SOCKETS_MAX, 1);
    assert_non_null(listener);
    listener_close(listener);
    assert_null(open_on(&host, 1, ports, LISTENER_SOCKETS_MAX + 1, 1));
    assert_non_null(strstr(error.text, "so many addresses"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_addresses_on_several_ports),
        cmocka_unit_test(test_hosts_times_ports),
        cmocka_unit_test(test_both_families_apart),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_passed_sockets_are_shared),
        cmocka_unit_test(test_passed_sockets_that_cannot_be_shared),
        cmocka_unit_test(test_all_or_none),
        cmocka_unit_test(test_too_many),
    };
    net_own(); /* where that is permitted, so that nobody else has our ports */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
