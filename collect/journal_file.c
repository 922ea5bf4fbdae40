/* SPDX-License-Identifier: MIT */
/*
 * journal_file.c - the journal's file: opened, checked, made, mapped
 */
#define _GNU_SOURCE
#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LOCK_TRIES = 100, LEFT_SHARE = 8 };

static int fail(struct sink_error *error, const char *what, const char *path, const char *advice)
{
    snprintf(error->text, sizeof error->text, "%s %s: %s%s", what, path, strerror(errno), advice);
    return -1;
}

static int map_it(struct journal_file *file, size_t size_bytes, uint32_t slot_count)
{
    const int flags = MAP_SHARED | MAP_POPULATE | (file->fd < 0 ? MAP_ANONYMOUS : 0);
    void *base = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, flags, file->fd, 0);
    if (base == MAP_FAILED)
        return -1;
    file->map = journal_map_at(base, slot_count);
    return 0;
}

/* The magic comes last, when all slots tell that nothing is in them: a file whose making was cut off is none. */
static void write_header(const struct journal_map *map, uint32_t slot_count, uint32_t worker_count)
{
    struct journal_header *header = map->header;
    memset(header, 0, sizeof *header);
    memset(map->intents, 0, sizeof *map->intents);
    for (uint32_t i = 0; i < slot_count; i++)
        map->messages[i].msg_len = JOURNAL_NOTHING;
    header->format = JOURNAL_FORMAT;
    header->slot_count = slot_count;
    header->worker_count = worker_count;
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(header->magic, JOURNAL_MAGIC, sizeof header->magic);
}

/* What the header of a file of this size says makes sense. */
static bool is_sound(const struct journal_header *header, off_t size_bytes)
{
    if (memcmp(header->magic, JOURNAL_MAGIC, sizeof header->magic) != 0 || header->format != JOURNAL_FORMAT ||
        header->slot_count < JOURNAL_SLOTS_MIN || header->slot_count > JOURNAL_SLOTS_MAX ||
        ((uint64_t)size_bytes != journal_size_bytes(header->slot_count) &&
         (uint64_t)size_bytes != journal_old_size_bytes(header->slot_count)))
        return false;
    const struct journal_commit *commit = &header->commits[header->commit_count & 1];
    return commit->position <= UINT64_MAX / 2 && commit->cut <= UINT64_MAX / 2;
}

/* The first octets of a file: 1; 0 when there are not so many; -1 when they cannot be read, which is not to be taken for that. */
static int read_begin(int fd, void *data, size_t size_bytes)
{
    ssize_t got;
    do
        got = pread(fd, data, size_bytes, 0);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -1 : got == (ssize_t)size_bytes;
}

uint32_t journal_file_peek(const char *path)
{
    struct stat is;
    struct journal_header header;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return 0;
    const bool sound = flock(fd, LOCK_SH | LOCK_NB) == 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) &&
                       is.st_uid == geteuid() && read_begin(fd, &header, sizeof header) == 1 &&
                       is_sound(&header, is.st_size);
    close(fd);
    return sound ? header.worker_count : 0;
}

/* 1: it is there and mapped; 0: there is none to be used; -1. */
static int find(const struct journal_options *options, struct journal_file *file, struct sink_error *error)
{
    struct stat is;
    struct journal_header header;
    if (fstat(file->fd, &is) != 0)
        return fail(error, "cannot look at the journal", options->path, "");
    if (!S_ISREG(is.st_mode) || is.st_uid != geteuid() || is.st_nlink > 1) {
        snprintf(error->text, sizeof error->text,
                 "the journal %s is not a file of this user alone; remove it, or name another folder with --journal",
                 options->path);
        return -1;
    }
    const int whole = read_begin(file->fd, &header, sizeof header);
    if (whole < 0)
        return fail(error, "cannot read the journal", options->path, "; it is left as it is");
    if (whole == 0 || is.st_size < JOURNAL_HEADER_BYTES || !is_sound(&header, is.st_size))
        return 0;
    /* Room that was punched out of the file would be a SIGBUS on a file system that is full. One of an older version gets room
     * for intents: there are none. */
    const size_t size_bytes = journal_size_bytes(header.slot_count);
    do
        errno = posix_fallocate(file->fd, 0, (off_t)size_bytes);
    while (errno == EINTR);
    if (errno != 0)
        return fail(error, "cannot use the journal", options->path, "; is there room on that file system?");
    if (map_it(file, size_bytes, header.slot_count) != 0)
        return fail(error, "cannot map the journal", options->path, "");
    return 1;
}

static uint32_t slots_of(uint64_t size_bytes)
{
    const uint64_t count = size_bytes / JOURNAL_SLOT_BYTES;
    return count < JOURNAL_SLOTS_MIN ? JOURNAL_SLOTS_MIN : count > JOURNAL_SLOTS_MAX ? JOURNAL_SLOTS_MAX : (uint32_t)count;
}

/* Snapshots of decoders lie beside the journal: it does not take all the room there is. */
static bool leaves_room(const struct journal_file *file, uint32_t slots)
{
    struct statvfs is;
    return slots == JOURNAL_SLOTS_MIN || fstatvfs(file->fd, &is) != 0 ||
           (uint64_t)is.f_bavail * is.f_frsize >= journal_size_bytes(slots) / LEFT_SHARE;
}

/* Room is taken before it is used: all of it, or half, down to the least. */
static int allocate(const struct journal_options *options, struct journal_file *file, uint32_t *ret_slots,
                    struct sink_error *error)
{
    uint32_t slots = slots_of(options->size_bytes);
    for (;; slots = slots / 2 < JOURNAL_SLOTS_MIN ? JOURNAL_SLOTS_MIN : slots / 2) {
        *ret_slots = slots;
        if (ftruncate(file->fd, 0) != 0)
            return fail(error, "cannot empty the journal", options->path, "");
        do
            errno = posix_fallocate(file->fd, 0, (off_t)journal_size_bytes(slots));
        while (errno == EINTR);
        const int number = errno;
        if (number == 0 && leaves_room(file, slots))
            return 0;
        if (number != 0 && ((number != ENOSPC && number != ENOMEM && number != EFBIG && number != EDQUOT) ||
                            slots == JOURNAL_SLOTS_MIN)) {
            if (ftruncate(file->fd, 0) != 0)
                unlink(options->path);
            errno = number;
            return fail(error, "cannot make the journal", options->path, "; --journal names another folder, or none");
        }
    }
}

static int make(const struct journal_options *options, struct journal_file *file,
                void (*warn)(void *context, const char *text), void *context, struct sink_error *error)
{
    uint32_t slots = slots_of(options->size_bytes);
    const uint32_t wanted = slots;
    if (file->fd >= 0 && allocate(options, file, &slots, error) != 0)
        return -1;
    if (map_it(file, journal_size_bytes(slots), slots) != 0)
        return fail(error, "cannot map the journal", options->path == NULL ? "in memory" : options->path, "");
    write_header(&file->map, slots, options->worker_count);
    if (slots < wanted && warn != NULL) {
        char text[PATH_MAX + 200];
        snprintf(text, sizeof text, "there is room for a journal of %zu MB only at %s, not of %zu; --journal names another "
                 "folder", file->map.size_bytes >> 20, options->path, journal_size_bytes(wanted) >> 20);
        warn(context, text);
    }
    return 0;
}

/* Damaged ones are kept for whoever wants to look. The name is then free, and the lock is on what has it. */
static int move_aside(const struct journal_options *options, struct journal_file *file,
                      void (*warn)(void *context, const char *text), void *context, struct sink_error *error)
{
    char aside[PATH_MAX], text[2 * PATH_MAX + 100], begin[sizeof JOURNAL_MAGIC - 1] = "", none[sizeof begin] = "";
    const int whole = read_begin(file->fd, begin, sizeof begin);
    if (whole < 0)
        return fail(error, "cannot read the journal", options->path, "; it is left as it is");
    if (memcmp(begin, none, sizeof begin) == 0)
        return 0; /* its making was cut off */
    snprintf(aside, sizeof aside, "%.*s.damaged", PATH_MAX - 16, options->path);
    if (rename(options->path, aside) != 0)
        return fail(error, "cannot move aside the damaged journal", options->path, "");
    snprintf(text, sizeof text, "the journal %s cannot be read; it is now %s, and what it held is not stored", options->path,
             aside);
    if (warn != NULL)
        warn(context, text);
    close(file->fd);
    file->fd = open(options->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd < 0 || flock(file->fd, LOCK_EX | LOCK_NB) != 0)
        return fail(error, "cannot make the journal", options->path, "");
    return 0;
}

/* Whether the name leads to what was opened: who had it before may have removed it, just before that was locked. */
static bool is_named(const struct journal_options *options, const struct journal_file *file)
{
    struct stat named, opened;
    return fstat(file->fd, &opened) == 0 && lstat(options->path, &named) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

static int lock_named(const struct journal_options *options, struct journal_file *file, struct sink_error *error)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (file->fd >= 0)
            close(file->fd);
        file->fd = open(options->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file->fd < 0)
            return fail(error, "cannot open the journal", options->path, "; --journal names another folder, or none");
        if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
            break;
        if (is_named(options, file))
            return 0;
        errno = EWOULDBLOCK;
    }
    if (errno == EWOULDBLOCK)
        snprintf(error->text, sizeof error->text,
                 "the journal %s is in use: another 'weir collect' listens on the same address and port", options->path);
    else
        fail(error, "cannot lock the journal", options->path, "");
    return -1;
}

static int open_named(const struct journal_options *options, struct journal_file *file,
                      void (*warn)(void *context, const char *text), void *context, struct sink_error *error)
{
    if (lock_named(options, file, error) != 0)
        return -1;
    const int found = find(options, file, error);
    if (found < 0)
        return -1;
    file->found = found == 1;
    if (file->found)
        return 0;
    return move_aside(options, file, warn, context, error) == 0 ? make(options, file, warn, context, error) : -1;
}

int journal_file_open(const struct journal_options *options, struct journal_file *ret_file,
                      void (*warn)(void *context, const char *text), void *context, struct sink_error *error)
{
    struct journal_file file = {.fd = -1};
    const int result = options->path == NULL ? make(options, &file, warn, context, error)
                                             : open_named(options, &file, warn, context, error);
    if (result != 0) {
        if (file.fd >= 0)
            close(file.fd);
        return -1;
    }
    *ret_file = file;
    return 0;
}

void journal_file_close(struct journal_file *file)
{
    munmap(file->map.base, file->map.size_bytes);
    if (file->fd >= 0)
        close(file->fd);
}
