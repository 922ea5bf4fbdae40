/* SPDX-License-Identifier: MIT */
/*
 * write_all.c - all octets to a file, however few write(2) takes at once
 */
#include "write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, const uint8_t *data, size_t size_bytes)
{
    while (size_bytes > 0) {
        const ssize_t put = write(fd, data, size_bytes);
        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0) {
            data += put;
            size_bytes -= (size_t)put;
        }
    }
    return 0;
}
