/* SPDX-License-Identifier: MIT */
/*
 * collector.h - from datagrams to sinks
 *
 * The collector owns a decoder and the sinks. It is given datagrams one by one, wherever they come from, and has
 * each sink take what comes out.
 */
#ifndef WEIR_COLLECT_COLLECTOR_H
#define WEIR_COLLECT_COLLECTOR_H

#include "sink.h"

#include <stdio.h>
#include <weir/weir.h>

enum { COLLECTOR_SINKS_MAX = 16 };

struct collector {
    struct weir_decoder *decoder;
    struct sink *sinks[COLLECTOR_SINKS_MAX];
    size_t sink_count;
    bool per_datagram; /* a sink wants to know where datagrams end */
    bool raw;          /* a sink wants datagrams as they came */
    struct debug_log *debug; /* or NULL */
    int64_t rotate_us;       /* length of a file's time, or 0 */
    int64_t rotate_next_us;  /* when the next one begins */
};

/* Makes the decoder, with `options` or, where that is NULL, the defaults; its seed and callback are set here. With
 * `debug`, what happens is told on that stream. -1 when memory is short. */
int collector_init(struct collector *collector, const struct weir_options *options, FILE *debug,
                   struct sink_error *error);

/* The collector owns the sink from here on. */
void collector_add(struct collector *collector, struct sink *sink);

/* Begins a new file each `duration_us`, on multiples of it since 1970; the first now. 0: no more. */
void collector_rotate_each(struct collector *collector, int64_t duration_us, int64_t now_us);

/* Takes a datagram. -1 with `error` filled when a sink failed; what was written before stands. */
int collector_feed(struct collector *collector, const struct weir_datagram *datagram, struct sink_error *error);

/* Takes a datagram of which sinks have all: what comes of it goes to none of them, and the decoder knows of it. */
void collector_learn(struct collector *collector, const struct weir_datagram *datagram);

/* Tells the time, at least once a second while nothing comes. As above. */
int collector_tick(struct collector *collector, int64_t now_us, struct sink_error *error);

/* Has each sink open anew what was renamed or removed, and tells of each that cannot: it goes on as it was. */
void collector_reopen(struct collector *collector, void (*tell)(void *context, const char *text), void *context);

/* The input has ended: what waits is decided, and handed to the sinks. As above. */
int collector_finish(struct collector *collector, struct sink_error *error);

/* Closes the sinks. -1 when one of them could not write what it held; all are closed then too. */
int collector_close(struct collector *collector, struct sink_error *error);

/* Frees the decoder; the sinks are closed. */
void collector_done(struct collector *collector);

#endif
