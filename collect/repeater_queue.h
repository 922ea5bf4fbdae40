/* SPDX-License-Identifier: MIT */
/*
 * repeater_queue.h - datagrams or packets on their way to one address, many with one call
 *
 * Payloads stay where they are: they are the caller's, and must be there until repeater_queue_flush().
 */
#ifndef WEIR_COLLECT_REPEATER_QUEUE_H
#define WEIR_COLLECT_REPEATER_QUEUE_H

#include "repeater_packet.h"

#include <sys/socket.h>

enum { REPEATER_QUEUE_MAX = 128 };

struct repeater_failures {
    uint64_t count;   /* datagrams that could not be sent; of one that became several packets, these */
    uint64_t refused; /* so often it was told that nobody listens: of datagrams before */
    int number;       /* errno of the last one */
};

struct repeater_queue;

/* To an address, without its port, by a socket that takes packets with their headers; or, where `address` is NULL, by
 * one that is connected. NULL when memory is short. The socket stays the caller's. */
struct repeater_queue *repeater_queue_create(int fd, const struct sockaddr_storage *address, socklen_t length);
void repeater_queue_free(struct repeater_queue *queue); /* NULL is fine */

/* Adds a packet; sends what is there first when the queue is full. Its headers are copied, and may be none. */
void repeater_queue_add(struct repeater_queue *queue, const struct repeater_packet *packet);

/* Sends all. What cannot be sent is counted, and what is behind it goes on. */
void repeater_queue_flush(struct repeater_queue *queue);

/* So far; none of a queue that is NULL. */
struct repeater_failures repeater_queue_failures(const struct repeater_queue *queue);

#endif
