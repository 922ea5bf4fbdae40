/* SPDX-License-Identifier: MIT */
/*
 * store_writer.c - batches in, segments on the disk: what belongs to one writer, and its ledger
 *
 * Rows go into open segments (open_segments.h), and these through a queue to the disk (write_queue.h).
 */
#define _GNU_SOURCE
#include "store_writer.h"

#include "ledger_log.h"
#include "open_segments.h"
#include "store_format.h"
#include "store_keeper.h"
#include "write_queue.h"
#include "writer_lock.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What comes as it comes is merged later, and bounded in memory; a file's rows stay as they are written, and
 * dictionaries gain by more of them. */
#define SEGMENT_BYTES_LIVE (16u << 20)
#define SEGMENT_BYTES_FILE (160u << 20)

struct store_writer {
    struct store_writer_options options;
    char *folder;
    struct writer_lock lock;
    struct write_queue *queue;
    struct open_segments open;
    struct ledger_log *ledger;
    struct ledger_collector drops; /* of datagrams */
    struct store_keeper *keeper;   /* or NULL */
};

void store_writer_options_init(struct store_writer_options *options, const char *folder)
{
    *options = (struct store_writer_options){
        .folder = folder, .sync = STORE_SYNC_SEGMENT, .compression = STORE_COMPRESSION_ZSTD, .level = 2,
        .commit_us = 5000000, .merge = true, .workers = 1, .queue_max = 1};
}

int store_writer_batch(struct store_writer *writer, const struct weir_batch *batch, struct store_error *error)
{
    open_segments_add(&writer->open, batch);
    return writer->options.wait && store_writer_trouble(writer, error) ? -1 : 0;
}

void store_writer_tick(struct store_writer *writer, int64_t now_us)
{
    open_segments_tick(&writer->open, now_us, writer->options.commit_us);
}

void store_writer_cut(struct store_writer *writer, uint64_t cut)
{
    open_segments_seal(&writer->open);
    write_queue_cut(writer->queue, cut);
}

uint64_t store_writer_written(struct store_writer *writer)
{
    return write_queue_written(writer->queue);
}

int store_writer_publish(struct store_writer *writer, uint64_t cut, struct store_error *error)
{
    return write_queue_publish(writer->queue, cut, error);
}

void store_writer_hurry(struct store_writer *writer)
{
    write_queue_hurry(writer->queue);
}

void store_writer_drain(struct store_writer *writer)
{
    write_queue_hurry(writer->queue);
    open_segments_seal(&writer->open);
    write_queue_drain(writer->queue);
}

/* ------------------------------------------------------------------------------------------------------- the ledger */

void store_writer_drops(struct store_writer *writer, const struct store_drops *drops)
{
    writer->drops = (struct ledger_collector){
        .dropped_kernel = drops->kernel, .dropped_journal = drops->journal, .outputs_missed = drops->outputs_missed,
        .not_allowed = drops->not_allowed, .cut_off = drops->cut_off};
}

void store_writer_drops_told(struct store_writer *writer, const struct store_drops *drops)
{
    ledger_log_dropped(writer->ledger, drops->kernel, drops->journal);
}

void store_writer_ledger(struct store_writer *writer, struct weir_decoder *decoder, int64_t now_us)
{
    struct commit_told told;
    struct ledger_collector collector = writer->drops;
    const bool room = write_queue_ledger(writer->queue, &told, &collector.rows_dropped);
    struct store_error ignored;
    if (writer->options.claim)
        writer_lock_mark(&writer->lock, writer->options.until_boot, &ignored); /* it is alive */
    if (!room)
        return; /* the next call tells of this time too */
    struct segment *segment = segment_create(SEGMENT_LEDGER);
    if (segment == NULL)
        return;
    if (writer->options.wait && writer->open.received_us != 0)
        now_us = writer->open.received_us;
    segment->ledger = ledger_log_take(writer->ledger, decoder, &told, &collector, now_us);
    if (segment->ledger == NULL) {
        segment_free(segment);
        return;
    }
    segment->first_received_us = segment->last_received_us = now_us;
    write_queue_put_beyond(writer->queue, segment);
}

size_t store_writer_ledger_save(struct store_writer *writer, struct weir_decoder *decoder, uint8_t *data,
                                size_t room_bytes)
{
    return ledger_log_save(writer->ledger, decoder, &writer->drops, data, room_bytes);
}

bool store_writer_ledger_load(struct store_writer *writer, const uint8_t *data, size_t size_bytes)
{
    return ledger_log_load(writer->ledger, data, size_bytes);
}

/* ----------------------------------------------------------------------------------------------------- what is told */

bool store_writer_is_failing(struct store_writer *writer)
{
    return write_queue_is_failing(writer->queue);
}

bool store_writer_trouble(struct store_writer *writer, struct store_error *error)
{
    return write_queue_trouble(writer->queue, error);
}

bool store_writer_notice(struct store_writer *writer, struct store_error *error)
{
    return writer->keeper != NULL && store_keeper_trouble(writer->keeper, error);
}

static void add_keeper_counts(struct store_counts *counts, const struct store_keeper_counts *keeper)
{
    counts->merges = keeper->merges;
    counts->merged_segments = keeper->merged_segments;
    counts->damaged_segments = keeper->damaged_segments;
    counts->merge_failures = keeper->failures;
    counts->expired_segments = keeper->expired_segments;
    counts->expired_bytes = keeper->expired_bytes;
}

void store_writer_counts(struct store_writer *writer, struct store_counts *ret_counts)
{
    write_queue_counts(writer->queue, ret_counts);
    if (writer->keeper != NULL) {
        struct store_keeper_counts keeper;
        store_keeper_counts(writer->keeper, &keeper);
        add_keeper_counts(ret_counts, &keeper);
    }
}

uint32_t store_writer_id(const struct store_writer *writer)
{
    return writer->lock.id;
}

/* ------------------------------------------------------------------------------------------------- start and end */

static void free_writer(struct store_writer *writer)
{
    store_keeper_stop(writer->keeper, NULL);
    open_segments_done(&writer->open);
    ledger_log_free(writer->ledger);
    writer_lock_release(&writer->lock);
    write_queue_free(writer->queue);
    free(writer->folder);
    free(writer);
}

static int start_keeper(struct store_writer *writer, struct store_error *error)
{
    const struct store_writer_options *options = &writer->options;
    const struct store_keeper_options keeper = {
        .folder = writer->folder, .merge = options->merge, .sync = options->sync != STORE_SYNC_NEVER,
        .keep_days = options->keep_days, .keep_bytes = options->keep_bytes};
    if (options->wait || (!options->merge && options->keep_days == 0 && options->keep_bytes == 0))
        return 0;
    writer->keeper = store_keeper_start(&keeper, error);
    return writer->keeper == NULL ? -1 : 0;
}

/* Threads begin with all signals blocked: those are for the caller's thread, which may wait for them. */
static int start(struct store_writer *writer, struct store_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* a refused system call: blocked, it would end the process */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int result = start_keeper(writer, error) == 0 && write_queue_start(writer->queue, error) == 0 ? 0 : -1;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

int store_writer_keep(struct store_writer *writer, bool merge, uint64_t keep_days, uint64_t keep_bytes,
                      struct store_error *error)
{
    if (writer->keeper != NULL)
        return store_keeper_set(writer->keeper, merge, keep_days, keep_bytes, error);
    writer->options.merge = merge;
    writer->options.keep_days = keep_days;
    writer->options.keep_bytes = keep_bytes;
    return start_keeper(writer, error);
}

static int take_number(struct store_writer *writer, struct store_error *error)
{
    const struct store_writer_options *options = &writer->options;
    const bool safe = options->sync == STORE_SYNC_ALWAYS;
    const int taken = options->id == 0 ? writer_lock_take(&writer->lock, writer->folder, error)
                                       : writer_lock_claim(&writer->lock, writer->folder, options->id, options->cut, safe,
                                                           error);
    if (taken != 0)
        return -1;
    struct store_error ignored; /* where there is no room now, it is tried again each minute */
    if (options->claim)
        writer_lock_mark(&writer->lock, options->until_boot, &ignored);
    return 0;
}

static int make_queue(struct store_writer *writer, struct store_error *error)
{
    const struct write_queue_owner owner = {.options = &writer->options, .folder = writer->folder,
                                            .writer = writer->lock.id,
                                            .sequence_first = writer->lock.sequence_next};
    writer->queue = write_queue_create(&owner);
    writer->open.queue = writer->queue;
    writer->open.segment_bytes = writer->options.segment_bytes;
    if (writer->queue != NULL)
        return 0;
    store_error_set(error, "not enough memory to start");
    return -1;
}

struct store_writer *store_writer_create(const struct store_writer_options *options, struct store_error *error)
{
    struct store_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        store_error_set(error, "not enough memory to start");
        return NULL;
    }
    writer->options = *options;
    if (options->segment_bytes == 0)
        writer->options.segment_bytes = options->wait ? SEGMENT_BYTES_FILE : SEGMENT_BYTES_LIVE;
    if (options->effort == STORE_EFFORT_DEFAULT)
        writer->options.effort = options->merge && !options->wait ? STORE_EFFORT_LIGHT : STORE_EFFORT_FULL;
    writer->lock.fd = -1;
    writer->folder = strdup(options->folder);
    writer->ledger = ledger_log_create();
    const bool whole = writer->folder != NULL && writer->ledger != NULL;
    if (!whole)
        store_error_set(error, "not enough memory to start");
    if (!whole || store_format_check(writer->folder, error) != 0 || take_number(writer, error) != 0 ||
        make_queue(writer, error) != 0 || start(writer, error) != 0) {
        free_writer(writer);
        return NULL;
    }
    store_format_mark(writer->folder);
    return writer;
}

/* Whether the number need not be kept any longer. One that an earlier process kept is, where no cut came of this one:
 * its journal is still there, and tells of that number. */
static bool is_settled(const struct store_writer *writer)
{
    return (write_queue_has_cut(writer->queue) || writer->options.id == 0) && write_queue_is_published(writer->queue);
}

int store_writer_close(struct store_writer *writer, struct store_counts *ret_counts, struct store_error *error)
{
    struct store_counts counts;
    store_writer_drain(writer);
    write_queue_end(writer->queue);
    write_queue_counts(writer->queue, &counts);
    if (writer->keeper != NULL) {
        struct store_keeper_counts keeper;
        store_keeper_stop(writer->keeper, &keeper);
        writer->keeper = NULL;
        add_keeper_counts(&counts, &keeper);
    }
    const bool lost = counts.rows_dropped > 0 || counts.ledger_lost > 0 || counts.unsafe > 0;
    if (lost)
        write_queue_last_trouble(writer->queue, error);
    if (ret_counts != NULL)
        *ret_counts = counts;
    if (writer->options.claim && is_settled(writer))
        writer_lock_settle(&writer->lock);
    free_writer(writer);
    return lost ? -1 : 0;
}
