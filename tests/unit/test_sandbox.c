/* SPDX-License-Identifier: MIT */
/*
 * test_sandbox.c - the filter of system calls, in a child: what a collector does not need fails and is told of, once
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LEFT_OUT = 77, REFUSED = 0, PROTOCOL_AUDIT = 9 };

#define call(...) try(#__VA_ARGS__, syscall(__VA_ARGS__))

/* 0 where it was refused. */
static int try(const char *what, long result)
{
    if (result == -1 && errno == ENOSYS)
        return 0;
    dprintf(STDOUT_FILENO, "not refused: %s: %ld, %s\n", what, result, strerror(errno));
    return 1;
}

static int try_programs(void)
{
    char *const arguments[] = {NULL};
    int count = call(SYS_execve, "/bin/true", arguments, arguments);
    count += call(SYS_execveat, AT_FDCWD, "/bin/true", arguments, arguments, 0);
    count += call(SYS_ptrace, 0, 0, 0, 0);
    count += call(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
    count += call(SYS_kill, getppid(), 0);
    count += call(SYS_tgkill, getppid(), getppid(), 0);
    count += call(SYS_prlimit64, 0, 7, &(uint64_t[]){10, 10}, NULL);
    count += call(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    count += call(SYS_clone3, NULL, 0);
    count += call(SYS_unshare, CLONE_NEWUSER);
    return count;
}

static int try_sockets(void)
{
    int count = call(SYS_socket, AF_PACKET, SOCK_DGRAM, 0);
    count += call(SYS_socket, AF_PACKET, SOCK_RAW, 0x300);
    count += call(SYS_socket, AF_INET, SOCK_RAW, 17);
    count += call(SYS_socket, AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 17);
    count += call(SYS_socket, AF_NETLINK, SOCK_RAW, PROTOCOL_AUDIT);
    count += call(SYS_socket, AF_VSOCK, SOCK_STREAM, 0);
    return count;
}

static int try_files_and_memory(void)
{
    int count = call(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    count += page == MAP_FAILED;
    count += call(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
    count += call(SYS_memfd_create, "x", 0);
    count += call(SYS_fchmodat, AT_FDCWD, "/", 0777);
    count += call(SYS_fchownat, AT_FDCWD, "/", 0, 0, 0);
    count += call(SYS_mount, "none", "/", "tmpfs", 0, NULL);
    count += call(SYS_chroot, "/");
    count += call(SYS_symlinkat, "a", AT_FDCWD, "b");
    count += call(SYS_setuid, 0);
    count += call(SYS_bpf, 0, NULL, 0);
    count += call(SYS_io_uring_setup, 1, NULL);
    count += call(SYS_keyctl, 0, 0, 0, 0, 0);
    count += call(SYS_userfaultfd, 0);
    count += call(SYS_perf_event_open, NULL, 0, -1, -1, 0);
    count += call(SYS_seccomp, 0, 0, NULL);
    count += call(SYS_ioctl, STDIN_FILENO, TIOCSTI, "x");
    count += call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    return count;
}

static _Atomic bool entered;

/* A thread that was there before, and blocks signals as those of the collector do. */
static void *on_thread(void *context)
{
    const struct timespec a_while = {.tv_nsec = 1000000};
    while (!atomic_load(&entered))
        nanosleep(&a_while, NULL);
    *(int *)context = call(SYS_execve, NULL, NULL, NULL);
    return NULL;
}

static void *nothing(void *context)
{
    return context;
}

/* What is needed goes on; 0 where it does. */
static int try_needed(void)
{
    pthread_t thread;
    struct timespec now;
    struct pollfd none = {.fd = -1};
    char octet;
    int count = pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0;
    const int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    count += file < 0 || read(file, &octet, 1) != 1 || close(file) != 0;
    const int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    count += udp < 0 || recv(udp, &octet, 1, MSG_DONTWAIT) != -1 || errno != EAGAIN;
    count += syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0;
    count += poll(&none, 1, 1) != 0;
    void *memory = malloc(64 << 20);
    count += memory == NULL;
    if (memory != NULL)
        memset(memory, 1, 64 << 20);
    free(memory);
    if (count > 0)
        dprintf(STDOUT_FILENO, "something that is needed was refused\n");
    return count;
}

static int in_child(void)
{
    pthread_t thread;
    sigset_t all, before;
    int thread_result = 1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 1;
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, on_thread, &thread_result) != 0)
        return 1;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    const enum sandbox_result result = sandbox_enter();
    if (result != SANDBOX_ON) {
        dprintf(STDOUT_FILENO, "no sandbox here: %s\n", result == SANDBOX_LEFT_OUT ? "sanitizers" : strerror(errno));
        return LEFT_OUT;
    }
    atomic_store(&entered, true);
    pthread_join(thread, NULL);
    int count = thread_result + try_needed() + try_programs() + try_sockets() + try_files_and_memory();
    return count == 0 ? REFUSED : 1;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void test_refused(void **state)
{
    (void)state;
    static char text[65536];
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        _exit(in_child());
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == LEFT_OUT) {
        print_message("%s", text);
        skip();
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != REFUSED)
        fail_msg("status %x: %s", (unsigned)status, text);
    /* each is told of once, whoever makes it and how often */
    assert_int_equal(count_of(text, "the system call execve ("), 1);
    assert_int_equal(count_of(text, "the system call socket ("), 1);
    assert_int_equal(count_of(text, "the system call ptrace ("), 1);
    assert_int_equal(count_of(text, "the system call clone3 ("), 0); /* expected of the C library */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
