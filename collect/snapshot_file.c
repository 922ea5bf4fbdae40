/* SPDX-License-Identifier: MIT */
/*
 * snapshot_file.c - what a decoder knew at a cut, in a file beside the journal
 */
#define _GNU_SOURCE
#include "snapshot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "weirsnap"

enum { HEADER_BYTES = 16, FILE_MAX_BYTES = 1 << 30 };

int snapshot_file_init(struct snapshot_file *file, const char *path)
{
    *file = (struct snapshot_file){0};
    for (int i = 0; i < 2 && path != NULL; i++) {
        if (asprintf(&file->path[i], "%s-%d.snapshot", path, i) >= 0)
            continue;
        file->path[i] = NULL;
        snapshot_file_done(file);
        return -1;
    }
    return 0;
}

void snapshot_file_done(struct snapshot_file *file)
{
    free(file->path[0]);
    free(file->path[1]);
    free(file->data);
    *file = (struct snapshot_file){0};
}

static int grow(struct snapshot_file *file, size_t size_bytes)
{
    if (size_bytes <= file->room_bytes)
        return 0;
    uint8_t *data = realloc(file->data, size_bytes + size_bytes / 2);
    if (data == NULL)
        return -1;
    file->data = data;
    file->room_bytes = size_bytes + size_bytes / 2;
    return 0;
}

static int write_all(int fd, const uint8_t *data, size_t size_bytes)
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

int snapshot_file_save(struct snapshot_file *file, const struct weir_decoder *decoder, uint64_t cut)
{
    if (file->path[0] == NULL)
        return 0;
    size_t size_bytes = weir_decoder_save(decoder, file->data == NULL ? NULL : file->data + HEADER_BYTES,
                                          file->room_bytes < HEADER_BYTES ? 0 : file->room_bytes - HEADER_BYTES);
    if (size_bytes + HEADER_BYTES > file->room_bytes) {
        if (grow(file, size_bytes + HEADER_BYTES) != 0)
            return -1;
        size_bytes = weir_decoder_save(decoder, file->data + HEADER_BYTES, file->room_bytes - HEADER_BYTES);
    }
    memcpy(file->data, MAGIC, 8);
    memcpy(file->data + 8, &cut, sizeof cut);
    const int fd = open(file->path[cut & 1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    const int result = write_all(fd, file->data, size_bytes + HEADER_BYTES);
    const int number = errno;
    close(fd);
    errno = number;
    return result;
}

const uint8_t *snapshot_file_read(struct snapshot_file *file, uint64_t cut, size_t *ret_size_bytes)
{
    struct stat is;
    uint64_t found = 0;
    const char *path = file->path[cut & 1];
    const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    size_t used = 0;
    bool sound = fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && is.st_uid == geteuid() && is.st_size > HEADER_BYTES &&
                 is.st_size <= FILE_MAX_BYTES && grow(file, (size_t)is.st_size) == 0;
    while (sound && used < (size_t)is.st_size) {
        const ssize_t got = read(fd, file->data + used, (size_t)is.st_size - used);
        if (got > 0)
            used += (size_t)got;
        else
            sound = got < 0 && errno == EINTR;
    }
    close(fd);
    if (sound)
        memcpy(&found, file->data + 8, sizeof found);
    if (!sound || memcmp(file->data, MAGIC, 8) != 0 || found != cut)
        return NULL;
    *ret_size_bytes = used - HEADER_BYTES;
    return file->data + HEADER_BYTES;
}

void snapshot_file_remove(const struct snapshot_file *file)
{
    for (int i = 0; i < 2; i++) {
        if (file->path[i] != NULL)
            unlink(file->path[i]);
    }
}
