/* SPDX-License-Identifier: MIT */
/*
 * receive_ways.h - ways to take datagrams from a UDP socket, to be measured against each other
 */
#ifndef BENCH_RECEIVE_WAYS_H
#define BENCH_RECEIVE_WAYS_H

#include <stdbool.h>
#include <stddef.h>

enum receive_memory {
    RECEIVE_MEMORY_SMALL,       /* a slot for each datagram of a bulk, the same ones each time */
    RECEIVE_MEMORY_FILE,        /* slots in turn, in 96 MB of a file on /dev/shm that is mapped shared and populated */
    RECEIVE_MEMORY_FILE_HUGE,   /* the same, with madvise(MADV_HUGEPAGE) before it is populated */
    RECEIVE_MEMORY_HUGE,        /* the same in memfd_create(MFD_HUGETLB) */
    RECEIVE_MEMORY_FILE_SHORT,  /* a file of 8 MB, which the cache of the processor has room for */
    RECEIVE_MEMORY_COPIED,      /* small; then copied, one behind the other, to the file of 96 MB, past the caches */
};

struct receive_way {
    const char *name;
    unsigned bulk; /* datagrams, at most, for a call */
    bool io_uring;
    bool control;  /* with the time and the count of drops; the sender's address is always asked for */
    bool gro;      /* UDP_GRO: the kernel may hand over several datagrams of one sender as one */
    unsigned busy_poll_us; /* SO_BUSY_POLL */
    unsigned pause_us;     /* sleep so long when there was nothing, instead of being woken by the next datagram */
    enum receive_memory memory;
    bool reads_all; /* read each octet, as a decoder does; else the first 64 */
};

struct receive_uring;

/* Zeros, then receive_open(); all else is the receiver's own. */
struct receiver {
    struct receive_way way;
    int fd;
    unsigned char *slots;
    size_t slot_bytes, slot_count, next_slot, mapped_bytes;
    unsigned char *journal; /* of RECEIVE_MEMORY_COPIED */
    size_t journal_at;
    struct receive_bulk *bulk;
    struct receive_uring *uring;
    unsigned long read_sum; /* so that what is read is not left out by the compiler */
    unsigned long calls;
};

/* Prepares the socket, which stays the caller's, and memory. NULL, or why it cannot be had here. */
const char *receive_open(struct receiver *receiver, const struct receive_way *way, int fd);

/* Takes up to a bulk of what is there; waits for nothing. Returns the number of datagrams. */
size_t receive_take(struct receiver *receiver);

/* Waits, up to 20 ms or what the way says, for more. */
void receive_wait(struct receiver *receiver);

void receive_close(struct receiver *receiver);

/* What every way does with a datagram. */
void receive_read(struct receiver *receiver, const unsigned char *data, size_t size_bytes);

/* receive_uring.c: the same for io_uring. */
const char *receive_uring_open(struct receiver *receiver);
size_t receive_uring_take(struct receiver *receiver);
void receive_uring_wait(struct receiver *receiver);
void receive_uring_close(struct receiver *receiver);

#endif
