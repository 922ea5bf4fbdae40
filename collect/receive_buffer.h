/* SPDX-License-Identifier: MIT */
/*
 * receive_buffer.h - whether a receive buffer is large enough for what comes, and what to do
 */
#ifndef WEIR_COLLECT_RECEIVE_BUFFER_H
#define WEIR_COLLECT_RECEIVE_BUFFER_H

#include "receive_socket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECEIVE_PAUSE_MS = 250 }; /* a busy machine may keep a program from receiving so long */

/* The size, as it is given to --rcvbuf, that holds RECEIVE_PAUSE_MS of what comes on one socket: at least 64 KB, at
 * most RECEIVE_BUFFER_MAX_BYTES. Of datagrams, by number and by octets, a second. */
int receive_buffer_needed(double datagrams_per_s, double octets_per_s);

/* How long, in milliseconds, a buffer of that size holds what comes. */
double receive_buffer_holds_ms(int buffer_bytes, double datagrams_per_s, double octets_per_s);

/*
 * True when the socket's buffer is too small for what comes on it. Then writes one line for people, without its end,
 * that tells how short the time is that it holds, and what to set: net.core.rmem_max where the system gave less than
 * what was wanted, --rcvbuf where that was too little.
 */
bool receive_buffer_advice(const struct receive_socket *socket, double datagrams_per_s, double octets_per_s,
                           char *text, size_t text_bytes);

#endif
