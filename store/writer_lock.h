/* SPDX-License-Identifier: MIT */
/*
 * writer_lock.h - which writer of a store this is
 *
 * DIR/.writers/XXXXXXXX is a file for each writer that there was; the one that uses its number holds a lock on it
 * (flock(2)), which ends with its process. Segments under way are DIR/.writing/XXXXXXXX-SEQ: whoever takes a number
 * over removes those that were left behind.
 */
#ifndef WEIR_STORE_WRITER_LOCK_H
#define WEIR_STORE_WRITER_LOCK_H

#include "store_error.h"

#include <stdbool.h>
#include <stdint.h>

struct writer_lock {
    int fd;
    uint32_t id;
    uint64_t sequence_next; /* the first number of a commit that is not in use */
};

/* Takes a number in the store, whose folder is made where it is missing. 0, or -1 with `error` filled. */
int writer_lock_take(struct writer_lock *lock, const char *folder, struct store_error *error);

/*
 * Takes this very number, which writer_lock_mark() has kept for this writer. Files of cuts (cut.h) up to `cut` get
 * their names, the others are removed. Somebody who looks at the store may hold the number for a moment; that is waited
 * for.
 */
int writer_lock_claim(struct writer_lock *lock, const char *folder, uint32_t id, uint64_t cut, bool sync,
                      struct store_error *error);

/*
 * Keeps the number for this writer while it has cuts under way, also when its process is not there: nobody else takes
 * it, and a merge treats the writer as one that is alive, until writer_lock_settle(), or for a month since it was
 * marked last. With `until_boot`, as long as the machine runs: what the writer has is in its memory. To be called each
 * day at least.
 */
int writer_lock_mark(const struct writer_lock *lock, bool until_boot, struct store_error *error);

/* Nothing is under way any more: the number is free when the lock is released. */
void writer_lock_settle(struct writer_lock *lock);

/* Whether a writer's file, open, tells that the number is kept. */
bool writer_lock_is_claimed(int fd);

void writer_lock_release(struct writer_lock *lock);

/* Makes a folder and those above it. 0 when it is there then. */
int make_folders(const char *path);

/* Brings the names in a folder to the disk. */
int sync_folder(const char *path, struct store_error *error);

#endif
