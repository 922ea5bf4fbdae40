/* SPDX-License-Identifier: MIT */
/*
 * steering.h - which worker gets the datagrams of an exporter
 *
 * N sockets on one address and port (SO_REUSEPORT) share what comes. By itself the kernel chooses by addresses and
 * ports, so that an exporter that changes its port, or sends from several, would reach several workers, each of which
 * then lacks templates. Here a program that runs in the kernel chooses by the exporter's address alone, and the same
 * function in C tells what it chooses, so that what was saved by another number of workers can be given to the
 * right ones.
 *
 * Workers are numbered in the order in which their sockets are bound:
 *
 *     open socket 0, SO_REUSEPORT, steering_attach(), bind
 *     open socket 1, SO_REUSEPORT, bind
 *     ...
 *
 * What the kernel does besides:
 * - As long as fewer than N are bound, what is for a missing one goes to any of the others; those that came meanwhile
 *   stay in the queues. It is the receiver's to hand over what is not for it. steering_hold() keeps the queues empty.
 * - When a socket is closed, the last one takes its number. So does the set of sockets of another process that binds
 *   to the same group lose its order when those of the first are closed. Whoever takes over from another process
 *   must be given its sockets, not bind beside them.
 * - A datagram to a multicast group goes to each socket of that group. One worker alone may listen to such an address.
 */
#ifndef WEIR_COLLECT_STEERING_H
#define WEIR_COLLECT_STEERING_H

#include "sink.h"

#include <weir/weir.h>

enum { STEERING_WORKERS_MAX = 1024 };

/* The worker, 0 to worker_count - 1, that gets the datagrams of this address. The same on every machine. An IPv4
 * address in the form of IPv6 (::ffff:192.0.2.1) is that IPv4 address. */
unsigned steering_worker(const struct weir_address *address, unsigned worker_count);

/* Has the kernel choose so in the group that the socket belongs to, or, when it is not bound yet, will make: once for
 * each group, any socket of it will do. SO_REUSEPORT is set on it. -1 with `error` filled. */
int steering_attach(int fd, unsigned worker_count, struct sink_error *error);

/* Has the kernel refuse all that comes for the socket, as if it was not bound yet, and take it again. What is refused
 * counts as dropped in SO_RXQ_OVFL. -1 with errno set. */
int steering_hold(int fd);
int steering_release(int fd);

#endif
