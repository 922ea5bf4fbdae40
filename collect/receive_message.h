/* SPDX-License-Identifier: MIT */
/*
 * receive_message.h - what recvmsg() tells beside a datagram: who sent it, when it came, what was dropped before
 *
 * Both functions read memory that may hold anything, such as a file that a run before left behind: lengths in it are
 * checked against the room that the caller gives, and it need not be aligned. The room itself is the caller's to know.
 */
#ifndef WEIR_COLLECT_RECEIVE_MESSAGE_H
#define WEIR_COLLECT_RECEIVE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

struct receive_control {
    int64_t received_ns; /* nanoseconds since 1970, UTC, by the kernel's clock of the time of day; 0: not told */
    uint32_t dropped;    /* datagrams that the kernel dropped on this socket since it was opened, modulo 2^32 */
    bool has_dropped;    /* the kernel leaves it out until it has dropped something */
};

/* Reads the control data of a message, as msg_control and msg_controllen tell it; all of it can be read. What is
 * malformed, and all behind it, counts as not told; of two of a kind the first counts. */
struct receive_control receive_control_parse(const void *control, size_t control_bytes);

/*
 * Reads an address of `name_bytes` octets as msg_name holds it. IPv4 in the form of IPv6 (::ffff:192.0.2.1, as sockets
 * for both families have it) becomes IPv4. -1, with nothing changed, when it is too short or of another family.
 */
int receive_source_parse(const void *name, size_t name_bytes, struct weir_address *ret_address, uint16_t *ret_port);

#endif
