/* SPDX-License-Identifier: MIT */
/*
 * source.h - datagrams from a file, whatever its kind: a capture or an IPFIX file
 */
#ifndef WEIR_COLLECT_SOURCE_H
#define WEIR_COLLECT_SOURCE_H

#include "capture.h"
#include "sink.h"

struct source;

/*
 * Opens a file; "-" is standard input. What it is is told by how it begins. As capture_open(); an IPFIX file has no
 * ports, so that naming some is an error there.
 */
struct source *source_open(const char *path, const uint16_t *ports, size_t port_count, struct sink_error *error);

/* The next datagram: as capture_next() and ipfix_file_next(). */
int source_next(struct source *source, struct weir_datagram *ret_datagram, struct sink_error *error);

/* What the packets of a capture were; NULL for an IPFIX file, which has none. */
const struct capture_counts *source_counts(const struct source *source);

/* How far the reading has come. False when the size is not known, as of a pipe. */
bool source_progress(const struct source *source, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes);

/* NULL is fine. */
void source_close(struct source *source);

#endif
