/* SPDX-License-Identifier: MIT */
/*
 * writer_lock.c - which writer of a store this is
 */
#define _GNU_SOURCE
#include "writer_lock.h"

#include "cut.h"
#include "expired.h"
#include "segment_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NEW_TRIES = 100, CLAIM_TRIES = 1000, CLAIM_WAIT_NS = 10000000, CLAIM_DAYS = 30, BOOT_TEXT = 48 };

int make_folders(const char *path)
{
    char part[PATH_MAX];
    const size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        errno = length == 0 ? ENOENT : ENAMETOOLONG;
        return -1;
    }
    memcpy(part, path, length + 1);
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return -1;
        *p = '/';
    }
    if (mkdir(part, 0777) == 0)
        return 0;
    struct stat status;
    if (errno != EEXIST || stat(part, &status) != 0)
        return -1;
    if (S_ISDIR(status.st_mode))
        return 0;
    errno = ENOTDIR;
    return -1;
}

int sync_folder(const char *path, struct store_error *error)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        store_error_system(error, "cannot write the folder %s to the disk", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

/* Opens the file of a number and locks it; -1 where somebody holds it, or it cannot be opened. */
static int open_locked(const char *folder, const char *name, int flags)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/.writers/%s", folder, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0666);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static bool is_id(const char *name, uint32_t *ret_id)
{
    char end;
    return strlen(name) == 8 && strspn(name, "0123456789abcdef") == 8 &&
           sscanf(name, "%8" SCNx32 "%c", ret_id, &end) == 1;
}

static int take_old(struct writer_lock *lock, const char *folder)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/.writers", folder);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return -1;
    lock->fd = -1;
    for (struct dirent *entry; lock->fd < 0 && (entry = readdir(directory)) != NULL;) {
        if (is_id(entry->d_name, &lock->id))
            lock->fd = open_locked(folder, entry->d_name, 0);
        if (lock->fd >= 0 && writer_lock_is_claimed(lock->fd)) {
            close(lock->fd);
            lock->fd = -1;
        }
    }
    closedir(directory);
    return lock->fd < 0 ? -1 : 0;
}

static int take_new(struct writer_lock *lock, const char *folder)
{
    char name[16];
    for (int i = 0; i < NEW_TRIES; i++) {
        if (getrandom(&lock->id, sizeof lock->id, 0) != (ssize_t)sizeof lock->id)
            return -1;
        snprintf(name, sizeof name, "%08" PRIx32, lock->id);
        lock->fd = open_locked(folder, name, O_CREAT | O_EXCL);
        if (lock->fd >= 0)
            return 0;
        if (errno != EEXIST && errno != EWOULDBLOCK)
            return -1;
    }
    return -1;
}

/* What an earlier holder of the number had under way. */
static void remove_left_behind(const struct writer_lock *lock, const char *folder)
{
    char path[PATH_MAX], start[16];
    snprintf(path, sizeof path, "%s/.writing", folder);
    snprintf(start, sizeof start, "%08" PRIx32 "-", lock->id);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strncmp(entry->d_name, start, strlen(start)) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
}

/* The greatest number of a commit of this writer below a folder, which has `depth` more levels of folders. What is not
 * there, or is no folder, has none; -1 with errno set where it cannot be read: a number that is taken twice loses
 * rows. */
static int last_sequence(int parent, const char *name, uint32_t id, int depth, uint64_t *last)
{
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL) {
        const int number = errno;
        if (fd >= 0)
            close(fd);
        errno = number;
        return fd < 0 && (number == ENOENT || number == ENOTDIR) ? 0 : -1;
    }
    int result = 0;
    for (struct dirent *entry; result == 0 && (errno = 0, entry = readdir(directory)) != NULL;) {
        struct segment_name segment;
        if (entry->d_name[0] == '.')
            continue;
        if (depth > 0)
            result = last_sequence(fd, entry->d_name, id, depth - 1, last);
        else if (segment_name_parse(entry->d_name, &segment) && segment.writer == id && segment.sequence_last > *last)
            *last = segment.sequence_last;
    }
    const int number = errno;
    closedir(directory);
    errno = number;
    return result != 0 || number != 0 ? -1 : 0;
}

static int find_next(struct writer_lock *lock, const char *folder, struct store_error *error)
{
    struct expired expired = {0};
    const int result = expired_read(&expired, folder, error);
    uint64_t last = expired_of(&expired, lock->id).last;
    expired_done(&expired);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, segment_kind_name((enum segment_kind)kind));
        if (last_sequence(AT_FDCWD, path, lock->id, 2, &last) != 0)
            return store_error_system(error, "cannot read what is in %s", path);
    }
    lock->sequence_next = last + 1;
    return result;
}

static int make_store(const char *folder, struct store_error *error)
{
    char path[PATH_MAX];
    static const char *const needed[] = {".writers", ".writing"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (snprintf(path, sizeof path, "%s/%s", folder, needed[i]) >= (int)sizeof path - 256)
            return store_error_set(error, "the name of the store %.64s... is too long", folder);
        if (make_folders(path) != 0)
            return store_error_system(error, "cannot make the folder %s", path);
    }
    if (access(folder, W_OK | X_OK) != 0)
        return store_error_system(error, "cannot write to the store %s", folder);
    return 0;
}

int writer_lock_take(struct writer_lock *lock, const char *folder, struct store_error *error)
{
    *lock = (struct writer_lock){.fd = -1};
    if (make_store(folder, error) != 0)
        return -1;
    if (take_old(lock, folder) != 0 && take_new(lock, folder) != 0)
        return store_error_system(error, "cannot take a number in %s/.writers", folder);
    remove_left_behind(lock, folder);
    if (find_next(lock, folder, error) == 0)
        return 0;
    writer_lock_release(lock);
    return -1;
}

/* "UNTIL" in a claim: a number that is another one after the machine has started anew; "-" where it goes on after
 * that. */
static void this_boot(char text[BOOT_TEXT])
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, text, BOOT_TEXT - 1);
    text[got < 0 ? 0 : got] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '\0')
        strcpy(text, "-");
    if (fd >= 0)
        close(fd);
}

bool writer_lock_is_claimed(int fd)
{
    struct stat status;
    char text[sizeof "cuts \n" + BOOT_TEXT] = "", until[BOOT_TEXT], boot[BOOT_TEXT];
    if (fstat(fd, &status) != 0 || status.st_size == 0 ||
        time(NULL) - status.st_mtim.tv_sec >= (time_t)CLAIM_DAYS * 24 * 3600)
        return false;
    if (pread(fd, text, sizeof text - 1, 0) <= 0 || sscanf(text, "cuts %47s", until) != 1 || strcmp(until, "-") == 0)
        return true;
    this_boot(boot);
    return strcmp(until, boot) == 0;
}

int writer_lock_mark(const struct writer_lock *lock, bool until_boot, struct store_error *error)
{
    char text[sizeof "cuts \n" + BOOT_TEXT], boot[BOOT_TEXT] = "-";
    if (until_boot)
        this_boot(boot);
    const int length = snprintf(text, sizeof text, "cuts %s\n", boot);
    if (pwrite(lock->fd, text, (size_t)length, 0) == length)
        return 0;
    return store_error_system(error, "cannot write to .writers/%08" PRIx32 " of the store", lock->id);
}

int writer_lock_claim(struct writer_lock *lock, const char *folder, uint32_t id, uint64_t cut, bool sync,
                      struct store_error *error)
{
    const struct timespec a_while = {.tv_nsec = CLAIM_WAIT_NS};
    char name[16];
    *lock = (struct writer_lock){.fd = -1, .id = id};
    snprintf(name, sizeof name, "%08" PRIx32, id);
    if (make_store(folder, error) != 0)
        return -1;
    for (int i = 0; i < CLAIM_TRIES && (lock->fd = open_locked(folder, name, O_CREAT)) < 0 && errno == EWOULDBLOCK; i++)
        nanosleep(&a_while, NULL);
    if (lock->fd < 0)
        return store_error_system(error, "cannot take the number %s in %s/.writers", name, folder);
    if (cut_recover(folder, id, cut, sync, error) == 0 && find_next(lock, folder, error) == 0)
        return 0;
    writer_lock_release(lock);
    return -1;
}

void writer_lock_settle(struct writer_lock *lock)
{
    while (lock->fd >= 0 && ftruncate(lock->fd, 0) != 0 && errno == EINTR)
        ;
}

void writer_lock_release(struct writer_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}
