/* SPDX-License-Identifier: MIT */
/*
 * passed_sockets.c - sockets that whoever started the program has opened for it
 */
#define _GNU_SOURCE
#include "passed_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Digits only, above 0; else -1. */
static long number_of(const char *text)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return -1;
    errno = 0;
    const long number = strtol(text, &end, 10);
    return errno != 0 || *end != '\0' || number == 0 ? -1 : number;
}

static int check(const char *count_text, struct sink_error *error)
{
    const long count = number_of(count_text);
    if (count < 0 || count > PASSED_SOCKETS_MAX) {
        snprintf(error->text, sizeof error->text,
                 "cannot take the sockets that were passed on: LISTEN_FDS is '%.40s', and not a number from 1 to %d",
                 count_text, PASSED_SOCKETS_MAX);
        return -1;
    }
    for (int fd = PASSED_SOCKETS_FIRST; fd < PASSED_SOCKETS_FIRST + count; fd++) {
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            snprintf(error->text, sizeof error->text,
                     "cannot take the sockets that were passed on: file descriptor %d of %ld from %d on: %s", fd, count,
                     PASSED_SOCKETS_FIRST, strerror(errno));
            return -1;
        }
    }
    return (int)count;
}

int passed_sockets_take(struct sink_error *error)
{
    const char *process = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
    /* Those for another process were passed to one that started us, and are not ours even when they are open. */
    const bool ours = process != NULL && count_text != NULL && number_of(process) == (long)getpid();
    const int count = ours ? check(count_text, error) : 0;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return count;
}
