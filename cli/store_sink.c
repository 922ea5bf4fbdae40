/* SPDX-License-Identifier: MIT */
/*
 * store_sink.c - the sink that keeps flows in a store
 */
#define _GNU_SOURCE
#include "store_sink.h"
#include "plural.h"

#include <errno.h>
#include <inttypes.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What the sinks of all workers have stored, told when the last of them is closed. */
struct stored {
    uint32_t sink_count; /* that are open */
    uint64_t rows, segments, bytes;
};

struct store_sink {
    struct sink sink;
    struct stored *stored; /* shared; the last to be closed frees it */
    struct store_writer *writer;
    struct weir_decoder *decoder;
    struct engine *engine; /* whose drops are told, or NULL */
    uint32_t worker;
    bool settled;      /* the ledger's last rows are written */
    int64_t ledger_us; /* when the ledger was last written, monotonic */
    int64_t drops_us;  /* when it was last told that rows are dropped, monotonic; 0: never */
    int64_t failing_us; /* since when files cannot be written, monotonic; 0: they can */
    uint64_t lost_before; /* as count_lost() was then */
};

enum { LARGE_BUFFER_BYTES = 1 << 19 };

#define LEDGER_EACH_US 60000000
#define DROPS_EACH_US 60000000

static struct store_sink *from_sink(struct sink *sink)
{
    return (struct store_sink *)sink;
}

/* How long ago a segment was begun must not depend on somebody setting the clock. */
static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int store_batch(struct sink *sink, const struct weir_batch *batch, struct sink_error *error)
{
    struct store_error why;
    if (store_writer_batch(from_sink(sink)->writer, batch, &why) == 0)
        return 0;
    snprintf(error->text, sizeof error->text, "%s", why.text);
    return -1;
}

/* What can be lost as files cannot be written: records, and datagrams for which the journal had no room. */
static uint64_t count_lost(const struct store_sink *store)
{
    struct store_counts counts;
    struct receiver_counts received = {0};
    store_writer_counts(store->writer, &counts);
    if (store->engine != NULL)
        engine_receiver_counts(store->engine, store->worker, &received);
    return counts.rows_dropped + received.dropped_journal;
}

/* Once, when what could not be written was. */
static void tell_recovery(struct store_sink *store, int64_t even_us)
{
    if (store->failing_us == 0 || store_writer_is_failing(store->writer))
        return;
    fprintf(stderr, "weir collect: the store is written to again, after %.0f s; %s\n",
            (double)(even_us - store->failing_us) * 1e-6,
            count_lost(store) > store->lost_before ? "the end tells what was dropped meanwhile" : "nothing was lost");
    store->failing_us = 0;
}

/* A file that cannot be written is tried again; rows that are dropped are gone, which is told once a minute, with how
 * many. */
static void tell_trouble(struct store_sink *store, const struct store_error *why, int64_t even_us)
{
    if (why->number != 0) {
        fprintf(stderr, "weir collect: %s; this goes on to be tried%s\n", why->text,
                why->number == ENOENT ? "; folders that were removed are made anew by another start" : "");
        if (store->failing_us == 0) {
            store->failing_us = even_us;
            store->lost_before = count_lost(store);
        }
        return;
    }
    if (store->drops_us != 0 && even_us - store->drops_us < DROPS_EACH_US)
        return;
    struct store_counts counts;
    store_writer_counts(store->writer, &counts);
    fprintf(stderr, "weir collect: %s; %" PRIu64 " records so far\n", why->text, counts.rows_dropped);
    store->drops_us = even_us;
}

/* What became of datagrams that the decoder never saw. */
static void note_drops(struct store_sink *store)
{
    struct receiver_counts received, before;
    struct side_lane_counts side;
    struct store_drops drops = {0};
    if (store->engine == NULL)
        return;
    engine_receiver_counts(store->engine, store->worker, &received);
    engine_dropped_before(store->engine, store->worker, &before);
    engine_left_out(store->engine, store->worker, &drops.not_allowed, &drops.cut_off);
    drops.kernel = before.dropped_kernel + received.dropped_kernel;
    drops.journal = before.dropped_journal + received.dropped_journal;
    for (size_t i = 0; store->worker == 0 && engine_side_counts(store->engine, i, &side) != NULL; i++)
        drops.outputs_missed += side.missed;
    store_writer_drops(store->writer, &drops);
}

static void write_ledger(struct store_sink *store, int64_t now_us)
{
    note_drops(store);
    store_writer_ledger(store->writer, store->decoder, now_us);
}

static int store_tick(struct sink *sink, int64_t now_us, struct sink_error *error)
{
    struct store_sink *store = from_sink(sink);
    struct store_error why;
    const int64_t even_us = monotonic_us();
    (void)error;
    store_writer_tick(store->writer, even_us);
    if (even_us - store->ledger_us >= LEDGER_EACH_US) {
        write_ledger(store, now_us);
        store->ledger_us = even_us;
    }
    if (store_writer_trouble(store->writer, &why))
        tell_trouble(store, &why, even_us);
    tell_recovery(store, even_us);
    while (store_writer_notice(store->writer, &why))
        fprintf(stderr, "weir collect: %s\n", why.text);
    return 0;
}

static int store_cut(struct sink *sink, uint64_t cut, struct sink_error *error)
{
    (void)error;
    store_writer_cut(from_sink(sink)->writer, cut);
    return 0;
}

static uint64_t store_written(struct sink *sink)
{
    return store_writer_written(from_sink(sink)->writer);
}

static int store_publish(struct sink *sink, uint64_t cut, struct sink_error *error)
{
    struct store_error why;
    if (store_writer_publish(from_sink(sink)->writer, cut, &why) == 0)
        return 0;
    snprintf(error->text, sizeof error->text, "%s", why.text);
    return -1;
}

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void store_settle(struct sink *sink)
{
    struct store_sink *store = from_sink(sink);
    write_ledger(store, clock_us());
    store->settled = true;
}

static size_t store_save(struct sink *sink, uint8_t *data, size_t room_bytes)
{
    struct store_sink *store = from_sink(sink);
    note_drops(store);
    return store_writer_ledger_save(store->writer, store->decoder, data, room_bytes);
}

static void store_load(struct sink *sink, const uint8_t *data, size_t size_bytes)
{
    store_writer_ledger_load(from_sink(sink)->writer, data, size_bytes);
}

static void store_hurry(struct sink *sink)
{
    store_writer_hurry(from_sink(sink)->writer);
}

static void store_counts(struct sink *sink, void (*each)(void *context, const struct sink_count *count), void *context)
{
    struct store_counts is;
    store_writer_counts(from_sink(sink)->writer, &is);
    const struct sink_count counts[] = {
        {"rows", "Records in files of the store", false, is.rows},
        {"rows_dropped", "Records for which there was no room, or that were never written", false, is.rows_dropped},
        {"segments", "Files of records that were written", false, is.segments},
        {"written_bytes", "Octets of these files", false, is.bytes},
        {"write_failures", "Attempts to write a file that failed", false, is.failures},
        {"failing", "1 while what comes cannot be written", true, is.failing},
        {"merges", "Files that were made of smaller ones", false, is.merges},
        {"merged_segments", "Files of which larger ones were made", false, is.merged_segments},
        {"merge_failures", "Merges and removals that failed", false, is.merge_failures},
        {"damaged_segments", "Files that cannot be merged, as they are damaged", false, is.damaged_segments},
        {"lost_ledgers", "Looks at the account that were never written", false, is.ledger_lost},
        {"expired_segments", "Files that were removed as too old or too many", false, is.expired_segments},
        {"expired_bytes", "Octets of these files", false, is.expired_bytes},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        each(context, &counts[i]);
}

static bool store_waits(struct sink *sink)
{
    return store_writer_is_failing(from_sink(sink)->writer);
}

/* What could not be stored when it ended. */
static void tell_end(const struct store_counts *counts, const struct store_error *why, struct sink_error *error)
{
    if (counts->rows_dropped > 0)
        snprintf(error->text, sizeof error->text, "%" PRIu64 " records could not be stored: %.400s",
                 counts->rows_dropped, why->text);
    else if (counts->ledger_lost > 0)
        snprintf(error->text, sizeof error->text, "the records were stored, what was counted of them was not: %.400s",
                 why->text);
    else
        snprintf(error->text, sizeof error->text, "what was stored may not be on the disk: %.400s", why->text);
}

static void tell_stored(struct stored *stored, const struct store_counts *counts)
{
    stored->rows += counts->rows;
    stored->segments += counts->segments;
    stored->bytes += counts->bytes;
    if (--stored->sink_count > 0)
        return;
    fprintf(stderr, "Stored %" PRIu64 " record%s in %" PRIu64 " file%s, %.1f MB\n", stored->rows,
            plural(stored->rows), stored->segments,
            plural(stored->segments), (double)stored->bytes * 1e-6);
    free(stored);
}

static int store_close(struct sink *sink, struct sink_error *error)
{
    struct store_sink *store = from_sink(sink);
    struct store_counts counts;
    struct store_error why;
    store_writer_drain(store->writer); /* so that the ledger has all that was stored */
    if (!store->settled)
        write_ledger(store, clock_us());
    const int result = store_writer_close(store->writer, &counts, &why);
    if (result != 0)
        tell_end(&counts, &why, error);
    tell_stored(store->stored, &counts);
    free(store);
    return result;
}

/* Left alone, the C library keeps what large buffers had for smaller ones as soon as the first of them is freed, and
 * each thread that encodes or merges keeps its own. */
static void give_back_large_buffers(void)
{
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, LARGE_BUFFER_BYTES);
#endif
}

struct sink *store_sink_create(const struct store_writer_options *options, struct weir_decoder *decoder,
                               struct sink_error *error)
{
    static const struct sink_class class = {
        .name = "store", .batch = store_batch, .tick = store_tick, .close = store_close,
        .counts = store_counts};
    static const struct sink_class class_of_cuts = {
        .name = "store", .batch = store_batch, .tick = store_tick, .close = store_close, .cut = store_cut,
        .written = store_written, .publish = store_publish, .settle = store_settle, .save = store_save,
        .load = store_load, .hurry = store_hurry,
        .waits = store_waits, .counts = store_counts};
    struct store_error why;
    struct store_sink *store = calloc(1, sizeof *store);
    struct stored *stored = calloc(1, sizeof *stored);
    if (store == NULL || stored == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory");
        free(store);
        free(stored);
        return NULL;
    }
    stored->sink_count = 1;
    store->stored = stored;
    if (!options->wait)
        give_back_large_buffers();
    store->sink.class = options->cuts ? &class_of_cuts : &class;
    store->decoder = decoder;
    store->ledger_us = monotonic_us();
    store->writer = store_writer_create(options, &why);
    if (store->writer == NULL) {
        snprintf(error->text, sizeof error->text, "%s", why.text);
        free(store);
        free(stored);
        return NULL;
    }
    store_writer_tick(store->writer, monotonic_us());
    return &store->sink;
}

int store_sink_keep(struct sink *sink, const struct store_writer_options *options, struct sink_error *error)
{
    struct store_error why;
    if (sink->class->batch != store_batch ||
        store_writer_keep(from_sink(sink)->writer, options->merge, options->keep_days, options->keep_bytes, &why) == 0)
        return 0;
    snprintf(error->text, sizeof error->text, "%s", why.text);
    return -1;
}

uint32_t store_sink_writer(const struct sink *sink)
{
    return store_writer_id(((const struct store_sink *)sink)->writer);
}

void store_sink_watch(struct sink *sink, struct engine *engine, uint32_t worker, struct sink *first)
{
    if (sink->class->counts != store_counts)
        return;
    struct store_sink *store = from_sink(sink);
    store->engine = engine;
    store->worker = worker;
    if (sink != first) {
        free(store->stored);
        store->stored = from_sink(first)->stored;
        store->stored->sink_count++;
    }
    /* What was told is in the snapshot of the last cut; where that is lost, drops are rather left out than told twice. */
    if (journal_committed(engine_journal(engine, worker)).cut == 0)
        return;
    struct receiver_counts before;
    engine_dropped_before(engine, worker, &before);
    store_writer_drops_told(store->writer,
                            &(struct store_drops){.kernel = before.dropped_kernel, .journal = before.dropped_journal});
}
