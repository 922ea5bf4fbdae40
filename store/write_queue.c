/* SPDX-License-Identifier: MIT */
/*
 * write_queue.c - sealed segments on their way to the disk, and what became of them
 */
#define _GNU_SOURCE
#include "write_queue.h"

#include "commit_account.h"
#include "cut.h"
#include "segment_commit.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    RETRY_S = 1,
    QUEUE_LEDGER = 4, /* pages of the ledger that may wait beyond the bound for segments */
    WORKERS_MAX = 64
};

/* A file of a cut that has no name yet. */
struct unnamed {
    struct unnamed *next;
    uint64_t cut, sequence;
    char name[CUT_NAME_SIZE];
};

struct write_queue {
    struct write_queue_owner owner;
    uint64_t sequence_next;
    pthread_t threads[WORKERS_MAX];
    uint32_t thread_count;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t sealed, written;
    struct segment *first, *last;
    struct segment *used; /* one that was written, whose memory serves again; or NULL */
    uint32_t count;
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
};

/* ------------------------------------------------------------------------------------------------------ the threads */

/* With the mutex held. A cause is told once, until something was written again. */
static void note_failure(struct write_queue *queue, const struct store_error *error)
{
    queue->counts.failures++;
    if (queue->is_failing && queue->trouble_number == error->number)
        return;
    queue->is_failing = true;
    queue->trouble_number = error->number;
    queue->trouble = *error;
    queue->has_trouble = true;
}

/* With the mutex held. */
static void wait_a_while(struct write_queue *queue)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    while (!queue->hurrying && pthread_cond_timedwait(&queue->sealed, &queue->mutex, &until) != ETIMEDOUT)
        ;
}

/* With the mutex held. */
static void add_unnamed(struct write_queue *queue, struct unnamed *file)
{
    struct unnamed **at = &queue->unnamed;
    while (*at != NULL && (*at)->sequence < file->sequence)
        at = &(*at)->next;
    file->next = *at;
    *at = file;
}

/* With the mutex held. What became of a segment of a cut: `file`, which is for its name, is NULL where it is not written. */
static void note_cut(struct write_queue *queue, const struct segment_place *place, struct segment *segment,
                     struct unnamed *file)
{
    if (file != NULL && segment_cut_name(place, segment, file->name)) {
        file->cut = segment->cut;
        file->sequence = segment->sequence;
        add_unnamed(queue, file);
    } else {
        free(file);
        queue->cut_lost = true;
    }
    queue->cut_pending[segment->cut & 1]--;
}

/* With the mutex held. What became of a segment in the end: it has its name, which may not have come to the disk, or is
 * written for its cut; or it is given up. What a cut loses is not dropped: who cuts has it still. */
static void count_segment(struct write_queue *queue, const struct segment *segment, bool placed, bool safe,
                          uint64_t bytes)
{
    struct store_counts *counts = &queue->counts;
    commit_account_end(&queue->account, segment->sequence, placed ? segment->row_count : 0);
    pthread_cond_broadcast(&queue->sealed); /* one may wait until not too many are ahead */
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
static bool try_again(struct write_queue *queue, const struct store_error *error)
{
    note_failure(queue, error);
    if (queue->owner.options->wait || queue->hurrying)
        return false;
    wait_a_while(queue);
    return true;
}

/* What a segment of a cut needs behind its writing is there before: a file whose name is forgotten would be lost. */
static int write_segment(const struct segment_place *place, struct file_writer *file, struct segment *segment,
                         struct unnamed **unnamed, bool *placed, uint64_t *ret_bytes, struct store_error *error)
{
    if (segment->cut != 0 && *unnamed == NULL && (*unnamed = malloc(sizeof **unnamed)) == NULL)
        return store_error_system(error, "cannot write flows");
    return segment_commit(place, file, segment, placed, ret_bytes, error);
}

/* Without the mutex. Tries until it is written, unless the program ends or nothing is to be waited for. */
static void store_segment(struct write_queue *queue, struct file_writer *file, struct segment *segment)
{
    struct segment_place place = {.folder = queue->owner.folder, .writer = queue->owner.writer, .sync = queue->owner.options->sync};
    struct unnamed *unnamed = NULL;
    uint64_t bytes = 0;
    bool placed = false, again = true;
    while (again) {
        struct store_error error = {0};
        pthread_mutex_lock(&queue->mutex);
        place.told = commit_account_told(&queue->account);
        pthread_mutex_unlock(&queue->mutex);
        const int result = write_segment(&place, file, segment, &unnamed, &placed, &bytes, &error);
        pthread_mutex_lock(&queue->mutex);
        again = result != 0 && try_again(queue, &error);
        if (result == 0)
            queue->is_failing = false;
        if (!again)
            count_segment(queue, segment, placed, result == 0, bytes);
        if (!again && segment->cut != 0) {
            note_cut(queue, &place, segment, result == 0 ? unnamed : NULL);
            unnamed = result == 0 ? NULL : unnamed;
        }
        pthread_mutex_unlock(&queue->mutex);
    }
    free(unnamed);
}

/* With the mutex held. Whether there is a segment to be written. */
static bool has_sealed(const struct write_queue *queue)
{
    return queue->first != NULL && commit_account_has_room(&queue->account, queue->first->sequence);
}

static struct segment *take_sealed(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (!has_sealed(queue) && !(queue->ending && queue->first == NULL))
        pthread_cond_wait(&queue->sealed, &queue->mutex);
    struct segment *segment = queue->first;
    if (segment != NULL) {
        queue->first = segment->next;
        queue->last = segment->next == NULL ? NULL : queue->last;
        queue->count--;
        queue->busy_count++;
        pthread_cond_broadcast(&queue->written);
    }
    pthread_mutex_unlock(&queue->mutex);
    return segment;
}

/* Its memory was paid for in page faults: it serves again. */
static void recycle(struct write_queue *queue, struct segment *segment)
{
    if (segment->kind == SEGMENT_FLOWS)
        segment_clear(segment);
    pthread_mutex_lock(&queue->mutex);
    if (segment->kind == SEGMENT_FLOWS && queue->used == NULL) {
        queue->used = segment;
        segment = NULL;
    }
    queue->busy_count--;
    pthread_cond_broadcast(&queue->written);
    pthread_mutex_unlock(&queue->mutex);
    segment_free(segment);
}

/* Tries until there is memory, as store_segment() does. */
static bool get_able(struct write_queue *queue, struct file_writer *file)
{
    static const enum parquet_codec codecs[] = {PARQUET_ZSTD, PARQUET_LZ4_RAW, PARQUET_UNCOMPRESSED};
    const struct store_writer_options *options = queue->owner.options;
    bool again = true;
    while (again && file_writer_init(file, codecs[options->compression], options->level) != 0) {
        struct store_error error;
        errno = ENOMEM;
        store_error_system(&error, "cannot write flows");
        pthread_mutex_lock(&queue->mutex);
        again = try_again(queue, &error);
        pthread_mutex_unlock(&queue->mutex);
    }
    file->chunks.bytes_for_ns = options->effort == STORE_EFFORT_LIGHT ? CHUNK_BYTES_FOR_NS_LIGHT : CHUNK_BYTES_FOR_NS_FULL;
    return again;
}

static void give_up(struct write_queue *queue, struct segment *segment)
{
    pthread_mutex_lock(&queue->mutex);
    queue->cut_lost |= segment->cut != 0;
    count_segment(queue, segment, false, false, 0);
    pthread_mutex_unlock(&queue->mutex);
}

static void *work(void *context)
{
    struct write_queue *queue = context;
    struct file_writer file;
    struct segment *segment;
    bool able = get_able(queue, &file);
    while ((segment = take_sealed(queue)) != NULL) {
        able = able || get_able(queue, &file);
        if (able)
            store_segment(queue, &file, segment);
        else
            give_up(queue, segment);
        recycle(queue, segment);
    }
    if (able)
        file_writer_done(&file);
    return NULL;
}

/* ------------------------------------------------------------------------------------------ from who fills segments */

/* With the mutex held. */
static void enqueue(struct write_queue *queue, struct segment *segment)
{
    segment->sequence = queue->sequence_next++;
    segment->cut = queue->cut;
    queue->cut_pending[queue->cut & 1]++;
    segment->next = NULL;
    if (queue->last == NULL)
        queue->first = segment;
    else
        queue->last->next = segment;
    queue->last = segment;
    queue->count++;
    pthread_cond_broadcast(&queue->sealed);
}

/* With the mutex held. Who waits fills the next segment while those before it are written, and needs no more of
 * them. */
static bool has_room(const struct write_queue *queue)
{
    if (queue->owner.options->wait)
        return queue->count + queue->busy_count < queue->owner.options->workers;
    return queue->count < queue->owner.options->queue_max;
}

bool write_queue_put(struct write_queue *queue, struct segment *segment)
{
    pthread_mutex_lock(&queue->mutex);
    while (!has_room(queue) && (queue->owner.options->wait || queue->cut != 0 || queue->hurrying))
        pthread_cond_wait(&queue->written, &queue->mutex);
    const bool room = has_room(queue);
    if (room)
        enqueue(queue, segment);
    pthread_mutex_unlock(&queue->mutex);
    return room;
}

void write_queue_put_beyond(struct write_queue *queue, struct segment *segment)
{
    pthread_mutex_lock(&queue->mutex);
    enqueue(queue, segment);
    pthread_mutex_unlock(&queue->mutex);
}

bool write_queue_ledger(struct write_queue *queue, struct commit_told *ret_told, uint64_t *ret_rows_dropped)
{
    pthread_mutex_lock(&queue->mutex);
    *ret_told = commit_account_told(&queue->account);
    *ret_rows_dropped = queue->counts.rows_dropped;
    const bool room = queue->count < queue->owner.options->queue_max + QUEUE_LEDGER;
    pthread_mutex_unlock(&queue->mutex);
    return room;
}

struct segment *write_queue_take_used(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    struct segment *segment = queue->used;
    queue->used = NULL;
    pthread_mutex_unlock(&queue->mutex);
    return segment;
}

void write_queue_drop(struct write_queue *queue, uint64_t rows, const char *why)
{
    struct store_error error;
    pthread_mutex_lock(&queue->mutex);
    queue->counts.rows_dropped += rows;
    if (!queue->is_failing) {
        store_error_set(&error, "flows are dropped: %s", why);
        note_failure(queue, &error);
    }
    pthread_mutex_unlock(&queue->mutex);
}

void write_queue_hurry(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->hurrying = true;
    pthread_cond_broadcast(&queue->sealed);
    pthread_mutex_unlock(&queue->mutex);
}

void write_queue_drain(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count > 0 || queue->busy_count > 0)
        pthread_cond_wait(&queue->written, &queue->mutex);
    queue->hurrying = false;
    pthread_mutex_unlock(&queue->mutex);
}

/* ------------------------------------------------------------------------------------------------------------- cuts */

void write_queue_cut(struct write_queue *queue, uint64_t cut)
{
    pthread_mutex_lock(&queue->mutex);
    assert(cut == queue->cut);
    queue->cut = cut + 1;
    pthread_mutex_unlock(&queue->mutex);
}

uint64_t write_queue_written(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    const uint64_t last = queue->cut - 1;
    const uint64_t written = queue->cut_lost ? 0 : queue->cut_pending[last & 1] == 0 ? last : last - 1;
    pthread_mutex_unlock(&queue->mutex);
    return written;
}

/* In the order of their numbers: what a file tells of commits before it is there when it is. */
int write_queue_publish(struct write_queue *queue, uint64_t cut, struct store_error *error)
{
    struct unnamed *files;
    pthread_mutex_lock(&queue->mutex);
    files = queue->unnamed;
    queue->unnamed = NULL;
    pthread_mutex_unlock(&queue->mutex);
    int result = 0;
    while (files != NULL && files->cut <= cut && result == 0) {
        struct unnamed *next = files->next;
        result = cut_publish(queue->owner.folder, files->name, queue->owner.options->sync == STORE_SYNC_ALWAYS, error);
        if (result == 0) {
            free(files);
            files = next;
        }
    }
    pthread_mutex_lock(&queue->mutex);
    if (result != 0)
        note_failure(queue, error);
    for (struct unnamed *next; files != NULL; files = next) {
        next = files->next;
        add_unnamed(queue, files);
    }
    pthread_mutex_unlock(&queue->mutex);
    return result;
}

bool write_queue_has_cut(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    const bool has_cut = queue->cut > queue->owner.options->cut + 1;
    pthread_mutex_unlock(&queue->mutex);
    return has_cut;
}

bool write_queue_is_published(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    const bool is_published = queue->unnamed == NULL && !queue->cut_lost;
    pthread_mutex_unlock(&queue->mutex);
    return is_published;
}

/* ----------------------------------------------------------------------------------------------------- what is told */

bool write_queue_is_failing(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    const bool is_failing = queue->is_failing;
    pthread_mutex_unlock(&queue->mutex);
    return is_failing;
}

bool write_queue_trouble(struct write_queue *queue, struct store_error *error)
{
    pthread_mutex_lock(&queue->mutex);
    const bool has_trouble = queue->has_trouble;
    if (has_trouble)
        *error = queue->trouble;
    queue->has_trouble = false;
    pthread_mutex_unlock(&queue->mutex);
    return has_trouble;
}

void write_queue_last_trouble(struct write_queue *queue, struct store_error *error)
{
    pthread_mutex_lock(&queue->mutex);
    *error = queue->trouble;
    pthread_mutex_unlock(&queue->mutex);
}

void write_queue_counts(struct write_queue *queue, struct store_counts *ret_counts)
{
    pthread_mutex_lock(&queue->mutex);
    *ret_counts = queue->counts;
    ret_counts->failing = queue->is_failing;
    pthread_mutex_unlock(&queue->mutex);
}

/* ---------------------------------------------------------------------------------------------------- start and end */

struct write_queue *write_queue_create(const struct write_queue_owner *owner)
{
    struct write_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->owner = *owner;
    queue->sequence_next = owner->sequence_first;
    queue->cut = owner->options->cuts ? owner->options->cut + 1 : 0;
    commit_account_init(&queue->account, owner->sequence_first);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->sealed, &attributes);
    pthread_cond_init(&queue->written, &attributes);
    pthread_condattr_destroy(&attributes);
    return queue;
}

int write_queue_start(struct write_queue *queue, struct store_error *error)
{
    for (; queue->thread_count < queue->owner.options->workers &&
         queue->thread_count < WORKERS_MAX; queue->thread_count++) {
        const int number = pthread_create(&queue->threads[queue->thread_count], NULL, work, queue);
        if (number == 0)
            continue;
        errno = number;
        store_error_system(error, "cannot start a thread");
        write_queue_end(queue);
        return -1;
    }
    return 0;
}

void write_queue_end(struct write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->hurrying = queue->ending = true;
    pthread_cond_broadcast(&queue->sealed);
    pthread_mutex_unlock(&queue->mutex);
    for (uint32_t i = 0; i < queue->thread_count; i++)
        pthread_join(queue->threads[i], NULL);
    queue->thread_count = 0;
}

void write_queue_free(struct write_queue *queue)
{
    if (queue == NULL)
        return;
    segment_free(queue->used);
    for (struct unnamed *file = queue->unnamed, *next; file != NULL; file = next) {
        next = file->next;
        free(file);
    }
    pthread_mutex_destroy(&queue->mutex);
    pthread_cond_destroy(&queue->sealed);
    pthread_cond_destroy(&queue->written);
    free(queue);
}
