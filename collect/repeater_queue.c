/* SPDX-License-Identifier: MIT */
/*
 * repeater_queue.c - many packets with one call
 */
#define _GNU_SOURCE
#include "repeater_queue.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct repeater_queue {
    int fd;
    struct sockaddr_storage address;
    uint32_t count;
    struct repeater_failures failures;
    struct mmsghdr messages[REPEATER_QUEUE_MAX];
    struct iovec parts[REPEATER_QUEUE_MAX][2];
    uint8_t headers[REPEATER_QUEUE_MAX][REPEATER_HEADERS_BYTES];
};

struct repeater_queue *repeater_queue_create(int fd, const struct sockaddr_storage *address, socklen_t length)
{
    struct repeater_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->fd = fd;
    if (address != NULL)
        queue->address = *address;
    if (queue->address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&queue->address)->sin6_port = 0; /* would be a protocol */
    for (size_t i = 0; i < REPEATER_QUEUE_MAX; i++) {
        struct msghdr *message = &queue->messages[i].msg_hdr;
        message->msg_iov = queue->parts[i];
        message->msg_name = address == NULL ? NULL : &queue->address;
        message->msg_namelen = address == NULL ? 0 : length;
    }
    return queue;
}

void repeater_queue_free(struct repeater_queue *queue)
{
    free(queue);
}

struct repeater_failures repeater_queue_failures(const struct repeater_queue *queue)
{
    return queue == NULL ? (struct repeater_failures){0} : queue->failures;
}

/* sendmsg() takes what it does not change as changeable. */
static struct iovec part_of(const uint8_t *octets, size_t count)
{
    union {
        const uint8_t *constant;
        void *plain;
    } at = {.constant = octets};
    return (struct iovec){.iov_base = at.plain, .iov_len = count};
}

void repeater_queue_add(struct repeater_queue *queue, const struct repeater_packet *packet)
{
    if (queue->count == REPEATER_QUEUE_MAX)
        repeater_queue_flush(queue);
    const uint32_t i = queue->count++;
    memcpy(queue->headers[i], packet->headers, packet->headers_bytes);
    queue->parts[i][0] = part_of(queue->headers[i], packet->headers_bytes);
    queue->parts[i][1] = part_of(packet->payload, packet->payload_bytes);
    queue->messages[i].msg_hdr.msg_iovlen = 2;
}

void repeater_queue_flush(struct repeater_queue *queue)
{
    bool retried = false;
    for (uint32_t done = 0; done < queue->count;) {
        const int sent = sendmmsg(queue->fd, queue->messages + done, queue->count - done, MSG_NOSIGNAL);
        if (sent > 0) {
            done += (uint32_t)sent;
            retried = false;
            continue;
        }
        if (errno == EINTR)
            continue;
        /* It is of a datagram before, and told instead of sending the next one, which is tried again. */
        if (errno == ECONNREFUSED && !retried) {
            queue->failures.refused++;
            queue->failures.number = errno;
            retried = true;
            continue;
        }
        queue->failures.count++;
        queue->failures.number = errno;
        retried = false;
        done++;
    }
    queue->count = 0;
}
