/* SPDX-License-Identifier: MIT */
/*
 * receive_ways.c - ways to take datagrams from a UDP socket: recvmmsg into different memory; io_uring is next door
 */
#define _GNU_SOURCE
#include "receive_ways.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
    BULK_MAX = 256,
    SLOT_BYTES = 2048,
    SLOT_GRO_BYTES = 65536,
    RING_BYTES = 96 << 20,
    RING_SHORT_BYTES = 8 << 20,
    CONTROL_BYTES = 128,
    WAIT_MS = 20,
};

struct receive_bulk {
    struct mmsghdr messages[BULK_MAX];
    struct iovec vectors[BULK_MAX];
    struct sockaddr_in6 names[BULK_MAX];
    union {
        char octets[CONTROL_BYTES];
        struct cmsghdr align;
    } controls[BULK_MAX];
};

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

/* Shared memory that is there in full. Returns NULL or why it cannot be had. */
static const char *map_file(enum receive_memory memory, size_t size_bytes, unsigned char **ret_memory)
{
    char path[] = "/dev/shm/weir-bench-XXXXXX";
    const bool huge = memory == RECEIVE_MEMORY_HUGE;
    const int fd = huge ? memfd_create("weir-bench", MFD_CLOEXEC | MFD_HUGETLB) : mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return strerror(errno);
    if (!huge)
        unlink(path);
    const char *why = NULL;
    void *mapped = MAP_FAILED;
    if (ftruncate(fd, (off_t)size_bytes) != 0 ||
        (mapped = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
        why = errno == ENOMEM ? "vm.nr_hugepages is too small" : strerror(errno);
    close(fd);
    if (why != NULL)
        return why;
    if (memory == RECEIVE_MEMORY_FILE_HUGE && madvise(mapped, size_bytes, MADV_HUGEPAGE) != 0)
        why = strerror(errno);
    memset(mapped, 1, size_bytes);
    *ret_memory = mapped;
    return why;
}

static const char *map_slots(struct receiver *receiver)
{
    const enum receive_memory memory = receiver->way.memory;
    if (memory != RECEIVE_MEMORY_SMALL && memory != RECEIVE_MEMORY_COPIED) {
        receiver->mapped_bytes = memory == RECEIVE_MEMORY_FILE_SHORT ? RING_SHORT_BYTES : RING_BYTES;
        receiver->slot_count = receiver->mapped_bytes / receiver->slot_bytes;
        return map_file(memory, receiver->mapped_bytes, &receiver->slots);
    }
    receiver->slot_count = receiver->way.bulk;
    receiver->slots = aligned_alloc(4096, receiver->slot_count * receiver->slot_bytes);
    if (receiver->slots == NULL)
        return "memory is short";
    memset(receiver->slots, 0, receiver->slot_count * receiver->slot_bytes);
    return memory == RECEIVE_MEMORY_COPIED ? map_file(memory, RING_BYTES, &receiver->journal) : NULL;
}

/* To the journal, padded to 16 octets, by stores that do not fetch what they overwrite. */
static void copy_past_caches(struct receiver *receiver, const unsigned char *data, size_t size_bytes)
{
    if (receiver->journal_at + SLOT_BYTES > RING_BYTES)
        receiver->journal_at = 0;
    unsigned char *to = receiver->journal + receiver->journal_at;
    receiver->journal_at += (size_bytes + 15) / 16 * 16;
#ifdef __SSE2__
    for (size_t i = 0; i < size_bytes; i += 16) /* the slot is longer than the datagram */
        _mm_stream_si128((__m128i *)(void *)(to + i), _mm_loadu_si128((const __m128i *)(const void *)(data + i)));
#else
    memcpy(to, data, size_bytes);
#endif
}

const char *receive_open(struct receiver *receiver, const struct receive_way *way, int fd)
{
    *receiver = (struct receiver){.way = *way, .fd = fd, .slot_bytes = way->gro ? SLOT_GRO_BYTES : SLOT_BYTES};
    if (way->control) {
        set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
        set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    }
    if (way->gro && set_option(fd, IPPROTO_UDP, UDP_GRO, 1) != 0)
        return "the kernel has no UDP_GRO";
    if (way->busy_poll_us > 0 && set_option(fd, SOL_SOCKET, SO_BUSY_POLL, (int)way->busy_poll_us) != 0)
        return strerror(errno);
    if (way->io_uring)
        return receive_uring_open(receiver);
    receiver->bulk = calloc(1, sizeof *receiver->bulk);
    return receiver->bulk == NULL ? "memory is short" : map_slots(receiver);
}

void receive_read(struct receiver *receiver, const unsigned char *data, size_t size_bytes)
{
    const size_t end = receiver->way.reads_all ? size_bytes : size_bytes < 64 ? size_bytes : 64;
    uint64_t word, sum = 0;
    for (size_t i = 0; i + sizeof word <= end; i += sizeof word) {
        memcpy(&word, data + i, sizeof word);
        sum ^= word;
    }
    receiver->read_sum ^= sum;
}

static void prepare(struct receiver *receiver)
{
    struct receive_bulk *bulk = receiver->bulk;
    if (receiver->next_slot + receiver->way.bulk > receiver->slot_count)
        receiver->next_slot = 0;
    for (unsigned i = 0; i < receiver->way.bulk; i++) {
        bulk->vectors[i] = (struct iovec){receiver->slots + (receiver->next_slot + i) * receiver->slot_bytes,
                                          receiver->slot_bytes};
        bulk->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &bulk->names[i],
            .msg_namelen = sizeof bulk->names[i],
            .msg_iov = &bulk->vectors[i],
            .msg_iovlen = 1,
            .msg_control = receiver->way.control || receiver->way.gro ? &bulk->controls[i] : NULL,
            .msg_controllen = receiver->way.control || receiver->way.gro ? CONTROL_BYTES : 0,
        };
    }
}

/* The datagrams that one message holds, and what the control data tells, as a collector would read it. */
static size_t take_message(struct receiver *receiver, struct mmsghdr *message, const unsigned char *data)
{
    size_t segment_bytes = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message->msg_hdr); c != NULL; c = CMSG_NXTHDR(&message->msg_hdr, c)) {
        int word;
        memcpy(&word, CMSG_DATA(c), sizeof word);
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
            segment_bytes = (size_t)word;
        else
            receiver->read_sum ^= (unsigned long)word;
    }
    if (segment_bytes == 0 || message->msg_len <= segment_bytes) {
        receive_read(receiver, data, message->msg_len);
        if (receiver->journal != NULL)
            copy_past_caches(receiver, data, message->msg_len);
        return 1;
    }
    size_t count = 0;
    for (size_t at = 0; at < message->msg_len; at += segment_bytes, count++) {
        const size_t left = message->msg_len - at;
        receive_read(receiver, data + at, left < segment_bytes ? left : segment_bytes);
    }
    return count;
}

size_t receive_take(struct receiver *receiver)
{
    if (receiver->way.io_uring)
        return receive_uring_take(receiver);
    prepare(receiver);
    receiver->calls++;
    const int got = recvmmsg(receiver->fd, receiver->bulk->messages, receiver->way.bulk, MSG_DONTWAIT, NULL);
    size_t count = 0;
    for (int i = 0; i < got; i++)
        count += take_message(receiver, &receiver->bulk->messages[i], receiver->bulk->vectors[i].iov_base);
    if (got > 0 && receiver->mapped_bytes > 0)
        receiver->next_slot += (size_t)got;
    return count;
}

void receive_wait(struct receiver *receiver)
{
    if (receiver->way.pause_us > 0) {
        usleep(receiver->way.pause_us);
    } else if (receiver->way.io_uring) {
        receive_uring_wait(receiver);
    } else {
        struct pollfd wanted = {.fd = receiver->fd, .events = POLLIN};
        receiver->calls++;
        poll(&wanted, 1, WAIT_MS);
    }
}

void receive_close(struct receiver *receiver)
{
    if (receiver->uring != NULL)
        receive_uring_close(receiver);
    if (receiver->mapped_bytes > 0 && receiver->slots != NULL)
        munmap(receiver->slots, receiver->mapped_bytes);
    else if (receiver->mapped_bytes == 0)
        free(receiver->slots);
    if (receiver->journal != NULL)
        munmap(receiver->journal, RING_BYTES);
    free(receiver->bulk);
    *receiver = (struct receiver){.fd = -1};
}
