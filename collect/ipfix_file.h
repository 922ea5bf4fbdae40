/* SPDX-License-Identifier: MIT */
/*
 * ipfix_file.h - reads the messages of an IPFIX file (RFC 5655)
 *
 * Such a file is messages back to back, each as long as its header says:
 *
 *     +---------+--------+-----------------+---------+--------+-----------------+--
 *     | version | length | rest of message | version | length | rest of message | ...
 *     | 10      |        |                 | 10      |        |                 |
 *     +---------+--------+-----------------+---------+--------+-----------------+--
 */
#ifndef WEIR_COLLECT_IPFIX_FILE_H
#define WEIR_COLLECT_IPFIX_FILE_H

#include "sink.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <weir/weir.h>

/* The first octet of such a file; no capture begins with it. */
enum { IPFIX_FILE_FIRST_OCTET = 0 };

struct ipfix_file;

/*
 * Opens a file from a stream; `name` is for messages. The stream belongs to the file, also when this fails; only
 * stdin is never closed. NULL, with `error` filled in, when it does not begin with a message.
 */
struct ipfix_file *ipfix_file_open_stream(FILE *stream, const char *name, struct sink_error *error);

/*
 * Reads the next message. Returns 1 and the message as a datagram from nowhere, received when it was exported, whose
 * octets stay in place until the next call; 0 at the end; -1, with `error` filled in, once, when the file is cut off,
 * damaged or unreadable from here on: what was handed out before stands, and later calls return 0. A signal that
 * interrupts the reading ends it as well, with 0.
 */
int ipfix_file_next(struct ipfix_file *file, struct weir_datagram *ret_datagram, struct sink_error *error);

/* How far the reading has come. False when the size is not known, as of a pipe. */
bool ipfix_file_progress(const struct ipfix_file *file, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes);

/* NULL is fine. */
void ipfix_file_close(struct ipfix_file *file);

#endif
