/* SPDX-License-Identifier: MIT */
/*
 * listener.h - receives datagrams from UDP sockets
 */
#ifndef WEIR_COLLECT_LISTENER_H
#define WEIR_COLLECT_LISTENER_H

#include "sink.h"

#include <signal.h>
#include <weir/weir.h>

struct listener;

/*
 * Binds a socket to each of the addresses that the hosts stand for (addresses or names; all addresses, IPv4 and
 * IPv6, when there are none), on each port. NULL with `error` filled when one cannot be had.
 */
struct listener *listener_open(const char *const *hosts, size_t host_count, const uint16_t *ports, size_t port_count,
                               struct sink_error *error);

/* What is listened on, as text: "[::]:2055, IPv4 and IPv6". One for each socket; NULL behind the last. */
const char *listener_address(const struct listener *listener, size_t i);

/* The sockets, which are not blocking: -1 behind the last. */
int listener_socket(const struct listener *listener, size_t i);

/*
 * Waits up to `timeout_ms` and takes what is there, several datagrams at once. Returns how many there are, 0 when
 * the time is over or a signal came, -1 with `error` filled when receiving fails. `wait_mask` is the signal mask
 * while waiting.
 */
int listener_wait(struct listener *listener, int timeout_ms, const sigset_t *wait_mask, struct sink_error *error);

/* The datagrams of the last listener_wait(), in the order of arrival on their socket. Their octets stay in place
 * until the next one. */
const struct weir_datagram *listener_datagram(const struct listener *listener, int i);

/* Datagrams that the kernel dropped because the sockets' buffers were full. */
uint64_t listener_dropped(const struct listener *listener);

/* NULL is fine. */
void listener_close(struct listener *listener);

#endif
