/* SPDX-License-Identifier: MIT */
/*
 * store_writer.c - batches in, segments on the disk
 *
 * The caller's thread fills segments; `mutex` guards the queue, the counts and what is told of failures, nothing else.
 */
#define _GNU_SOURCE
#include "store_writer.h"

#include "cut.h"
#include "commit_account.h"
#include "segment_commit.h"
#include "store_format.h"
#include "store_keeper.h"
#include "writer_lock.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RETRY_S = 1,
    FORMS_PER_SLOT = 3,
    KINDS = 2, /* flows and options */
    QUEUE_LEDGER = 4, /* pages of the ledger that may wait beyond the bound for segments */
    WORKERS_MAX = 64
};

#define HOUR_US 3600000000

/* What comes as it comes is merged later, and bounded in memory; a file's rows stay as they are written, and dictionaries gain by more of them. */
#define SEGMENT_BYTES_LIVE (16u << 20)
#define SEGMENT_BYTES_FILE (160u << 20)

/* How the rows of one layout are gathered, for exporters of one family of addresses. */
struct form {
    uint64_t serial; /* of the layout; 0: none yet */
    struct gather *like;
    struct gather *to; /* in the segment with this serial */
    uint64_t segment_serial;
};

/* A file of a cut that has no name yet. */
struct unnamed {
    struct unnamed *next;
    uint64_t cut, sequence;
    char name[CUT_NAME_SIZE];
};

struct store_writer {
    struct store_writer_options options;
    char *folder;
    struct writer_lock lock;
    struct segment *open[KINDS]; /* or NULL */
    struct form *forms;          /* FORMS_PER_SLOT for each slot of layouts */
    uint32_t slot_count;
    uint64_t sequence_next, serial_next;
    int64_t now_us;
    int64_t received_us; /* when the last row came */
    struct ledger_log *ledger;
    struct ledger_collector drops; /* of datagrams */

    pthread_mutex_t mutex;
    pthread_cond_t sealed, written;
    struct segment *queue_first, *queue_last;
    struct segment *used; /* one that was written, whose memory serves again; or NULL */
    uint32_t queue_count;
    uint32_t busy_count;
    uint64_t cut;            /* that rows belong to now; 0: files get their names at once */
    uint32_t cut_pending[2]; /* segments of this cut, and of the one before, by cut & 1, that are not written */
    bool cut_lost;           /* one of them never will be, as the program ends */
    struct unnamed *unnamed; /* in the order of their numbers */
    bool hurrying; /* what fails is not tried again: the program ends */
    bool ending;   /* threads end when nothing is left */
    struct store_counts counts;
    struct commit_account account;
    struct store_error trouble;
    bool has_trouble, is_failing;
    int trouble_number; /* of the cause that was told last */

    struct store_keeper *keeper; /* or NULL */
    pthread_t threads[WORKERS_MAX];
    uint32_t thread_count;
};

void store_writer_options_init(struct store_writer_options *options, const char *folder)
{
    *options = (struct store_writer_options){
        .folder = folder, .sync = STORE_SYNC_SEGMENT, .compression = STORE_COMPRESSION_ZSTD, .level = 2,
        .commit_us = 5000000, .merge = true, .workers = 1, .queue_max = 1};
}

/* ------------------------------------------------------------------------------------------------------- the threads */

/* With the mutex held. A cause is told once, until something was written again. */
static void note_failure(struct store_writer *writer, const struct store_error *error)
{
    writer->counts.failures++;
    if (writer->is_failing && writer->trouble_number == error->number)
        return;
    writer->is_failing = true;
    writer->trouble_number = error->number;
    writer->trouble = *error;
    writer->has_trouble = true;
}

/* With the mutex held. */
static void wait_a_while(struct store_writer *writer)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    while (!writer->hurrying && pthread_cond_timedwait(&writer->sealed, &writer->mutex, &until) != ETIMEDOUT)
        ;
}

/* With the mutex held. */
static void add_unnamed(struct store_writer *writer, struct unnamed *file)
{
    struct unnamed **at = &writer->unnamed;
    while (*at != NULL && (*at)->sequence < file->sequence)
        at = &(*at)->next;
    file->next = *at;
    *at = file;
}

/* With the mutex held. What became of a segment of a cut: `file`, which is for its name, where it is written, else NULL. */
static void note_cut(struct store_writer *writer, const struct segment_place *place, struct segment *segment,
                     struct unnamed *file)
{
    if (file != NULL && segment_cut_name(place, segment, file->name)) {
        file->cut = segment->cut;
        file->sequence = segment->sequence;
        add_unnamed(writer, file);
    } else {
        free(file);
        writer->cut_lost = true;
    }
    writer->cut_pending[segment->cut & 1]--;
}

/* With the mutex held. What became of a segment in the end: it has its name, which may not have come to the disk, or is written for its cut;
 * or it is given up. What a cut loses is not dropped: who cuts has it still. */
static void count_segment(struct store_writer *writer, const struct segment *segment, bool placed, bool safe, uint64_t bytes)
{
    struct store_counts *counts = &writer->counts;
    commit_account_end(&writer->account, segment->sequence, placed ? segment->row_count : 0);
    pthread_cond_broadcast(&writer->sealed); /* one may wait until not too many are ahead */
    if (placed) {
        counts->rows += segment->row_count;
        counts->bytes += bytes;
        counts->segments += segment->ledger == NULL;
        counts->unsafe += !safe;
    } else if (segment->cut == 0) {
        counts->rows_dropped += segment->row_count;
        counts->ledger_lost += segment->ledger != NULL;
    }
}

/* With the mutex held. Whether what failed is to be tried again, a while from then. */
static bool try_again(struct store_writer *writer, const struct store_error *error)
{
    note_failure(writer, error);
    if (writer->options.wait || writer->hurrying)
        return false;
    wait_a_while(writer);
    return true;
}

/* What is needed for a segment of a cut behind its writing is there before: a file whose name is forgotten would be lost. */
static int write_segment(const struct segment_place *place, struct file_writer *file, struct segment *segment,
                         struct unnamed **unnamed, bool *placed, uint64_t *ret_bytes, struct store_error *error)
{
    if (segment->cut != 0 && *unnamed == NULL && (*unnamed = malloc(sizeof **unnamed)) == NULL)
        return store_error_system(error, "cannot write flows");
    return segment_commit(place, file, segment, placed, ret_bytes, error);
}

/* Without the mutex. Tries until it is written, unless the program ends or nothing is to be waited for. */
static void store_segment(struct store_writer *writer, struct file_writer *file, struct segment *segment)
{
    struct segment_place place = {.folder = writer->folder, .writer = writer->lock.id, .sync = writer->options.sync};
    struct unnamed *unnamed = NULL;
    uint64_t bytes = 0;
    bool placed = false, again = true;
    while (again) {
        struct store_error error = {0};
        pthread_mutex_lock(&writer->mutex);
        place.told = commit_account_told(&writer->account);
        pthread_mutex_unlock(&writer->mutex);
        const int result = write_segment(&place, file, segment, &unnamed, &placed, &bytes, &error);
        pthread_mutex_lock(&writer->mutex);
        again = result != 0 && try_again(writer, &error);
        if (result == 0)
            writer->is_failing = false;
        if (!again)
            count_segment(writer, segment, placed, result == 0, bytes);
        if (!again && segment->cut != 0) {
            note_cut(writer, &place, segment, result == 0 ? unnamed : NULL);
            unnamed = result == 0 ? NULL : unnamed;
        }
        pthread_mutex_unlock(&writer->mutex);
    }
    free(unnamed);
}

/* With the mutex held. Whether there is a segment to be written. */
static bool has_sealed(const struct store_writer *writer)
{
    return writer->queue_first != NULL && commit_account_has_room(&writer->account, writer->queue_first->sequence);
}

static struct segment *take_sealed(struct store_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    while (!has_sealed(writer) && !(writer->ending && writer->queue_first == NULL))
        pthread_cond_wait(&writer->sealed, &writer->mutex);
    struct segment *segment = writer->queue_first;
    if (segment != NULL) {
        writer->queue_first = segment->next;
        writer->queue_last = segment->next == NULL ? NULL : writer->queue_last;
        writer->queue_count--;
        writer->busy_count++;
        pthread_cond_broadcast(&writer->written);
    }
    pthread_mutex_unlock(&writer->mutex);
    return segment;
}

/* Its memory was paid for in page faults: it serves again. */
static void recycle(struct store_writer *writer, struct segment *segment)
{
    if (segment->kind == SEGMENT_FLOWS)
        segment_clear(segment);
    pthread_mutex_lock(&writer->mutex);
    if (segment->kind == SEGMENT_FLOWS && writer->used == NULL) {
        writer->used = segment;
        segment = NULL;
    }
    writer->busy_count--;
    pthread_cond_broadcast(&writer->written);
    pthread_mutex_unlock(&writer->mutex);
    segment_free(segment);
}

static struct segment *take_used(struct store_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    struct segment *segment = writer->used;
    writer->used = NULL;
    pthread_mutex_unlock(&writer->mutex);
    return segment;
}

/* Tries until there is memory, as store_segment() does. */
static bool get_able(struct store_writer *writer, struct file_writer *file)
{
    static const enum parquet_codec codecs[] = {PARQUET_ZSTD, PARQUET_LZ4_RAW, PARQUET_UNCOMPRESSED};
    bool again = true;
    while (again && file_writer_init(file, codecs[writer->options.compression], writer->options.level) != 0) {
        struct store_error error;
        errno = ENOMEM;
        store_error_system(&error, "cannot write flows");
        pthread_mutex_lock(&writer->mutex);
        again = try_again(writer, &error);
        pthread_mutex_unlock(&writer->mutex);
    }
    file->chunks.bytes_for_ns =
        writer->options.effort == STORE_EFFORT_LIGHT ? CHUNK_BYTES_FOR_NS_LIGHT : CHUNK_BYTES_FOR_NS_FULL;
    return again;
}

static void give_up(struct store_writer *writer, struct segment *segment)
{
    pthread_mutex_lock(&writer->mutex);
    writer->cut_lost |= segment->cut != 0;
    count_segment(writer, segment, false, false, 0);
    pthread_mutex_unlock(&writer->mutex);
}

static void *work(void *context)
{
    struct store_writer *writer = context;
    struct file_writer file;
    struct segment *segment;
    bool able = get_able(writer, &file);
    while ((segment = take_sealed(writer)) != NULL) {
        able = able || get_able(writer, &file);
        if (able)
            store_segment(writer, &file, segment);
        else
            give_up(writer, segment);
        recycle(writer, segment);
    }
    if (able)
        file_writer_done(&file);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------------- segments */

/* With the mutex held. */
static void enqueue(struct store_writer *writer, struct segment *segment)
{
    segment->sequence = writer->sequence_next++;
    segment->cut = writer->cut;
    writer->cut_pending[writer->cut & 1]++;
    segment->next = NULL;
    if (writer->queue_last == NULL)
        writer->queue_first = segment;
    else
        writer->queue_last->next = segment;
    writer->queue_last = segment;
    writer->queue_count++;
    pthread_cond_broadcast(&writer->sealed);
}

/* With the mutex held. Who waits fills the next segment while those before it are written, and needs no more of them. */
static bool has_room(const struct store_writer *writer)
{
    if (writer->options.wait)
        return writer->queue_count + writer->busy_count < writer->options.workers;
    return writer->queue_count < writer->options.queue_max;
}

/* Hands the open segment on. Where there is no room and the caller does not wait, false: it stays open. */
static bool seal(struct store_writer *writer, int kind)
{
    struct segment *segment = writer->open[kind];
    if (segment == NULL || segment->row_count == 0)
        return true;
    pthread_mutex_lock(&writer->mutex);
    while (!has_room(writer) && (writer->options.wait || writer->cut != 0 || writer->hurrying))
        pthread_cond_wait(&writer->written, &writer->mutex);
    const bool room = has_room(writer);
    if (room) {
        enqueue(writer, segment);
        writer->open[kind] = NULL;
    }
    pthread_mutex_unlock(&writer->mutex);
    return room;
}

static int64_t hour_of(int64_t time_us)
{
    return time_us / HOUR_US - (time_us % HOUR_US < 0);
}

/* The open segment, with room, for rows that came in this hour; NULL when there is none to be had. */
static struct segment *segment_for(struct store_writer *writer, int kind, int64_t received_us)
{
    struct segment *segment = writer->open[kind];
    if (segment != NULL && segment->row_count > 0 &&
        (hour_of(segment->first_received_us) != hour_of(received_us) || segment_is_full(segment) ||
         segment->size_bytes >= writer->options.segment_bytes) &&
        !seal(writer, kind))
        return NULL;
    if (writer->open[kind] == NULL) {
        writer->open[kind] = kind == 0 ? take_used(writer) : NULL;
        if (writer->open[kind] == NULL)
            writer->open[kind] = segment_create(kind == 0 ? SEGMENT_FLOWS : SEGMENT_OPTIONS);
        if (writer->open[kind] != NULL) {
            writer->open[kind]->opened_us = writer->now_us;
            writer->open[kind]->serial = ++writer->serial_next;
        }
    }
    return writer->open[kind];
}

/* How rows of the layout are gathered; NULL without memory. */
static struct form *form_for(struct store_writer *writer, const struct weir_layout *layout, uint8_t family)
{
    if (layout->slot >= writer->slot_count) {
        const uint32_t count = layout->slot + layout->slot / 2 + 64;
        struct form *forms = realloc(writer->forms, (size_t)count * FORMS_PER_SLOT * sizeof *forms);
        if (forms == NULL)
            return NULL;
        memset(forms + (size_t)writer->slot_count * FORMS_PER_SLOT, 0,
               (size_t)(count - writer->slot_count) * FORMS_PER_SLOT * sizeof *forms);
        writer->forms = forms;
        writer->slot_count = count;
    }
    struct form *form = &writer->forms[(size_t)layout->slot * FORMS_PER_SLOT + (family == 4 ? 0 : family == 6 ? 1 : 2)];
    if (form->like != NULL && form->serial == layout->serial)
        return form;
    gather_free(form->like);
    *form = (struct form){.serial = layout->serial, .like = gather_create(layout, family)};
    return form->like == NULL ? NULL : form;
}

static void drop(struct store_writer *writer, uint64_t rows, const char *why)
{
    struct store_error error;
    pthread_mutex_lock(&writer->mutex);
    writer->counts.rows_dropped += rows;
    if (!writer->is_failing) {
        store_error_set(&error, "flows are dropped: %s", why);
        note_failure(writer, &error);
    }
    pthread_mutex_unlock(&writer->mutex);
}

/* Runs that go to one segment: of one family, and of one hour. */
static uint32_t count_alike(const struct weir_batch *batch, uint32_t first)
{
    const struct weir_run *run = &batch->runs[first];
    uint32_t end = first + 1;
    while (end < batch->run_count && batch->runs[end].exporter.family == run->exporter.family &&
           hour_of(batch->runs[end].received_us) == hour_of(run->received_us))
        end++;
    return end - first;
}

static void take_runs(struct store_writer *writer, const struct weir_batch *batch, uint32_t first, uint32_t count)
{
    const struct weir_run *runs = &batch->runs[first], *last = &runs[count - 1];
    const uint32_t rows = last->first_row + last->row_count - runs->first_row;
    struct segment *segment = segment_for(writer, batch->layout->options, runs->received_us);
    if (segment == NULL) {
        drop(writer, rows, "they come faster than they can be written");
        return;
    }
    struct form *form = form_for(writer, batch->layout, runs->exporter.family);
    if (form != NULL && (form->to == NULL || form->segment_serial != segment->serial)) {
        form->to = segment_gather(segment, form->like);
        form->segment_serial = segment->serial;
    }
    const size_t bytes = form == NULL || form->to == NULL ? 0 : gather_append(form->to, form->like, batch, first, count);
    if (bytes == 0)
        drop(writer, rows, "not enough memory");
    else
        segment_added(segment, runs, count, rows, bytes);
    writer->received_us = last->received_us;
}

int store_writer_batch(struct store_writer *writer, const struct weir_batch *batch, struct store_error *error)
{
    for (uint32_t first = 0; first < batch->run_count;) {
        const uint32_t count = count_alike(batch, first);
        take_runs(writer, batch, first, count);
        first += count;
    }
    return writer->options.wait && store_writer_trouble(writer, error) ? -1 : 0;
}

void store_writer_tick(struct store_writer *writer, int64_t now_us)
{
    writer->now_us = now_us;
    for (int kind = 0; kind < KINDS; kind++) {
        const struct segment *segment = writer->open[kind];
        if (segment != NULL && segment->row_count > 0 && writer->options.commit_us > 0 &&
            now_us - segment->opened_us >= writer->options.commit_us)
            seal(writer, kind);
    }
}

void store_writer_cut(struct store_writer *writer, uint64_t cut)
{
    for (int kind = 0; kind < KINDS; kind++)
        seal(writer, kind);
    pthread_mutex_lock(&writer->mutex);
    assert(cut == writer->cut);
    writer->cut = cut + 1;
    pthread_mutex_unlock(&writer->mutex);
}

uint64_t store_writer_written(struct store_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    const uint64_t last = writer->cut - 1;
    const uint64_t written = writer->cut_lost ? 0 : writer->cut_pending[last & 1] == 0 ? last : last - 1;
    pthread_mutex_unlock(&writer->mutex);
    return written;
}

/* In the order of their numbers: what a file tells of commits before it is there when it is. */
int store_writer_publish(struct store_writer *writer, uint64_t cut, struct store_error *error)
{
    struct unnamed *files;
    pthread_mutex_lock(&writer->mutex);
    files = writer->unnamed;
    writer->unnamed = NULL;
    pthread_mutex_unlock(&writer->mutex);
    int result = 0;
    while (files != NULL && files->cut <= cut && result == 0) {
        struct unnamed *next = files->next;
        result = cut_publish(writer->folder, files->name, writer->options.sync == STORE_SYNC_ALWAYS, error);
        if (result == 0) {
            free(files);
            files = next;
        }
    }
    pthread_mutex_lock(&writer->mutex);
    if (result != 0)
        note_failure(writer, error);
    for (struct unnamed *next; files != NULL; files = next) {
        next = files->next;
        add_unnamed(writer, files);
    }
    pthread_mutex_unlock(&writer->mutex);
    return result;
}

void store_writer_hurry(struct store_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->hurrying = true;
    pthread_cond_broadcast(&writer->sealed);
    pthread_mutex_unlock(&writer->mutex);
}

void store_writer_drain(struct store_writer *writer)
{
    store_writer_hurry(writer);
    for (int kind = 0; kind < KINDS; kind++)
        seal(writer, kind);
    pthread_mutex_lock(&writer->mutex);
    while (writer->queue_count > 0 || writer->busy_count > 0)
        pthread_cond_wait(&writer->written, &writer->mutex);
    writer->hurrying = false;
    pthread_mutex_unlock(&writer->mutex);
}

void store_writer_drops(struct store_writer *writer, const struct store_drops *drops)
{
    writer->drops = (struct ledger_collector){
        .dropped_kernel = drops->kernel, .dropped_journal = drops->journal, .outputs_missed = drops->outputs_missed};
}

void store_writer_drops_told(struct store_writer *writer, const struct store_drops *drops)
{
    ledger_log_dropped(writer->ledger, drops->kernel, drops->journal);
}

void store_writer_ledger(struct store_writer *writer, struct weir_decoder *decoder, int64_t now_us)
{
    pthread_mutex_lock(&writer->mutex);
    const struct commit_told told = commit_account_told(&writer->account);
    struct ledger_collector collector = writer->drops;
    collector.rows_dropped = writer->counts.rows_dropped;
    const bool room = writer->queue_count < writer->options.queue_max + QUEUE_LEDGER;
    pthread_mutex_unlock(&writer->mutex);
    struct store_error ignored;
    if (writer->options.claim)
        writer_lock_mark(&writer->lock, writer->options.until_boot, &ignored); /* it is alive */
    if (!room)
        return; /* the next call tells of this time too */
    struct segment *segment = segment_create(SEGMENT_LEDGER);
    if (segment == NULL)
        return;
    if (writer->options.wait && writer->received_us != 0)
        now_us = writer->received_us;
    segment->ledger = ledger_log_take(writer->ledger, decoder, &told, &collector, now_us);
    if (segment->ledger == NULL) {
        segment_free(segment);
        return;
    }
    segment->first_received_us = segment->last_received_us = now_us;
    pthread_mutex_lock(&writer->mutex);
    enqueue(writer, segment);
    pthread_mutex_unlock(&writer->mutex);
}

bool store_writer_is_failing(struct store_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    const bool is_failing = writer->is_failing;
    pthread_mutex_unlock(&writer->mutex);
    return is_failing;
}

size_t store_writer_ledger_save(struct store_writer *writer, struct weir_decoder *decoder, uint8_t *data, size_t room_bytes)
{
    return ledger_log_save(writer->ledger, decoder, data, room_bytes);
}

bool store_writer_ledger_load(struct store_writer *writer, const uint8_t *data, size_t size_bytes)
{
    return ledger_log_load(writer->ledger, data, size_bytes);
}

bool store_writer_trouble(struct store_writer *writer, struct store_error *error)
{
    pthread_mutex_lock(&writer->mutex);
    const bool has_trouble = writer->has_trouble;
    if (has_trouble)
        *error = writer->trouble;
    writer->has_trouble = false;
    pthread_mutex_unlock(&writer->mutex);
    return has_trouble;
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
    pthread_mutex_lock(&writer->mutex);
    *ret_counts = writer->counts;
    ret_counts->failing = writer->is_failing;
    pthread_mutex_unlock(&writer->mutex);
    if (writer->keeper != NULL) {
        struct store_keeper_counts keeper;
        store_keeper_counts(writer->keeper, &keeper);
        add_keeper_counts(ret_counts, &keeper);
    }
}

/* ------------------------------------------------------------------------------------------------- start and end */

static void free_writer(struct store_writer *writer)
{
    store_keeper_stop(writer->keeper, NULL);
    for (uint32_t i = 0; i < writer->slot_count * FORMS_PER_SLOT; i++)
        gather_free(writer->forms[i].like);
    for (int kind = 0; kind < KINDS; kind++)
        segment_free(writer->open[kind]);
    segment_free(writer->used);
    ledger_log_free(writer->ledger);
    for (struct unnamed *file = writer->unnamed, *next; file != NULL; file = next) {
        next = file->next;
        free(file);
    }
    writer_lock_release(&writer->lock);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->sealed);
    pthread_cond_destroy(&writer->written);
    free(writer->forms);
    free(writer->folder);
    free(writer);
}

static void end_threads(struct store_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->hurrying = writer->ending = true;
    pthread_cond_broadcast(&writer->sealed);
    pthread_mutex_unlock(&writer->mutex);
    for (uint32_t i = 0; i < writer->thread_count; i++)
        pthread_join(writer->threads[i], NULL);
}

static int start_threads(struct store_writer *writer, struct store_error *error)
{
    for (; writer->thread_count < writer->options.workers && writer->thread_count < WORKERS_MAX; writer->thread_count++) {
        const int number = pthread_create(&writer->threads[writer->thread_count], NULL, work, writer);
        if (number == 0)
            continue;
        errno = number;
        store_error_system(error, "cannot start a thread");
        end_threads(writer);
        return -1;
    }
    return 0;
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
    const int result = start_keeper(writer, error) == 0 && start_threads(writer, error) == 0 ? 0 : -1;
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
    if (options->cuts)
        writer->cut = options->cut + 1;
    if ((options->id == 0 ? writer_lock_take(&writer->lock, writer->folder, error)
                          : writer_lock_claim(&writer->lock, writer->folder, options->id, options->cut, safe, error)) != 0)
        return -1;
    struct store_error ignored; /* where there is no room now, it is tried again each minute */
    if (options->claim)
        writer_lock_mark(&writer->lock, options->until_boot, &ignored);
    return 0;
}

uint32_t store_writer_id(const struct store_writer *writer)
{
    return writer->lock.id;
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
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->sealed, &attributes);
    pthread_cond_init(&writer->written, &attributes);
    pthread_condattr_destroy(&attributes);
    const bool whole = writer->folder != NULL && writer->ledger != NULL;
    if (!whole)
        store_error_set(error, "not enough memory to start");
    if (!whole || store_format_check(writer->folder, error) != 0 || take_number(writer, error) != 0 ||
        start(writer, error) != 0) {
        free_writer(writer);
        return NULL;
    }
    store_format_mark(writer->folder);
    writer->sequence_next = writer->lock.sequence_next;
    commit_account_init(&writer->account, writer->sequence_next);
    return writer;
}

/* Whether the number need not be kept any longer. One that an earlier process kept is, where no cut came of this one: its journal is
 * still there, and tells of that number. */
static bool is_settled(const struct store_writer *writer)
{
    const bool has_cut = writer->cut > writer->options.cut + 1;
    return (has_cut || writer->options.id == 0) && writer->unnamed == NULL && !writer->cut_lost;
}

int store_writer_close(struct store_writer *writer, struct store_counts *ret_counts, struct store_error *error)
{
    store_writer_drain(writer);
    end_threads(writer);
    if (writer->keeper != NULL) {
        struct store_keeper_counts keeper;
        store_keeper_stop(writer->keeper, &keeper);
        writer->keeper = NULL;
        add_keeper_counts(&writer->counts, &keeper);
    }
    const bool lost = writer->counts.rows_dropped > 0 || writer->counts.ledger_lost > 0 || writer->counts.unsafe > 0;
    if (lost)
        *error = writer->trouble;
    if (ret_counts != NULL)
        *ret_counts = writer->counts;
    if (writer->options.claim && is_settled(writer))
        writer_lock_settle(&writer->lock);
    free_writer(writer);
    return lost ? -1 : 0;
}
