/* SPDX-License-Identifier: MIT */
/*
 * snapshot_file.h - what a decoder and sinks knew at a cut, in a file beside the journal
 *
 *     +------------+--------+----------------------+----------------------+--
 *     | "weirsnap" | cut, 8 | size, 8 | octets ... | size, 8 | octets ... | ...
 *     +------------+--------+----------------------+----------------------+--
 *
 * The first part is the decoder's (weir_decoder_save()), the others are those of sinks. Numbers are in the machine's
 * order.
 * Two files take turns, PATH-0.snapshot and PATH-1.snapshot: the one of the last commit is never written to.
 */
#ifndef WEIR_COLLECT_SNAPSHOT_FILE_H
#define WEIR_COLLECT_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot_file {
    char *path[2]; /* NULL: nothing is kept */
    uint8_t *data; /* what is written, or was read; room is kept */
    size_t size_bytes, room_bytes;
    uint64_t cut;  /* of what is written */
    bool failed;   /* memory is short */
};

/* `path` without what it ends in; NULL for none. -1 without memory. */
int snapshot_file_init(struct snapshot_file *file, const char *path);
void snapshot_file_done(struct snapshot_file *file);

/*
 * Begins what is to be the snapshot of a cut; adds a part, which `save` writes where there is room, and tells its size;
 * and writes the file: -1 with errno where that cannot be done. What was there of this
 * cut, or an earlier one but the last, is gone then.
 */
void snapshot_file_begin(struct snapshot_file *file, uint64_t cut);
void snapshot_file_add(struct snapshot_file *file, size_t (*save)(void *context, uint8_t *data, size_t room_bytes),
                       void *context);
int snapshot_file_write(struct snapshot_file *file);

/* Reads the file of this cut. False when there is none. */
bool snapshot_file_read(struct snapshot_file *file, uint64_t cut);

/* A part of what was read, which lives until the next call of another function; NULL where there is none. */
const uint8_t *snapshot_file_part(const struct snapshot_file *file, size_t i, size_t *ret_size_bytes);

void snapshot_file_remove(const struct snapshot_file *file);

#endif
