/* SPDX-License-Identifier: MIT */
/*
 * store_merge.c - many small segments of a store become few large ones
 *
 * Reading order: store_merger_pass() at the end; merge_round() above it, which looks at the store once; what is due;
 * one merge; removing.
 */
#define _GNU_SOURCE
#include "store_merge.h"

#include "live_writers.h"
#include "segment_list.h"
#include "segment_merge.h"
#include "writer_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { DAMAGED_MAX = 4096, ROUNDS_MAX = 1000 };

#define HOUR_US 3600000000

static const char temporary_start[] = "merge-";

struct store_merger {
    struct store_merge_options options;
    char *folder;
    struct segment_merge merge;
    char **damaged; /* paths of segments that cannot be read */
    uint32_t damaged_count;
};

/* One look at the store. */
struct look {
    struct store_merger *merger;
    struct segment_list lists[SEGMENT_KIND_COUNT];
    struct commit_ranges ranges;
    int64_t now_us, from_s;
    uint64_t merges; /* done from it */
    struct store_merge_counts *counts;
    struct store_error *error;
};

void store_merge_options_init(struct store_merge_options *options, const char *folder)
{
    *options = (struct store_merge_options){.folder = folder, .level = 6, .sync = true, .fan_in = 10, .small_fan_in = 4,
                                            .small_bytes = 4u << 20, .quiet_us = 120000000, .grace_us = 60000000,
                                            .full_bytes = 256u << 20};
}

static int stopped(const struct store_merger *merger, struct store_error *error)
{
    if (merger->options.stop == NULL || !atomic_load_explicit(merger->options.stop, memory_order_relaxed))
        return 0;
    store_error_set(error, "the merge was ended");
    error->number = ECANCELED;
    return -1;
}

/* ------------------------------------------------------------------------------------------------ what is damaged */

static bool is_damaged(const struct store_merger *merger, const char *path)
{
    for (uint32_t i = 0; i < merger->damaged_count; i++) {
        if (strcmp(merger->damaged[i], path) == 0)
            return true;
    }
    return false;
}

/* Remembers the path, so that it is told once and tried no more. False where there is no room for that. */
static bool note_damaged(struct look *look, const char *path, const char *why)
{
    struct store_merger *merger = look->merger;
    if (is_damaged(merger, path))
        return true;
    if (merger->damaged_count == DAMAGED_MAX)
        return false;
    char **damaged = realloc(merger->damaged, ((size_t)merger->damaged_count + 1) * sizeof *damaged);
    if (damaged == NULL)
        return false;
    merger->damaged = damaged;
    merger->damaged[merger->damaged_count] = strdup(path);
    if (merger->damaged[merger->damaged_count] == NULL)
        return false;
    merger->damaged_count++;
    look->counts->damaged++;
    if (merger->options.tell != NULL)
        merger->options.tell(merger->options.context, why);
    return true;
}

/* ----------------------------------------------------------------------------------------- removing what is covered */

/* The folder that a path lies in. */
static int folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    return slash == NULL || snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path) >= PATH_MAX ? -1 : 0;
}

/* A current segment that covers this one, is old enough, and can be read: its name alone would be too little to remove
 * others for. */
static bool is_replaced(struct look *look, const struct segment_files *current, const struct segment_file *file)
{
    for (uint32_t i = 0; i < current->count; i++) {
        const struct segment_file *other = &current->files[i];
        struct file_reader reader;
        struct store_error why;
        if (other->hour_s != file->hour_s || !segment_name_covers(&other->name, &file->name))
            continue;
        const int64_t grace_us = look->merger->options.grace_us;
        if ((grace_us > 0 && look->now_us - other->written_us < grace_us) || is_damaged(look->merger, other->path))
            return false;
        if (file_reader_open(&reader, other->path, &why) != 0) {
            if (why.number == 0 || why.number == ENOTSUP)
                note_damaged(look, other->path, why.text);
            return false;
        }
        const int result = file_reader_check_notes(&reader, &why);
        file_reader_close(&reader);
        return result == 0;
    }
    return false;
}

static int remove_covered(struct look *look, enum segment_kind kind)
{
    const struct segment_list *list = &look->lists[kind];
    char folder[PATH_MAX], synced[PATH_MAX] = "";
    for (uint32_t i = 0; i < list->obsolete.count; i++) {
        const struct segment_file *file = &list->obsolete.files[i];
        if (stopped(look->merger, look->error) != 0)
            return -1;
        if (!is_replaced(look, &list->current, file))
            continue;
        /* The name of what covers it must be on the disk first. */
        if (folder_of(file->path, folder) == 0 && strcmp(folder, synced) != 0 && look->merger->options.sync) {
            if (sync_folder(folder, look->error) != 0)
                return -1;
            memcpy(synced, folder, sizeof synced);
        }
        if (unlink(file->path) == 0)
            look->counts->removed++;
        else if (errno != ENOENT)
            return store_error_system(look->error, "cannot remove %s", file->path);
    }
    return 0;
}

/* What a merger that did not come to its end left behind. */
static void remove_temporaries(const struct store_merger *merger)
{
    char path[PATH_MAX];
    DIR *directory = snprintf(path, sizeof path, "%s/.writing", merger->folder) >= (int)sizeof path
                     ? NULL : opendir(path);
    if (directory == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strncmp(entry->d_name, temporary_start, sizeof temporary_start - 1) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
}

/* -------------------------------------------------------------------------------------------------------- one merge */

/* Names of the merged segment and of what it is until it counts. */
struct merge_names {
    char temporary[PATH_MAX], path[PATH_MAX], folder[PATH_MAX];
};

static int make_names(const struct look *look, const struct segment_file *files, uint32_t count,
                      struct merge_names *names)
{
    char text[SEGMENT_NAME_SIZE];
    struct segment_name name = files[0].name;
    for (uint32_t i = 0; i < count; i++) {
        const struct segment_name *other = &files[i].name;
        name.first_s = other->first_s < name.first_s ? other->first_s : name.first_s;
        name.last_s = other->last_s > name.last_s ? other->last_s : name.last_s;
        name.sequence_last = other->sequence_last > name.sequence_last ? other->sequence_last : name.sequence_last;
        name.tier = other->tier > name.tier ? other->tier : name.tier;
    }
    name.tier++;
    segment_name_format(&name, text);
    const bool fit = folder_of(files[0].path, names->folder) == 0 &&
                     snprintf(names->path, PATH_MAX, "%s/%s", names->folder, text) < PATH_MAX &&
                     snprintf(names->temporary, PATH_MAX, "%s/.writing/%s%s", look->merger->folder, temporary_start,
                              text) < PATH_MAX;
    return fit ? 0 : store_error_set(look->error, "the name of the store %.64s... is too long", look->merger->folder);
}

static int put_in_place(struct look *look, const struct merge_names *names)
{
    if (rename(names->temporary, names->path) != 0) {
        store_error_system(look->error, "cannot rename %s to %s", names->temporary, names->path);
        unlink(names->temporary);
        return -1;
    }
    return look->merger->options.sync ? sync_folder(names->folder, look->error) : 0;
}

/* Merges the files into one. 0 also where one of them is damaged: it will be left out of the next look. E2BIG where
 * they have too many columns together. */
static int merge_once(struct look *look, const struct segment_file *files, uint32_t count)
{
    const char *paths[MERGE_INPUTS_MAX];
    struct merge_names names;
    struct segment_merged merged;
    uint64_t before = 0;
    int bad;
    for (uint32_t i = 0; i < count; i++) {
        paths[i] = files[i].path;
        before += files[i].size_bytes;
    }
    if (make_names(look, files, count, &names) != 0)
        return -1;
    unlink(names.temporary);
    int result = segment_merge_files(&look->merger->merge, paths, count, names.temporary, look->merger->options.sync,
                                     &merged, &bad, look->error);
    if (result != 0 && bad >= 0) {
        look->merges++; /* another look is worth it */
        return note_damaged(look, paths[bad], look->error->text) ? 0 : -1;
    }
    if (result == 0)
        result = put_in_place(look, &names);
    if (result != 0) {
        look->counts->failures += look->error->number != ECANCELED && look->error->number != E2BIG;
        return -1;
    }
    look->merges++;
    look->counts->merges++;
    look->counts->inputs += count;
    look->counts->rows += merged.row_count;
    look->counts->bytes_before += before;
    look->counts->bytes_after += merged.size_bytes;
    return 0;
}

/* Merges the first of them: fewer where all together are too wide for one file, one alone where two are. Moves `first`
 * behind those. */
static int merge_files(struct look *look, const struct segment_file *files, uint32_t count, uint32_t *first)
{
    for (; count > 1; count = count == 2 ? 1 : (count + 1) / 2) {
        if (stopped(look->merger, look->error) != 0)
            return -1;
        if (merge_once(look, files, count) == 0)
            break;
        if (look->error->number != E2BIG)
            return -1;
    }
    *first += count;
    return 0;
}

/* ------------------------------------------------------------------------------------------------------ what is due */

/* Files from `files` on that are of one hour and writer, can be read, are not full, and have no commit under way
 * between them. */
static uint32_t count_joined(const struct look *look, const struct segment_file *files, uint32_t count)
{
    const struct store_merger *merger = look->merger;
    uint32_t joined = 0;
    for (; joined < count; joined++) {
        const struct segment_file *file = &files[joined], *last = &files[joined - (joined > 0)];
        if (file->hour_s != files->hour_s || file->name.writer != files->name.writer ||
            file->size_bytes >= merger->options.full_bytes || is_damaged(merger, file->path))
            break;
        if (joined > 0 && (file->name.sequence_first <= last->name.sequence_last ||
                           !commit_ranges_join(&look->ranges, file->name.writer, last->name.sequence_last,
                                               file->name.sequence_first)))
            break;
    }
    return joined;
}

static bool is_over(const struct look *look, const struct segment_file *files, uint32_t count)
{
    const struct store_merge_options *options = &look->merger->options;
    int64_t newest_us = files->written_us;
    for (uint32_t i = 0; i < count; i++)
        newest_us = files[i].written_us > newest_us ? files[i].written_us : newest_us;
    return options->all || (look->now_us - files->hour_s * 1000000 - HOUR_US >= options->quiet_us &&
                            look->now_us - newest_us >= options->quiet_us);
}

/* How many of the files become one, from the first on: until they are full together. */
static uint32_t count_together(const struct look *look, const struct segment_file *files, uint32_t count)
{
    uint64_t bytes = 0;
    uint32_t together = 0;
    while (together < count && together < MERGE_INPUTS_MAX && bytes < look->merger->options.full_bytes)
        bytes += files[together++].size_bytes;
    return together;
}

static int merge_all(struct look *look, const struct segment_file *files, uint32_t count)
{
    for (uint32_t first = 0; first + 1 < count;) {
        const uint32_t together = count_together(look, files + first, count - first);
        if (merge_files(look, files + first, together, &first) != 0)
            return -1;
    }
    return 0;
}

/* Whether so many of one tier are enough. */
static bool are_enough(const struct look *look, const struct segment_file *files, uint32_t count)
{
    const struct store_merge_options *options = &look->merger->options;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count && count < options->fan_in; i++)
        bytes += files[i].size_bytes;
    return count >= options->fan_in || (count >= options->small_fan_in && bytes < options->small_bytes);
}

static int merge_tiers(struct look *look, const struct segment_file *files, uint32_t count)
{
    for (uint32_t first = 0; first < count;) {
        uint32_t same = 1;
        while (first + same < count && files[first + same].name.tier == files[first].name.tier)
            same++;
        const uint32_t end = first + same;
        while (are_enough(look, files + first, end - first)) {
            const uint32_t together = count_together(look, files + first, end - first);
            if (merge_files(look, files + first, together, &first) != 0)
                return -1;
        }
        first = end;
    }
    return 0;
}

static int merge_kind(struct look *look, enum segment_kind kind)
{
    const struct segment_files *current = &look->lists[kind].current;
    for (uint32_t first = 0; first < current->count;) {
        const struct segment_file *files = &current->files[first];
        const uint32_t joined = count_joined(look, files, current->count - first);
        if (joined > 1 && (is_over(look, files, joined) ? merge_all : merge_tiers)(look, files, joined) != 0)
            return -1;
        first += joined > 0 ? joined : 1;
    }
    return 0;
}

/* ----------------------------------------------------------------------------------------------------------- passes */

/* Lists all kinds while the numbers of writers that have ended are held, so that none of them can begin meanwhile. */
static int list_all(struct look *look)
{
    const struct segment_window window = {.hour_from_s = look->from_s, .from_s = INT64_MIN, .to_s = INT64_MAX};
    struct live_writers writers;
    if (live_writers_hold(&writers, look->merger->folder, look->error) != 0)
        return -1;
    int result = 0;
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++)
        result = segment_list_read(&look->lists[kind], look->merger->folder, (enum segment_kind)kind, &window,
                                   NULL, NULL, look->error);
    if (result == 0)
        result = commit_ranges_make(&look->ranges, look->lists, &writers, look->error);
    live_writers_release(&writers);
    return result;
}

static int merge_round(struct store_merger *merger, int64_t now_us, int64_t from_s, struct store_merge_counts *counts,
                       uint64_t *ret_merges, struct store_error *error)
{
    struct look look = {.merger = merger, .now_us = now_us, .from_s = from_s, .counts = counts, .error = error};
    int result = list_all(&look);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++)
        result = remove_covered(&look, (enum segment_kind)kind);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++)
        result = merge_kind(&look, (enum segment_kind)kind);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&look.lists[kind]);
    commit_ranges_done(&look.ranges);
    *ret_merges = look.merges;
    return result;
}

int store_merge_lock(const char *folder, bool wait, struct store_error *error)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/.merging", folder) >= (int)sizeof path)
        return store_error_set(error, "the name of the store %.64s... is too long", folder);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return store_error_system(error, "cannot open %s", path);
    if (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        const int number = errno;
        close(fd);
        errno = number;
        return number == EWOULDBLOCK ? store_error_system(error, "another process merges the segments of %s", folder)
                                     : store_error_system(error, "cannot lock %s", path);
    }
    return fd;
}

int store_merger_pass(struct store_merger *merger, int64_t now_us, int64_t from_s, struct store_merge_counts *counts,
                      struct store_error *error)
{
    char path[PATH_MAX];
    const int lock = store_merge_lock(merger->folder, merger->options.wait, error);
    if (lock < 0)
        return -1;
    int result = 0;
    if (snprintf(path, sizeof path, "%s/.writing", merger->folder) >= (int)sizeof path || make_folders(path) != 0)
        result = store_error_system(error, "cannot make the folder %.256s", path);
    else
        remove_temporaries(merger);
    uint64_t merges = 1;
    for (int round = 0; round < ROUNDS_MAX && result == 0 && merges > 0; round++)
        result = merge_round(merger, now_us, from_s, counts, &merges, error);
    close(lock);
    return result;
}

struct store_merger *store_merger_create(const struct store_merge_options *options, struct store_error *error)
{
    struct store_merger *merger = calloc(1, sizeof *merger);
    if (merger != NULL) {
        merger->options = *options;
        merger->folder = strdup(options->folder);
    }
    if (merger == NULL || merger->folder == NULL || segment_merge_init(&merger->merge, options->level,
                                                                       options->stop) != 0) {
        if (merger != NULL)
            free(merger->folder);
        free(merger);
        store_error_set(error, "not enough memory to merge segments");
        return NULL;
    }
    merger->merge.progress = options->progress;
    merger->merge.context = options->context;
    merger->merge.commits = true;
    if (options->large_groups)
        merger->merge.group_rows = MERGE_GROUP_ROWS_LARGE;
    return merger;
}

void store_merger_free(struct store_merger *merger)
{
    if (merger == NULL)
        return;
    segment_merge_done(&merger->merge);
    for (uint32_t i = 0; i < merger->damaged_count; i++)
        free(merger->damaged[i]);
    free(merger->damaged);
    free(merger->folder);
    free(merger);
}
