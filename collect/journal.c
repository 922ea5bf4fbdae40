/* SPDX-License-Identifier: MIT */
/*
 * journal.c - the ring of slots: offered to the kernel, read, committed, copied
 *
 * What is in the file is read as what a peer sent: after a kill, or by somebody's hand, any octet of it may be anything.
 */
#define _GNU_SOURCE
#include "journal.h"

#include "journal_file.h"
#include "receive_message.h"

#include <assert.h>
#include <sched.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

_Static_assert(sizeof(struct mmsghdr) == JOURNAL_MESSAGE_BYTES, "messages lie as journal_layout.h says");

#define NOT_COPYING UINT64_MAX
#define NO_POSITION UINT64_MAX

struct chunk_in_use {
    uint64_t position;
    uint32_t chunk;
};

struct free_chunks {
    uint32_t chunks[JOURNAL_MEDIUM_CHUNKS];
    uint32_t count;
};

struct journal {
    struct journal_file file;
    struct journal_map map; /* of the file */
    uint32_t slot_count;
    char *path;
    bool recovered;

    _Alignas(64) _Atomic uint64_t head;      /* behind the last that is received */
    _Alignas(64) _Atomic uint64_t committed; /* slots before it are free */
    _Alignas(64) _Atomic uint64_t oldest;    /* positions before it may be overwritten */
    _Atomic uint64_t copying[JOURNAL_READERS_MAX]; /* positions from it on are being copied */
    _Atomic int reader_count;
    _Atomic bool pressed;
    pthread_mutex_t bookmarks; /* two readers must not take one of them */
    bool asked_for[JOURNAL_BOOKMARKS];
    _Atomic uint64_t chunk_of[JOURNAL_ALL_CHUNKS]; /* whose payload is in it; NO_POSITION where it may be overwritten */

    /* Of the receiving thread. */
    struct iovec vectors[JOURNAL_BURST][2];
    uint32_t chunk_on_offer[JOURNAL_BURST]; /* UINT32_MAX: none */
    struct free_chunks large, medium;
    struct chunk_in_use used_chunks[JOURNAL_ALL_CHUNKS]; /* a ring, in order of position */
    uint32_t used_first, used_count;
    uint32_t offered;
};

/* ------------------------------------------------------------------------------------------------- open and close */

static bool is_long(uint32_t size_bytes)
{
    return size_bytes > JOURNAL_PAYLOAD_BYTES && size_bytes < JOURNAL_CHUNK_BYTES;
}

/* How many slots from the commit on hold datagrams. */
static uint64_t count_received(const struct journal *journal, uint64_t position)
{
    uint64_t count = 0;
    while (count < journal->slot_count - 1 &&
           journal->map.messages[(position + count) % journal->slot_count].msg_len != JOURNAL_NOTHING)
        count++;
    return count;
}

static void give_back(struct journal *journal, uint32_t chunk)
{
    struct free_chunks *free = chunk < JOURNAL_CHUNKS ? &journal->large : &journal->medium;
    free->chunks[free->count++] = chunk;
}

/* UINT32_MAX where there is none. */
static uint32_t take_chunk(struct free_chunks *free)
{
    return free->count == 0 ? UINT32_MAX : free->chunks[--free->count];
}

/* Chunks that datagrams not yet committed are in. */
static void find_used_chunks(struct journal *journal, uint64_t position, uint64_t head, bool in_use[JOURNAL_ALL_CHUNKS])
{
    for (; position < head; position++) {
        const uint64_t index = position % journal->slot_count;
        const uint32_t chunk = journal->map.slots[index].chunk;
        const uint32_t size_bytes = journal->map.messages[index].msg_len;
        if (!is_long(size_bytes) || size_bytes > journal_chunk_room(chunk) || in_use[chunk])
            continue;
        in_use[chunk] = true;
        atomic_store(&journal->chunk_of[chunk], position);
        journal->used_chunks[journal->used_count++] = (struct chunk_in_use){position, chunk};
        memcpy(journal_chunk_at(&journal->map, chunk), journal->map.slots[index].payload, JOURNAL_PAYLOAD_BYTES);
    }
}

/* What is committed stays in its slots, though not in chunks, until these are on offer again: readers whom nobody waited for find
 * it there after a kill. */
static uint64_t find_oldest(const struct journal *journal, uint64_t committed, uint64_t head)
{
    const uint64_t offered = head + JOURNAL_BURST + 1;
    const uint64_t oldest = offered > journal->slot_count ? offered - journal->slot_count : 0;
    return oldest < committed ? oldest : committed;
}

static void start(struct journal *journal)
{
    bool in_use[JOURNAL_ALL_CHUNKS] = {false};
    const struct journal_commit commit = journal_committed(journal);
    const uint64_t head = commit.position + (journal->file.found ? count_received(journal, commit.position) : 0);
    journal->recovered = journal->file.found && (commit.cut > 0 || head > commit.position);
    atomic_init(&journal->head, head);
    atomic_init(&journal->committed, commit.position);
    atomic_init(&journal->oldest, journal->file.found ? find_oldest(journal, commit.position, head) : commit.position);
    atomic_init(&journal->reader_count, 0);
    for (uint32_t chunk = 0; chunk < JOURNAL_ALL_CHUNKS; chunk++)
        atomic_init(&journal->chunk_of[chunk], NO_POSITION);
    if (journal->file.found)
        find_used_chunks(journal, commit.position, head, in_use);
    for (uint32_t chunk = 0; chunk < JOURNAL_ALL_CHUNKS; chunk++) {
        if (!in_use[chunk])
            give_back(journal, chunk);
    }
    for (uint32_t i = 0; i < JOURNAL_BURST; i++)
        journal->chunk_on_offer[i] = take_chunk(&journal->large);
}

struct journal *journal_open(const struct journal_options *options, void (*warn)(void *context, const char *text),
                             void *context, struct sink_error *error)
{
    struct journal *journal = aligned_alloc(64, sizeof *journal);
    if (journal == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory for a journal");
        return NULL;
    }
    memset(journal, 0, sizeof *journal);
    if (options->path != NULL)
        journal->path = strdup(options->path);
    if (journal_file_open(options, &journal->file, warn, context, error) != 0) {
        free(journal->path);
        free(journal);
        return NULL;
    }
    journal->map = journal->file.map;
    journal->slot_count = journal->map.header->slot_count;
    pthread_mutex_init(&journal->bookmarks, NULL);
    start(journal);
    return journal;
}

void journal_close(struct journal *journal, bool remove)
{
    if (journal == NULL)
        return;
    if (remove)
        journal_remove(journal);
    journal_file_close(&journal->file);
    pthread_mutex_destroy(&journal->bookmarks);
    free(journal->path);
    free(journal);
}

void journal_remove(const struct journal *journal)
{
    if (journal->path != NULL)
        unlink(journal->path);
}

const char *journal_path(const struct journal *journal)
{
    return journal->path;
}

uint32_t journal_writer(const struct journal *journal, uint64_t key)
{
    for (int i = 0; i < JOURNAL_WRITERS; i++) {
        if (journal->map.header->writers[i].id != 0 && journal->map.header->writers[i].key == key)
            return journal->map.header->writers[i].id;
    }
    return 0;
}

void journal_writer_set(struct journal *journal, uint64_t key, uint32_t id, const char *name)
{
    struct journal_header *header = journal->map.header;
    int at = -1;
    for (int i = JOURNAL_WRITERS - 1; i >= 0; i--) {
        if (header->writers[i].id == 0 || header->writers[i].key == key)
            at = i;
    }
    for (int i = 0; i < JOURNAL_WRITERS; i++) {
        if (header->writers[i].id != 0 && header->writers[i].key == key)
            at = i;
    }
    if (at < 0)
        return;
    header->writers[at].key = key;
    header->writers[at].id = id;
    const size_t length = strlen(name), most = JOURNAL_WRITER_NAME - 1;
    snprintf(header->writer_names[at], JOURNAL_WRITER_NAME, "%s", length > most ? name + length - most : name);
}

bool journal_writer_at(const struct journal *journal, int i, uint64_t *ret_key, char ret_name[JOURNAL_WRITER_NAME])
{
    const struct journal_header *header = journal->map.header;
    if (header->writers[i].id == 0)
        return false;
    *ret_key = header->writers[i].key;
    snprintf(ret_name, JOURNAL_WRITER_NAME, "%.*s", JOURNAL_WRITER_NAME - 1, header->writer_names[i]);
    for (char *p = ret_name; *p != '\0'; p++)
        *p = *p < ' ' || *p > '~' ? '?' : *p;
    return true;
}

bool journal_is_in_memory(const struct journal *journal)
{
    struct statfs is;
    return journal->file.fd < 0 || (fstatfs(journal->file.fd, &is) == 0 && (is.f_type == TMPFS_MAGIC || is.f_type == RAMFS_MAGIC));
}

uint32_t journal_worker_count(const struct journal *journal)
{
    return journal->map.header->worker_count;
}

bool journal_is_recovered(const struct journal *journal)
{
    return journal->recovered;
}

uint32_t journal_slot_count(const struct journal *journal)
{
    return journal->slot_count;
}

/* ------------------------------------------------------------------------------------------------ the receiving thread */

/* A copy never waits for anything, so it ends soon; and whoever copies looks again whether it was in time. */
static void wait_for_copies(struct journal *journal, uint64_t oldest)
{
    const int count = atomic_load(&journal->reader_count);
    for (int i = 0; i < count; i++) {
        while (atomic_load(&journal->copying[i]) < oldest)
            sched_yield();
    }
}

/* Chunks are used again as soon as they are committed: long before their slots are. */
static void free_chunks(struct journal *journal, uint64_t committed)
{
    while (journal->used_count > 0 && journal->used_chunks[journal->used_first].position < committed) {
        const struct chunk_in_use *used = &journal->used_chunks[journal->used_first];
        atomic_store(&journal->chunk_of[used->chunk], NO_POSITION);
        wait_for_copies(journal, used->position + 1);
        give_back(journal, used->chunk);
        journal->used_first = (journal->used_first + 1) % JOURNAL_ALL_CHUNKS;
        journal->used_count--;
    }
    for (uint32_t i = 0; i < JOURNAL_BURST && journal->large.count > 0; i++) {
        if (journal->chunk_on_offer[i] == UINT32_MAX)
            journal->chunk_on_offer[i] = take_chunk(&journal->large);
    }
    const bool pressed = journal->medium.count < JOURNAL_MEDIUM_CHUNKS / 2 ||
                         journal->large.count < (JOURNAL_CHUNKS - JOURNAL_BURST) / 2;
    atomic_store_explicit(&journal->pressed, pressed, memory_order_relaxed);
}

/* Slots of positions before that one are to be overwritten. */
static void pass_by(struct journal *journal, uint64_t oldest)
{
    atomic_store(&journal->oldest, oldest);
    wait_for_copies(journal, oldest);
}

static void prepare(struct journal *journal, uint64_t index, uint32_t i)
{
    struct mmsghdr *message = &journal->map.messages[index];
    struct journal_slot *slot = &journal->map.slots[index];
    struct iovec *vectors = journal->vectors[i];
    const uint32_t chunk = journal->chunk_on_offer[i];
    vectors[0] = (struct iovec){slot->payload, JOURNAL_PAYLOAD_BYTES};
    if (chunk != UINT32_MAX)
        vectors[1] = (struct iovec){journal_chunk_at(&journal->map, chunk) + JOURNAL_PAYLOAD_BYTES,
                                    JOURNAL_CHUNK_BYTES - JOURNAL_PAYLOAD_BYTES};
    slot->chunk = chunk;
    message->msg_hdr = (struct msghdr){
        .msg_name = &slot->name,
        .msg_namelen = sizeof slot->name,
        .msg_iov = vectors,
        .msg_iovlen = chunk == UINT32_MAX ? 1 : 2,
        .msg_control = slot->control,
        .msg_controllen = sizeof slot->control,
    };
}

struct mmsghdr *journal_offer(struct journal *journal, uint32_t *ret_count)
{
    const uint64_t committed = atomic_load_explicit(&journal->committed, memory_order_acquire);
    const uint64_t head = atomic_load_explicit(&journal->head, memory_order_relaxed);
    const uint64_t left = committed + journal->slot_count - 1 - head;
    const uint64_t index = head % journal->slot_count;
    uint64_t count = left < JOURNAL_BURST ? left : JOURNAL_BURST;
    if (count > journal->slot_count - index)
        count = journal->slot_count - index;
    *ret_count = (uint32_t)count;
    journal->offered = (uint32_t)count;
    if (count == 0)
        return NULL;
    if (head + count + 1 > journal->slot_count)
        pass_by(journal, head + count + 1 - journal->slot_count);
    free_chunks(journal, committed);
    for (uint64_t i = 0; i <= count; i++)
        journal->map.messages[(head + i) % journal->slot_count].msg_len = JOURNAL_NOTHING;
    for (uint32_t i = 0; i < count; i++)
        prepare(journal, index + i, i);
    return &journal->map.messages[index];
}

void journal_offered_source(const struct journal *journal, uint32_t i, struct weir_address *ret_source)
{
    const uint64_t index = (atomic_load_explicit(&journal->head, memory_order_relaxed) + i) % journal->slot_count;
    uint16_t port;
    assert(i < journal->offered);
    receive_source_parse(&journal->map.slots[index].name, journal->map.messages[index].msg_hdr.msg_namelen, ret_source,
                         &port);
}

/* The head of a long payload goes in front of its rest. Where that has room in a medium chunk, it is copied there, and the large
 * one goes on to be on offer; else another one takes its turn. The slot tells of the copy when that is whole: a kill is fine
 * before and behind. */
static void join(struct journal *journal, uint64_t position, uint32_t i)
{
    struct journal_slot *slot = &journal->map.slots[position % journal->slot_count];
    const uint32_t size_bytes = journal->map.messages[position % journal->slot_count].msg_len;
    uint32_t chunk = slot->chunk;
    if (chunk == UINT32_MAX)
        return;
    const uint32_t medium = size_bytes <= JOURNAL_MEDIUM_BYTES ? take_chunk(&journal->medium) : UINT32_MAX;
    uint8_t *to = journal_chunk_at(&journal->map, medium == UINT32_MAX ? chunk : medium);
    memcpy(to, slot->payload, JOURNAL_PAYLOAD_BYTES);
    if (medium == UINT32_MAX) {
        journal->chunk_on_offer[i] = take_chunk(&journal->large);
    } else {
        memcpy(to + JOURNAL_PAYLOAD_BYTES, journal_chunk_at(&journal->map, chunk) + JOURNAL_PAYLOAD_BYTES,
               size_bytes - JOURNAL_PAYLOAD_BYTES);
        atomic_thread_fence(memory_order_release);
        *(volatile uint32_t *)&slot->chunk = chunk = medium;
    }
    atomic_store(&journal->chunk_of[chunk], position);
    journal->used_chunks[(journal->used_first + journal->used_count++) % JOURNAL_ALL_CHUNKS] =
        (struct chunk_in_use){position, chunk};
}

void journal_received(struct journal *journal, uint32_t count)
{
    assert(count <= journal->offered);
    const uint64_t head = atomic_load_explicit(&journal->head, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        if (is_long(journal->map.messages[(head + i) % journal->slot_count].msg_len))
            join(journal, head + i, i);
    }
    atomic_store_explicit(&journal->head, head + count, memory_order_release);
}

/* ------------------------------------------------------------------------------------------------------------- reading */

uint64_t journal_head(const struct journal *journal)
{
    return atomic_load_explicit(&journal->head, memory_order_acquire);
}

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Sender and time, by lengths that may be anything where the file was meddled with. */
static void take_notes(const struct mmsghdr *message, const struct journal_slot *slot, struct weir_datagram *datagram)
{
    const size_t name_bytes = message->msg_hdr.msg_namelen, control_bytes = message->msg_hdr.msg_controllen;
    const struct receive_control control = receive_control_parse(
        slot->control, control_bytes < sizeof slot->control ? control_bytes : sizeof slot->control);
    receive_source_parse(&slot->name, name_bytes < sizeof slot->name ? name_bytes : sizeof slot->name, &datagram->source,
                         &datagram->source_port);
    datagram->received_us = control.received_ns > 0 ? control.received_ns / 1000 : clock_us();
}

/* From a message, its slot, and the chunk where the payload would be in. */
static bool make_datagram(const struct mmsghdr *message, const struct journal_slot *slot, const uint8_t *chunk,
                          struct weir_datagram *ret_datagram)
{
    const uint32_t size_bytes = message->msg_len;
    *ret_datagram = (struct weir_datagram){.data = slot->payload, .size_bytes = size_bytes};
    take_notes(message, slot, ret_datagram);
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0)
        return false;
    if (size_bytes <= JOURNAL_PAYLOAD_BYTES)
        return true;
    ret_datagram->data = chunk;
    return chunk != NULL && is_long(size_bytes);
}

static const uint8_t *chunk_of(const struct journal *journal, uint64_t index)
{
    const uint32_t chunk = journal->map.slots[index].chunk, size_bytes = journal->map.messages[index].msg_len;
    return size_bytes > journal_chunk_room(chunk) ? NULL : journal_chunk_at(&journal->map, chunk);
}

bool journal_datagram(const struct journal *journal, uint64_t position, struct weir_datagram *ret_datagram)
{
    const uint64_t index = position % journal->slot_count;
    assert(position < journal_head(journal));
    return make_datagram(&journal->map.messages[index], &journal->map.slots[index], chunk_of(journal, index), ret_datagram);
}

/* --------------------------------------------------------------------------------------------------------- committing */

bool journal_is_pressed(const struct journal *journal)
{
    return atomic_load_explicit(&journal->pressed, memory_order_relaxed);
}

struct journal_commit journal_committed(const struct journal *journal)
{
    const struct journal_header *header = journal->map.header;
    return header->commits[atomic_load_explicit(&header->commit_count, memory_order_acquire) & 1];
}

void journal_commit(struct journal *journal, const struct journal_commit *commit)
{
    struct journal_header *header = journal->map.header;
    const uint64_t count = atomic_load_explicit(&header->commit_count, memory_order_relaxed);
    assert(commit->position >= header->commits[count & 1].position && commit->cut >= header->commits[count & 1].cut);
    atomic_signal_fence(memory_order_seq_cst); /* not before the count of the last commit, which makes this copy the other one */
    header->commits[(count + 1) & 1] = *commit;
    atomic_store_explicit(&header->commit_count, count + 1, memory_order_release);
    atomic_store_explicit(&journal->committed, commit->position, memory_order_release);
}

/* As for a commit: the copy that is not the current one is written, and then becomes it. */
void journal_drops_note(struct journal *journal, const struct journal_drops *drops)
{
    struct journal_header *header = journal->map.header;
    const uint64_t count = atomic_load_explicit(&header->drops_count, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    header->drops[(count + 1) & 1] = *drops;
    atomic_store_explicit(&header->drops_count, count + 1, memory_order_release);
}

void journal_drops_noted(const struct journal *journal, struct journal_drops *ret_drops)
{
    const struct journal_header *header = journal->map.header;
    *ret_drops = header->drops[atomic_load_explicit(&header->drops_count, memory_order_acquire) & 1];
}

/* ---------------------------------------------------------------------------------- readers that nobody waits for */

struct journal_copies {
    struct mmsghdr messages[JOURNAL_BURST];
    struct journal_slot slots[JOURNAL_BURST];
    uint8_t *chunks[JOURNAL_BURST]; /* of long payloads; made when they come */
};

struct journal_copies *journal_copies_create(void)
{
    struct journal_copies *copies = aligned_alloc(64, (sizeof *copies + 63) / 64 * 64);
    if (copies != NULL)
        memset(copies, 0, sizeof *copies);
    return copies;
}

void journal_copies_free(struct journal_copies *copies)
{
    for (int i = 0; copies != NULL && i < JOURNAL_BURST; i++)
        free(copies->chunks[i]);
    free(copies);
}

int journal_reader_add(struct journal *journal)
{
    const int reader = atomic_load(&journal->reader_count);
    if (reader == JOURNAL_READERS_MAX)
        return -1;
    atomic_store(&journal->copying[reader], NOT_COPYING);
    atomic_store(&journal->reader_count, reader + 1);
    return reader;
}

/* A long one whose chunk is another's by now counts as cut off. */
static void copy_chunk(const struct journal *journal, uint64_t position, struct journal_copies *copies, uint32_t i)
{
    const uint64_t index = position % journal->slot_count;
    const uint8_t *chunk = chunk_of(journal, index);
    const uint32_t size_bytes = copies->messages[i].msg_len;
    if (copies->chunks[i] == NULL)
        copies->chunks[i] = malloc(JOURNAL_CHUNK_BYTES);
    if (chunk != NULL && copies->chunks[i] != NULL &&
        atomic_load(&journal->chunk_of[journal->map.slots[index].chunk]) == position)
        memcpy(copies->chunks[i], chunk, size_bytes);
    else
        copies->messages[i].msg_hdr.msg_flags |= MSG_TRUNC;
}

static void copy_one(const struct journal *journal, uint64_t position, struct journal_copies *copies, uint32_t i)
{
    const uint64_t index = position % journal->slot_count;
    const uint32_t size_bytes = journal->map.messages[index].msg_len;
    copies->messages[i] = journal->map.messages[index];
    const size_t payload_bytes = size_bytes < JOURNAL_PAYLOAD_BYTES ? size_bytes : JOURNAL_PAYLOAD_BYTES;
    memcpy(&copies->slots[i], &journal->map.slots[index],
           JOURNAL_SENDER_BYTES + payload_bytes);
    if (is_long(size_bytes))
        copy_chunk(journal, position, copies, i);
}

uint32_t journal_copy(struct journal *journal, int reader, uint64_t *position, struct journal_copies *copies,
                      uint64_t *ret_missed)
{
    const uint64_t head = journal_head(journal);
    atomic_store(&journal->copying[reader], *position);
    const uint64_t oldest = atomic_load(&journal->oldest);
    if (*position < oldest) {
        *ret_missed += oldest - *position;
        *position = oldest;
        atomic_store(&journal->copying[reader], oldest);
        if (atomic_load(&journal->oldest) > oldest) { /* the next call is in time, or the one after it */
            atomic_store(&journal->copying[reader], NOT_COPYING);
            return 0;
        }
    }
    const uint64_t left = head > *position ? head - *position : 0;
    const uint32_t count = left < JOURNAL_BURST ? (uint32_t)left : JOURNAL_BURST;
    for (uint32_t i = 0; i < count; i++)
        copy_one(journal, *position + i, copies, i);
    atomic_store(&journal->copying[reader], NOT_COPYING);
    *position += count;
    return count;
}

bool journal_copies_datagram(const struct journal_copies *copies, uint32_t i, struct weir_datagram *ret_datagram)
{
    return make_datagram(&copies->messages[i], &copies->slots[i], copies->chunks[i], ret_datagram);
}

/* -1 when it is not there. */
static int find_bookmark(const struct journal_header *header, const char *name)
{
    for (int i = 0; i < JOURNAL_BOOKMARKS; i++) {
        if (strncmp(header->bookmarks[i].name, name, JOURNAL_BOOKMARK_NAME - 1) == 0)
            return i;
    }
    return -1;
}

int journal_bookmark(struct journal *journal, const char *name, uint64_t begin)
{
    static const struct journal_intent none = {0};
    struct journal_header *header = journal->map.header;
    pthread_mutex_lock(&journal->bookmarks);
    int i = find_bookmark(header, name);
    if (i < 0 && (i = find_bookmark(header, "")) >= 0) {
        journal_bookmark_set(journal, i, begin);
        journal_intent_note(journal, i, &none);
        memcpy(header->bookmarks[i].name, name, strnlen(name, JOURNAL_BOOKMARK_NAME - 1));
    }
    if (i >= 0)
        journal->asked_for[i] = true;
    pthread_mutex_unlock(&journal->bookmarks);
    return i;
}

void journal_bookmarks_tidy(struct journal *journal)
{
    struct journal_header *header = journal->map.header;
    pthread_mutex_lock(&journal->bookmarks);
    for (int i = 0; i < JOURNAL_BOOKMARKS; i++) {
        if (!journal->asked_for[i])
            memset(header->bookmarks[i].name, 0, sizeof header->bookmarks[i].name);
    }
    pthread_mutex_unlock(&journal->bookmarks);
}

uint64_t journal_bookmark_position(const struct journal *journal, int bookmark)
{
    if (bookmark < 0 || bookmark >= JOURNAL_BOOKMARKS)
        return 0;
    return atomic_load_explicit(&journal->map.header->bookmarks[bookmark].position, memory_order_relaxed);
}

void journal_bookmark_set(struct journal *journal, int bookmark, uint64_t position)
{
    if (bookmark >= 0)
        atomic_store_explicit(&journal->map.header->bookmarks[bookmark].position, position, memory_order_release);
}

struct journal_intent journal_intent(const struct journal *journal, int bookmark)
{
    const struct journal_intents *intents = journal->map.intents;
    if (bookmark < 0)
        return (struct journal_intent){0};
    return intents->of[bookmark].last[atomic_load_explicit(&intents->of[bookmark].count, memory_order_acquire) & 1];
}

/* As for a commit. */
void journal_intent_note(struct journal *journal, int bookmark, const struct journal_intent *intent)
{
    struct journal_intents *intents = journal->map.intents;
    if (bookmark < 0)
        return;
    const uint64_t count = atomic_load_explicit(&intents->of[bookmark].count, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    intents->of[bookmark].last[(count + 1) & 1] = *intent;
    atomic_store_explicit(&intents->of[bookmark].count, count + 1, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst); /* the write comes behind it */
}
