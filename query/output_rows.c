/* SPDX-License-Identifier: MIT */
/*
 * output_rows.c - rows become text in several threads, and are written in their order by one
 *
 * Chunks of rows are in a ring, by their numbers:
 *
 *     | written ... | text is there, or made | waits ... | is taken | free ... |
 *                   first                    next        end
 *
 * The thread that is asked writes, and makes text while there is none to be written. Helpers take chunks from DuckDB,
 * one of them at a time, and make text. They are there when a second chunk is; without them the thread does it all. How
 * many chunks there may be depends on how much text they come to.
 *
 * Reading order: output_rows() at the end, and what it calls above it.
 */
#define _GNU_SOURCE
#include "output_rows.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { HELPERS_MAX = 16, CHUNKS_EACH = 4, CHUNKS_MAX = CHUNKS_EACH * (HELPERS_MAX + 1) };
enum { TEXT_BYTES = 32 << 20 }; /* what all chunks that there are come to, as far as it can be told */

struct place {
    struct query_rows *rows;
    struct output_part part; /* of who makes its text; then of who writes it */
    bool is_done, failed;    /* there is text, or not enough memory for it */
};

struct ring {
    const struct output_rows_format *format;
    struct output_file *file;
    struct query_result *result;

    pthread_mutex_t mutex; /* all below */
    pthread_cond_t work, text; /* for helpers; for who writes */
    struct place places[CHUNKS_MAX];
    size_t first, next, end;
    size_t room; /* chunks that there may be */
    bool is_taken; /* a chunk, by somebody */
    int got;       /* of the last one: 1, 0 at the end, -1 with `error` */
    bool leaves;
    struct query_error error;

    pthread_t helpers[HELPERS_MAX];
    size_t helper_count, helpers_wanted;
};

static struct place *place_of(struct ring *ring, size_t number)
{
    return &ring->places[number % CHUNKS_MAX];
}

/* ----------------------------------------------------------------------------------------------- taking and making */

/* These are called and left with the mutex, which others may have meanwhile. */

static void take(struct ring *ring)
{
    struct place *place = place_of(ring, ring->end);
    ring->is_taken = true;
    pthread_mutex_unlock(&ring->mutex);
    const int got = query_take(ring->result, &place->rows, &ring->error);
    pthread_mutex_lock(&ring->mutex);
    ring->is_taken = false;
    ring->got = got;
    if (got == 1) {
        place->part.chunk = &place->rows->chunk;
        place->part.row = 0;
        place->part.is_first = ring->end == 0;
        place->part.number = ring->end;
        place->is_done = false;
        ring->end++;
    }
    pthread_cond_signal(got == 1 ? &ring->work : &ring->text);
}

static void make_text(struct ring *ring)
{
    struct place *place = place_of(ring, ring->next++);
    pthread_mutex_unlock(&ring->mutex);
    const bool failed = ring->format->put(ring->format->context, &place->part) != 0;
    pthread_mutex_lock(&ring->mutex);
    place->failed = failed;
    place->is_done = true;
    pthread_cond_signal(&ring->text);
}

/* Whether there was anything to do. */
static bool work(struct ring *ring, bool may_take)
{
    const bool has_room = ring->got == 1 && !ring->is_taken && ring->end - ring->first < ring->room;
    if (has_room && may_take)
        take(ring);
    else if (ring->next < ring->end)
        make_text(ring);
    else
        return false;
    return true;
}

/* --------------------------------------------------------------------------------------------------------- helpers */

static void *help(void *context)
{
    struct ring *ring = context;
    pthread_mutex_lock(&ring->mutex);
    while (!ring->leaves) {
        if (!work(ring, true))
            pthread_cond_wait(&ring->work, &ring->mutex);
    }
    pthread_mutex_unlock(&ring->mutex);
    return NULL;
}

static size_t helpers_wanted(unsigned threads)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t count = threads > 0 ? threads : processors > 0 ? (size_t)processors : 1;
    return count == 1 ? 0 : count < HELPERS_MAX ? count : HELPERS_MAX;
}

/* As many as can be had. Signals are for the thread that writes. */
static void call_helpers(struct ring *ring)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (ring->helper_count < ring->helpers_wanted &&
           pthread_create(&ring->helpers[ring->helper_count], NULL, help, ring) == 0)
        ring->helper_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ring->helpers_wanted = ring->helper_count;
}

static void dismiss_helpers(struct ring *ring)
{
    pthread_mutex_lock(&ring->mutex);
    ring->leaves = true;
    pthread_cond_broadcast(&ring->work);
    pthread_mutex_unlock(&ring->mutex);
    for (size_t i = 0; i < ring->helper_count; i++)
        pthread_join(ring->helpers[i], NULL);
}

/* --------------------------------------------------------------------------------------------------------- writing */

/* Moves the text of a part to the file. 0, or -1 with errno. */
static int pass_on(struct output_file *file, struct output_part *part)
{
    if (file->text.size_bytes == 0) {
        const struct text_buffer text = file->text;
        file->text = part->text;
        part->text = text;
    } else if (text_put_octets(&file->text, part->text.data, part->text.size_bytes) != 0) {
        errno = ENOMEM;
        return -1;
    }
    part->text.size_bytes = 0;
    return output_flush(file, false);
}

/* Writes a chunk whose text is there; the rest of it is made here, where it is long. 0, or -1 with errno. */
static int write_chunk(struct ring *ring, struct place *place, size_t *ret_text_bytes)
{
    struct output_part *part = &place->part;
    *ret_text_bytes = 0;
    for (bool failed = place->failed;; failed = ring->format->put(ring->format->context, part) != 0) {
        if (failed) {
            errno = ENOMEM;
            return -1;
        }
        *ret_text_bytes += part->text.size_bytes;
        if (pass_on(ring->file, part) != 0)
            return -1;
        if (part->row == part->chunk->row_count)
            return 0;
    }
}

/* For chunks of so much text each. */
static size_t room_for(const struct ring *ring, size_t text_bytes)
{
    const size_t most = ring->helper_count == 0 ? 1 : CHUNKS_EACH * (ring->helper_count + 1);
    const size_t fitting = TEXT_BYTES / (text_bytes + 1);
    return fitting < 1 ? 1 : fitting < most ? fitting : most;
}

/* The first chunk; called and left with the mutex. 0, or -1 with errno. */
static int write_first(struct ring *ring, uint64_t *row_count)
{
    struct place *place = place_of(ring, ring->first);
    size_t text_bytes;
    pthread_mutex_unlock(&ring->mutex);
    const int written = write_chunk(ring, place, &text_bytes);
    *row_count += place->part.chunk->row_count;
    query_rows_free(place->rows);
    place->rows = NULL;
    pthread_mutex_lock(&ring->mutex);
    ring->first++;
    ring->room = room_for(ring, text_bytes);
    pthread_cond_signal(&ring->work);
    return written;
}

/* All chunks, of which those before one that fails are written. With the mutex. */
static enum query_output_end run(struct ring *ring, uint64_t *row_count)
{
    while (ring->got == 1 || ring->is_taken || ring->first < ring->end) {
        if (ring->first < ring->end && place_of(ring, ring->first)->is_done) {
            if (write_first(ring, row_count) != 0)
                return QUERY_OUTPUT_UNWRITTEN;
        } else if (!work(ring, ring->helper_count == 0)) {
            pthread_cond_wait(&ring->text, &ring->mutex);
        }
        if (ring->end == 2 && ring->helper_count < ring->helpers_wanted)
            call_helpers(ring);
    }
    return ring->got < 0 ? QUERY_OUTPUT_FAILED : QUERY_OUTPUT_DONE;
}

enum query_output_end output_rows(struct output_file *file, struct query_result *result,
                                  const struct output_rows_format *format, uint64_t *row_count,
                                  struct query_error *error)
{
    struct ring ring = {.format = format, .file = file, .result = result, .room = 2, .got = 1,
                        .mutex = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER,
                        .text = PTHREAD_COND_INITIALIZER, .helpers_wanted = helpers_wanted(file->settings->threads)};
    pthread_mutex_lock(&ring.mutex);
    const enum query_output_end end = run(&ring, row_count);
    const int fault = errno;
    pthread_mutex_unlock(&ring.mutex);
    dismiss_helpers(&ring);
    for (size_t i = 0; i < CHUNKS_MAX; i++) {
        query_rows_free(ring.places[i].rows);
        text_done(&ring.places[i].part.text);
    }
    if (end == QUERY_OUTPUT_FAILED)
        *error = ring.error;
    errno = fault;
    return end;
}
