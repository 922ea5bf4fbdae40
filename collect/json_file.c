/* SPDX-License-Identifier: MIT */
/* json_file.c - what the files behind the JSON sink have in common: opening, locking, failing */
#define _GNU_SOURCE
#include "json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int json_error(struct sink_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}

int json_file_fail(struct json_file *file, int code, struct sink_error *error)
{
    const char *advice = code == ENOSPC || code == EDQUOT ? "make room"
                         : code == EFBIG                  ? "raise the limit on file sizes or use --rotate"
                         : code == EPIPE                  ? "its reader has left: start that"
                                                          : "mend that";

    if (file->patient && file->regular && (code == ENOSPC || code == EDQUOT)) {
        file->full = true;
        return json_error(error, "cannot write %s: %s", file->path, strerror(code));
    }
    json_error(&file->failure, "cannot write %s: %s; %s and start again, what was written before is kept", file->path,
               strerror(code), advice);
    file->failed = true;
    *error = file->failure;
    return -1;
}

/* ------------------------------------------------------------------------------------------------- opening */

/* One writer a file. The lock belongs to the open file and goes with it, however the process ends. It is not the
 * one of flock(2), which readers may take. Where the file system knows no locks, that is no reason not to write. */
static int lock(const struct json_file *file, struct sink_error *error)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(file->fd, F_OFD_SETLK, &whole) < 0 && (errno == EAGAIN || errno == EACCES)) {
        return json_error(error, "%s is being written by another process; end that one, or name another file",
                          file->path);
    }
    return 0;
}

static int open_descriptor(const struct json_file_options *options, bool lines)
{
    struct stat status;

    if (lines && strcmp(options->path, "-") == 0) {
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    /* A pipe opened for reading as well would never tell that its reader has left. */
    if (lines && stat(options->path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return open(options->path, O_WRONLY | O_CLOEXEC);
    }
    return open(options->path,
                O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | (options->fresh ? O_EXCL : 0) | (lines ? O_APPEND : 0),
                0666);
}

int json_file_init(struct json_file *file, const struct json_file_options *options, bool lines,
                   struct sink_error *error)
{
    struct stat status;

    *file = (struct json_file){.path = strdup(options->path), .fd = -1};
    if (file->path == NULL) {
        return json_error(error, "cannot open %s: out of memory", options->path);
    }

    file->fd = open_descriptor(options, lines);
    int code = errno;
    if (file->fd < 0) {
        const char *advice = code == EMFILE || code == ENFILE ? "'ulimit -n' tells how many may be open"
                                                              : "name a file in a folder that may be written to";
        json_error(error, "cannot open %s: %s; %s", file->path, strerror(code), advice);
    } else if (fstat(file->fd, &status) < 0) {
        code = errno;
        json_error(error, "cannot open %s: %s", file->path, strerror(code));
    } else if (!S_ISREG(status.st_mode) && !lines) {
        code = EINVAL;
        json_error(error, "cannot write %s: not a regular file; use --json-lines to write to a pipe or device",
                   file->path);
    } else {
        file->device = status.st_dev;
        file->number = status.st_ino;
        /* Standard output may lead into a file, but what is in there is the shell's business. */
        file->regular = S_ISREG(status.st_mode) && strcmp(file->path, "-") != 0;
        if (!file->regular || lock(file, error) == 0) {
            return 0;
        }
        code = EAGAIN;
    }
    if (file->fd >= 0) {
        close(file->fd);
    }
    free(file->path);
    errno = code;
    return -1;
}

int json_file_done(struct json_file *file, struct sink_error *error)
{
    int result = 0;

    if (file->failed) {
        *error = file->failure;
        result = -1;
    } else if (file->regular && fsync(file->fd) < 0) {
        result = json_file_fail(file, errno, error);
    }
    if (close(file->fd) < 0 && result == 0) {
        result = json_file_fail(file, errno, error);
    }
    free(file->path);
    return result;
}

/* ---------------------------------------------------------------------------------------- reading, writing */

int64_t json_file_read(const struct json_file *file, void *bytes, size_t length, uint64_t offset)
{
    size_t done = 0;

    while (done < length) {
        ssize_t count = pread(file->fd, (char *)bytes + done, length - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        done += (size_t)count;
    }
    return (int64_t)done;
}

int64_t json_file_size(const struct json_file *file)
{
    struct stat status;

    return fstat(file->fd, &status) < 0 ? -1 : (int64_t)status.st_size;
}

int json_file_append(struct json_file *file, const void *bytes, size_t length, struct sink_error *error)
{
    size_t done = 0;

    if (file->failed) {
        *error = file->failure;
        return -1;
    }
    while (done < length) {
        ssize_t count = write(file->fd, (const char *)bytes + done, length - done);
        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            int code = count == 0 ? ENOSPC : errno;
            int64_t size_bytes = json_file_size(file);
            if (file->regular && done > 0 && size_bytes >= (int64_t)done &&
                ftruncate(file->fd, (off_t)(size_bytes - (int64_t)done)) < 0) {
                file->patient = false; /* the next start will find half a line and cut it off */
            }
            return json_file_fail(file, code, error);
        }
    }
    file->full = false;
    return 0;
}

int json_file_cut(struct json_file *file, const struct json_file_options *options, uint64_t whole_bytes,
                  uint64_t size_bytes, struct sink_error *error)
{
    if (size_bytes - whole_bytes > JSON_TEAR_BYTES_MAX) {
        return json_error(error,
                          "%s is damaged from octet %" PRIu64 " on, by more than one broken write could do; move it "
                          "away or name another file",
                          file->path, whole_bytes);
    }
    return json_file_shorten(file, options, whole_bytes, size_bytes, error);
}

int json_file_shorten(struct json_file *file, const struct json_file_options *options, uint64_t whole_bytes,
                      uint64_t size_bytes, struct sink_error *error)
{
    uint64_t tear_bytes = size_bytes - whole_bytes;
    char text[512];

    if (ftruncate(file->fd, (off_t)whole_bytes) < 0) {
        return json_error(error, "cannot repair %s: %s", file->path, strerror(errno));
    }
    if (options->warn != NULL && tear_bytes > 0) {
        snprintf(text, sizeof text, "%s: cut off an incomplete entry of %" PRIu64 " octets at its end", file->path,
                 tear_bytes);
        options->warn(options->context, text);
    }
    return 0;
}
