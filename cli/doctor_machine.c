/* SPDX-License-Identifier: MIT */
/*
 * doctor_machine.c - weir doctor: the clock, the disk, and the memory for the journal
 */
#define _GNU_SOURCE
#include "doctor_findings.h"
#include "journal_place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, PIECES = 32, MEASURE_US = 2000000 };

static const uint64_t mega = 1 << 20;

void doctor_check_clock(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    static const char check[] = "clock";
    const time_t now_s = (time_t)(settings->now_us / 1000000);
    struct tm parts = {0};
    gmtime_r(&now_s, &parts);
    const int year = parts.tm_year + 1900;
    if (year < 2024 || year > 2100) {
        doctor_add(findings, check, DOCTOR_BAD, "the clock says that it is the year %d", year);
        doctor_advise(findings, "Set it, and keep it right with chrony or systemd-timesyncd: flows are stored by the "
                      "time when they came.");
        return;
    }
    struct timex clock = {0};
    const int state = adjtimex(&clock);
    if (state < 0)
        doctor_add(findings, check, DOCTOR_WARN, "whether the clock is right is not told: %s", strerror(errno));
    else if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0) {
        doctor_add(findings, check, DOCTOR_WARN, "the kernel knows of nobody who keeps the clock right");
        doctor_advise(findings, "Run chrony or systemd-timesyncd; in a container or virtual machine its host may do "
                      "it: compare 'date'.");
    } else
        doctor_add(findings, check, DOCTOR_OK, "the clock is kept right, to some %ld ms", clock.esterror / 1000);
}

/* The folder, or the nearest one above it that is there. To be freed. */
static char *nearest_folder(const char *folder)
{
    struct stat is;
    char *path = strdup(folder);
    while (path != NULL && (stat(path, &is) != 0 || !S_ISDIR(is.st_mode))) {
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            strcpy(path, ".");
        else
            slash[slash == path] = '\0';
        if (slash == NULL || path[1] == '\0')
            break;
    }
    return path;
}

static void check_room(const char *path, struct doctor_findings *findings)
{
    static const char check[] = "disk_room";
    struct statvfs is;
    if (statvfs(path, &is) != 0) {
        doctor_add(findings, check, DOCTOR_BAD, "how much room there is at %s is not told: %s", path, strerror(errno));
        return;
    }
    const uint64_t free_bytes = (uint64_t)is.f_bavail * is.f_frsize, all_bytes = (uint64_t)is.f_blocks * is.f_frsize;
    const double share = all_bytes == 0 ? 0 : 100.0 * (double)free_bytes / (double)all_bytes;
    const bool bad = free_bytes < 256 * mega, narrow = free_bytes < 2048 * mega || share < 5;
    doctor_add(findings, check, bad ? DOCTOR_BAD : narrow ? DOCTOR_WARN : DOCTOR_OK,
               "%" PRIu64 " MB (%.0f %%) are free at %s",
               free_bytes / mega, share, path);
    if (bad || narrow)
        doctor_advise(findings, "Keep less ('weir store expire', weir collect --keep-days or --keep-bytes), or give "
                      "it a larger disk: when it "
                                "is full, flows are held in the journal, and then lost.");
    if (is.f_files > 0 && is.f_favail < 10000) {
        doctor_add(findings, "disk_files", DOCTOR_WARN, "the file system at %s has room for %" PRIu64 " more files "
                   "only", path,
                   (uint64_t)is.f_favail);
        doctor_advise(findings, "Merge small files: 'weir store merge'.");
    }
}

/* A file without a name; where the file system has none such, one whose name is gone at once. */
static int open_unnamed(const char *folder)
{
    char *path = NULL;
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0 || asprintf(&path, "%s/.doctor-XXXXXX", folder) < 0)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Writes for a while, each piece onto the disk. Returns octets a second, or -1 with errno. */
static double measure(int fd)
{
    char *piece = malloc(PIECE_BYTES);
    if (piece == NULL)
        return -1;
    memset(piece, 0x5a, PIECE_BYTES);
    const int64_t start_us = monotonic_us();
    int64_t now_us = start_us;
    uint64_t written = 0;
    for (int i = 0; i < PIECES && now_us - start_us < MEASURE_US; i++) {
        const ssize_t length = write(fd, piece, PIECE_BYTES);
        if (length < 0 || fdatasync(fd) != 0) {
            free(piece);
            return -1;
        }
        written += (uint64_t)length;
        now_us = monotonic_us();
    }
    free(piece);
    return (double)written * 1e6 / (double)(now_us - start_us + 1);
}

static void check_speed(const char *folder, struct doctor_findings *findings)
{
    static const char check[] = "disk_speed";
    const int fd = open_unnamed(folder);
    const double speed = fd < 0 ? -1 : measure(fd);
    const int number = errno;
    if (fd >= 0)
        close(fd);
    if (speed < 0) {
        doctor_add(findings, check, number == EACCES || number == EPERM ? DOCTOR_WARN : DOCTOR_BAD,
                   "cannot write to %s: %s", folder,
                   strerror(number));
        if (number == ENOSPC || number == EDQUOT)
            doctor_advise(findings, "Keep less ('weir store expire', weir collect --keep-days or --keep-bytes), or "
                          "give it a larger disk.");
        else if (number == EROFS || number == EIO)
            doctor_advise(findings, "Look at the disk and how it is mounted: 'dmesg' and 'mount' tell.");
        else
            doctor_advise(findings, "Run weir doctor as the user that weir collect runs as; that one must be able to "
                          "write there.");
        return;
    }
    const double each_s = speed / (double)mega;
    doctor_add(findings, check, each_s < 2 ? DOCTOR_BAD : each_s < 10 ? DOCTOR_WARN : DOCTOR_OK,
               "%s takes %.0f MB a second, each of them onto the disk", folder, each_s);
    if (each_s < 10)
        doctor_advise(findings, "A flow takes some 20 octets: where more come than that is good for, use a faster "
                      "disk, or --fsync never.");
}

void doctor_check_disk(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    if (settings->folder == NULL)
        return;
    char *path = nearest_folder(settings->folder);
    if (path == NULL)
        return;
    check_room(path, findings);
    if (settings->write && strcmp(path, settings->folder) == 0)
        check_speed(path, findings);
    free(path);
}

/* Where weir collect would have its journal; the folder itself may not be there yet. */
static const char *journal_root(void)
{
    const char *told = getenv("RUNTIME_DIRECTORY"), *runtime = getenv("XDG_RUNTIME_DIR");
    struct statfs is;
    if (told != NULL && told[0] == '/')
        return told;
    if (geteuid() == 0 && statfs("/run", &is) == 0 && is.f_type == TMPFS_MAGIC)
        return "/run";
    if (geteuid() != 0 && runtime != NULL && runtime[0] == '/' && statfs(runtime, &is) == 0 && is.f_type == TMPFS_MAGIC)
        return runtime;
    return statfs("/dev/shm", &is) == 0 && is.f_type == TMPFS_MAGIC ? "/dev/shm" : NULL;
}

void doctor_check_journal(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    static const char check[] = "journal";
    const char *root = journal_root();
    struct statvfs is;
    (void)settings;
    if (root == NULL || statvfs(root, &is) != 0) {
        doctor_add(findings, check, DOCTOR_WARN, "there is no file system in memory for the journal: what is "
                   "received and not stored yet is "
                                                 "lost with the program");
        doctor_advise(findings, "Name a folder with weir collect --journal, best on a tmpfs.");
        return;
    }
    const uint64_t free_bytes = (uint64_t)is.f_bavail * is.f_frsize, wanted = journal_size_default();
    const bool enough = free_bytes >= wanted;
    doctor_add(findings, check, enough ? DOCTOR_OK : DOCTOR_WARN,
               "%" PRIu64 " MB are free in %s, and the journal of each worker of weir collect takes %" PRIu64 " MB",
               free_bytes / mega, root,
               wanted / mega);
    if (!enough)
        doctor_advise(findings, "Where no collector runs that has its journal there already: make room, or give it "
                      "less with --journal-size.");
}
