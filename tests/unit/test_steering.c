/* SPDX-License-Identifier: MIT */
/*
 * test_steering.c - the kernel's choice of a worker is that of steering_worker(), whatever the port, in both families
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steering.h"

#include "net_maker.h"

#include <errno.h>
#include <stdlib.h>

enum { WORKERS_MAX = 16, SOURCES = 40, PORTS = 3 };

static bool own_network;

static struct weir_address address_of(const char *text)
{
    struct weir_address address = {.family = strchr(text, ':') != NULL ? 6 : 4};
    assert_int_equal(inet_pton(address.family == 6 ? AF_INET6 : AF_INET, text, address.octets), 1);
    return address;
}

struct group {
    int fds[WORKERS_MAX];
    uint16_t port;
};

/* Binds one more socket of a group: to `host`, or, as "*", to all addresses of both families. */
static void add_socket(struct group *group, unsigned i, unsigned worker_count, const char *host)
{
    struct sink_error error = {0};
    struct sockaddr_storage address;
    socklen_t length = net_address(host[0] == '*' ? "::" : host, group->port, &address);
    const int on = 1, off = 0;
    const int fd = group->fds[i] = socket(address.ss_family, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    if (address.ss_family == AF_INET6)
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, host[0] == '*' ? &off : &on, sizeof on), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    if (group->port == 0)
        assert_int_equal(steering_attach(fd, worker_count, &error), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    length = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    group->port = ntohs(((struct sockaddr_in *)&address)->sin_port); /* at the same place in both families */
}

static void open_group(struct group *group, unsigned worker_count, const char *host)
{
    group->port = 0;
    for (unsigned i = 0; i < worker_count; i++)
        add_socket(group, i, worker_count, host);
}

static void close_group(struct group *group, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(group->fds[i]);
}

/* The worker that has the one datagram that is there. */
static unsigned taken_by(const struct group *group, unsigned count)
{
    unsigned taker = WORKERS_MAX;
    char text[64];
    for (unsigned i = 0; i < count; i++) {
        while (net_take(group->fds[i], text)) {
            assert_int_equal(taker, WORKERS_MAX);
            taker = i;
        }
    }
    assert_int_not_equal(taker, WORKERS_MAX);
    return taker;
}

static unsigned send_from(const struct group *group, unsigned worker_count, const char *from, const char *to)
{
    assert_true(net_send(from, 0, to, group->port, "x"));
    return taken_by(group, worker_count);
}

static void compare(unsigned worker_count, const char *host, const char *to, const char *form)
{
    struct group group;
    bool used[WORKERS_MAX] = {false};
    open_group(&group, worker_count, host);
    for (int source = 1; source <= SOURCES; source++) {
        char from[64];
        snprintf(from, sizeof from, form, source);
        const struct weir_address address = address_of(from);
        for (int port = 0; port < PORTS; port++) {
            const unsigned worker = send_from(&group, worker_count, from, to);
            assert_int_equal(worker, steering_worker(&address, worker_count));
            used[worker] = true;
        }
    }
    unsigned used_count = 0;
    for (unsigned i = 0; i < worker_count; i++)
        used_count += used[i];
    assert_in_range(used_count, (worker_count + 1) / 2, worker_count); /* spread, not all to one */
    close_group(&group, worker_count);
}

static void test_ipv4(void **state)
{
    (void)state;
    static const unsigned counts[] = {1, 2, 3, 7, 8, 16};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        compare(counts[i], "127.0.0.1", "127.0.0.1", "127.0.3.%d");
}

/* IPv4 that a socket for both families gets: the same worker as by one for IPv4. */
static void test_ipv4_on_both_families(void **state)
{
    (void)state;
    compare(5, "*", "127.0.0.1", "127.77.0.%d");
}

static void test_ipv6(void **state)
{
    (void)state;
    struct group group;
    const struct weir_address loopback = address_of("::1");
    open_group(&group, 7, "*");
    for (int port = 0; port < PORTS; port++)
        assert_int_equal(send_from(&group, 7, "::1", "::1"), steering_worker(&loopback, 7));
    close_group(&group, 7);
    if (!own_network) {
        print_message("no network of one's own here: ::1 is the only address\n");
        return;
    }
    /* each of the four words in turn differs */
    static const char *const forms[] = {"fd00::%x", "fd00::%x:0:1", "fd00:0:%x::1", "fd%02x::1"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[64];
        for (int source = 1; source <= SOURCES; source++) {
            snprintf(text, sizeof text, forms[i], source);
            assert_true(net_add_ipv6(text));
        }
        compare(2, "::1", "::1", forms[i]);
        compare(8, "*", "::1", forms[i]);
    }
}

static void test_mapped_is_the_same(void **state)
{
    (void)state;
    const struct weir_address four = address_of("192.0.2.77"), mapped = address_of("::ffff:192.0.2.77");
    const struct weir_address near = address_of("::fffe:192.0.2.77");
    for (unsigned count = 1; count <= STEERING_WORKERS_MAX; count++)
        assert_int_equal(steering_worker(&four, count), steering_worker(&mapped, count));
    assert_int_not_equal(steering_worker(&near, STEERING_WORKERS_MAX), steering_worker(&four, STEERING_WORKERS_MAX));
    /* octets behind an address of IPv4 do not count */
    struct weir_address dirty = four;
    dirty.octets[9] = 99;
    assert_int_equal(steering_worker(&dirty, 1000), steering_worker(&four, 1000));
}

/* Saved state is given to workers by it, so it stays what it is. */
static void test_fixed_values(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        unsigned worker;
    } known[] = {{"192.0.2.1", 334}, {"2001:db8::1", 81}, {"0.0.0.0", 0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct weir_address address = address_of(known[i].address);
        assert_int_equal(steering_worker(&address, 1000), known[i].worker);
    }
}

static void test_spread(void **state)
{
    (void)state;
    enum { WORKERS = 8, EXPORTERS = 8000 };
    static const char *const forms[] = {"10.0.%d.%d", "10.%d.%d.1", "2001:db8:%d::%d"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        unsigned counts[WORKERS] = {0};
        for (int k = 0; k < EXPORTERS; k++) {
            char text[64];
            snprintf(text, sizeof text, forms[i], k / 200, k % 200);
            const struct weir_address address = address_of(text);
            counts[steering_worker(&address, WORKERS)]++;
        }
        for (unsigned k = 0; k < WORKERS; k++)
            assert_in_range(counts[k], EXPORTERS / WORKERS * 8 / 10, EXPORTERS / WORKERS * 12 / 10);
    }
}

/* Nothing is lost while sockets are missing: another one has what would be theirs. */
static void test_fewer_sockets_than_workers(void **state)
{
    (void)state;
    struct group group = {.port = 0};
    for (unsigned i = 0; i < 2; i++)
        add_socket(&group, i, 8, "127.0.0.1");
    unsigned own = 0, others = 0;
    for (int source = 1; source <= SOURCES; source++) {
        char from[32];
        snprintf(from, sizeof from, "127.0.9.%d", source);
        const struct weir_address address = address_of(from);
        const unsigned worker = steering_worker(&address, 8), taker = send_from(&group, 2, from, "127.0.0.1");
        if (worker < 2)
            assert_int_equal(taker, worker);
        own += worker < 2;
        others += worker >= 2;
    }
    assert_true(own > 0 && others > 0);
    /* the others come, and all is as it is to be */
    for (unsigned i = 2; i < 8; i++)
        add_socket(&group, i, 8, "127.0.0.1");
    for (int source = 1; source <= SOURCES; source++) {
        char from[32];
        snprintf(from, sizeof from, "127.0.9.%d", source);
        const struct weir_address address = address_of(from);
        assert_int_equal(send_from(&group, 8, from, "127.0.0.1"), steering_worker(&address, 8));
    }
    close_group(&group, 8);
}

/* The last socket takes the number of one that is closed: why sockets must be handed over as they are. */
static void test_a_closed_socket_changes_the_order(void **state)
{
    (void)state;
    struct group group;
    open_group(&group, 4, "127.0.0.1");
    close(group.fds[1]);
    group.fds[1] = group.fds[3];
    for (int source = 1; source <= SOURCES; source++) {
        char from[32];
        snprintf(from, sizeof from, "127.0.8.%d", source);
        const struct weir_address address = address_of(from);
        const unsigned worker = steering_worker(&address, 4), taker = send_from(&group, 3, from, "127.0.0.1");
        if (worker < 3)
            assert_int_equal(taker, worker);
    }
    close_group(&group, 3);
}

static void test_hold_and_release(void **state)
{
    (void)state;
    struct group group;
    char text[64];
    open_group(&group, 1, "127.0.0.1");
    assert_int_equal(steering_hold(group.fds[0]), 0);
    assert_true(net_send(NULL, 0, "127.0.0.1", group.port, "held"));
    assert_false(net_take(group.fds[0], text));
    assert_int_equal(steering_release(group.fds[0]), 0);
    assert_true(net_send(NULL, 0, "127.0.0.1", group.port, "free"));
    assert_true(net_take(group.fds[0], text));
    assert_string_equal(text, "free");
    close_group(&group, 1);
}

static void test_sockets_that_cannot(void **state)
{
    (void)state;
    struct sink_error error = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(steering_attach(fd, 2, &error), -1); /* bound without SO_REUSEPORT */
    assert_non_null(strstr(error.text, "ReusePort=yes"));
    close(fd);
    assert_int_equal(steering_attach(fd, 2, &error), -1);
    assert_non_null(strstr(error.text, strerror(EBADF)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv4_on_both_families),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_mapped_is_the_same),
        cmocka_unit_test(test_fixed_values),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_fewer_sockets_than_workers),
        cmocka_unit_test(test_a_closed_socket_changes_the_order),
        cmocka_unit_test(test_hold_and_release),
        cmocka_unit_test(test_sockets_that_cannot),
    };
    own_network = net_own();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
