/* SPDX-License-Identifier: MIT */
/*
 * sender.c - sends datagrams to one address, many with one call
 *
 *     queue      datagram datagram datagram datagram datagram      same source and length follow each other
 *     messages   └──────── one ────────┘└──one──┘└──one──┘         UDP_SEGMENT tells where to cut
 *
 * The source address goes with each message (IP_PKTINFO, ip(7)). With just one source the socket is connected, which
 * spares the kernel looking for the way each time.
 */
#define _GNU_SOURCE
#include "sender.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* of the kernel since 4.18; older headers lack it */
#endif

enum {
    BULK = 256,               /* datagrams of one call */
    ARENA_BYTES = 512 << 10,  /* where they lie; as much as fits into a core's cache */
    SEGMENTS_MAX = 64,        /* what the kernel cuts one message into (UDP_MAX_SEGMENTS) */
    SEGMENTED_BYTES = 65000,  /* below what an IP packet can hold, with its headers */
    SEND_BUFFER_BYTES = 4 << 20,
    WAIT_MS = 100,
    WAITS_MAX = 50,           /* in a row */
    PAUSE_NS = 100000,
    PAUSES_MAX = 20000,
    ALIGN = 64,
};

#define SOURCE_FIRST 0x7f010001u /* 127.1.0.1 */

struct queued {
    const uint8_t *octets;
    uint32_t size_bytes;
    uint32_t source;
};

union control {
    char octets[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr align;
};

struct sender {
    int fd;
    bool segment;
    bool connected;
    uint32_t source_count;
    struct sockaddr_storage target;
    socklen_t target_bytes;
    char target_text[SENDER_ADDRESS_TEXT_BYTES + 16];
    struct sender_counts counts;
    size_t used_bytes; /* of the arena */
    unsigned queued_count;
    uint8_t *arena;
    struct queued queue[BULK];
    struct mmsghdr messages[BULK];
    struct iovec vectors[BULK];
    union control controls[BULK];
};

/* ------------------------------------------------------------------------------------------------- opening */

static void set_options(const struct sender *sender)
{
    const int size = SEND_BUFFER_BYTES, on = 1;
    if (setsockopt(sender->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        setsockopt(sender->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    /* So that refusals are told to a socket that is not connected, and each of them. */
    if (sender->target.ss_family == AF_INET6)
        setsockopt(sender->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    else
        setsockopt(sender->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
}

static bool is_loopback_4(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    return address->ss_family == AF_INET && ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

static int find_target(struct sender *sender, const struct sender_options *options, char *ret_error)
{
    char service[8], host[SENDER_ADDRESS_TEXT_BYTES] = "?";
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    snprintf(service, sizeof service, "%u", options->port);
    const int code = getaddrinfo(options->host, service, &hints, &found);
    if (code != 0) {
        snprintf(ret_error, SENDER_ERROR_BYTES,
                 "cannot send to '%s': %s; give an address, or a name that stands for one", options->host,
                 code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
        return -1;
    }
    memcpy(&sender->target, found->ai_addr, found->ai_addrlen);
    sender->target_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    getnameinfo((struct sockaddr *)&sender->target, sender->target_bytes, host, sizeof host, NULL, 0, NI_NUMERICHOST);
    snprintf(sender->target_text, sizeof sender->target_text,
             sender->target.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host, options->port);
    if (options->source_count > 1 && !is_loopback_4(&sender->target)) {
        snprintf(ret_error, SENDER_ERROR_BYTES,
                 "cannot send to %s from many addresses: this machine has many only for 127.0.0.0/8; send to 127.0.0.1 "
                 "or from one", sender->target_text);
        return -1;
    }
    return 0;
}

static int open_socket(struct sender *sender, char *ret_error)
{
    sender->fd = socket(sender->target.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sender->fd >= 0) {
        set_options(sender);
        sender->connected = sender->source_count == 1;
        if (!sender->connected ||
            connect(sender->fd, (struct sockaddr *)&sender->target, sender->target_bytes) == 0)
            return 0;
    }
    snprintf(ret_error, SENDER_ERROR_BYTES, "cannot send to %s: %s", sender->target_text, strerror(errno));
    return -1;
}

struct sender *sender_open(const struct sender_options *options, char ret_error[SENDER_ERROR_BYTES])
{
    assert(options->source_count >= 1 && options->source_count <= SENDER_SOURCES_MAX);
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender != NULL) {
        sender->fd = -1;
        sender->arena = aligned_alloc(ALIGN, ARENA_BYTES);
    }
    if (sender == NULL || sender->arena == NULL) {
        snprintf(ret_error, SENDER_ERROR_BYTES, "not enough memory to send");
        sender_close(sender);
        return NULL;
    }
    sender->segment = options->segment;
    sender->source_count = options->source_count;
    if (find_target(sender, options, ret_error) == 0 && open_socket(sender, ret_error) == 0)
        return sender;
    sender_close(sender);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- messages */

uint8_t *sender_room(struct sender *sender, size_t size_bytes)
{
    assert(size_bytes <= 2 * (size_t)SENDER_DATAGRAM_BYTES);
    /* two at a time may be added, and either of them twice */
    if (sender->queued_count + 4 > BULK || sender->used_bytes + size_bytes > ARENA_BYTES)
        return NULL;
    return sender->arena + sender->used_bytes;
}

void sender_add(struct sender *sender, uint32_t source, const uint8_t *octets, size_t size_bytes)
{
    assert(source < sender->source_count && sender->queued_count < BULK);
    assert(octets >= sender->arena && octets + size_bytes <= sender->arena + ARENA_BYTES);
    sender->queue[sender->queued_count++] =
        (struct queued){.octets = octets, .size_bytes = (uint32_t)size_bytes, .source = source};
    const size_t end_bytes = ((size_t)(octets - sender->arena) + size_bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (end_bytes > sender->used_bytes)
        sender->used_bytes = end_bytes;
}

/* How many of the queue, from `first` on, go as one. */
static unsigned count_alike(const struct sender *sender, unsigned first)
{
    const struct queued *one = &sender->queue[first];
    unsigned count = 1;
    if (!sender->segment || one->size_bytes == 0)
        return 1;
    while (first + count < sender->queued_count && count < SEGMENTS_MAX &&
           (count + 1) * one->size_bytes <= SEGMENTED_BYTES && one[count].source == one->source &&
           one[count].size_bytes == one->size_bytes)
        count++;
    return count;
}

/* Writes what goes with a message; returns its length. */
static size_t put_control(const struct sender *sender, union control *control, const struct queued *one, bool segment)
{
    struct msghdr header = {.msg_control = control, .msg_controllen = sizeof *control};
    size_t length_bytes = 0;
    memset(control, 0, sizeof *control);
    struct cmsghdr *part = CMSG_FIRSTHDR(&header);
    if (!sender->connected) {
        const struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(SOURCE_FIRST + one->source)};
        part->cmsg_level = IPPROTO_IP;
        part->cmsg_type = IP_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(part), &info, sizeof info);
        length_bytes += CMSG_SPACE(sizeof info);
        part = CMSG_NXTHDR(&header, part);
    }
    if (segment) {
        const uint16_t size = (uint16_t)one->size_bytes;
        part->cmsg_level = IPPROTO_UDP;
        part->cmsg_type = UDP_SEGMENT;
        part->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(part), &size, sizeof size);
        length_bytes += CMSG_SPACE(sizeof size);
    }
    return length_bytes;
}

/* Makes messages of the queue from `first` on; returns how many. */
static unsigned make_messages(struct sender *sender, unsigned first)
{
    unsigned message_count = 0;
    for (unsigned at = first, count; at < sender->queued_count; at += count) {
        count = count_alike(sender, at);
        for (unsigned i = at; i < at + count; i++)
            sender->vectors[i] =
                (struct iovec){(void *)(uintptr_t)sender->queue[i].octets, sender->queue[i].size_bytes};
        union control *control = &sender->controls[message_count];
        const size_t control_bytes = put_control(sender, control, &sender->queue[at], count > 1);
        sender->messages[message_count++].msg_hdr = (struct msghdr){
            .msg_name = sender->connected ? NULL : &sender->target,
            .msg_namelen = sender->connected ? 0 : sender->target_bytes,
            .msg_iov = &sender->vectors[at],
            .msg_iovlen = count,
            .msg_control = control_bytes > 0 ? control : NULL,
            .msg_controllen = control_bytes,
        };
    }
    return message_count;
}

/* ------------------------------------------------------------------------------------------------- sending */

/* The kernel keeps a note of each refusal. */
static void count_refused(struct sender *sender)
{
    struct mmsghdr notes[32];
    int got;
    do {
        memset(notes, 0, sizeof notes);
        got = recvmmsg(sender->fd, notes, 32, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
        if (got > 0)
            sender->counts.refused += (uint64_t)got;
    } while (got > 0);
}

/* Waits a moment for room in the kernel. False when that has been tried for too long. */
static bool wait_for_room(struct sender *sender, unsigned tries)
{
    sender->counts.waits++;
    if (errno == EAGAIN) {
        struct pollfd writable = {.fd = sender->fd, .events = POLLOUT};
        poll(&writable, 1, WAIT_MS);
        return tries < WAITS_MAX;
    }
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    nanosleep(&pause, NULL);
    return tries < PAUSES_MAX;
}

/* What to do when the first message that is left cannot be sent. */
enum remedy { REMEDY_RETRY, REMEDY_CUT_UP, REMEDY_GIVE_UP };

static enum remedy find_remedy(struct sender *sender, const struct msghdr *message, unsigned tries)
{
    switch (errno) {
    case EINTR:
        return REMEDY_RETRY;
    case ECONNREFUSED: /* about one that went before */
        count_refused(sender);
        return REMEDY_RETRY;
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
        return wait_for_room(sender, tries) ? REMEDY_RETRY : REMEDY_GIVE_UP;
    case EINVAL:
    case EMSGSIZE:
    case EIO:
    case EOPNOTSUPP:
        return message->msg_iovlen > 1 ? REMEDY_CUT_UP : REMEDY_GIVE_UP; /* the kernel, or the way, has no such thing */
    default:
        return REMEDY_GIVE_UP;
    }
}

static void count_sent(struct sender *sender, const struct mmsghdr *messages, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const size_t datagrams = messages[i].msg_hdr.msg_iovlen;
        sender->counts.datagrams += datagrams;
        sender->counts.octets += messages[i].msg_len;
        sender->counts.segmented += datagrams > 1 ? datagrams : 0;
    }
}

void sender_flush(struct sender *sender)
{
    unsigned message_count = make_messages(sender, 0), at = 0, queue_at = 0, tries = 0;
    while (at < message_count) {
        const int sent = sendmmsg(sender->fd, sender->messages + at, message_count - at, 0);
        sender->counts.calls++;
        if (sent > 0) {
            count_sent(sender, sender->messages + at, (unsigned)sent);
            for (unsigned end = at + (unsigned)sent; at < end; at++)
                queue_at += (unsigned)sender->messages[at].msg_hdr.msg_iovlen;
            tries = 0;
            continue;
        }
        const int code = errno;
        const enum remedy remedy = find_remedy(sender, &sender->messages[at].msg_hdr, tries++);
        if (remedy == REMEDY_CUT_UP) {
            sender->segment = false;
            message_count = make_messages(sender, queue_at);
            at = 0;
        } else if (remedy == REMEDY_GIVE_UP) {
            const unsigned datagrams = (unsigned)sender->messages[at++].msg_hdr.msg_iovlen;
            if (sender->counts.failed == 0)
                sender->counts.failed_errno = code;
            sender->counts.failed += datagrams;
            queue_at += datagrams;
            tries = 0;
        }
    }
    sender->queued_count = 0;
    sender->used_bytes = 0;
}

const struct sender_counts *sender_counts(struct sender *sender)
{
    count_refused(sender);
    return &sender->counts;
}

const char *sender_target(const struct sender *sender)
{
    return sender->target_text;
}

void sender_source_text(const struct sender *sender, uint32_t source, char text[SENDER_ADDRESS_TEXT_BYTES])
{
    const uint32_t address = SOURCE_FIRST + source;
    text[0] = '\0';
    if (!sender->connected)
        snprintf(text, SENDER_ADDRESS_TEXT_BYTES, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
                 address & 255);
}

void sender_close(struct sender *sender)
{
    if (sender == NULL)
        return;
    if (sender->fd >= 0)
        close(sender->fd);
    free(sender->arena);
    free(sender);
}
