/* SPDX-License-Identifier: MIT */
/*
 * journal.h - what was received, in memory that outlives the process
 *
 * A file, on a memory file system unless told otherwise, mapped into memory. The kernel writes datagrams straight into
 * its slots, with who sent them and when; a slot is used again once what came of it is kept elsewhere. After a kill the
 * next process finds in it each datagram that the kernel had handed over and that was not committed.
 *
 *     +--------+---------------+--------------------------+-------------------------------+---------+
 *     | header | mmsghdr 64    | slot 2048                | chunks of 65536, and of 9216  | intents |
 *     | 4096   | for each slot | sender 128, payload 1920 | for payloads longer than that | 4096    |
 *     +--------+---------------+--------------------------+-------------------------------+---------+
 *
 * Datagrams have numbers, their positions, from 0 up for the life of the file; position p lies in slot p modulo the count.
 * A position from `committed` on is received where msg_len of its mmsghdr is not UINT32_MAX. The kernel writes that last,
 * and behind the last received it is always UINT32_MAX: slots are cleared before they are offered, with one more.
 *
 * The header has a record of the last commit, in two copies that take turns: which is the current one is told by one
 * number that is written last. A process can be killed between any two instructions.
 *
 * One thread receives (journal_offer, journal_received), one commits (journal_commit); any may read positions that the
 * receiving thread has published and that are not committed. Others, which nobody waits for, copy with journal_copy().
 */
#ifndef WEIR_COLLECT_JOURNAL_H
#define WEIR_COLLECT_JOURNAL_H

#include "sink.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <weir/weir.h>

enum {
    JOURNAL_SLOT_BYTES = 2048,
    JOURNAL_SENDER_BYTES = 128,
    JOURNAL_PAYLOAD_BYTES = JOURNAL_SLOT_BYTES - JOURNAL_SENDER_BYTES, /* longer ones have a chunk */
    JOURNAL_CHUNK_BYTES = 65536,
    JOURNAL_MEDIUM_BYTES = 9216, /* those of networks with jumbo frames have one of these: there are many of them */
    JOURNAL_BURST = 64,         /* slots offered at a time at the most */
    JOURNAL_CHUNKS = 96,        /* large ones, of which JOURNAL_BURST are on offer */
    JOURNAL_MEDIUM_CHUNKS = 1024,
    JOURNAL_ALL_CHUNKS = JOURNAL_CHUNKS + JOURNAL_MEDIUM_CHUNKS, /* numbered in this order */
    JOURNAL_SLOTS_MIN = 1024,
    JOURNAL_READERS_MAX = 16,   /* that copy */
    JOURNAL_COMMITTER = 16,     /* the bookmark of who commits, which has an intent only */
    JOURNAL_SOCKETS_MAX = 64,   /* whose drops are noted */
    JOURNAL_WRITERS = 16,
    JOURNAL_WRITER_NAME = 64    /* octets, with the 0 behind it */
};

/* What one commit is: all rows of datagrams before `position` are kept, in files that `cut` names. */
struct journal_commit {
    uint64_t cut;      /* commits are numbered from 1 up; 0: none yet */
    uint64_t position;
};

/* What the kernel dropped since the file was made, and so never came into it. */
struct journal_drops {
    uint64_t kernel;  /* datagrams, as the buffer of a socket was full */
    uint64_t journal; /* the same, while the journal was full */
    struct {
        uint64_t cookie;  /* of the socket, SO_COOKIE; 0: none */
        uint32_t dropped; /* up to which it is in the sums, as the kernel counts: modulo 2^32 */
    } sockets[JOURNAL_SOCKETS_MAX];
};

/* A write that is about to be done, of rows of all datagrams before `position`: whether it was, the file tells. */
struct journal_intent {
    uint64_t position; /* 0: none */
    struct sink_write write;
};

struct journal;

struct journal_options {
    const char *path;      /* NULL: memory without a name, which ends with the process */
    uint64_t size_bytes;   /* for slots; less where the file system would have no room beside it, down to JOURNAL_SLOTS_MIN */
    uint32_t worker_count; /* told to who finds the file */
};

/*
 * Opens the journal, locks it, and makes it where there is none. What is there is checked as what comes from a network: one
 * that is damaged is moved aside, which `warn` is told, as is that there was less room than asked for. NULL with `error`
 * filled where it cannot be had, or another process holds it.
 */
struct journal *journal_open(const struct journal_options *options, void (*warn)(void *context, const char *text),
                             void *context, struct sink_error *error);

/* Closes it; with `remove`, the file goes: nothing in it is needed any more. NULL is fine. */
void journal_close(struct journal *journal, bool remove);

/* Removes the file, as journal_close() can, and leaves the memory to who uses it. */
void journal_remove(const struct journal *journal);

/* Where it is, or NULL. */
const char *journal_path(const struct journal *journal);

/* Numbers that writers have who keep what comes of the journal, by any key; 0 where none was noted. A few are kept. */
uint32_t journal_writer(const struct journal *journal, uint64_t key);
void journal_writer_set(struct journal *journal, uint64_t key, uint32_t id, const char *name);

/* The i-th that is noted, below JOURNAL_WRITERS, and the end of its name, fit to be shown. False where there is
 * none. */
bool journal_writer_at(const struct journal *journal, int i, uint64_t *ret_key, char ret_name[JOURNAL_WRITER_NAME]);

/* Whether it ends when the machine is switched off. */
bool journal_is_in_memory(const struct journal *journal);

/* How many workers those who made the file were. */
uint32_t journal_worker_count(const struct journal *journal);

/* Whether there was one, with a commit or datagrams in it. */
bool journal_is_recovered(const struct journal *journal);

uint32_t journal_slot_count(const struct journal *journal);

/* ------------------------------------------------------------------------------------------------ the receiving thread */

/* Messages for recvmmsg() that fill the next slots: up to JOURNAL_BURST, none (and NULL) when all are in use. */
struct mmsghdr *journal_offer(struct journal *journal, uint32_t *ret_count);

/* Who sent the i-th of those offered, once it is filled. */
void journal_offered_source(const struct journal *journal, uint32_t i, struct weir_address *ret_source);

/* The first `count` of those offered were filled: all may read them from here on. Others are offered again. */
void journal_received(struct journal *journal, uint32_t count);

/* Notes what was dropped so far, for the next process, all of it in one instant; and what was noted last. */
void journal_drops_note(struct journal *journal, const struct journal_drops *drops);
void journal_drops_noted(const struct journal *journal, struct journal_drops *ret_drops);

/* ------------------------------------------------------------------------------------------------------------- reading */

/* Behind the last position that is received. */
uint64_t journal_head(const struct journal *journal);

/* The datagram at a position between the last commit and the head. Its octets stay in place until it is committed.
 * False where it was longer than what could be kept of it: then it is to be counted only. */
bool journal_datagram(const struct journal *journal, uint64_t position, struct weir_datagram *ret_datagram);

/* --------------------------------------------------------------------------------------------------------- committing */

/* For the thread that commits. */
struct journal_commit journal_committed(const struct journal *journal);

/* Whether room for long datagrams is about to end: what is held is to be committed soon. From any thread. */
bool journal_is_pressed(const struct journal *journal);

/* All before the position is kept elsewhere: slots before it are free. Positions and cuts only go up. */
void journal_commit(struct journal *journal, const struct journal_commit *commit);

/* ---------------------------------------------------------------------------------- readers that nobody waits for */

/* One that begins at the position; its number, or -1 when there are JOURNAL_READERS_MAX. */
int journal_reader_add(struct journal *journal);

/* Datagrams copied out, with room for JOURNAL_BURST of them. */
struct journal_copies;
struct journal_copies *journal_copies_create(void);
void journal_copies_free(struct journal_copies *copies);

/*
 * Copies up to JOURNAL_BURST datagrams from the position on, which is moved behind them. Those that are gone by then are
 * passed over: how many is added to `*ret_missed`. Returns how many were copied.
 */
uint32_t journal_copy(struct journal *journal, int reader, uint64_t *position, struct journal_copies *copies,
                      uint64_t *ret_missed);

/* The i-th of them; as journal_datagram(), and false too for a long one that was gone by then. Its octets stay until the next
 * copy. */
bool journal_copies_datagram(const struct journal_copies *copies, uint32_t i, struct weir_datagram *ret_datagram);

/* A bookmark by a name of up to 23 octets, made at `begin` where there is none: its number, or -1 when all are taken. From any
 * thread. And an end to those that were not asked for: such a reader begins anew. */
int journal_bookmark(struct journal *journal, const char *name, uint64_t begin);
void journal_bookmarks_tidy(struct journal *journal);

/* Where a reader stood, to go on there after a kill, though it may be committed; 0 of the number -1. */
uint64_t journal_bookmark_position(const struct journal *journal, int bookmark);
void journal_bookmark_set(struct journal *journal, int bookmark, uint64_t position);

/* What it was about to write when it stood there. A process can be killed between any two instructions: what is read is what
 * was noted last. */
struct journal_intent journal_intent(const struct journal *journal, int bookmark);
void journal_intent_note(struct journal *journal, int bookmark, const struct journal_intent *intent);

#endif
