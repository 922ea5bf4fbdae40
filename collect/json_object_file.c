/* SPDX-License-Identifier: MIT */
/*
 * json_object_file.c - a file that is one JSON object, and grows
 *
 * The file, and what a write of one member replaces, from `tail_at` on:
 *
 *     {\n"K1": [...],\n"K2": [...]|\n}\n
 *                                 |,\n"K3": [...]\n}\n
 *
 * The order of things when a write fails or a tear is repaired is such that a crash at any point leaves either the
 * whole object or one that breaks off inside its last member, which the next start repairs.
 */
#define _GNU_SOURCE
#include "json_file.h"
#include "json_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TAIL "\n}\n"
#define TAIL_BYTES (sizeof TAIL - 1)

/* So much is kept in memory while a reader is at the file. */
#define HELD_BYTES_MAX ((size_t)16 * 1024 * 1024)

#define CHUNK_BYTES ((size_t)256 * 1024)

struct object_file {
    struct json_file file;
    uint64_t tail_at;   /* where the next write begins */
    char tail[4];       /* what stands there now, to be put back when a write fails */
    size_t tail_bytes;
    bool empty;         /* no member yet: the first has no comma in front */
    uint64_t whole_bytes; /* where the last member ended when the file was opened */
};

/* Writes all, or returns the errno of what hindered it. */
static int write_at(int fd, const char *bytes, size_t length, uint64_t offset)
{
    size_t done = 0;

    while (done < length) {
        ssize_t count = pwrite(fd, bytes + done, length - done, (off_t)(offset + done));
        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0) {
            return ENOSPC;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static void tail_set(struct object_file *object, const char *tail, uint64_t at)
{
    object->tail_bytes = strlen(tail);
    memcpy(object->tail, tail, object->tail_bytes);
    object->tail_at = at;
}

/* The old length first: the old tail then lies in blocks that the file has, and fits on a full disk. */
static void roll_back(struct object_file *object)
{
    int64_t size_bytes = json_file_size(&object->file);
    uint64_t old_bytes = object->tail_at + object->tail_bytes;

    if (size_bytes > (int64_t)old_bytes) {
        (void)!ftruncate(object->file.fd, (off_t)old_bytes);
    }
    (void)!write_at(object->file.fd, object->tail, object->tail_bytes, object->tail_at);
}

static int object_write(struct json_file *file, struct json_buffer *text, bool force, struct sink_error *error)
{
    struct object_file *object = (struct object_file *)file;

    if (file->failed) {
        *error = file->failure;
        return -1;
    }
    if (text->used == 0) {
        return 0;
    }

    bool locked = flock(file->fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno == EWOULDBLOCK && !force && text->used < HELD_BYTES_MAX) {
        return 0;
    }

    size_t skip = object->empty ? 1 : 0;
    int result = 0;
    const bool has_tail = json_buffer_add(text, TAIL, TAIL_BYTES) == 0;
    int code = has_tail ? write_at(file->fd, text->bytes + skip, text->used - skip, object->tail_at) : ENOMEM;
    if (code == 0) {
        tail_set(object, TAIL, object->tail_at + text->used - skip - TAIL_BYTES);
        object->empty = false;
        text->used = 0;
        file->full = false;
    } else {
        roll_back(object);
        text->used -= has_tail ? TAIL_BYTES : 0;
        result = json_file_fail(file, code, error);
    }
    if (locked) {
        flock(file->fd, LOCK_UN);
    }
    return result;
}

static void object_extent(const struct json_file *file, size_t length, struct sink_write *ret_write)
{
    const struct object_file *object = (const struct object_file *)file;

    ret_write->before = object->tail_at;
    ret_write->behind = object->tail_at + length - (object->empty ? 1 : 0);
}

static int object_close(struct json_file *file, struct sink_error *error)
{
    int result = json_file_done(file, error);

    free(file);
    return result;
}

/* ------------------------------------------------------------------------------------------------- opening */

static int scan_file(const struct json_file *file, struct json_scan *scan, struct sink_error *error)
{
    char *chunk = malloc(CHUNK_BYTES);
    uint64_t offset = 0;
    int64_t count = 0;

    if (chunk == NULL) {
        return json_error(error, "cannot open %s: out of memory", file->path);
    }
    json_scan_init(scan, '[');
    while ((count = json_file_read(file, chunk, CHUNK_BYTES, offset)) > 0 &&
           json_scan_feed(scan, chunk, (size_t)count)) {
        offset += (uint64_t)count;
    }
    int code = errno;
    free(chunk);
    return count < 0 ? json_error(error, "cannot read %s: %s", file->path, strerror(code)) : 0;
}

/* Looks at what is in the file, and repairs it. */
static int take_over(struct object_file *object, const struct json_file_options *options, struct sink_error *error)
{
    struct json_file *file = &object->file;
    int64_t size_bytes = json_file_size(file);
    struct json_scan scan;

    if (size_bytes < 0 || (size_bytes > 0 && scan_file(file, &scan, error) < 0)) {
        return size_bytes < 0 ? json_error(error, "cannot read %s: %s", file->path, strerror(errno)) : -1;
    }
    if (size_bytes == 0) {
        tail_set(object, "}\n", 1);
        object->whole_bytes = 1;
        object->empty = true;
        int code = write_at(file->fd, "{}\n", 3, 0);
        return code == 0 ? 0 : json_file_fail(file, code, error);
    }

    enum json_scan_end end = json_scan_end(&scan);
    if (end == JSON_SCAN_FOREIGN) {
        return json_error(error,
                          "%s is not a JSON object of flows by time (octet %" PRIu64 "), and is left as it is; name "
                          "another file, or move this one away",
                          file->path, scan.at);
    }
    file->keys = scan.keys;
    object->whole_bytes = scan.whole_bytes;
    object->empty = scan.members == 0;
    if (end == JSON_SCAN_WHOLE) {
        /* White space behind the brace is no loss, should a write over it have to be taken back. */
        tail_set(object, "}", scan.brace);
        return 0;
    }

    if (json_file_cut(file, options, scan.whole_bytes, (uint64_t)size_bytes, error) < 0) {
        return -1;
    }
    tail_set(object, TAIL, scan.whole_bytes);
    int code = write_at(file->fd, TAIL, TAIL_BYTES, scan.whole_bytes);
    return code == 0 ? 0 : json_file_fail(file, code, error);
}

/* Members that are there of what is not, go: they are written again. */
static int object_was_written(struct json_file *file, const struct json_file_options *options,
                              const struct sink_write *write, struct sink_error *error)
{
    struct object_file *object = (struct object_file *)file;
    int64_t size_bytes = json_file_size(file);
    char last = '\0';

    if (object->whole_bytes >= write->behind) {
        return 1;
    }
    if (size_bytes < 0 || object->whole_bytes <= write->before || write->before == 0 ||
        json_file_read(file, &last, 1, write->before - 1) != 1 || memchr("{] \t\r\n", last, 6) == NULL) {
        return 0; /* nothing of it is there, or the file is another one than it was */
    }
    return json_file_shorten(file, options, write->before, (uint64_t)size_bytes, error) < 0
               ? -1
               : take_over(object, options, error);
}

struct json_file *json_object_file_open(const struct json_file_options *options, struct sink_error *error)
{
    static const struct json_file_class class = {.write = object_write,
                                                 .extent = object_extent,
                                                 .was_written = object_was_written,
                                                 .close = object_close};
    struct object_file *object = calloc(1, sizeof *object);

    if (object == NULL) {
        json_error(error, "cannot open %s: out of memory", options->path);
        return NULL;
    }
    if (json_file_init(&object->file, options, false, error) < 0) {
        int code = errno;
        free(object);
        errno = code;
        return NULL;
    }
    object->file.class = &class;
    if (take_over(object, options, error) < 0) {
        struct sink_error ignored;
        if (options->fresh) {
            unlink(options->path); /* nothing came into it */
        }
        object_close(&object->file, &ignored);
        errno = EINVAL;
        return NULL;
    }
    return &object->file;
}
