/* SPDX-License-Identifier: MIT */
/*
 * journal_layout.h - the file of the journal as it lies in memory; journal.h draws it
 *
 * All numbers in the machine's own order: the file is for the next process on this machine, not for others.
 */
#ifndef WEIR_COLLECT_JOURNAL_LAYOUT_H
#define WEIR_COLLECT_JOURNAL_LAYOUT_H

#include "journal.h"

#include <netinet/in.h>
#include <stdatomic.h>

#define JOURNAL_MAGIC "weirjrnl"

/* msg_len of a slot that nothing was received into; no datagram is as long. */
#define JOURNAL_NOTHING UINT32_MAX

enum {
    JOURNAL_FORMAT = 2,
    JOURNAL_HEADER_BYTES = 4096,
    JOURNAL_MESSAGE_BYTES = 64, /* struct mmsghdr: a cache line */
    JOURNAL_CONTROL_BYTES = 64, /* a time stamp and a count of drops */
    JOURNAL_SLOTS_MAX = 1 << 22,
    JOURNAL_BOOKMARKS = 16,
    JOURNAL_BOOKMARK_NAME = 24,
    JOURNAL_INTENT_BYTES = 4096
};

struct journal_header {
    char magic[8];
    uint32_t format;
    uint32_t slot_count;
    uint32_t worker_count;
    _Atomic uint64_t commit_count; /* commits[commit_count & 1] is the last one */
    struct journal_commit commits[2];
    struct {
        char name[JOURNAL_BOOKMARK_NAME];
        _Atomic uint64_t position;
    } bookmarks[JOURNAL_BOOKMARKS];
    struct {
        uint64_t key;
        uint32_t id; /* 0: none */
    } writers[JOURNAL_WRITERS];
    _Atomic uint64_t drops_count; /* drops[drops_count & 1] is what was noted last */
    struct journal_drops drops[2];
    char writer_names[JOURNAL_WRITERS][JOURNAL_WRITER_NAME]; /* their ends; of older versions "" */
};

/* Behind all else, as there is no room for them in the header; files of older versions end before them. */
struct journal_intents {
    struct {
        _Atomic uint64_t count; /* last[count & 1] is what was noted last */
        struct journal_intent last[2];
    } of[JOURNAL_BOOKMARKS + 1]; /* of bookmarks, and of who commits */
};

struct journal_slot {
    union {
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        uint8_t room[32];
    } name;
    _Alignas(struct cmsghdr) uint8_t control[JOURNAL_CONTROL_BYTES];
    uint32_t chunk; /* where the payload is when it is longer than JOURNAL_PAYLOAD_BYTES */
    uint8_t unused[28];
    uint8_t payload[JOURNAL_PAYLOAD_BYTES];
};

_Static_assert(sizeof(struct journal_header) <= JOURNAL_HEADER_BYTES, "the header has a page");
_Static_assert(sizeof(struct journal_intents) <= JOURNAL_INTENT_BYTES, "intents have a page");
_Static_assert(sizeof(struct journal_slot) == JOURNAL_SLOT_BYTES, "a slot is as the drawing says");

/* The parts of a mapped file. */
struct journal_map {
    uint8_t *base;
    size_t size_bytes;
    struct journal_header *header;
    struct mmsghdr *messages;
    struct journal_slot *slots;
    uint8_t *chunks;
    struct journal_intents *intents;
};

/* Without intents, as files of older versions are. */
static inline size_t journal_old_size_bytes(uint32_t slot_count)
{
    return JOURNAL_HEADER_BYTES + (size_t)slot_count * (JOURNAL_MESSAGE_BYTES + JOURNAL_SLOT_BYTES) +
           (size_t)JOURNAL_CHUNKS * JOURNAL_CHUNK_BYTES + (size_t)JOURNAL_MEDIUM_CHUNKS * JOURNAL_MEDIUM_BYTES;
}

static inline size_t journal_size_bytes(uint32_t slot_count)
{
    return journal_old_size_bytes(slot_count) + JOURNAL_INTENT_BYTES;
}

/* Where a chunk is, and how much room it has. */
static inline uint8_t *journal_chunk_at(const struct journal_map *map, uint32_t chunk)
{
    const size_t large = chunk < JOURNAL_CHUNKS ? chunk : JOURNAL_CHUNKS;
    return map->chunks + large * JOURNAL_CHUNK_BYTES + (chunk - large) * JOURNAL_MEDIUM_BYTES;
}

static inline uint32_t journal_chunk_room(uint32_t chunk)
{
    return chunk < JOURNAL_CHUNKS ? JOURNAL_CHUNK_BYTES : chunk < JOURNAL_ALL_CHUNKS ? JOURNAL_MEDIUM_BYTES : 0;
}

/* Where the parts are in a mapping of journal_size_bytes(). */
static inline struct journal_map journal_map_at(uint8_t *base, uint32_t slot_count)
{
    struct journal_map map = {.base = base, .size_bytes = journal_size_bytes(slot_count)};
    map.header = (struct journal_header *)(void *)base;
    map.messages = (struct mmsghdr *)(void *)(base + JOURNAL_HEADER_BYTES);
    map.slots = (struct journal_slot *)(void *)(base + JOURNAL_HEADER_BYTES + (size_t)slot_count * JOURNAL_MESSAGE_BYTES);
    map.chunks = base + JOURNAL_HEADER_BYTES + (size_t)slot_count * (JOURNAL_MESSAGE_BYTES + JOURNAL_SLOT_BYTES);
    map.intents = (struct journal_intents *)(void *)(base + journal_old_size_bytes(slot_count));
    return map;
}

#endif
