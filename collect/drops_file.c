/* SPDX-License-Identifier: MIT */
/*
 * drops_file.c - up to where drops of sockets that outlive the process are told, in a file beside the journal
 */
#define _GNU_SOURCE
#include "drops_file.h"

#include "write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct drops_image {
    char magic[8];
    struct journal_drops drops;
};

static const char drops_magic[] = "weirdrop";

int drops_file_write(const char *path, const struct journal_drops *drops)
{
    struct drops_image image;
    memset(&image, 0, sizeof image); /* what lies between members is written too */
    memcpy(image.magic, drops_magic, sizeof image.magic);
    memcpy(image.drops.sockets, drops->sockets, sizeof image.drops.sockets);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    const int result = write_all(fd, (const uint8_t *)&image, sizeof image);
    const int number = errno;
    close(fd);
    if (result != 0)
        unlink(path);
    errno = number;
    return result;
}

bool drops_file_take(const char *path, struct journal_drops *ret_drops)
{
    struct drops_image image;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    const ssize_t length = read(fd, &image, sizeof image);
    close(fd);
    unlink(path);
    if (length != (ssize_t)sizeof image || memcmp(image.magic, drops_magic, sizeof image.magic) != 0)
        return false;
    *ret_drops = (struct journal_drops){0};
    memcpy(ret_drops->sockets, image.drops.sockets, sizeof ret_drops->sockets);
    return true;
}
