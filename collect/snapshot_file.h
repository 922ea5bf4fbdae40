/* SPDX-License-Identifier: MIT */
/*
 * snapshot_file.h - what a decoder knew at a cut, in a file beside the journal
 *
 *     +------------+---------+-------------------------+
 *     | "weirsnap" | cut, 8  | weir_decoder_save()     |
 *     +------------+---------+-------------------------+
 *
 * Two files take turns, PATH-0.snapshot and PATH-1.snapshot: the one of the last commit is never written to.
 */
#ifndef WEIR_COLLECT_SNAPSHOT_FILE_H
#define WEIR_COLLECT_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

struct snapshot_file {
    char *path[2]; /* NULL: nothing is kept */
    uint8_t *data; /* room, kept */
    size_t room_bytes;
};

/* `path` without what it ends in; NULL for none. -1 without memory. */
int snapshot_file_init(struct snapshot_file *file, const char *path);
void snapshot_file_done(struct snapshot_file *file);

/* -1 with errno where it could not be written: what was there of an earlier cut may be gone. */
int snapshot_file_save(struct snapshot_file *file, const struct weir_decoder *decoder, uint64_t cut);

/* The octets of weir_decoder_save() of this cut, which live until the next call; NULL where there are none. */
const uint8_t *snapshot_file_read(struct snapshot_file *file, uint64_t cut, size_t *ret_size_bytes);

void snapshot_file_remove(const struct snapshot_file *file);

#endif
