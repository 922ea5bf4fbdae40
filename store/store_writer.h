/* SPDX-License-Identifier: MIT */
/*
 * store_writer.h - batches in, segments on the disk
 *
 *     batch -> open segment, of flows or options records -> queue -> threads that encode -> file, renamed into place
 *
 * A segment is sealed when it is full, old enough, or when rows of another hour come. Encoding has threads of its own;
 * what waits for them is bounded. A segment that cannot be written (a full disk) is tried again each second, until it
 * goes or until the program ends; rows for which there is no room meanwhile are dropped and counted.
 *
 * Several writers may write to one store. Each has a number of its own, which it holds by a lock; a later one takes it
 * over.
 */
#ifndef WEIR_STORE_STORE_WRITER_H
#define WEIR_STORE_STORE_WRITER_H

#include "store_error.h"

#include <weir/weir.h>

enum store_sync {
    STORE_SYNC_NEVER,
    STORE_SYNC_SEGMENT, /* the file before it gets its name */
    STORE_SYNC_ALWAYS   /* and the folders after that */
};

enum store_compression { STORE_COMPRESSION_ZSTD, STORE_COMPRESSION_LZ4, STORE_COMPRESSION_NONE };

/* How much time a flow is worth: LIGHT is for what is merged soon, when it becomes small (a third less time, a fifth
 * more octets until then). */
enum store_effort {
    STORE_EFFORT_DEFAULT, /* LIGHT where it is merged meanwhile, else FULL */
    STORE_EFFORT_LIGHT,
    STORE_EFFORT_FULL
};

struct store_writer_options {
    const char *folder;
    enum store_sync sync;
    enum store_compression compression;
    int level;           /* of ZSTD, 1 to 19 */
    enum store_effort effort;
    size_t segment_bytes; /* of rows in memory: a segment is full; 0: 16 MiB or, where the caller waits, 160 MiB */
    int64_t commit_us;   /* so old a segment may become; 0: any age */
    uint32_t workers;    /* threads that encode, 1 to 64 */
    uint32_t queue_max;  /* sealed segments that may wait, besides those that are being written; none where the caller
                          * waits */
    bool wait;           /* the caller waits for room (input from a file); else rows are dropped */
    bool merge;          /* small segments become large ones meanwhile (store_merge.h); not where `wait` is set */
    bool cuts;           /* files get their names by store_writer_publish(), not before */
    bool claim;          /* then: the writer's number stays its own if the process is killed; with `until_boot` while
                          * the */
    bool until_boot;     /* machine runs */
    uint32_t id;         /* the number that an earlier process kept, whose last cut that was noted is `cut`: files of
                          * cuts up */
    uint64_t cut;        /* to that one get their names now. 0: any number */
    uint64_t keep_days, keep_bytes; /* older segments, and those beyond so many octets, are removed meanwhile
                          * (store_expire.h); 0: all stay; not where `wait` is set */
};

void store_writer_options_init(struct store_writer_options *options, const char *folder);

struct store_counts {
    uint64_t rows;          /* stored: in files that have their names */
    uint64_t rows_dropped;  /* no room, or never written */
    uint64_t ledger_lost;   /* looks at the ledger that were never written */
    uint64_t unsafe;        /* segments that have their names, which may not have come to the disk */
    uint64_t segments;
    uint64_t bytes;         /* of the files */
    uint64_t failures;      /* attempts to write that failed */
    bool failing;           /* the last attempt did */
    uint64_t merges, merged_segments;   /* what became one, of how many */
    uint64_t damaged_segments;          /* that cannot be merged */
    uint64_t merge_failures;            /* merges and removals that failed */
    uint64_t expired_segments, expired_bytes;
};

struct store_writer;

/* Makes the folder where it is missing, takes a number and starts the threads. NULL with `error` filled. */
struct store_writer *store_writer_create(const struct store_writer_options *options, struct store_error *error);

/* Takes the rows of a batch. -1 with `error` filled where `wait` is set and a segment could not be written. */
int store_writer_batch(struct store_writer *writer, const struct weir_batch *batch, struct store_error *error);

/* Tells the time, on any clock that goes on evenly: seals what is old enough. */
void store_writer_tick(struct store_writer *writer, int64_t now_us);

/* The writer's number. */
uint32_t store_writer_id(const struct store_writer *writer);

/* All rows so far, but those of earlier cuts, are to be files of this one, which is one more than the last. Waits for
 * room in the queue. */
void store_writer_cut(struct store_writer *writer, uint64_t cut);

/* The last cut that is written as a whole. */
uint64_t store_writer_written(struct store_writer *writer);

/* Gives the files of cuts up to this one their names. -1 with `error` filled where that has to be tried again. */
int store_writer_publish(struct store_writer *writer, uint64_t cut, struct store_error *error);

/* From any thread: what cannot be written at once is given up, and its cut will never be written as a whole. */
void store_writer_hurry(struct store_writer *writer);

/* Datagrams that never came to the decoder, or not to others who wanted them: since the start. */
struct store_drops {
    /* Dropped by the kernel, and so while the journal was full; of earlier processes with this journal too. */
    uint64_t kernel, journal;
    uint64_t outputs_missed;  /* by outputs beside the store */
    uint64_t not_allowed, cut_off; /* by this process: left out, and longer than there was room for */
};

/* For the ledger's next rows, and for what is saved; from the thread that calls store_writer_ledger(). */
void store_writer_drops(struct store_writer *writer, const struct store_drops *drops);

/* Before the first rows: earlier processes told of so much, where store_writer_ledger_load() tells no other number. */
void store_writer_drops_told(struct store_writer *writer, const struct store_drops *drops);

/* Notes what the decoder has counted since the last call, as rows of the ledger; `now_us` is since 1970, and is replaced by the
 * time of the last row, where there was one, if `wait` is set. */
void store_writer_ledger(struct store_writer *writer, struct weir_decoder *decoder, int64_t now_us);

/* What the ledger has not told yet, for the next process: see ledger_log.h. */
size_t store_writer_ledger_save(struct store_writer *writer, struct weir_decoder *decoder, uint8_t *data,
                                size_t room_bytes);
bool store_writer_ledger_load(struct store_writer *writer, const uint8_t *data, size_t size_bytes);

/* Other values of these options. -1 with `error` filled; then all is as before. */
int store_writer_keep(struct store_writer *writer, bool merge, uint64_t keep_days, uint64_t keep_bytes,
                      struct store_error *error);

/* Seals what is open and waits until all of it was written, or failed. */
void store_writer_drain(struct store_writer *writer);

/* From any thread: whether what was written last failed, and is tried again. */
bool store_writer_is_failing(struct store_writer *writer);

/* True once for each cause of failure since the last call: `error` tells it. */
bool store_writer_trouble(struct store_writer *writer, struct store_error *error);

/* The same of what merges and removes segments meanwhile, which loses nothing. */
bool store_writer_notice(struct store_writer *writer, struct store_error *error);

void store_writer_counts(struct store_writer *writer, struct store_counts *ret_counts);

/* Writes what is left, ends the threads and frees. -1 with `error` filled where rows, or the ledger, could not be
 * stored, or not be brought to the disk; which of them tell the counts, which may be NULL. */
int store_writer_close(struct store_writer *writer, struct store_counts *ret_counts, struct store_error *error);

#endif
