/* SPDX-License-Identifier: MIT */
/*
 * test_names.c - names from the hosts file, no waiting without a network, what strangers write; filters by host
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow_maker.h"
#include "host_filter.h"
#include "names.h"

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_clean(void **state)
{
    char clean[16];
    (void)state;
    names_clean("host-1.example", clean, sizeof(clean));
    assert_string_equal(clean, "host-1.example");
    names_clean("a b\033[31m\n\xc3\xa4\x7f", clean, sizeof(clean));
    assert_string_equal(clean, "a?b?[31m????");
    names_clean("0123456789abcdefghij", clean, sizeof(clean));
    assert_string_equal(clean, "0123456789abcde");
}

static void test_hosts_file_counts(void **state)
{
    struct names_options options = {.hosts_only = true, .budget_ms = 2000};
    struct names *names = names_create(&options);
    struct weir_address local = make_address("127.0.0.1"), unknown = make_address("192.0.2.77"), none = {0};
    (void)state;
    assert_non_null(names);
    assert_null(names_get(names, &local));
    names_request(names, &local);
    names_request(names, &local);
    names_request(names, &unknown);
    names_request(names, &none);
    assert_false(names_pending(names, &local));
    assert_false(names_pending(names, &unknown));
    assert_non_null(names_get(names, &local)); /* every machine has it */
    assert_null(names_get(names, &unknown));
    assert_null(names_get(names, &none));
    names_process(names);
    names_wait(names, 1000);
    names_free(names);
}

/* Where there is no DNS, or one that does not answer: the budget ends it, and nothing is waited for after that. */
static void test_waiting_is_bounded(void **state)
{
    struct names_options options = {.budget_ms = 300};
    struct names *names = names_create(&options);
    struct weir_address address = make_address("192.0.2.1");
    int64_t start_ms = now_ms();
    (void)state;
    assert_non_null(names);
    for (unsigned i = 0; i < 1000; i++) {
        address.octets[2] = (uint8_t)(i >> 8);
        address.octets[3] = (uint8_t)i;
        names_request(names, &address);
    }
    names_process(names);
    assert_true(now_ms() - start_ms < 2000); /* nothing of that waits */
    names_wait(names, 100000);
    names_wait(names, 100000);
    assert_true(now_ms() - start_ms < 3000);
    assert_false(names_pending(names, &address));
    address.octets[0] = 10;
    names_request(names, &address);
    names_wait(names, 100000);
    assert_false(names_pending(names, &address));
    assert_true(now_ms() - start_ms < 3500);
    names_free(names);
}

/* A name server on the loopback interface: answers each question for a name after a while, with its own first label
 * in the answer, and nothing at all when the last octet of the address is 13. */
struct server {
    int fd;
    atomic_bool stop;
    atomic_uint asked;
};

static size_t answer(const uint8_t *question, size_t length, uint8_t *reply)
{
    static const uint8_t head[] = {0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60};
    size_t end = 12;
    while (end < length && question[end] != 0) {
        end += question[end] + 1u;
    }
    end += 5; /* the root label, type, class */
    if (end > length || length > 300) {
        return 0;
    }
    memcpy(reply, question, end);
    memcpy(reply + 2, "\x81\x80\0\1\0\1\0\0\0\0", 10);
    memcpy(reply + end, head, sizeof(head));
    uint8_t *data = reply + end + sizeof(head);
    char name[16];
    int name_length = snprintf(name, sizeof(name), "host-%.*s", question[12], (const char *)question + 13);
    data[0] = 0;
    data[1] = (uint8_t)(1 + name_length + 1 + 7 + 1);
    data[2] = (uint8_t)name_length;
    memcpy(data + 3, name, (size_t)name_length);
    memcpy(data + 3 + name_length, "\7example", 9);
    return end + sizeof(head) + 2 + data[1];
}

static void *serve(void *context)
{
    struct server *server = context;
    while (!server->stop) {
        uint8_t question[512], reply[1024];
        struct sockaddr_storage from;
        socklen_t from_length = sizeof(from);
        ssize_t length = recvfrom(server->fd, question, sizeof(question), 0, (struct sockaddr *)&from, &from_length);
        if (length < 13) {
            continue;
        }
        server->asked++;
        if (memcmp(question + 12, "\2" "13", 3) == 0) {
            continue;
        }
        usleep(1000);
        size_t reply_length = answer(question, (size_t)length, reply);
        sendto(server->fd, reply, reply_length, 0, (struct sockaddr *)&from, from_length);
    }
    return NULL;
}

static void test_names_from_a_server(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t at_length = sizeof(at);
    struct timeval wait = {0, 50000};
    struct server server = {.fd = socket(AF_INET, SOCK_DGRAM, 0)};
    pthread_t thread;
    char servers[32], name[32];
    (void)state;
    assert_true(server.fd >= 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&at, &at_length), 0);
    setsockopt(server.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    snprintf(servers, sizeof(servers), "127.0.0.1:%u", ntohs(at.sin_port));

    struct names_options options = {.budget_ms = 10000, .servers = servers};
    struct names *names = names_create(&options);
    struct weir_address address = make_address("192.0.2.0");
    assert_non_null(names);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 250; i++) {
            if (i != 13) {
                address.octets[3] = (uint8_t)i;
                names_request(names, &address);
            }
        }
        names_wait(names, 10000);
    }
    for (unsigned i = 0; i < 250; i++) {
        address.octets[3] = (uint8_t)i;
        snprintf(name, sizeof(name), "host-%u.example", i);
        if (i != 13) {
            assert_non_null(names_get(names, &address));
            assert_string_equal(names_get(names, &address), name);
        }
    }
    assert_in_range(server.asked, 249, 400); /* each once, but for what the loopback interface dropped */

    /* One that does not answer holds up no longer than it may, and not the others. */
    struct weir_address silent = make_address("192.0.2.13"), other = make_address("198.51.100.7");
    int64_t start_ms = now_ms();
    names_request(names, &silent);
    names_request(names, &other);
    names_wait(names, 300);
    assert_in_range(now_ms() - start_ms, 250, 1500);
    assert_true(names_pending(names, &silent));
    assert_null(names_get(names, &silent));
    assert_string_equal(names_get(names, &other), "host-7.example");
    server.stop = true;
    pthread_join(thread, NULL);
    names_free(names);
    close(server.fd);
}

static void test_names_under_way_are_dropped(void **state)
{
    struct names *names = names_create(NULL);
    struct weir_address address = make_address("192.0.2.1");
    (void)state;
    names_request(names, &address);
    names_free(names);
    names_free(NULL);
}

static void test_kept_names_are_bounded(void **state)
{
    struct names_options options = {.hosts_only = true, .kept_max = 3};
    struct names *names = names_create(&options);
    struct weir_address local = make_address("127.0.0.1"), address = make_address("192.0.2.1");
    (void)state;
    names_request(names, &local);
    assert_non_null(names_get(names, &local));
    for (uint8_t i = 0; i < 3; i++) {
        assert_non_null(names_get(names, &local));
        address.octets[3] = i;
        names_request(names, &address);
    }
    assert_null(names_get(names, &local)); /* the oldest went */
    names_request(names, &local);
    assert_non_null(names_get(names, &local));
    names_free(names);
}

static bool matches(const struct host_filter *filter, const char *source, const char *destination)
{
    struct flow flow = make_flow(source, 1, destination, 2, 0, 0, 1);
    return host_filter_match(filter, &flow);
}

static void test_filters(void **state)
{
    struct host_filter filter = {0};
    char error[512];
    (void)state;
    assert_true(matches(&filter, "1.2.3.4", "5.6.7.8"));
    assert_int_equal(host_filter_add(&filter, "192.0.2.1", NULL, error), 0);
    assert_true(matches(&filter, "192.0.2.1", "5.6.7.8"));
    assert_true(matches(&filter, "5.6.7.8", "192.0.2.1"));
    assert_false(matches(&filter, "192.0.2.2", "5.6.7.8"));
    assert_int_equal(host_filter_add(&filter, "10.16.0.0/12", NULL, error), 0);
    assert_true(matches(&filter, "10.31.255.255", "5.6.7.8"));
    assert_false(matches(&filter, "10.32.0.0", "5.6.7.8"));
    assert_false(matches(&filter, "10.15.255.255", "5.6.7.8"));
    assert_int_equal(host_filter_add(&filter, "2001:db8::/33", NULL, error), 0);
    assert_true(matches(&filter, "2001:db8:7fff::1", "::1"));
    assert_false(matches(&filter, "2001:db8:8000::1", "::1"));
    host_filter_done(&filter);
    assert_int_equal(host_filter_add(&filter, "0.0.0.0/0", NULL, error), 0);
    assert_true(matches(&filter, "10.32.0.0", "5.6.7.8"));
    assert_false(matches(&filter, "2001:db8::1", "::1"));
    host_filter_done(&filter);
}

static void test_filters_that_are_none(void **state)
{
    static const char *const bad[] = {"", "/8", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x", "2001:db8::/129",
                                      "192.0.2.0/-1", "no-such-host.invalid", "localhost/8", "12345"};
    struct names_options options = {.hosts_only = true, .budget_ms = 100};
    struct names *names = names_create(&options);
    struct host_filter filter = {0};
    char error[512];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error[0] = '\0';
        if (host_filter_add(&filter, bad[i], names, error) == 0 || error[0] == '\0') {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
    assert_int_equal(filter.count, 0);
    assert_int_equal(host_filter_add(&filter, "localhost", names, error), 0);
    assert_true(matches(&filter, "127.0.0.1", "5.6.7.8") || matches(&filter, "::1", "::2"));
    host_filter_done(&filter);
    names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_hosts_file_counts),
        cmocka_unit_test(test_waiting_is_bounded),
        cmocka_unit_test(test_names_from_a_server),
        cmocka_unit_test(test_names_under_way_are_dropped),
        cmocka_unit_test(test_kept_names_are_bounded),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_filters_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
