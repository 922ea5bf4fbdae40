/* SPDX-License-Identifier: MIT */
/*
 * listener.h - the sockets that a collector receives by: for each address, port and worker one
 */
#ifndef WEIR_COLLECT_LISTENER_H
#define WEIR_COLLECT_LISTENER_H

#include "receive_socket.h"
#include "sink.h"

#include <weir/weir.h>

enum { LISTENER_SOCKETS_MAX = 64 }; /* of one worker */

struct listener;

struct listener_options {
    const char *const *hosts; /* as in struct receive_spec */
    size_t host_count;        /* 0: all addresses, IPv4 and IPv6 */
    const uint16_t *ports;
    size_t port_count;
    unsigned worker_count; /* of several, each exporter always reaches the same: steering.h */
    int passed_first; /* descriptors of sockets that were opened for us, instead of hosts and ports, as they were bound */
    int passed_count; /* 0: none */
    const char *device; /* these three: as in struct receive_spec */
    int buffer_bytes;
    unsigned busy_poll_us;
};

/*
 * Binds sockets to each of the addresses that the hosts stand for, on each port; or takes over those that were passed
 * on. Of those on one address the first is worker 0's, the second worker 1's, and so on, and behind the last worker the
 * turn is worker 0's again; with fewer than workers some of these get nothing there. NULL with `error` filled when one
 * cannot be had.
 */
struct listener *listener_open(const struct listener_options *options, struct sink_error *error);

/* The sockets of a worker, in one order for all of them; NULL behind the last. */
const struct receive_socket *listener_socket(const struct listener *listener, unsigned worker, size_t i);

/* How many sockets share the address of this one, of all workers. */
unsigned listener_sharers(const struct listener *listener, const struct receive_socket *socket);

/* Whether what an exporter of this address sends can come to a worker, if there are so many of them: as many as now, or as
 * an earlier process had. */
bool listener_leads(const struct listener *listener, const struct weir_address *exporter, unsigned worker,
                    unsigned worker_count);

/* NULL is fine. */
void listener_close(struct listener *listener);

#endif
