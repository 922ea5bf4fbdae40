/* SPDX-License-Identifier: MIT */
/*
 * repeater.h - the sink that sends datagrams on as they came, to another collector
 *
 * It is a raw sink: the live collector gives it a lane of its own, and nothing waits for it. With the exporter's
 * address as the source, where that is asked for and allowed (CAP_NET_RAW) and both are of one family, packets are
 * made here (repeater_packet.h); else, and for what these cannot be, datagrams go out of a socket with an address of
 * this machine.
 */
#ifndef WEIR_COLLECT_REPEATER_H
#define WEIR_COLLECT_REPEATER_H

#include "repeater_target.h"

/* Sockets for packets with headers of our own, -1 where there is none, and why. They need a right that is given up
 * early. */
struct repeater_raw {
    int ipv4, ipv6;
    int number; /* errno */
};

void repeater_raw_open(struct repeater_raw *ret_raw);

struct repeater_options {
    struct repeater_target target;
    const struct repeater_raw *raw; /* opened before, and stays the caller's; NULL: it is opened now */
    /* Tells people something: when it cannot send, at most once a minute, and at the end; may be NULL. */
    void (*tell)(void *context, const char *text);
    void *context;
};

/* NULL with `error` filled. */
struct sink *repeater_create(const struct repeater_options *options, struct sink_error *error);

/* Where it sends to and from what address, for people. */
const char *repeater_text(const struct sink *sink);

/* Whether it would send to `fd`, a bound UDP socket of this machine; false of sinks of other kinds. */
bool repeater_reaches(const struct sink *sink, int fd);

#endif
