/* SPDX-License-Identifier: MIT */
/*
 * doctor_store.c - weir doctor: the files of the store
 */
#define _GNU_SOURCE
#include "doctor_findings.h"
#include "plural.h"
#include "file_reader.h"
#include "live_writers.h"
#include "segment_list.h"
#include "store_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOOTERS_MAX = 2000, SILENCE_S = 900, LEFT_S = 600, SMALL_FILES_MANY = 2000 };

struct strangers {
    uint32_t count;
    char first[256];
};

static void on_stranger(void *context, const char *path)
{
    struct strangers *strangers = context;
    if (strangers->count++ == 0)
        snprintf(strangers->first, sizeof strangers->first, "%s", path);
}

static void format_age(int64_t seconds, char text[32])
{
    if (seconds < 120)
        snprintf(text, 32, "%" PRId64 " s", seconds);
    else if (seconds < 7200)
        snprintf(text, 32, "%" PRId64 " minutes", seconds / 60);
    else if (seconds < 172800)
        snprintf(text, 32, "%" PRId64 " hours", seconds / 3600);
    else
        snprintf(text, 32, "%" PRId64 " days", seconds / 86400);
}

static void check_newest(const struct doctor_settings *settings, const struct segment_files *files,
                         struct doctor_findings *findings)
{
    static const char check[] = "store";
    int64_t newest_us = INT64_MIN;
    uint64_t bytes = 0;
    char age[32];
    for (uint32_t i = 0; i < files->count; i++) {
        newest_us = files->files[i].written_us > newest_us ? files->files[i].written_us : newest_us;
        bytes += files->files[i].size_bytes;
    }
    if (files->count == 0) {
        doctor_add(findings, check, DOCTOR_WARN, "the store %s has no flows", settings->folder);
        doctor_advise(findings, "Start 'weir collect -o store:%s', or name the store that it writes to with --store.",
                      settings->folder);
        return;
    }
    const int64_t age_s = (settings->now_us - newest_us) / 1000000;
    format_age(age_s < 0 ? 0 : age_s, age);
    doctor_add(findings, check, age_s > SILENCE_S ? DOCTOR_WARN : DOCTOR_OK,
               "the store %s has %u file%s of flows, %" PRIu64 " MB, the newest of %s ago", settings->folder,
               files->count, plural(files->count), bytes >> 20, age);
    if (age_s > SILENCE_S)
        doctor_advise(findings, "See whether weir collect runs, and whether exporters send: 'weir doctor --listen "
                      "60s' on a free port tells.");
    else if (age_s < -SILENCE_S) {
        doctor_add(findings, "store_time", DOCTOR_BAD, "the newest file of the store is from the future");
        doctor_advise(findings, "The clock was or is wrong: compare 'date'.");
    }
}

/* Footers of the newest files; the rest is for weir store check. */
static void check_damage(const struct doctor_settings *settings, const struct segment_files *files,
                         struct doctor_findings *findings)
{
    static const char check[] = "store_files";
    const uint32_t first = files->count > FOOTERS_MAX ? files->count - FOOTERS_MAX : 0;
    uint32_t damaged = 0;
    char why[512] = "";
    for (uint32_t i = first; i < files->count; i++) {
        struct file_reader file;
        struct store_error error;
        if (file_reader_open(&file, files->files[i].path, &error) == 0) {
            file_reader_close(&file);
            continue;
        }
        if (error.number == ENOENT)
            continue; /* merged meanwhile */
        if (damaged++ == 0)
            snprintf(why, sizeof why, "%s", error.text);
    }
    if (damaged == 0) {
        if (files->count > 0)
            doctor_add(findings, check, DOCTOR_OK, "the footers of %s%u file%s can be read", first > 0 ? "the newest "
                       : "the ",
                       files->count - first, plural(files->count - first));
        return;
    }
    doctor_add(findings, check, DOCTOR_BAD, "%u of %u file%s cannot be read, as: %s", damaged, files->count - first,
               plural(files->count - first), why);
    doctor_advise(findings, "'weir store check --store %s' tells all of them; queries leave them out. Look at the "
                  "disk, and move them away.",
                  settings->folder);
}

static void check_small(const struct doctor_settings *settings, const struct segment_files *files,
                        struct doctor_findings *findings)
{
    uint32_t small = 0;
    for (uint32_t i = 0; i < files->count; i++)
        small += files->files[i].name.tier == 0 && files->files[i].hour_s < settings->now_us / 1000000 - 2 * 3600;
    if (small < SMALL_FILES_MANY)
        return;
    doctor_add(findings, "store_merge", DOCTOR_WARN, "%u files of past hours were never merged, which makes queries "
               "slow", small);
    doctor_advise(findings, "Run 'weir store merge --store %s', and leave --no-merge out.", settings->folder);
}

static bool is_alive(const struct live_writers *writers, uint32_t id)
{
    for (uint32_t i = 0; i < writers->alive_count; i++) {
        if (writers->alive[i] == id)
            return true;
    }
    return false;
}

/* Files under way belong to a writer that is there, or to one that was killed and will find them again. */
static void check_left(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    struct live_writers writers = {0};
    struct store_error error;
    char path[4096];
    uint32_t left = 0;
    uint64_t bytes = 0;
    snprintf(path, sizeof path, "%s/.writing", settings->folder);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    if (live_writers_hold(&writers, settings->folder, &error) == 0) {
        for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            struct stat is;
            const uint32_t id = (uint32_t)strtoul(entry->d_name, NULL, 16);
            if (entry->d_name[0] == '.' || fstatat(dirfd(folder), entry->d_name, &is, AT_SYMLINK_NOFOLLOW) != 0 ||
                is_alive(&writers, id) ||
                is.st_mtime > settings->now_us / 1000000 - LEFT_S)
                continue;
            left++;
            bytes += (uint64_t)is.st_size;
        }
        live_writers_release(&writers);
    }
    closedir(folder);
    if (left == 0)
        return;
    doctor_add(findings, "store_left", DOCTOR_WARN, "%u file%s with %" PRIu64 " octets in %s, left by a collector "
               "that was killed", left, plural(left), bytes, path);
    doctor_advise(findings, "The next start of weir collect with the same addresses and ports takes them up, or "
                  "removes them.");
}

void doctor_check_store(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    static const char check[] = "store";
    struct segment_list list = {0};
    struct strangers strangers = {0};
    struct store_error error;
    struct stat is;
    char why[STORE_FOLDER_WHY_SIZE];
    if (settings->folder == NULL || (stat(settings->folder, &is) != 0 && errno == ENOENT && !settings->folder_told)) {
        doctor_add(findings, check, DOCTOR_OK, "there is no store%s%s", settings->folder == NULL ? "" : " at ",
                   settings->folder == NULL ? "" : settings->folder);
        doctor_advise(findings, "If there is one elsewhere, name it with --store.");
        return;
    }
    const bool is_there = stat(settings->folder, &is) == 0, is_folder = is_there && S_ISDIR(is.st_mode);
    if (!is_there || (is_folder && access(settings->folder, R_OK | X_OK) != 0)) {
        doctor_add(findings, check, DOCTOR_BAD, "cannot read the store %s: %s", settings->folder, strerror(errno));
        doctor_advise(findings, errno == ENOENT ? "Start 'weir collect -o store:FOLDER', or name the right folder."
                                                : "Run weir doctor as the user that weir collect runs as.");
        return;
    }
    if (!is_folder)
        snprintf(why, sizeof why, "%.400s is no store: it is no folder", settings->folder);
    if (!is_folder || !store_folder_may_be(settings->folder, why)) {
        doctor_add(findings, check, DOCTOR_BAD, "%s", why);
        doctor_advise(findings, "Name the folder that 'weir collect -o store:FOLDER' was given.");
        return;
    }
    if (segment_list_read(&list, settings->folder, SEGMENT_FLOWS, NULL, on_stranger, &strangers, &error) != 0) {
        doctor_add(findings, check, DOCTOR_BAD, "%s", error.text);
        doctor_advise(findings, "See 'weir store check --store %s'.", settings->folder);
    } else {
        check_newest(settings, &list.current, findings);
        check_damage(settings, &list.current, findings);
        check_small(settings, &list.current, findings);
    }
    segment_list_done(&list);
    if (strangers.count > 0) {
        doctor_add(findings, "store_strangers", DOCTOR_WARN,
                   "%u file%s or folder%s in the store that %s none of it, as %s",
                   strangers.count, plural(strangers.count), plural(strangers.count),
                   strangers.count == 1 ? "is" : "are", strangers.first);
        doctor_advise(findings, "They do no harm; move them elsewhere.");
    }
    check_left(settings, findings);
}
