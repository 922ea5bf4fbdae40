/* SPDX-License-Identifier: MIT */
/*
 * receive_socket.h - opens the UDP sockets that exporters send to
 *
 *     struct receive_address addresses[8];
 *     const int count = receive_socket_resolve(&spec, addresses, 8, &error);
 *     for (int i = 0; i < count; i++)
 *         if (receive_socket_open(&spec, &addresses[i], &sockets[i], &error) != 0) ...
 *
 * Or, for a socket that another program has opened and bound (passed_sockets.h), receive_socket_adopt().
 *
 * A socket does not block, and is closed in programs that are started. The kernel tells with each datagram when it came
 * (SO_TIMESTAMPNS), and how many it had to drop before (SO_RXQ_OVFL): receive_message.h reads that.
 */
#ifndef WEIR_COLLECT_RECEIVE_SOCKET_H
#define WEIR_COLLECT_RECEIVE_SOCKET_H

#include "sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    RECEIVE_BUFFER_DEFAULT_BYTES = 64 << 20, /* what is asked for; it is taken as datagrams come, not at once */
    RECEIVE_BUFFER_MAX_BYTES = 1 << 30,      /* the kernel doubles it, in 31 bits */
};

struct receive_spec {
    /*
     * NULL or "*": all addresses, IPv4 and IPv6 with one socket. "::", which may stand in brackets as any IPv6 address
     * may: the same, unless `ipv6_only`. Another address of this machine, or a name that stands for some. A multicast
     * group: it is joined. "%eth0" behind an address: as `device` says, for this one.
     */
    const char *host;
    uint16_t port;      /* 0: one that is free */
    const char *device; /* what comes in by this network device only, and groups are joined there; NULL: any */
    bool ipv6_only;     /* "::" leaves IPv4 to others */
    bool reuse_port;    /* SO_REUSEPORT: several sockets, each for a worker; see steering.h */
    int buffer_bytes;   /* of the receive buffer; 0: RECEIVE_BUFFER_DEFAULT_BYTES */
    unsigned busy_poll_us; /* SO_BUSY_POLL: look so long at the network device itself before sleeping; 0: not */
};

struct receive_address {
    struct sockaddr_storage address;
    socklen_t length;
    bool dual;         /* IPv4 too */
    bool multicast;    /* one socket only may have it: each would get each datagram */
    char device[16];   /* "" for any */
};

enum { RECEIVE_SOCKET_TEXT_BYTES = 128 };

struct receive_socket {
    int fd;
    uint16_t port;              /* as the kernel chose it, where it was 0 */
    uint32_t dropped;           /* what the kernel had dropped before it was opened for all, or adopted, modulo 2^32 */
    int buffer_wanted_bytes;    /* asked for */
    int buffer_bytes;           /* got, in the same measure: half of what the kernel tells, which counts its own too */
    bool multicast;             /* bound to a group: each socket that is gets each datagram */
    bool busy_poll_refused;     /* SO_BUSY_POLL is not to be had: some kernels want CAP_NET_ADMIN for it */
    char text[RECEIVE_SOCKET_TEXT_BYTES]; /* "[::]:2055, IPv4 and IPv6" */
};

/* Finds the addresses that the host stands for. Returns their number, at least 1; -1 with `error` filled when there is
 * none, or more than `room`. A name may ask name servers. */
int receive_socket_resolve(const struct receive_spec *spec, struct receive_address *ret_addresses, size_t room,
                           struct sink_error *error);

/*
 * Opens and binds a socket. -1 with `error` telling what to do. The caller closes the descriptor. A buffer that is
 * smaller than wanted, and refused busy polling, are no failure.
 * `before_bind`, where there is one, is called with the socket before it can receive anything; an error of it, which
 * it fills in, is one of all.
 */
int receive_socket_open(const struct receive_spec *spec, const struct receive_address *address,
                        int (*before_bind)(int fd, void *context, struct sink_error *error), void *context,
                        struct receive_socket *ret_socket, struct sink_error *error);

/* Takes over a bound UDP socket, and sets what can be set on it: buffer, busy polling. Host, port and device are as
 * they were bound. -1 with `error` filled when it is no such socket; it stays open then. */
int receive_socket_adopt(int fd, const struct receive_spec *spec, struct receive_socket *ret_socket,
                         struct sink_error *error);

/* How many datagrams the kernel dropped on a socket so far, modulo 2^32: also those behind the last one that was
 * received, which SO_RXQ_OVFL tells with the next one only. -1 in kernels that do not tell (before 4.12). */
int receive_socket_dropped(int fd, uint32_t *ret_dropped);

/* The number that the kernel gives a socket, and no other one until the next boot; 0 in kernels that do not tell it
 * (before 4.12). */
uint64_t receive_socket_cookie(int fd);

#endif
