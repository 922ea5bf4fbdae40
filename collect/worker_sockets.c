/* SPDX-License-Identifier: MIT */
/*
 * worker_sockets.c - the sockets of several workers on one address and port
 */
#define _GNU_SOURCE
#include "worker_sockets.h"

#include "steering.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int refused(struct sink_error *error)
{
    snprintf(error->text, sizeof error->text, "cannot keep the queue of a socket empty while others are opened: %s",
             strerror(errno));
    return -1;
}

/* Of the first one: before it is bound it is alone, and the group gets its program with it. */
static int prepare_first(int fd, void *context, struct sink_error *error)
{
    if (steering_attach(fd, *(const unsigned *)context, error) != 0)
        return -1;
    return steering_hold(fd) == 0 ? 0 : refused(error);
}

static int prepare(int fd, void *context, struct sink_error *error)
{
    (void)context;
    return steering_hold(fd) == 0 ? 0 : refused(error);
}

static void set_port(struct receive_address *address, uint16_t port)
{
    if (address->address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&address->address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&address->address)->sin_port = htons(port);
}

int worker_sockets_open(const struct receive_spec *spec, const struct receive_address *address, unsigned worker_count,
                        struct receive_socket *ret_sockets, struct sink_error *error)
{
    assert(worker_count > 0 && worker_count <= STEERING_WORKERS_MAX);
    struct receive_spec own = *spec;
    struct receive_address bound = *address;
    unsigned count = 0, wanted = address->multicast ? 1 : worker_count;
    own.reuse_port = wanted > 1;
    if (wanted == 1)
        return receive_socket_open(&own, &bound, NULL, NULL, ret_sockets, error) == 0 ? 1 : -1;
    for (; count < wanted; count++) {
        if (receive_socket_open(&own, &bound, count == 0 ? prepare_first : prepare, &wanted, &ret_sockets[count],
                                error) != 0)
            break;
        set_port(&bound, ret_sockets[0].port);
    }
    for (unsigned i = 0; i < wanted && count == wanted; i++) {
        receive_socket_dropped(ret_sockets[i].fd, &ret_sockets[i].dropped); /* was for nobody yet */
        if (steering_release(ret_sockets[i].fd) != 0) {
            refused(error);
            wanted = 0;
        }
    }
    if (wanted > 0 && count == wanted)
        return (int)count;
    while (count > 0)
        close(ret_sockets[--count].fd);
    return -1;
}
