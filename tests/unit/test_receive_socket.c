/* SPDX-License-Identifier: MIT */
/*
 * test_receive_socket.c - addresses of both families, groups, devices, buffers, and what is said when it fails
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receive_socket.h"
#include "steering.h"

#include "net_maker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

static struct sink_error error;

static bool own_network;

/* Opens the one socket that the spec stands for; descriptor -1, and `error`, when it cannot be had. */
static struct receive_socket open_one(struct receive_spec spec)
{
    struct receive_address address;
    struct receive_socket socket = {.fd = -1};
    error.text[0] = '\0';
    if (receive_socket_resolve(&spec, &address, 1, &error) == 1)
        (void)receive_socket_open(&spec, &address, NULL, NULL, &socket, &error);
    assert_true((socket.fd >= 0) == (error.text[0] == '\0'));
    return socket;
}

static bool arrives(const struct receive_socket *socket, const char *to)
{
    char text[64];
    assert_true(net_send(NULL, 0, to, socket->port, "x"));
    return net_take(socket->fd, text);
}

static void expect_text(const struct receive_socket *socket, const char *form)
{
    char text[RECEIVE_SOCKET_TEXT_BYTES];
    snprintf(text, sizeof text, form, socket->port);
    assert_string_equal(socket->text, text);
}

static void test_all_addresses(void **state)
{
    (void)state;
    static const char *const hosts[] = {NULL, "*", "::", "[::]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        const struct receive_socket socket = open_one((struct receive_spec){.host = hosts[i]});
        expect_text(&socket, "[::]:%u, IPv4 and IPv6");
        assert_true(socket.port > 0);
        assert_true(arrives(&socket, "127.0.0.1"));
        assert_true(arrives(&socket, "127.0.0.9"));
        assert_true(arrives(&socket, "::1"));
        assert_true((fcntl(socket.fd, F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(socket.fd, F_GETFD) & FD_CLOEXEC) != 0);
        close(socket.fd);
    }
}

static void test_one_family(void **state)
{
    (void)state;
    struct receive_socket four = open_one((struct receive_spec){.host = "0.0.0.0"});
    struct receive_socket six = open_one((struct receive_spec){.host = "::", .port = four.port, .ipv6_only = true});
    expect_text(&four, "0.0.0.0:%u");
    expect_text(&six, "[::]:%u");
    assert_true(arrives(&four, "127.0.0.1"));
    assert_true(arrives(&six, "::1"));
    close(four.fd);
    close(six.fd);
    six = open_one((struct receive_spec){.host = "[::1]"});
    expect_text(&six, "[::1]:%u");
    assert_true(arrives(&six, "::1"));
    close(six.fd);
    four = open_one((struct receive_spec){.host = "127.0.0.3"});
    expect_text(&four, "127.0.0.3:%u");
    assert_false(arrives(&four, "127.0.0.1"));
    assert_true(arrives(&four, "127.0.0.3"));
    close(four.fd);
}

static void test_groups(void **state)
{
    (void)state;
    const struct receive_socket group = open_one((struct receive_spec){.host = "239.1.2.3%lo"});
    const struct receive_socket other =
        open_one((struct receive_spec){.host = "239.1.2.4", .device = "lo", .port = group.port});
    const struct receive_socket unicast = open_one((struct receive_spec){.host = "127.0.0.1", .port = group.port});
    expect_text(&group, "239.1.2.3%%lo:%u");
    expect_text(&other, "239.1.2.4%%lo:%u");
    char text[64];
    assert_true(arrives(&group, "239.1.2.3"));
    assert_false(net_take(other.fd, text));
    assert_false(net_take(unicast.fd, text));
    assert_false(arrives(&group, "239.1.2.4"));
    assert_true(net_take(other.fd, text));
    assert_false(arrives(&group, "127.0.0.1"));
    assert_true(net_take(unicast.fd, text));
    close(group.fd);
    close(other.fd);
    close(unicast.fd);
}

/* Each socket of a group gets each datagram: why one worker alone may have such an address. */
static void test_a_group_of_several_sockets_gets_all_twice(void **state)
{
    (void)state;
    struct receive_spec spec = {.host = "239.1.2.5%lo", .reuse_port = true};
    struct receive_socket sockets[2];
    struct receive_address address;
    char text[64];
    assert_int_equal(receive_socket_resolve(&spec, &address, 1, &error), 1);
    assert_true(address.multicast);
    sockets[0] = open_one(spec);
    spec.port = sockets[0].port;
    sockets[1] = open_one(spec);
    assert_int_equal(steering_attach(sockets[0].fd, 2, &error), 0);
    assert_true(arrives(&sockets[0], "239.1.2.5"));
    assert_true(net_take(sockets[1].fd, text));
    close(sockets[0].fd);
    close(sockets[1].fd);
}

static int attach(int fd, void *context, struct sink_error *ret_error)
{
    return steering_attach(fd, *(unsigned *)context, ret_error);
}

static int refuse(int fd, void *context, struct sink_error *ret_error)
{
    (void)context;
    assert_true(fd >= 0);
    strcpy(ret_error->text, "no");
    return -1;
}

/* A group of workers' sockets, as a collector opens it. */
static void test_sockets_of_workers(void **state)
{
    (void)state;
    struct receive_spec spec = {.host = "127.0.0.1", .reuse_port = true};
    struct receive_address address;
    struct receive_socket sockets[4];
    unsigned worker_count = 4;
    for (unsigned i = 0; i < worker_count; i++) {
        assert_int_equal(receive_socket_resolve(&spec, &address, 1, &error), 1);
        assert_int_equal(
            receive_socket_open(&spec, &address, i == 0 ? attach : NULL, &worker_count, &sockets[i], &error), 0);
        spec.port = sockets[0].port;
    }
    for (uint8_t source = 1; source <= 20; source++) {
        char from[32], text[64];
        snprintf(from, sizeof from, "127.0.5.%u", source);
        const struct weir_address exporter = {.family = 4, .octets = {127, 0, 5, source}};
        assert_true(net_send(from, 0, "127.0.0.1", spec.port, "x"));
        assert_true(net_take(sockets[steering_worker(&exporter, worker_count)].fd, text));
    }
    for (unsigned i = 0; i < worker_count; i++)
        close(sockets[i].fd);
    struct receive_socket untouched = {.fd = 77};
    assert_int_equal(receive_socket_open(&spec, &address, refuse, NULL, &untouched, &error), -1);
    assert_string_equal(error.text, "no");
    assert_int_equal(untouched.fd, 77);
}

static void test_a_device(void **state)
{
    (void)state;
    const struct receive_socket socket = open_one((struct receive_spec){.device = "lo"});
    expect_text(&socket, "[::%%lo]:%u, IPv4 and IPv6");
    assert_true(arrives(&socket, "127.0.0.1"));
    char device[16] = "";
    socklen_t length = sizeof device;
    assert_int_equal(getsockopt(socket.fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length), 0);
    assert_string_equal(device, "lo");
    close(socket.fd);
    assert_int_equal(open_one((struct receive_spec){.host = "127.0.0.1%nosuch0"}).fd, -1);
    assert_non_null(strstr(error.text, "no network device 'nosuch0'; it has lo"));
    assert_int_equal(open_one((struct receive_spec){.device = "anamethatistoolong"}).fd, -1);
    assert_non_null(strstr(error.text, "'anamethatistoolong'"));
}

static void test_buffers(void **state)
{
    (void)state;
    struct receive_socket socket = open_one((struct receive_spec){.host = "127.0.0.1", .buffer_bytes = 100000});
    assert_int_equal(socket.buffer_bytes, 100000);
    assert_int_equal(socket.buffer_wanted_bytes, 100000);
    close(socket.fd);
    socket = open_one((struct receive_spec){.host = "127.0.0.1"});
    assert_int_equal(socket.buffer_wanted_bytes, RECEIVE_BUFFER_DEFAULT_BYTES);
    assert_in_range(socket.buffer_bytes, 4096, RECEIVE_BUFFER_DEFAULT_BYTES);
    close(socket.fd);
    socket = open_one((struct receive_spec){.host = "127.0.0.1", .buffer_bytes = RECEIVE_BUFFER_MAX_BYTES});
    assert_in_range(socket.buffer_bytes, 4096, RECEIVE_BUFFER_MAX_BYTES);
    close(socket.fd);
}

static void test_drops_are_counted_at_once(void **state)
{
    (void)state;
    const struct receive_socket socket = open_one((struct receive_spec){.host = "127.0.0.1", .buffer_bytes = 4096});
    uint32_t dropped = 99;
    assert_int_equal(receive_socket_dropped(socket.fd, &dropped), 0);
    assert_int_equal(dropped, 0);
    for (int i = 0; i < 50; i++)
        assert_true(net_send(NULL, 0, "127.0.0.1", socket.port, "datagram"));
    char text[64];
    uint32_t taken = 0;
    assert_int_equal(receive_socket_dropped(socket.fd, &dropped), 0);
    while (net_take(socket.fd, text))
        taken++;
    assert_true(dropped > 0 && taken > 0);
    assert_int_equal(taken + dropped, 50);
    close(socket.fd);
    assert_int_equal(receive_socket_dropped(-1, &dropped), -1);
}

static void test_errors_say_what_to_do(void **state)
{
    (void)state;
    const struct receive_socket first = open_one((struct receive_spec){.host = "127.0.0.1"});
    assert_int_equal(open_one((struct receive_spec){.host = "127.0.0.1", .port = first.port}).fd, -1);
    assert_non_null(strstr(error.text, strerror(EADDRINUSE)));
    assert_non_null(strstr(error.text, "another of the addresses"));
    close(first.fd);
    assert_int_equal(open_one((struct receive_spec){.host = "192.0.2.201"}).fd, -1);
    assert_non_null(strstr(error.text, "no such address"));
    static const char *const crooked[] = {"[::1", "[]", "::1]", "", "%", "127.0.0.1%", "127.0.0.1%thisnameistoolong",
                                          "[::1%lo", "[", "no such name", "256.1.1.1"};
    for (size_t i = 0; i < sizeof crooked / sizeof *crooked; i++) {
        assert_int_equal(open_one((struct receive_spec){.host = crooked[i]}).fd, -1);
        assert_non_null(strstr(error.text, "cannot listen on '"));
    }
    char large[2000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    assert_int_equal(open_one((struct receive_spec){.host = large}).fd, -1);
}

/* Where no route is. */
static void test_a_group_without_a_device(void **state)
{
    (void)state;
    if (!own_network) {
        print_message("no network of one's own here: there may be a route to any group\n");
        return;
    }
    assert_int_equal(open_one((struct receive_spec){.host = "239.1.2.6"}).fd, -1);
    assert_non_null(strstr(error.text, "--device"));
}

static void test_somebody_elses_port(void **state)
{
    (void)state;
    int ends[2], wait[2];
    uint16_t port = 0;
    char expected[64];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(wait), 0);
    const pid_t child = fork();
    if (child == 0) {
        const struct receive_spec spec = {.host = "127.0.0.1"}; /* no assert here: it would go on as the parent does */
        struct receive_address address;
        struct receive_socket socket = {.port = 0};
        if (receive_socket_resolve(&spec, &address, 1, &error) == 1)
            (void)receive_socket_open(&spec, &address, NULL, NULL, &socket, &error);
        close(wait[1]);
        const bool told = write(ends[1], &socket.port, sizeof socket.port) == sizeof socket.port;
        char end;
        _exit(told && read(wait[0], &end, 1) == 0 ? 0 : 1); /* until the other one is done, or gone */
    }
    close(ends[1]);
    close(wait[0]);
    const struct receive_socket other = open_one((struct receive_spec){.host = "127.0.0.1"}); /* our own, beside it */
    assert_int_equal(read(ends[0], &port, sizeof port), sizeof port);
    assert_int_not_equal(port, 0);
    assert_int_equal(open_one((struct receive_spec){.host = "127.0.0.1", .port = port}).fd, -1);
    snprintf(expected, sizeof expected, "test_receive_so, process %d, has this port", (int)child);
    assert_non_null(strstr(error.text, expected));
    int status = 0;
    close(other.fd);
    close(ends[0]);
    close(wait[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_addresses),
        cmocka_unit_test(test_one_family),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_a_group_of_several_sockets_gets_all_twice),
        cmocka_unit_test(test_sockets_of_workers),
        cmocka_unit_test(test_a_device),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_drops_are_counted_at_once),
        cmocka_unit_test(test_errors_say_what_to_do),
        cmocka_unit_test(test_a_group_without_a_device),
        cmocka_unit_test(test_somebody_elses_port),
    };
    own_network = net_own();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
