/* SPDX-License-Identifier: MIT */
/*
 * worker_sockets.h - the sockets of several workers on one address and port
 */
#ifndef WEIR_COLLECT_WORKER_SOCKETS_H
#define WEIR_COLLECT_WORKER_SOCKETS_H

#include "receive_socket.h"

/*
 * Opens a socket for each worker, of which the kernel chooses by the exporter's address as steering.h tells: the one
 * of worker i is ret_sockets[i]. Until all are there none of them takes anything, so that nothing lies with a wrong
 * one. Of a multicast group there is one socket, for worker 0, as each would get all. With port 0 all have the one that
 * the kernel chose for the first. `reuse_port` of the spec does not matter.
 *
 * Returns how many there are; -1 with `error` filled when one cannot be had, and none is open then.
 */
int worker_sockets_open(const struct receive_spec *spec, const struct receive_address *address, unsigned worker_count,
                        struct receive_socket *ret_sockets, struct sink_error *error);

#endif
