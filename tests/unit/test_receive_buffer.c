/* SPDX-License-Identifier: MIT */
/*
 * test_receive_buffer.c - when a buffer is too small, and that the estimate is that of the kernel
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net_maker.h"
#include "receive_buffer.h"

#include <stdlib.h>

static struct receive_socket socket_with(int wanted_bytes, int bytes)
{
    return (struct receive_socket){
        .buffer_wanted_bytes = wanted_bytes, .buffer_bytes = bytes, .text = "[::]:2055, IPv4 and IPv6"};
}

static void test_large_enough(void **state)
{
    (void)state;
    char text[256] = "as it was";
    const struct receive_socket usual = socket_with(64 << 20, 64 << 20), small = socket_with(64 << 20, 212992);
    assert_false(receive_buffer_advice(&usual, 200000, 200000 * 1400.0, text, sizeof text));
    assert_false(receive_buffer_advice(&small, 100, 100 * 1400.0, text, sizeof text));
    assert_false(receive_buffer_advice(&small, 0, 0, text, sizeof text));
    assert_string_equal(text, "as it was");
}

static void test_the_system_bounds(void **state)
{
    (void)state;
    char text[256];
    const struct receive_socket small = socket_with(64 << 20, 4 << 20);
    assert_true(receive_buffer_advice(&small, 100000, 100000 * 1400.0, text, sizeof text));
    assert_string_equal(text, "the receive buffer of 4096 KB of [::]:2055, IPv4 and IPv6 holds 36 ms of the 100000 "
                              "datagrams a second that come; 'sysctl -w net.core.rmem_max=33554432' gives it 250 ms or "
                              "more");
    /* and more than what was wanted is needed */
    assert_true(receive_buffer_advice(&small, 400000, 400000 * 1400.0, text, sizeof text));
    assert_non_null(strstr(text, "'sysctl -w net.core.rmem_max=134217728' and --rcvbuf 131072K gives"));
}

static void test_too_little_was_wanted(void **state)
{
    (void)state;
    char text[256];
    const struct receive_socket small = socket_with(1 << 20, 1 << 20);
    assert_true(receive_buffer_advice(&small, 100000, 100000 * 1400.0, text, sizeof text));
    assert_non_null(strstr(text, "; --rcvbuf 32768K gives"));
    assert_null(strstr(text, "sysctl"));
}

/* What is told to be set is enough, just, and has bounds. */
static void test_what_is_needed(void **state)
{
    (void)state;
    for (double rate = 10; rate < 1e6; rate *= 1.7) {
        for (double size = 50; size < 9000; size *= 2) {
            const int needed = receive_buffer_needed(rate, rate * size);
            assert_true(receive_buffer_holds_ms(needed, rate, rate * size) >= RECEIVE_PAUSE_MS ||
                        needed == RECEIVE_BUFFER_MAX_BYTES);
            assert_true(needed == 64 << 10 ||
                        receive_buffer_holds_ms(needed / 2, rate, rate * size) < RECEIVE_PAUSE_MS);
        }
    }
    /* short ones count as the long ones do with most drivers, whatever the loopback device does */
    assert_true(receive_buffer_holds_ms(1152, 1000, 1000 * 100.0) == 1);
    assert_true(receive_buffer_holds_ms(1152, 1000, 1000 * 1400.0) == 1);
    assert_true(receive_buffer_holds_ms(2176, 1000, 1000 * 2000.0) == 1);
    assert_int_equal(receive_buffer_needed(0, 0), 64 << 10);
    assert_int_equal(receive_buffer_needed(1e12, 1e15), RECEIVE_BUFFER_MAX_BYTES);
    char text[256];
    const struct receive_socket largest = socket_with(RECEIVE_BUFFER_MAX_BYTES, RECEIVE_BUFFER_MAX_BYTES);
    assert_false(receive_buffer_advice(&largest, 1e12, 1e15, text, sizeof text));
}

/* A buffer of the kernel's holds at least as many as is told, and not many times as many. */
static void test_the_kernel_counts_so(void **state)
{
    (void)state;
    static const size_t sizes[] = {200, 700, 1000, 1400, 1464};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct sink_error error = {0};
        const struct receive_spec spec = {.host = "127.0.0.1", .buffer_bytes = 128 << 10};
        struct receive_address address;
        struct receive_socket socket;
        char datagram[2048] = "", to_be_taken[64];
        memset(datagram, 'x', sizes[i]);
        assert_int_equal(receive_socket_resolve(&spec, &address, 1, &error), 1);
        assert_int_equal(receive_socket_open(&spec, &address, NULL, NULL, &socket, &error), 0);
        uint32_t dropped = 0, sent = 0;
        for (; dropped == 0 && sent < 10000; sent++) {
            assert_true(net_send(NULL, 0, "127.0.0.1", socket.port, datagram));
            assert_int_equal(receive_socket_dropped(socket.fd, &dropped), 0);
        }
        assert_int_equal(dropped, 1);
        const double told = receive_buffer_holds_ms(socket.buffer_bytes, 1000, 1000.0 * (double)sizes[i]);
        assert_true(told <= sent && told > sent / 4.0);
        uint32_t taken = 0;
        while (net_take(socket.fd, to_be_taken))
            taken++;
        assert_int_equal(taken, sent - dropped);
        close(socket.fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_enough),          cmocka_unit_test(test_the_system_bounds),
        cmocka_unit_test(test_too_little_was_wanted), cmocka_unit_test(test_what_is_needed),
        cmocka_unit_test(test_the_kernel_counts_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
