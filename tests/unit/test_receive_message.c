/* SPDX-License-Identifier: MIT */
/*
 * test_receive_message.c - control data and addresses: of a real socket, and of memory that holds anything
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receive_message.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static size_t put(uint8_t *at, int level, int type, const void *data, size_t length)
{
    const struct cmsghdr head = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    memset(at, 0, CMSG_SPACE(length));
    memcpy(at, &head, sizeof head);
    memcpy(at + CMSG_LEN(0), data, length);
    return CMSG_SPACE(length);
}

static struct receive_control parse(void *octets, size_t length)
{
    return receive_control_parse(octets, length);
}

/* Both, as the kernel gives them. Returns the length. */
static size_t make(uint8_t *octets, int64_t seconds, int64_t nanoseconds, uint32_t dropped)
{
    const struct timespec time = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    size_t length = put(octets, SOL_SOCKET, SCM_TIMESTAMPNS, &time, sizeof time);
    length += put(octets + length, SOL_SOCKET, SO_RXQ_OVFL, &dropped, sizeof dropped);
    return length;
}

static void test_time_and_drops(void **state)
{
    (void)state;
    uint8_t octets[256];
    size_t length = make(octets, 1700000000, 123456789, 7);
    struct receive_control control = parse(octets, length);
    assert_int_equal(control.received_ns, 1700000000123456789);
    assert_true(control.has_dropped);
    assert_int_equal(control.dropped, 7);
    /* something that nobody asked for between them, and both again behind */
    const int ttl = 64;
    length = put(octets, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    length += put(octets + length, SOL_SOCKET, 4711, "abc", 3);
    length += make(octets + length, 5, 6, 0);
    length += make(octets + length, 7, 8, 9);
    control = parse(octets, length);
    assert_int_equal(control.received_ns, 5000000006);
    assert_true(control.has_dropped);
    assert_int_equal(control.dropped, 0);
    /* not the socket's own level */
    const struct timespec time = {.tv_sec = 1};
    assert_int_equal(parse(octets, put(octets, IPPROTO_IP, SCM_TIMESTAMPNS, &time, sizeof time)).received_ns, 0);
}

static void test_nothing(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL, 0).received_ns, 0);
    assert_int_equal(parse(NULL, 64).received_ns, 0);
    assert_false(parse((uint8_t[1]){1}, 0).has_dropped);
}

/* The form with 64 bits for both, whatever the size of time_t; and one that is too short for it. */
static void test_form_of_64_bits(void **state)
{
    (void)state;
    uint8_t octets[64];
    const int64_t words[2] = {10, 20};
    assert_int_equal(parse(octets, put(octets, SOL_SOCKET, 64, words, 16)).received_ns, 10000000020);
    assert_int_equal(parse(octets, put(octets, SOL_SOCKET, 64, words, 15)).received_ns, 0);
}

static void test_impossible_values(void **state)
{
    (void)state;
    uint8_t octets[128];
    static const int64_t times[][2] = {{-1, 0}, {1, -1}, {1, 1000000000}, {INT64_MAX, 0}, {INT64_MAX / 1000000000, 0},
                                       {INT64_MIN, INT64_MIN}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const size_t length = make(octets, times[i][0], times[i][1], 3);
        assert_int_equal(parse(octets, length).received_ns, 0);
        assert_int_equal(parse(octets, length).dropped, 3);
    }
}

/* Each length of a header, and each length of the whole, at the end of readable memory, at odd addresses too. */
static void test_lengths_that_lie(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(mprotect(memory + page, page, PROT_NONE), 0);
    uint8_t whole[128];
    const size_t length = make(whole, 1, 2, 3);
    static const size_t lies[] = {0, 1, 15, 16, 17, 20, 31, 32, 33, 40, 55, 56, 57, 1000, SIZE_MAX, SIZE_MAX - 7,
                                  SIZE_MAX / 2};
    for (size_t cut = 0; cut <= length; cut++) {
        for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
            uint8_t *at = memory + page - cut;
            memcpy(at, whole, cut);
            if (cut >= sizeof lies[i])
                memcpy(at, &lies[i], sizeof lies[i]);
            const struct receive_control control = parse(at, cut);
            assert_true(control.received_ns == 0 || control.received_ns == 1000000002);
            /* lies of 0 to 31 octets leave no room for the time; one that is too long ends it all */
            if (cut >= 8 && (lies[i] < 32 || lies[i] > cut))
                assert_int_equal(control.received_ns, 0);
        }
        if (cut >= CMSG_SPACE(sizeof(struct timespec))) {
            uint8_t *at = memory + page - cut;
            memcpy(at, whole, cut);
            assert_int_equal(parse(at, cut).received_ns, 1000000002);
            assert_int_equal(parse(at, cut).has_dropped, cut >= CMSG_SPACE(sizeof(struct timespec)) + CMSG_LEN(4));
        }
    }
    munmap(memory, 2 * page);
}

static void test_a_real_socket(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0), on = 1, small = 1;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    struct timespec before;
    clock_gettime(CLOCK_REALTIME, &before);
    uint32_t dropped = 0;
    /* what is dropped is told with the next datagram that comes */
    for (int i = 0; i < 100 && dropped == 0; i++) {
        char data[1024] = "", control[96];
        for (int k = 0; k < 8; k++)
            assert_int_equal(sendto(sender, data, sizeof data, 0, (struct sockaddr *)&address, length), sizeof data);
        struct iovec vector = {data, sizeof data};
        struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                                .msg_controllen = sizeof control};
        for (ssize_t got; (got = recvmsg(fd, &header, MSG_DONTWAIT)) >= 0; header.msg_controllen = sizeof control) {
            assert_int_equal(header.msg_flags & MSG_CTRUNC, 0);
            const struct receive_control told = receive_control_parse(header.msg_control, header.msg_controllen);
            assert_in_range(told.received_ns / 1000000000, before.tv_sec, before.tv_sec + 60);
            if (told.has_dropped)
                dropped = told.dropped;
        }
    }
    assert_in_range(dropped, 1, 800);
    close(fd);
    close(sender);
}

static void test_sources(void **state)
{
    (void)state;
    struct weir_address address = {.family = 9};
    uint16_t port = 0;
    const struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(2055), .sin_addr.s_addr = htonl(0xc0000207)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(9995)};
    uint8_t crooked[sizeof six + 1];
    char text[WEIR_ADDRESS_TEXT_SIZE];

    memcpy(crooked + 1, &four, sizeof four);
    assert_int_equal(receive_source_parse(crooked + 1, sizeof four, &address, &port), 0);
    weir_address_text(&address, text);
    assert_string_equal(text, "192.0.2.7");
    assert_int_equal(port, 2055);

    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 9};
    memcpy(&six.sin6_addr, mapped, 16);
    assert_int_equal(receive_source_parse(&six, sizeof six, &address, &port), 0);
    weir_address_text(&address, text);
    assert_string_equal(text, "192.0.2.9");
    assert_int_equal(port, 9995);
    assert_int_equal(address.octets[4], 0);

    six.sin6_addr.s6_addr[0] = 0x20;
    memcpy(crooked + 1, &six, sizeof six);
    assert_int_equal(receive_source_parse(crooked + 1, sizeof six, &address, &port), 0);
    assert_int_equal(address.family, 6);
    assert_memory_equal(address.octets, &six.sin6_addr, 16);

    const struct weir_address before = address;
    port = 1;
    for (size_t length = 0; length < sizeof six; length++)
        assert_int_equal(receive_source_parse(&six, length, &address, &port), -1);
    for (size_t length = 0; length < sizeof four; length++)
        assert_int_equal(receive_source_parse(&four, length, &address, &port), -1);
    const struct sockaddr_storage other = {.ss_family = AF_UNIX};
    assert_int_equal(receive_source_parse(&other, sizeof other, &address, &port), -1);
    assert_memory_equal(&address, &before, sizeof before);
    assert_int_equal(port, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_and_drops),  cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_form_of_64_bits), cmocka_unit_test(test_impossible_values),
        cmocka_unit_test(test_lengths_that_lie), cmocka_unit_test(test_a_real_socket),
        cmocka_unit_test(test_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
