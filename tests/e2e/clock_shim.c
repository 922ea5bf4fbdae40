/* SPDX-License-Identifier: MIT */
/*
 * clock_shim.c - to be preloaded: the time of day is another, by as many microseconds as stand in the file that
 * WEIR_CLOCK names
 *
 * That can be changed at any time, as by who sets the clock: a number of 64 bits, in the machine's order. The times at
 * which the kernel received datagrams change with it. Clocks that go on evenly stay.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const _Atomic int64_t *offset_us;

static int64_t offset(void)
{
    return offset_us == NULL ? 0 : *offset_us;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("WEIR_CLOCK");
    const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset_us, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        abort(); /* a test would pass for nothing */
    offset_us = mapped;
    close(fd);
}

static void shift(struct timespec *time)
{
    const int64_t ns = time->tv_nsec + offset() % 1000000 * 1000;
    time->tv_sec += (time_t)(offset() / 1000000) + (ns < 0 ? -1 : ns >= 1000000000 ? 1 : 0);
    time->tv_nsec = (long)((ns + 1000000000) % 1000000000);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *time)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        shift(time);
    return result;
}

__attribute__((visibility("default"))) time_t time(time_t *ret_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time != NULL)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}

__attribute__((visibility("default"))) int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                                                    struct timespec *timeout)
{
    const int received = (int)syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);
    for (int i = 0; i < received; i++) {
        struct msghdr *header = &messages[i].msg_hdr;
        for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
            struct timespec stamp;
            if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS)
                continue;
            memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
            shift(&stamp);
            memcpy(CMSG_DATA(part), &stamp, sizeof stamp);
        }
    }
    return received;
}
