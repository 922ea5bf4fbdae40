/* SPDX-License-Identifier: MIT */
/*
 * store_check.c - whether a store is whole
 */
#define _GNU_SOURCE
#include "store_check.h"

#include "commit_notes.h"
#include "file_check.h"
#include "segment_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct check {
    const struct store_check_listener *listener;
    struct chunk_reader reader;
    struct store_check_counts counts;
    struct store_damaged damaged;
};

static void tell_stranger(void *context, const char *path)
{
    struct check *check = context;
    struct store_error text;
    store_error_set(&text, "%s is no segment, and left alone", path);
    check->counts.strangers++;
    check->listener->tell(check->listener->context, false, text.text);
}

/* The time that a bound is, in seconds, rounded down or up. */
static int64_t seconds(const struct chunk_bound *bound, bool up)
{
    int64_t time_us = 0;
    memcpy(&time_us, bound->octets, sizeof time_us);
    const int64_t down = time_us / 1000000 - (time_us % 1000000 < 0);
    return down + (up && time_us % 1000000 != 0);
}

/* A name promises times, and readers do not open what they seek elsewhere. Those outside the years of names were moved
 * to their edge. */
static int check_times(const struct file_reader *file, const struct segment_name *name, struct store_error *error)
{
    for (uint32_t i = 0; i < file->column_count; i++) {
        const struct file_column *column = &file->columns[i];
        const bool start = column->field_id == store_column(STORE_COLUMN_TIME_START)->field_id;
        if (column->type != STORE_TIME_US || (!start &&
                                              column->field_id != store_column(STORE_COLUMN_TIME_END)->field_id))
            continue;
        for (uint32_t g = 0; g < file->group_count; g++) {
            const struct file_reader_chunk *chunk = &file->groups[g].chunks[i];
            char text[SEGMENT_NAME_SIZE];
            struct segment_name edges = *name;
            if (chunk->is_null || !chunk->is_bounded || chunk->least.size_bytes != 8 || chunk->greatest.size_bytes != 8)
                continue;
            edges.first_s = seconds(&chunk->least, false);
            edges.last_s = seconds(&chunk->greatest, true);
            segment_name_format(&edges, text);
            if (!segment_name_parse(text, &edges) || edges.first_s < name->first_s || edges.last_s > name->last_s)
                return store_error_set(error, "%s is damaged: it has flows of other times than its name tells",
                                       file->path);
        }
    }
    return 0;
}

static int check_kind(const struct file_reader *file, enum segment_kind kind, struct store_error *error)
{
    const char *told = file_reader_note(file, "weir.kind");
    if (told == NULL || strcmp(told, segment_kind_name(kind)) == 0)
        return 0;
    return store_error_set(error, "%s is damaged: it lies where %s are, and is of the kind %.20s", file->path,
                           segment_kind_name(kind), told);
}

static int check_commits(const struct file_reader *file, const struct segment_name *name, struct store_error *error)
{
    struct commit_notes notes = {0};
    const int result = commit_notes_read(&notes, file, name, error);
    commit_notes_done(&notes);
    return result;
}

static int check_file(struct check *check, const struct segment_file *segment, uint64_t *ret_rows,
                      struct store_error *error)
{
    struct file_reader file;
    if (file_reader_open(&file, segment->path, error) != 0)
        return -1;
    int result = file_reader_check_notes(&file, error);
    if (result == 0)
        result = check_kind(&file, segment->kind, error);
    if (result == 0)
        result = check_commits(&file, &segment->name, error);
    if (result == 0)
        result = file_check_pages(&check->reader, &file, true, error);
    if (result == 0)
        result = check_times(&file, &segment->name, error);
    *ret_rows = file.row_count;
    file_reader_close(&file);
    return result;
}

static int add_damaged(struct check *check, const char *path, struct store_error *error)
{
    struct store_damaged *damaged = &check->damaged;
    char **paths = realloc(damaged->paths, (damaged->count + 1) * sizeof *paths);
    if (paths == NULL)
        return store_error_set(error, "not enough memory to check the store");
    damaged->paths = paths;
    paths[damaged->count] = strdup(path);
    if (paths[damaged->count] == NULL)
        return store_error_set(error, "not enough memory to check the store");
    damaged->count++;
    return 0;
}

/* -1 only where memory is short. */
static int check_files(struct check *check, const struct segment_files *files, bool current, struct store_error *error)
{
    for (uint32_t i = 0; i < files->count; i++) {
        const struct segment_file *segment = &files->files[i];
        uint64_t rows = 0;
        struct stat status;
        if (check_file(check, segment, &rows, error) == 0) {
            check->counts.segments += current;
            check->counts.obsolete += !current;
            check->counts.rows += current ? rows : 0;
            check->counts.bytes += current ? segment->size_bytes : 0;
        } else if (error->number == ENOMEM || error->number == EMFILE || error->number == ENFILE) {
            return -1;
        } else if (error->number == ENOTSUP) {
            check->counts.unknown++;
            check->listener->tell(check->listener->context, true, error->text);
        /* else it was merged or expired meanwhile */
        } else if (error->number != ENOENT || stat(segment->path, &status) == 0) {
            check->counts.damaged++;
            check->listener->tell(check->listener->context, true, error->text);
            if (add_damaged(check, segment->path, error) != 0)
                return -1;
        }
        if (check->listener->progress != NULL)
            check->listener->progress(check->listener->context, segment->size_bytes);
    }
    return 0;
}

/* Lists all kinds; returns how many octets their files have, -1 on an error. */
static int64_t list_all(struct check *check, const char *folder, struct segment_list lists[SEGMENT_KIND_COUNT],
                        struct store_error *error)
{
    uint64_t bytes = 0;
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        if (segment_list_read(&lists[kind], folder, (enum segment_kind)kind, NULL, tell_stranger, check, error) != 0)
            return -1;
        for (uint32_t i = 0; i < lists[kind].current.count; i++)
            bytes += lists[kind].current.files[i].size_bytes;
        for (uint32_t i = 0; i < lists[kind].obsolete.count; i++)
            bytes += lists[kind].obsolete.files[i].size_bytes;
    }
    return (int64_t)bytes;
}

int store_check(const char *folder, const struct store_check_listener *listener, struct store_check_counts *ret_counts,
                struct store_error *error)
{
    struct check check = {.listener = listener};
    struct segment_list lists[SEGMENT_KIND_COUNT] = {0};
    struct stat status;
    if (stat(folder, &status) != 0)
        return store_error_system(error, "cannot read the store %s", folder);
    if (chunk_reader_init(&check.reader) != 0)
        return store_error_set(error, "not enough memory to check the store");
    const int64_t bytes = list_all(&check, folder, lists, error);
    int result = bytes < 0 ? -1 : 0;
    if (result == 0 && listener->begin != NULL)
        listener->begin((uint64_t)bytes);
    for (int kind = 0; kind < SEGMENT_KIND_COUNT && result == 0; kind++) {
        result = check_files(&check, &lists[kind].current, true, error);
        if (result == 0)
            result = check_files(&check, &lists[kind].obsolete, false, error);
    }
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
        segment_list_done(&lists[kind]);
    if (result == 0)
        result = store_account(folder, &check.damaged, listener->tell, listener->context, &check.counts.account,
                               error);
    for (uint32_t i = 0; i < check.damaged.count; i++)
        free(check.damaged.paths[i]);
    free(check.damaged.paths);
    chunk_reader_done(&check.reader);
    *ret_counts = check.counts;
    return result;
}
