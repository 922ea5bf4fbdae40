/* SPDX-License-Identifier: MIT */
/*
 * inject.c - a library to be loaded before others, with LD_PRELOAD, that has calls of a program fail
 *
 *     INJECT_CALL    its name, as write
 *     INJECT_ERRNO   the number that it fails with
 *     INJECT_FROM    it fails from this call on, the first being 1
 *     INJECT_EACH    and each so many calls after that
 *     INJECT_TIMES   so many times; 0: always
 *     INJECT_COUNTS  a file that is there, of two numbers of 64 bits: how often it was called, and has failed
 *
 * What the C library calls by itself, for printf() or malloc(), does not fail. A close() that fails has closed, as
 * Linux does it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct counts {
    _Atomic uint64_t calls, failures;
};

static struct counts own_counts, *counts = &own_counts;
static const char *call_name;
static int call_errno;
static uint64_t call_from, call_each, call_times;

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* Sanitizers map memory before functions can be looked up. All arguments of syscall() are as wide as a register. */
static long map(void *at, size_t size_bytes, int protection, int flags, int fd, off64_t offset)
{
    return syscall(SYS_mmap, at, size_bytes, (long)protection, (long)flags, (long)fd, (long)offset);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("INJECT_COUNTS");
    const int fd = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        const long at = map(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at != -1)
            counts = (struct counts *)at;
        syscall(SYS_close, fd);
    }
    call_errno = (int)number_of("INJECT_ERRNO", EIO);
    call_from = number_of("INJECT_FROM", 1);
    call_each = number_of("INJECT_EACH", 1);
    call_times = number_of("INJECT_TIMES", 0);
    call_name = getenv("INJECT_CALL");
}

/* Whether this call is one that fails. */
static bool fails(const char *name)
{
    if (call_name == NULL || strcmp(call_name, name) != 0)
        return false;
    const uint64_t number = atomic_fetch_add(&counts->calls, 1) + 1;
    if (number < call_from || (number - call_from) % call_each != 0)
        return false;
    if (call_times > 0 && (number - call_from) / call_each >= call_times)
        return false;
    atomic_fetch_add(&counts->failures, 1);
    errno = call_errno;
    return true;
}

/* The function that is really meant. */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    return fails("recvmmsg") ? -1 : REAL(recvmmsg)(fd, messages, count, flags, timeout);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    return fails("poll") ? -1 : REAL(poll)(fds, count, timeout_ms);
}

ssize_t read(int fd, void *data, size_t size_bytes)
{
    return fails("read") ? -1 : REAL(read)(fd, data, size_bytes);
}

ssize_t write(int fd, const void *data, size_t size_bytes)
{
    /* what is told of a failure is not to be one itself: tests wait for it */
    return fd != STDERR_FILENO && fails("write") ? -1 : REAL(write)(fd, data, size_bytes);
}

ssize_t pread64(int fd, void *data, size_t size_bytes, off64_t offset)
{
    return fails("pread") ? -1 : REAL(pread64)(fd, data, size_bytes, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size_bytes, off64_t offset)
{
    return fails("pwrite") ? -1 : REAL(pwrite64)(fd, data, size_bytes, offset);
}

int fsync(int fd)
{
    return fails("fsync") ? -1 : REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
    return fails("rename") ? -1 : REAL(rename)(from, to);
}

int ftruncate64(int fd, off64_t size_bytes)
{
    return fails("ftruncate") ? -1 : REAL(ftruncate64)(fd, size_bytes);
}

/* This one returns its error. */
int posix_fallocate64(int fd, off64_t offset, off64_t size_bytes)
{
    return fails("posix_fallocate") ? errno : REAL(posix_fallocate64)(fd, offset, size_bytes);
}

int open64(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, unsigned) : 0;
    va_end(list);
    return fails("open") ? -1 : REAL(open64)(path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, unsigned) : 0;
    va_end(list);
    return fails("openat") ? -1 : REAL(openat64)(folder, path, flags, mode);
}

int close(int fd)
{
    const int result = (int)syscall(SYS_close, fd);
    return result == 0 && fails("close") ? -1 : result;
}

void *mmap64(void *at, size_t size_bytes, int protection, int flags, int fd, off64_t offset)
{
    if (fails("mmap"))
        return MAP_FAILED;
    return (void *)map(at, size_bytes, protection, flags, fd, offset);
}

int eventfd(unsigned first, int flags)
{
    return fails("eventfd") ? -1 : REAL(eventfd)(first, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context)
{
    return fails("pthread_create") ? errno : REAL(pthread_create)(thread, attributes, run, context);
}

int mkdir(const char *path, mode_t mode)
{
    return fails("mkdir") ? -1 : REAL(mkdir)(path, mode);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    return fails("getsockopt") ? -1 : REAL(getsockopt)(fd, level, name, value, size);
}
