/* SPDX-License-Identifier: MIT */
/*
 * segment_commit.c - a segment on its way into the store: written whole under another name, then moved to its place
 */
#define _GNU_SOURCE
#include "segment_commit.h"

#include "store_format.h"
#include "writer_lock.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Brings the names in an hour's folder to the disk, and those of the folder itself and of what is above it in the
 * store. */
static int sync_folders(const struct segment_place *place, char *folder, struct store_error *error)
{
    const size_t least = strlen(place->folder);
    while (sync_folder(folder, error) == 0) {
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= least || slash == NULL)
            return 0;
        *slash = '\0';
    }
    return -1;
}

/* Its name, below the folder of the store. False when that is too long. */
static bool place_of(const struct segment_place *place, struct segment *segment, char path[CUT_NAME_SIZE])
{
    char name[SEGMENT_NAME_SIZE], hour[SEGMENT_FOLDER_SIZE];
    struct segment_name parts = {.writer = place->writer, .sequence_first = segment->sequence,
                                 .sequence_last = segment->sequence};
    segment_times(segment, &parts.first_s, &parts.last_s);
    segment_name_format(&parts, name);
    segment_folder_format(segment->first_received_us, hour);
    return snprintf(path, CUT_NAME_SIZE, "%s/%s/%s", segment_kind_name(segment->kind), hour, name) < CUT_NAME_SIZE;
}

bool segment_cut_name(const struct segment_place *place, struct segment *segment, char name[CUT_NAME_SIZE])
{
    char path[CUT_NAME_SIZE];
    return place_of(place, segment, path) && cut_name_format(place->writer, segment->cut, path, name);
}

/* Moves a whole file to its place; `ret_placed` becomes true where it has its name, even if that is not brought to the
 * disk. */
static int put_in_place(const struct segment_place *place, struct segment *segment, const char *from, bool *ret_placed,
                        struct store_error *error)
{
    char folder[PATH_MAX], path[PATH_MAX], name[CUT_NAME_SIZE];
    if (!place_of(place, segment, name) || snprintf(path, sizeof path, "%s/%s", place->folder, name) >= PATH_MAX)
        return store_error_set(error, "the name of the store %.64s... is too long", place->folder);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    if (make_folders(folder) != 0)
        return store_error_system(error, "cannot make the folder %s", folder);
    if (rename(from, path) != 0)
        return store_error_system(error, "cannot rename %s to %s", from, path);
    *ret_placed = true;
    return place->sync == STORE_SYNC_ALWAYS ? sync_folders(place, folder, error) : 0;
}

static int write_whole(const struct segment_place *place, struct file_writer *file, struct segment *segment,
                       const char *path, uint64_t *ret_bytes, struct store_error *error)
{
    char rows[24], commits[48], told[72];
    const uint64_t row_count = segment->ledger == NULL ? segment->row_count
                                                       : segment->ledger->row_count + (uint64_t)segment->ledger->has_collector;
    snprintf(rows, sizeof rows, "%" PRIu64, row_count);
    snprintf(commits, sizeof commits, "%" PRIu64 ":%" PRIu64, segment->sequence, row_count);
    snprintf(told, sizeof told, "%" PRIu64 "-%" PRIu64 ":%" PRIu64, place->told.first, place->told.last,
             place->told.rows);
    const struct file_note notes[] = {
        {"weir.version", WEIR_VERSION}, {"weir.format", FILE_FORMAT}, {"weir.kind", segment_kind_name(segment->kind)},
        {"weir.rows", rows}, {NOTE_COMMITS, commits}, {NOTE_TOLD, told},
    };
    const uint32_t note_count = sizeof notes / sizeof notes[0] - (place->told.last < place->told.first);
    unlink(path); /* of an attempt that failed */
    return segment_write(segment, file, path, notes, note_count, place->sync != STORE_SYNC_NEVER, ret_bytes, error);
}

int segment_commit(const struct segment_place *place, struct file_writer *file, struct segment *segment,
                   bool *ret_placed, uint64_t *ret_bytes, struct store_error *error)
{
    char path[PATH_MAX], name[CUT_NAME_SIZE];
    snprintf(name, sizeof name, "%08" PRIx32 "-%" PRIu64, place->writer, segment->sequence);
    if ((segment->cut != 0 && !segment_cut_name(place, segment, name)) ||
        snprintf(path, sizeof path, "%s/.writing/%s", place->folder, name) >= PATH_MAX)
        return store_error_set(error, "the name of the store %.64s... is too long", place->folder);
    if (write_whole(place, file, segment, path, ret_bytes, error) != 0)
        return -1;
    if (segment->cut != 0) {
        *ret_placed = true;
        return 0;
    }
    if (put_in_place(place, segment, path, ret_placed, error) == 0)
        return 0;
    unlink(path);
    return -1;
}
