/* SPDX-License-Identifier: MIT */
/*
 * capture.h - reads export datagrams from a capture file
 *
 *     struct capture *capture = capture_open("flows.pcap", NULL, 0, &error);
 *
 *     while ((got = capture_next(capture, &datagram, &port, &error)) == 1) {
 *         use(&datagram);
 *     }
 *     if (got < 0) say(error.text);
 *     tell(capture_counts(capture));
 *     capture_close(capture);
 *
 * pcap and pcapng, of every link type in linklayer.h. Fragments are put together again; every packet ends in
 * exactly one bucket of the counts.
 */
#ifndef WEIR_COLLECT_CAPTURE_H
#define WEIR_COLLECT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <weir/weir.h>

#include "reassembly.h"
#include "sink.h"
#include "wire_view.h"

struct capture;

/* What the packets were: packets is the sum of the buckets. A datagram that came in fragments counts where the
 * packet belongs that completed it. Texts for the buckets: packet_verdict_text(). */
struct capture_counts {
    uint64_t packets;
    uint64_t buckets[PACKET_VERDICT_COUNT]; /* index: enum packet_verdict; PACKET_DATAGRAM were handed out */
    struct reassembly_counts reassembly;
};

/*
 * Opens a capture; "-" is standard input. Only datagrams to one of the `port_count` ports are handed out, or those
 * to any port when it is 0. NULL, with `error` filled in, when there is no such file, it is no capture, or its link
 * type is not known.
 */
struct capture *capture_open(const char *path, const uint16_t *ports, size_t port_count, struct sink_error *error);

/* Opens the file of a capture, or of what else may be in its place, as capture_open() does. NULL, with `error` filled
 * in, when it is not there or is no file; a terminal is none. */
FILE *capture_open_file(const char *path, struct sink_error *error);

/* What a stream is called in messages. */
const char *capture_file_name(const char *path);

/* The same from a stream; `name` is for messages. The stream belongs to the capture, also when this fails; only
 * stdin is never closed. */
struct capture *capture_open_stream(FILE *stream, const char *name, const uint16_t *ports, size_t port_count,
                                    struct sink_error *error);

/*
 * Reads up to the next datagram. Returns 1 and the datagram, whose octets stay in place until the next call; 0 at
 * the end; -1, with `error` filled in, once, when the file is cut off, damaged or unreadable from here on: what was
 * handed out before stands, and later calls return 0. A signal that interrupts the reading ends it as well, with
 * 0: whoever handles it knows why. `ret_destination_port` may be NULL.
 */
int capture_next(struct capture *capture, struct weir_datagram *ret_datagram, uint16_t *ret_destination_port,
                 struct sink_error *error);

/* The counts so far; whole after the end. Valid until the capture is closed; changes with each call. */
const struct capture_counts *capture_counts(const struct capture *capture);

/* How far the reading has come, for a progress bar. False when the size is not known, as of a pipe. */
bool capture_progress(const struct capture *capture, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes);

/* NULL is fine. */
void capture_close(struct capture *capture);

#endif
