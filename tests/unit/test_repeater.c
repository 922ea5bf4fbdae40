/* SPDX-License-Identifier: MIT */
/*
 * test_repeater.c - what a repeater sends is what comes out of sockets, with the address of the exporter where it
 * may, also when it is too long for one packet
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "repeater.h"

#include "net_maker.h"

#include <stdlib.h>

static bool own_network;
static char told[512];
static unsigned told_count;

static void tell(void *context, const char *text)
{
    (void)context;
    snprintf(told, sizeof told, "%s", text);
    told_count++;
}

static int receiver_at(const char *host, uint16_t *ret_port)
{
    struct sockaddr_storage address;
    socklen_t length = net_address(host, 0, &address);
    const int fd = socket(address.ss_family, SOCK_DGRAM, 0), room = 4 << 20;
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    length = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *ret_port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                    : ((struct sockaddr_in *)&address)->sin_port);
    return fd;
}

static struct sink *open_repeater(const char *host, uint16_t port, const char *words)
{
    struct repeater_options options = {.tell = tell};
    struct sink_error error = {0};
    char text[128];
    bool usage = false;
    snprintf(text, sizeof text, strchr(host, ':') == NULL ? "%s:%u%s" : "[%s]:%u%s", host, port, words);
    assert_int_equal(repeater_target_parse(text, &options.target, &usage, &error), 0);
    struct sink *sink = repeater_create(&options, &error);
    if (sink == NULL)
        print_error("%s\n", error.text);
    assert_non_null(sink);
    told[0] = '\0';
    told_count = 0;
    return sink;
}

static void give(struct sink *sink, const char *from, uint16_t from_port, const uint8_t *data, size_t size)
{
    struct sink_error error;
    struct weir_datagram datagram = {.data = data, .size_bytes = size, .source_port = from_port};
    datagram.source.family = strchr(from, ':') == NULL ? 4 : 6;
    assert_int_equal(inet_pton(datagram.source.family == 4 ? AF_INET : AF_INET6, from, datagram.source.octets), 1);
    assert_int_equal(sink->class->raw(sink, &datagram, &error), 0);
}

static void flush(struct sink *sink)
{
    struct sink_error error;
    assert_int_equal(sink->class->raw_end(sink, &error), 0);
}

struct wanted_count {
    const char *name;
    uint64_t value;
};

static void look_at_count(void *context, const struct sink_count *count)
{
    struct wanted_count *wanted = context;
    if (strcmp(count->name, wanted->name) == 0)
        wanted->value = count->value;
}

/* What metrics would show. */
static uint64_t counted(struct sink *sink, const char *name)
{
    struct wanted_count wanted = {.name = name, .value = UINT64_MAX};
    sink->class->counts(sink, look_at_count, &wanted);
    return wanted.value;
}

static void end(struct sink *sink)
{
    struct sink_error error;
    assert_int_equal(sink->class->close(sink, &error), 0);
}

/* What comes next is the datagram, from there; `from` NULL: from whatever port of `host`. */
static void expect(int fd, const char *from, uint16_t from_port, const uint8_t *data, size_t size)
{
    static uint8_t got[70000];
    struct sockaddr_storage source, wanted;
    socklen_t length = sizeof source;
    const ssize_t count = recvfrom(fd, got, sizeof got, MSG_DONTWAIT, (struct sockaddr *)&source, &length);
    assert_int_equal(count, (ssize_t)size);
    assert_true(size == 0 || memcmp(got, data, size) == 0);
    const socklen_t wanted_length = net_address(from, from_port, &wanted);
    assert_int_equal(length, wanted_length);
    if (from_port == 0) /* any */
        memcpy((char *)&wanted + 2, (char *)&source + 2, 2);
    if (wanted.ss_family == AF_INET)
        assert_memory_equal(&source, &wanted, 8);
    else
        assert_memory_equal(&((struct sockaddr_in6 *)&source)->sin6_addr, &((struct sockaddr_in6 *)&wanted)->sin6_addr,
                            16);
    if (wanted.ss_family == AF_INET6 && from_port != 0)
        assert_int_equal(((struct sockaddr_in6 *)&source)->sin6_port, htons(from_port));
}

static void test_from_own_address(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = receiver_at("127.0.0.1", &port);
    struct sink *sink = open_repeater("127.0.0.1", port, ",source=own");
    static uint8_t data[65507] = {0, 9};
    give(sink, "192.0.2.7", 50000, data, 100);
    give(sink, "2001:db8::7", 50000, data, 0);
    give(sink, "192.0.2.7", 50000, data, sizeof data);
    flush(sink);
    expect(fd, "127.0.0.1", 0, data, 100);
    expect(fd, "127.0.0.1", 0, data, 0);
    expect(fd, "127.0.0.1", 0, data, sizeof data);
    assert_non_null(strstr(repeater_text(sink), "from this machine's address"));
    end(sink);
    assert_non_null(strstr(told, "repeated 3 datagrams to 127.0.0.1"));
    close(fd);
}

/* More than fit into a queue. */
static void test_many(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = receiver_at("127.0.0.1", &port);
    struct sink *sink = open_repeater("127.0.0.1", port, ",source=own");
    static uint8_t data[300][40];
    for (unsigned i = 0; i < 300; i++) {
        memcpy(data[i], &i, sizeof i);
        give(sink, "192.0.2.7", 50000, data[i], sizeof data[i]);
    }
    flush(sink);
    for (unsigned i = 0; i < 300; i++)
        expect(fd, "127.0.0.1", 0, data[i], sizeof data[i]);
    end(sink);
    close(fd);
}

static void set_mtu(int mtu)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_mtu = mtu};
    assert_int_equal(ioctl(fd, SIOCSIFMTU, &request), 0);
    close(fd);
}

static void keeps(const char *here, const char *exporter, uint8_t *data)
{
    uint16_t port;
    const int fd = receiver_at(here, &port);
    struct sink *sink = open_repeater(here, port, ",source=keep");
    assert_non_null(strstr(repeater_text(sink), "from the exporters' addresses"));
    static const size_t sizes[] = {0, 1, 7, 1400, 1453, 1473, 1480, 2999, 20001, 65487};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        give(sink, exporter, (uint16_t)(50000 + i), data + i, sizes[i]);
        flush(sink);
        expect(fd, exporter, (uint16_t)(50000 + i), data + i, sizes[i]);
    }
    give(sink, strchr(here, ':') == NULL ? "2001:db8::7" : "192.0.2.7", 50000, data, 100); /* of the other family */
    flush(sink);
    expect(fd, here, 0, data, 100);
    end(sink);
    assert_non_null(strstr(told, ", 1 of them from this machine's address"));
    close(fd);
}

static void test_from_the_exporters_address(void **state)
{
    (void)state;
    if (!own_network)
        skip();
    static uint8_t data[70000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    set_mtu(1500);
    keeps("127.0.0.1", "192.0.2.7", data);
    keeps("::1", "2001:db8::7", data);
    set_mtu(65536);
    keeps("127.0.0.1", "127.9.9.9", data);
    keeps("::1", "2001:db8::7", data);
}

/* The path becomes narrower while packets are under way: those that follow fit. */
static void test_path_that_becomes_narrower(void **state)
{
    (void)state;
    if (!own_network)
        skip();
    uint16_t port;
    static uint8_t data[9000];
    const int fd = receiver_at("127.0.0.1", &port);
    struct sink *sink = open_repeater("127.0.0.1", port, "");
    set_mtu(1500);
    give(sink, "192.0.2.7", 50000, data, sizeof data);
    flush(sink);
    char none[64];
    assert_false(net_take(fd, none));
    give(sink, "192.0.2.7", 50000, data, sizeof data);
    flush(sink);
    expect(fd, "192.0.2.7", 50000, data, sizeof data);
    set_mtu(65536);
    assert_int_equal(counted(sink, "unsent_datagrams"), 1);
    end(sink);
    assert_non_null(strstr(told, "1 could not be sent: it is longer than the path takes"));
    close(fd);
}

static void test_refused_is_told_once_a_minute(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = receiver_at("127.0.0.1", &port);
    struct sink *sink = open_repeater("127.0.0.1", port, ",source=own");
    struct sink_error error;
    const uint8_t data[20] = {0, 5};
    close(fd);
    for (int64_t second = 1; second <= 130; second++) {
        give(sink, "192.0.2.7", 50000, data, sizeof data);
        flush(sink);
        assert_int_equal(sink->class->tick(sink, 1700000000000000 + second * 1000000, &error), 0);
        if (second == 2)
            assert_non_null(strstr(told, "were refused 1 times: nobody listens there"));
        if (second > 1)
            assert_int_equal(told_count, (second - 2) / 60 + 1);
    }
    assert_non_null(strstr(told, "were refused 60 times"));
    assert_int_equal(counted(sink, "repeated_datagrams"), 130);
    assert_int_equal(counted(sink, "refusals"), 129);
    end(sink);
    assert_non_null(strstr(told, "repeated 130 datagrams"));
    assert_non_null(strstr(told, "refused 129 times: nobody listens there"));
}

static void test_sampled(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = receiver_at("127.0.0.1", &port);
    struct sink *sink = open_repeater("127.0.0.1", port, ",sample=10,source=own");
    uint8_t data[100][24] = {{0}};
    for (uint8_t i = 0; i < 100; i++) {
        data[i][1] = 5;
        data[i][23] = i;
        give(sink, "192.0.2.7", 50000, data[i], sizeof data[i]);
    }
    flush(sink);
    for (uint8_t i = 0; i < 100; i += 10)
        expect(fd, "127.0.0.1", 0, data[i], sizeof data[i]);
    assert_int_equal(counted(sink, "repeated_datagrams"), 10);
    assert_int_equal(counted(sink, "sampled_out_datagrams"), 90);
    end(sink);
    assert_non_null(strstr(told, "repeated 10 datagrams"));
    assert_non_null(strstr(told, "90 sampled out"));
    close(fd);
}

static void test_words(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", ":", "127.0.0.1", ":2055", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
        "127.0.0.1:2x", "127.0.0.1:-1", "::1:2055", "[::1]", "[::1:2055", "[]:2055", "127.0.0.1:99,",
        "127.0.0.1:99,source=x",
        "127.0.0.1:99,sample=0", "127.0.0.1:99,sample=", "127.0.0.1:99,sample=1000001",
        "127.0.0.1:99,sample=99999999999",
        "127.0.0.1:99,,sample=2"};
    struct repeater_target target = {.sample = 77};
    struct sink_error error;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bool usage = false;
        assert_int_equal(repeater_target_parse(wrong[i], &target, &usage, &error), -1);
        assert_true(usage);
        assert_int_equal(target.sample, 77);
    }
    bool usage = false;
    assert_int_equal(repeater_target_parse("no-such-host.invalid:2055", &target, &usage, &error), -1);
    assert_false(usage);
    assert_non_null(strstr(error.text, "no-such-host.invalid"));
    assert_int_equal(repeater_target_parse("[::1]:65535,sample=7,source=keep", &target, &usage, &error), 0);
    assert_string_equal(target.text, "[::1]:65535");
    assert_int_equal(target.sample, 7);
    assert_int_equal(target.source, REPEATER_SOURCE_KEEP);
    assert_true(repeater_target_is_loopback(&target));
    assert_int_equal(repeater_target_parse("239.1.2.3:1", &target, &usage, &error), 0);
    assert_int_equal(target.sample, 1);
    assert_true(repeater_target_is_multicast(&target));
}

static bool reaches(const char *host, uint16_t port, int fd)
{
    struct repeater_target target;
    struct sink_error error;
    char text[128];
    bool usage;
    snprintf(text, sizeof text, strchr(host, ':') == NULL ? "%s:%u" : "[%s]:%u", host, port);
    assert_int_equal(repeater_target_parse(text, &target, &usage, &error), 0);
    return repeater_target_reaches(&target, fd);
}

static void test_loops(void **state)
{
    (void)state;
    uint16_t port;
    int fd = receiver_at("127.0.0.1", &port);
    assert_true(reaches("127.0.0.1", port, fd));
    assert_true(reaches("0.0.0.0", port, fd));
    assert_true(reaches("::ffff:127.0.0.1", port, fd));
    assert_false(reaches("127.0.0.2", port, fd));
    assert_false(reaches("127.0.0.1", (uint16_t)(port ^ 1), fd));
    assert_false(reaches("192.0.2.7", port, fd));
    close(fd);
    fd = receiver_at("0.0.0.0", &port);
    assert_true(reaches("127.0.0.2", port, fd));
    assert_false(reaches("192.0.2.7", port, fd));
    assert_false(reaches("239.1.2.3", port, fd));
    assert_false(reaches("::1", port, fd));
    close(fd);
    fd = receiver_at("::", &port);
    assert_true(reaches("127.0.0.2", port, fd));
    assert_true(reaches("::1", port, fd));
    assert_false(reaches("2001:db8::7", port, fd));
    close(fd);
}

int main(void)
{
    own_network = net_own();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_own_address),           cmocka_unit_test(test_many),
        cmocka_unit_test(test_from_the_exporters_address), cmocka_unit_test(test_path_that_becomes_narrower),
        cmocka_unit_test(test_refused_is_told_once_a_minute),
        cmocka_unit_test(test_sampled),                    cmocka_unit_test(test_words),
        cmocka_unit_test(test_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
