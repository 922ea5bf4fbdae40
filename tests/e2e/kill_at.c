/* SPDX-License-Identifier: MIT */
/*
 * kill_at.c - loaded before a program (LD_PRELOAD), ends it at the n-th call that changes files
 *
 * At once, as SIGKILL does, which a program with a list of allowed system calls cannot send itself.
 *
 * Built with 64-bit file offsets, as the program is, so that the names are those that it calls.
 *
 * WEIR_KILL_AT tells n; 0, or nothing, lets it run. WEIR_KILL_COUNT names a file to which the number of calls goes at
 * exit().
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static _Atomic long calls;

static void count(void)
{
    const char *at = getenv("WEIR_KILL_AT");
    const long number = atomic_fetch_add(&calls, 1) + 1;
    if (at != NULL && number == atol(at))
        syscall(SYS_exit_group, 137);
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("WEIR_KILL_COUNT");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file == NULL)
        return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

/* The function that this one stands before. */
#define NEXT(name, type, ...)                                   \
    static type (*next)(__VA_ARGS__);                           \
    if (next == NULL)                                           \
        next = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name);    \
    count()

#define ONE(name, type, parameters, arguments, ...) \
    type name parameters;                           \
    type name parameters                            \
    {                                               \
        NEXT(#name, type, __VA_ARGS__);             \
        return next arguments;                      \
    }

#define OPEN(name, parameters, arguments, ...)                              \
    int name parameters;                                                    \
    int name parameters                                                     \
    {                                                                       \
        va_list more;                                                       \
        va_start(more, flags);                                              \
        const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                       \
        NEXT(#name, int, __VA_ARGS__);                                      \
        return next arguments;                                              \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), const char *, int, ...)
OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), int, const char *, int, ...)
ONE(write, ssize_t, (int fd, const void *data, size_t size), (fd, data, size), int, const void *, size_t)
ONE(pwrite, ssize_t, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), int, const void *, size_t,
    off_t)
ONE(fsync, int, (int fd), (fd), int)
ONE(fdatasync, int, (int fd), (fd), int)
ONE(ftruncate, int, (int fd, off_t size), (fd, size), int, off_t)
ONE(posix_fallocate, int, (int fd, off_t from, off_t size), (fd, from, size), int, off_t, off_t)
ONE(rename, int, (const char *from, const char *to), (from, to), const char *, const char *)
ONE(unlink, int, (const char *path), (path), const char *)
ONE(unlinkat, int, (int at, const char *path, int flags), (at, path, flags), int, const char *, int)
ONE(mkdir, int, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
ONE(flock, int, (int fd, int how), (fd, how), int, int)
ONE(close, int, (int fd), (fd), int)
