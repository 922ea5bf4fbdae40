/* SPDX-License-Identifier: MIT */
/*
 * receiver.h - the thread that takes datagrams from sockets into a journal, and does nothing else
 *
 * When the journal is full, for the disk cannot keep up, datagrams stay in the sockets' buffers, and when these are full too
 * the kernel drops what comes: the newest. It counts that, and so does the receiver, apart from what the kernel drops for
 * other causes.
 *
 * Who is not allowed has no slot of the journal, unless somebody who is allowed was received behind him, by the same
 * call: of a flood, up to JOURNAL_BURST - 1 slots for each datagram of those. The lane refuses those that have slots.
 */
#ifndef WEIR_COLLECT_RECEIVER_H
#define WEIR_COLLECT_RECEIVER_H

#include "address_list.h"
#include "journal.h"
#include "sink.h"
#include "waker.h"

struct receiver;

enum { RECEIVER_SOCKETS_MAX = JOURNAL_SOCKETS_MAX, RECEIVER_WAKERS_MAX = 1 + JOURNAL_READERS_MAX };

struct receiver_counts {
    uint64_t received;        /* datagrams that are in the journal */
    uint64_t dropped_kernel;  /* that the kernel dropped, as its buffer was full */
    uint64_t dropped_journal; /* the same, while the journal was full, or left in the buffer at the end for that cause */
};

struct receiver_socket {
    int fd;           /* not blocking; stays the caller's, open until receiver_end() */
    /* What the kernel had dropped on it before it was to be received from, modulo 2^32. Where the journal knows the socket
     * from an earlier process, what that has not seen counts as well. */
    uint32_t dropped;
};

struct receiver_options {
    struct journal *journal;
    const struct receiver_socket *sockets;
    size_t socket_count;
    bool sockets_stay; /* somebody keeps them: what is left in them at the end is for who receives next */
    struct waker *const *wakers; /* of those who read the journal; they stay the caller's too */
    size_t waker_count;
    uint64_t datagram_count_max; /* receives no more than so many; 0: no end */
    struct address_list *allowed; /* exporters; held as long as it is used; NULL: all */
    /* Told of each datagram of others that the journal does not get, on the receiving thread. NULL: it gets all. */
    void (*refused)(void *context, const struct weir_address *exporter);
    void *context;
    int cpu;            /* the thread stays there; -1: anywhere */
};

/* NULL with `error` filled. Signals do not reach the thread. */
struct receiver *receiver_start(const struct receiver_options *options, struct sink_error *error);

/* From any thread, while it runs and after receiver_end(). What the kernel dropped is looked up each second. */
void receiver_counts(struct receiver *receiver, struct receiver_counts *ret_counts);

/* Takes these exporters for those that are allowed from now on; the list is held. From any thread. */
void receiver_set_allowed(struct receiver *receiver, struct address_list *allowed);

/* The errno for which the thread does not stay on its processor, but works anywhere; 0 when there is none. */
int receiver_cpu_error(const struct receiver *receiver);

/* Whether receiving has failed for good. */
bool receiver_failed(struct receiver *receiver, struct sink_error *error);

/* Ends the thread; with `drain`, what lies in the sockets' buffers is taken first, for a second at the most. */
void receiver_end(struct receiver *receiver, bool drain);

/* NULL is fine. */
void receiver_free(struct receiver *receiver);

#endif
