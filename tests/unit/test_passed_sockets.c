/* SPDX-License-Identifier: MIT */
/*
 * test_passed_sockets.c - sockets that were opened by whoever started the program, in processes made for it
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "passed_sockets.h"
#include "receive_socket.h"

#include "net_maker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

/* What to pass on: descriptors from 3 on, and the variables. */
struct passing {
    const char *pid; /* NULL: of the process itself; "": none */
    const char *count;
    int fds[3];
    int fd_count;
};

struct outcome {
    int taken, again;
    char error[512];
    bool variables_left, close_on_exec;
    int adopted; /* the first, by receive_socket_adopt() */
    struct receive_socket socket;
};

/* In a process of its own, as descriptor 3 of this one is somebody else's. */
static struct outcome pass(const struct passing *passing)
{
    struct outcome outcome = {.taken = -99};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        const int answer = fcntl(ends[1], F_DUPFD, 20);
        char pid[16];
        int fds[3];
        snprintf(pid, sizeof pid, "%d", (int)getpid());
        for (int i = 0; i < passing->fd_count; i++)
            fds[i] = fcntl(passing->fds[i], F_DUPFD, 30);
        for (int fd = PASSED_SOCKETS_FIRST; fd < 20; fd++)
            close(fd);
        for (int i = 0; i < passing->fd_count; i++)
            dup2(fds[i], PASSED_SOCKETS_FIRST + i);
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        if (passing->pid == NULL || passing->pid[0] != '\0')
            setenv("LISTEN_PID", passing->pid == NULL ? pid : passing->pid, 1);
        if (passing->count != NULL)
            setenv("LISTEN_FDS", passing->count, 1);
        setenv("LISTEN_FDNAMES", "a:b", 1);
        struct sink_error error = {0};
        outcome.taken = passed_sockets_take(&error);
        outcome.again = passed_sockets_take(&error);
        outcome.variables_left = getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL ||
                                 getenv("LISTEN_FDNAMES") != NULL;
        outcome.close_on_exec = (fcntl(PASSED_SOCKETS_FIRST, F_GETFD) & FD_CLOEXEC) != 0;
        if (outcome.taken > 0) {
            const struct receive_spec spec = {.buffer_bytes = 50000};
            outcome.adopted = receive_socket_adopt(PASSED_SOCKETS_FIRST, &spec, &outcome.socket, &error);
        }
        memcpy(outcome.error, error.text, sizeof error.text);
        _exit(write(answer, &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
    }
    assert_true(child > 0);
    close(ends[1]);
    int status = 0;
    const ssize_t length = read(ends[0], &outcome, sizeof outcome);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(length, sizeof outcome);
    assert_false(outcome.variables_left);
    assert_int_equal(outcome.again, 0);
    return outcome;
}

static int bound_socket(const char *host, int type, bool dual, uint16_t *ret_port)
{
    struct sockaddr_storage address;
    socklen_t length = net_address(host, 0, &address);
    const int fd = socket(address.ss_family, type, 0), only = !dual;
    if (address.ss_family == AF_INET6)
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    length = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *ret_port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    return fd;
}

static void test_taken_and_taken_over(void **state)
{
    (void)state;
    uint16_t port, other;
    const int fd = bound_socket("::", SOCK_DGRAM, true, &port);
    const int second = bound_socket("127.0.0.1", SOCK_DGRAM, false, &other);
    const struct outcome outcome = pass(&(struct passing){.count = "2", .fds = {fd, second}, .fd_count = 2});
    assert_int_equal(outcome.taken, 2);
    assert_true(outcome.close_on_exec);
    assert_int_equal(outcome.adopted, 0);
    assert_int_equal(outcome.socket.port, port);
    assert_int_equal(outcome.socket.buffer_bytes, 50000);
    char text[64];
    snprintf(text, sizeof text, "[::]:%u, IPv4 and IPv6", port);
    assert_string_equal(outcome.socket.text, text);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0); /* the same open socket */
    close(fd);
    close(second);
}

static void test_one_family_only(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = bound_socket("::", SOCK_DGRAM, false, &port);
    const struct outcome outcome = pass(&(struct passing){.count = "1", .fds = {fd}, .fd_count = 1});
    char text[64];
    snprintf(text, sizeof text, "[::]:%u", port);
    assert_string_equal(outcome.socket.text, text);
    close(fd);
}

static void test_not_for_us(void **state)
{
    (void)state;
    uint16_t port;
    const int fd = bound_socket("127.0.0.1", SOCK_DGRAM, false, &port);
    static const char *const pids[] = {"", "1", "0", "x", "-5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
        assert_int_equal(pass(&(struct passing){.pid = pids[i], .count = "1", .fds = {fd}, .fd_count = 1}).taken, 0);
    assert_int_equal(pass(&(struct passing){.count = NULL, .fds = {fd}, .fd_count = 1}).taken, 0);
    close(fd);
}

static void test_counts_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const counts[] = {"", "0", "-1", "+1", "1x", "1025", "2147483648", "99999999999999999999"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const struct outcome outcome = pass(&(struct passing){.count = counts[i]});
        assert_int_equal(outcome.taken, -1);
        assert_non_null(strstr(outcome.error, "LISTEN_FDS"));
    }
    uint16_t port;
    const int fd = bound_socket("127.0.0.1", SOCK_DGRAM, false, &port);
    const struct outcome outcome = pass(&(struct passing){.count = "2", .fds = {fd}, .fd_count = 1});
    assert_int_equal(outcome.taken, -1);
    assert_non_null(strstr(outcome.error, "descriptor 4"));
    close(fd);
}

static void test_what_is_no_udp_socket(void **state)
{
    (void)state;
    uint16_t port;
    int fds[3] = {bound_socket("127.0.0.1", SOCK_STREAM, false, &port), socket(AF_UNIX, SOCK_DGRAM, 0),
                  open("/dev/null", O_RDONLY)};
    for (size_t i = 0; i < 3; i++) {
        const struct outcome outcome = pass(&(struct passing){.count = "1", .fds = {fds[i]}, .fd_count = 1});
        assert_int_equal(outcome.adopted, -1);
        assert_non_null(strstr(outcome.error, "ListenDatagram="));
        close(fds[i]);
    }
    const int unbound = socket(AF_INET, SOCK_DGRAM, 0);
    const struct outcome outcome = pass(&(struct passing){.count = "1", .fds = {unbound}, .fd_count = 1});
    assert_int_equal(outcome.adopted, -1);
    assert_non_null(strstr(outcome.error, "not bound"));
    close(unbound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_and_taken_over), cmocka_unit_test(test_one_family_only),
        cmocka_unit_test(test_not_for_us),           cmocka_unit_test(test_counts_that_make_no_sense),
        cmocka_unit_test(test_what_is_no_udp_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
