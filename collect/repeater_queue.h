/* SPDX-License-Identifier: MIT */
/*
 * repeater_queue.h - datagrams or packets on their way to a connected socket, many with one call
 *
 * Payloads stay where they are: they are the caller's, and must be there until repeater_queue_flush().
 */
#ifndef WEIR_COLLECT_REPEATER_QUEUE_H
#define WEIR_COLLECT_REPEATER_QUEUE_H

#include "repeater_packet.h"

#include <sys/socket.h>
#include <sys/uio.h>

enum { REPEATER_QUEUE_MAX = 128 };

struct repeater_failures {
    uint64_t count;   /* datagrams that could not be sent, of several packets perhaps: then it is packets */
    uint64_t refused; /* that nobody listens was told so often: of datagrams before */
    int number;       /* errno of the last one */
};

struct repeater_queue {
    int fd;
    uint32_t count;
    uint64_t sent;
    struct repeater_failures failures;
    struct mmsghdr messages[REPEATER_QUEUE_MAX];
    struct iovec parts[REPEATER_QUEUE_MAX][2];
    uint8_t headers[REPEATER_QUEUE_MAX][REPEATER_HEADERS_BYTES];
};

/* The socket stays the caller's. */
void repeater_queue_init(struct repeater_queue *queue, int fd);

/* Adds a packet; sends what is there first when the queue is full. Its headers are copied, and may be none. */
void repeater_queue_add(struct repeater_queue *queue, const struct repeater_packet *packet);

/* Sends all. What cannot be sent is counted, and what is behind it goes on. */
void repeater_queue_flush(struct repeater_queue *queue);

#endif
