/* SPDX-License-Identifier: MIT */
/*
 * sender.h - sends datagrams to one address, many with one call
 *
 *     while ((room = sender_room(sender, size_max)) != NULL) {
 *         size = write(room);
 *         sender_add(sender, source, room, size);
 *     }
 *     sender_flush(sender);
 *
 * Each datagram can have a source address of its own, where the destination is on the loopback interface: all of
 * 127.0.0.0/8 is this machine's. One socket serves all of them, so that one call sends for many. Datagrams of the same
 * source and length that follow each other are handed to the kernel as one, which cuts it up behind the greater part of
 * its way (UDP_SEGMENT).
 */
#ifndef WEIR_REPLAY_SENDER_H
#define WEIR_REPLAY_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    SENDER_SOURCES_MAX = 1 << 20,
    SENDER_DATAGRAM_BYTES = 65507,
    SENDER_ADDRESS_TEXT_BYTES = 64,
    SENDER_ERROR_BYTES = 256,
};

struct sender_options {
    const char *host; /* address or name */
    uint16_t port;
    uint32_t source_count; /* 1: the machine's own address; more: 127.1.0.1 and those that follow it */
    bool segment;          /* use UDP_SEGMENT where the kernel has it */
};

struct sender_counts {
    uint64_t datagrams; /* handed to the kernel */
    uint64_t octets;    /* of their payloads */
    uint64_t calls;
    uint64_t waits;    /* for room in the kernel (EAGAIN, ENOBUFS) */
    uint64_t refused;  /* of the datagrams above: the other side told that nobody listens (ECONNREFUSED) */
    uint64_t failed;   /* datagrams that could not be sent at all */
    int failed_errno;  /* why the first of them could not */
    uint64_t segmented; /* of the datagrams above: as part of a greater one */
};

struct sender;

/* NULL, with a text for people, when the address cannot be had. */
struct sender *sender_open(const struct sender_options *options, char ret_error[SENDER_ERROR_BYTES]);

/* Room for a datagram of up to so many octets, at most SENDER_DATAGRAM_BYTES twice; NULL when there is none before
 * sender_flush(). */
uint8_t *sender_room(struct sender *sender, size_t size_bytes);

/* Takes a datagram whose octets lie in the room, from its begin on, or have been added before: they may be added twice.
 * `source` is below source_count. */
void sender_add(struct sender *sender, uint32_t source, const uint8_t *octets, size_t size_bytes);

/* Sends what was added. What cannot be sent is counted, and the rest goes on. */
void sender_flush(struct sender *sender);

/* The counts so far. Valid until the sender is closed; changes with each call. */
const struct sender_counts *sender_counts(struct sender *sender);

/* Where it sends to, "127.0.0.1:2055"; and from: "" for the machine's own address. */
const char *sender_target(const struct sender *sender);
void sender_source_text(const struct sender *sender, uint32_t source, char text[SENDER_ADDRESS_TEXT_BYTES]);

/* NULL is fine. */
void sender_close(struct sender *sender);

#endif
