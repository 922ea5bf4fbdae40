/* SPDX-License-Identifier: MIT */
/*
 * listener.h - receives datagrams from UDP sockets
 */
#ifndef WEIR_COLLECT_LISTENER_H
#define WEIR_COLLECT_LISTENER_H

#include "receive_socket.h"
#include "sink.h"

#include <signal.h>
#include <weir/weir.h>

struct listener;

struct listener_options {
    const char *const *hosts; /* as in struct receive_spec */
    size_t host_count;        /* 0: all addresses, IPv4 and IPv6 */
    const uint16_t *ports;
    size_t port_count;
    int passed_first; /* descriptors of sockets that were opened for us, instead of hosts and ports */
    int passed_count; /* 0: none */
    const char *device; /* these three: as in struct receive_spec */
    int buffer_bytes;
    unsigned busy_poll_us;
};

/* Binds a socket to each of the addresses that the hosts stand for, on each port; or takes over those that were passed
 * on. NULL with `error` filled when one cannot be had. */
struct listener *listener_open(const struct listener_options *options, struct sink_error *error);

/* The sockets; NULL behind the last. */
const struct receive_socket *listener_socket(const struct listener *listener, size_t i);

/*
 * Whether the buffer of a socket is too small for what came since the last call, or the opening: told once for each
 * socket, by one line for people, without its end. To be called about each second.
 */
bool listener_buffer_advice(struct listener *listener, int64_t now_us, char *text, size_t text_bytes);

/*
 * Waits up to `timeout_ms` and takes what is there, several datagrams at once. Returns how many there are, 0 when
 * the time is over or a signal came, -1 with `error` filled when receiving fails. `wait_mask` is the signal mask
 * while waiting.
 */
int listener_wait(struct listener *listener, int timeout_ms, const sigset_t *wait_mask, struct sink_error *error);

/* The datagrams of the last listener_wait(), in the order of arrival on their socket. Their octets stay in place
 * until the next one. */
const struct weir_datagram *listener_datagram(const struct listener *listener, int i);

/* Datagrams that the kernel dropped, nearly all of them because the sockets' buffers were full. */
uint64_t listener_dropped(const struct listener *listener);

/* NULL is fine. */
void listener_close(struct listener *listener);

#endif
