/* SPDX-License-Identifier: MIT */
/* input.c - a file or standard input, plain or gzip: zlib tells which, and joins gzip members */
#define _GNU_SOURCE
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define LOCK_ATTEMPTS_MAX 200

struct input {
    gzFile file;
    struct progress progress;
    bool truncated;
};

/* While we read, weir collect does not write but keeps what comes in memory. A lock that is not to be had is no reason
 * not to read. It goes with the descriptor. */
static void lock_against_writers(int fd)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            return;
        nanosleep(&moment, NULL);
    }
}

static int open_file(const char *path, uint64_t *ret_size_bytes, char error[512])
{
    struct stat status;
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const char *hint = errno == ENOENT   ? "; weir collect writes such files, see weir collect --help"
                           : errno == EACCES ? "; ask its owner, or read it as another user"
                                             : "";
        snprintf(error, 512, "cannot open %s: %s%s", is_stdin ? "standard input" : path, strerror(errno), hint);
        return -1;
    }
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        snprintf(error, 512, "%s is a folder; name a file in it", path);
        close(fd);
        return -1;
    }
    if (S_ISREG(status.st_mode))
        lock_against_writers(fd);
    *ret_size_bytes = S_ISREG(status.st_mode) && status.st_size > 0 ? (uint64_t)status.st_size : 0;
    return fd;
}

struct input *input_open(const char *path, char error[512])
{
    uint64_t size_bytes = 0;
    int fd = open_file(path, &size_bytes, error);
    if (fd < 0)
        return NULL;
    struct input *input = calloc(1, sizeof *input);
    gzFile file = input != NULL ? gzdopen(fd, "rb") : NULL;
    if (file == NULL) {
        snprintf(error, 512, "cannot read %s: out of memory", path);
        close(fd);
        free(input);
        return NULL;
    }
    gzbuffer(file, 128 * 1024);
    input->file = file;
    progress_init(&input->progress, size_bytes);
    return input;
}

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    progress_hide(&input->progress);
    gzclose_r(input->file);
    free(input);
}

ssize_t input_read(void *context, void *buffer, size_t size_bytes, char error[256])
{
    struct input *input = context;
    unsigned wanted = size_bytes > 1u << 20 ? 1u << 20 : (unsigned)size_bytes;
    int length = gzread(input->file, buffer, wanted);
    int code = Z_OK;
    const char *text = gzerror(input->file, &code);

    if (length > 0) {
        z_off_t offset = gzoffset(input->file); /* in the file, compressed or not; a pipe has none */
        progress_update(&input->progress, (uint64_t)(offset >= 0 ? offset : gztell(input->file)));
        return length;
    }
    if (code == Z_OK || code == Z_STREAM_END)
        return 0;
    if (code == Z_BUF_ERROR) {
        input->truncated = true;
        return 0;
    }
    if (code == Z_ERRNO)
        snprintf(error, 256, "cannot read on: %s", strerror(errno));
    else
        snprintf(error, 256, "the gzip data is damaged after %lld octets of it: %.150s; gzip -t FILE tells more",
                 (long long)gzoffset(input->file), text);
    return -1;
}

bool input_truncated(const struct input *input)
{
    return input->truncated;
}

struct progress *input_progress(struct input *input)
{
    return &input->progress;
}
