/* SPDX-License-Identifier: MIT */
/*
 * snapshot_file.c - what a decoder and sinks knew at a cut, in a file beside the journal
 */
#define _GNU_SOURCE
#include "snapshot_file.h"

#include "write_all.h"

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

void snapshot_file_begin(struct snapshot_file *file, uint64_t cut)
{
    file->cut = cut;
    file->failed = grow(file, HEADER_BYTES) != 0;
    if (file->failed)
        return;
    memcpy(file->data, MAGIC, 8);
    memcpy(file->data + 8, &cut, sizeof cut);
    file->size_bytes = HEADER_BYTES;
}

void snapshot_file_add(struct snapshot_file *file, size_t (*save)(void *context, uint8_t *data, size_t room_bytes),
                       void *context)
{
    uint64_t part_bytes = 0;
    file->failed |= file->path[0] == NULL || grow(file, file->size_bytes + sizeof part_bytes) != 0;
    for (int i = 0; i < 2 && !file->failed; i++) { /* a second time where there was no room */
        const size_t at = file->size_bytes + sizeof part_bytes;
        part_bytes = save(context, file->data + at, file->room_bytes - at);
        if (at + part_bytes <= file->room_bytes)
            break;
        file->failed = grow(file, at + part_bytes) != 0;
    }
    if (file->failed)
        return;
    memcpy(file->data + file->size_bytes, &part_bytes, sizeof part_bytes);
    file->size_bytes += sizeof part_bytes + part_bytes;
}

static int write_to(const char *path, const struct snapshot_file *file)
{
    if (file->failed) {
        errno = ENOMEM;
        return -1;
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    const int result = write_all(fd, file->data, file->size_bytes);
    const int number = errno;
    close(fd);
    errno = number;
    return result;
}

/* What a process left that was killed before it noted the cut has the same number, and is of another place in the
 * journal. */
int snapshot_file_write(struct snapshot_file *file)
{
    const char *path = file->path[file->cut & 1];
    if (path == NULL || write_to(path, file) == 0)
        return 0;
    const int number = errno;
    unlink(path);
    errno = number;
    return -1;
}

bool snapshot_file_read(struct snapshot_file *file, uint64_t cut)
{
    struct stat is;
    uint64_t found = 0;
    const char *path = file->path[cut & 1];
    const int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    file->size_bytes = 0;
    if (fd < 0)
        return false;
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
        return false;
    file->size_bytes = used;
    return true;
}

const uint8_t *snapshot_file_part(const struct snapshot_file *file, size_t i, size_t *ret_size_bytes)
{
    uint64_t part_bytes = 0;
    for (size_t at = HEADER_BYTES, k = 0; at < file->size_bytes && file->size_bytes - at >= sizeof part_bytes; k++) {
        memcpy(&part_bytes, file->data + at, sizeof part_bytes);
        at += sizeof part_bytes;
        if (part_bytes > file->size_bytes - at)
            break;
        if (k == i) {
            *ret_size_bytes = (size_t)part_bytes;
            return file->data + at;
        }
        at += (size_t)part_bytes;
    }
    return NULL;
}

void snapshot_file_remove(const struct snapshot_file *file)
{
    for (int i = 0; i < 2; i++) {
        if (file->path[i] != NULL)
            unlink(file->path[i]);
    }
}
