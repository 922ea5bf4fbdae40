/* SPDX-License-Identifier: MIT */
/*
 * test_listener.c - sockets on loopback: who sent, what, and when; families; ports that cannot be had
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 5000 };

static const char *const loopback = "127.0.0.1";
static const char *const nobodys = "192.0.2.1"; /* documentation addresses are nobody's */
static const char *const nameless = "no such name";

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct listener *open_on(const char *const *hosts, size_t host_count, const uint16_t *ports, size_t port_count,
                                struct sink_error *error)
{
    const struct listener_options options = {
        .hosts = hosts, .host_count = host_count, .ports = ports, .port_count = port_count};
    return listener_open(&options, error);
}

/* The port that the kernel chose. */
static uint16_t port_of(const struct listener *listener, size_t i)
{
    assert_non_null(listener_socket(listener, i));
    return listener_socket(listener, i)->port;
}

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
    const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    socklen_t length = sizeof any;
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &length), 0);
    close(fd);
    return ntohs(any.sin6_port);
}

/* Sends from a socket of its own; returns the port that it was sent from. */
static uint16_t send_to(const char *host, uint16_t port, const void *data, size_t size_bytes)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    const bool is_six = strchr(host, ':') != NULL;
    assert_int_equal(is_six ? inet_pton(AF_INET6, host, &six.sin6_addr) : inet_pton(AF_INET, host, &four.sin_addr), 1);
    const int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    const struct sockaddr *to = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    assert_int_equal(sendto(fd, data, size_bytes, 0, to, is_six ? sizeof six : sizeof four), (ssize_t)size_bytes);
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&from, &length), 0);
    close(fd);
    return ntohs(is_six ? ((struct sockaddr_in6 *)&from)->sin6_port : ((struct sockaddr_in *)&from)->sin_port);
}

static void expect(struct listener *listener, const char *from, uint16_t from_port, const void *data, size_t size_bytes)
{
    struct sink_error error = {0};
    sigset_t mask;
    sigemptyset(&mask);
    assert_int_equal(listener_wait(listener, WAIT_MS, &mask, &error), 1);
    const struct weir_datagram *datagram = listener_datagram(listener, 0);
    char text[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(&datagram->source, text);
    assert_string_equal(text, from);
    assert_int_equal(datagram->source_port, from_port);
    assert_int_equal(datagram->size_bytes, size_bytes);
    assert_memory_equal(datagram->data, data, size_bytes);
    assert_true(llabs(datagram->received_us - now_us()) < 5000000);
}

static void test_both_families(void **state)
{
    (void)state;
    struct sink_error error = {0};
    const uint16_t port = free_port();
    struct listener *listener = open_on(NULL, 0, &port, 1, &error);
    assert_non_null(listener);
    assert_null(listener_socket(listener, 1));
    static uint8_t big[65507 - 1];
    memset(big, 0x5a, sizeof big);
    expect(listener, "127.0.0.1", send_to("127.0.0.1", port, "one", 3), "one", 3);
    expect(listener, "::1", send_to("::1", port, "two", 3), "two", 3);
    expect(listener, "127.0.0.1", send_to("127.0.0.1", port, big, sizeof big), big, sizeof big);
    expect(listener, "127.0.0.1", send_to("127.0.0.1", port, "", 0), "", 0);
    assert_int_equal(listener_dropped(listener), 0);
    listener_close(listener);
}

static void test_several_ports(void **state)
{
    (void)state;
    struct sink_error error = {0};
    const uint16_t ports[] = {0, 0};
    struct listener *listener = open_on(&loopback, 1, ports, 2, &error);
    assert_non_null(listener);
    for (size_t i = 0; i < 2; i++)
        expect(listener, "127.0.0.1", send_to("127.0.0.1", port_of(listener, i), "x", 1), "x", 1);
    assert_null(listener_socket(listener, 2));
    listener_close(listener);
}

static void test_several_hosts(void **state)
{
    (void)state;
    struct sink_error error = {0};
    const char *const hosts[] = {"127.0.0.1", "127.0.0.2"};
    const uint16_t port = free_port();
    struct listener *listener = open_on(hosts, 2, &port, 1, &error);
    assert_non_null(listener);
    expect(listener, "127.0.0.1", send_to("127.0.0.1", port, "x", 1), "x", 1);
    expect(listener, "127.0.0.1", send_to("127.0.0.2", port, "y", 1), "y", 1);
    assert_null(listener_socket(listener, 2));
    listener_close(listener);
}

static void test_silence_ends(void **state)
{
    (void)state;
    struct sink_error error = {0};
    const uint16_t port = 0;
    struct listener *listener = open_on(&loopback, 1, &port, 1, &error);
    sigset_t mask;
    sigemptyset(&mask);
    assert_int_equal(listener_wait(listener, 10, &mask, &error), 0);
    listener_close(listener);
}

static void test_errors_say_what_to_do(void **state)
{
    (void)state;
    struct sink_error error = {0};
    const uint16_t any = 0;
    struct listener *first = open_on(&loopback, 1, &any, 1, &error);
    const uint16_t taken = port_of(first, 0);
    assert_null(open_on(&loopback, 1, &taken, 1, &error));
    assert_non_null(strstr(error.text, "Address already in use"));
    assert_non_null(strstr(error.text, "-p"));
    listener_close(first);

    assert_null(open_on(&nobodys, 1, &any, 1, &error));
    assert_non_null(strstr(error.text, "192.0.2.1"));
    assert_null(open_on(&nameless, 1, &any, 1, &error));
    assert_non_null(strstr(error.text, "'no such name'"));
    listener_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_families),
        cmocka_unit_test(test_several_ports),
        cmocka_unit_test(test_several_hosts),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_errors_say_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
