/* SPDX-License-Identifier: MIT */
/*
 * write_queue.h - sealed segments on their way to the disk, and what became of them
 *
 *     put -> queue -> threads that encode -> file, with its name at once or, of a cut, when the cut is published
 *
 * All that threads share is in here, behind one mutex; functions are for the thread that fills segments unless they say
 * otherwise. What a writer is, and what its options mean, is told in store_writer.h.
 */
#ifndef WEIR_STORE_WRITE_QUEUE_H
#define WEIR_STORE_WRITE_QUEUE_H

#include "commit_notes.h"
#include "segment.h"
#include "store_writer.h"

struct write_queue;

/* Whose segments these are. */
struct write_queue_owner {
    const struct store_writer_options *options;
    const char *folder;
    uint32_t writer;         /* the number of who writes */
    uint64_t sequence_first; /* the number of its first commit */
};

/* What the owner points to lives longer. NULL without memory. */
struct write_queue *write_queue_create(const struct write_queue_owner *owner);

/* Starts the threads, which have the signal mask of the caller. -1 with `error` filled, and none runs. */
int write_queue_start(struct write_queue *queue, struct store_error *error);

/* Ends them when nothing is left; what fails now is given up. */
void write_queue_end(struct write_queue *queue);

/* No thread runs. NULL is fine. */
void write_queue_free(struct write_queue *queue);

/* Takes a segment, and waits for room for it where the caller waits, or cuts. False where there is no room: it stays
 * the caller's. */
bool write_queue_put(struct write_queue *queue, struct segment *segment);

/* Takes one that need not wait for room. */
void write_queue_put_beyond(struct write_queue *queue, struct segment *segment);

/* Whether a page of the ledger would not wait behind too many; and what it is to tell: of commits, and how many rows
 * were dropped. */
bool write_queue_ledger(struct write_queue *queue, struct commit_told *ret_told, uint64_t *ret_rows_dropped);

/* A segment for flows that was written, empty, whose memory serves again; or NULL. It is the caller's. */
struct segment *write_queue_take_used(struct write_queue *queue);

/* Counts rows that were not taken. */
void write_queue_drop(struct write_queue *queue, uint64_t rows, const char *why);

/* Until all that was put is written, or failed for good. */
void write_queue_drain(struct write_queue *queue);

/* From any thread: what fails is not tried again, until it is drained. */
void write_queue_hurry(struct write_queue *queue);

/* See store_writer_cut(), _written() and _publish(). */
void write_queue_cut(struct write_queue *queue, uint64_t cut);
uint64_t write_queue_written(struct write_queue *queue);
int write_queue_publish(struct write_queue *queue, uint64_t cut, struct store_error *error);

/* Whether a cut was made, and all files of cuts have their names. */
bool write_queue_has_cut(struct write_queue *queue);
bool write_queue_is_published(struct write_queue *queue);

/* From any thread. See store_writer_is_failing(), _trouble() and _counts(). */
bool write_queue_is_failing(struct write_queue *queue);
bool write_queue_trouble(struct write_queue *queue, struct store_error *error);
void write_queue_last_trouble(struct write_queue *queue, struct store_error *error);
void write_queue_counts(struct write_queue *queue, struct store_counts *ret_counts);

#endif
