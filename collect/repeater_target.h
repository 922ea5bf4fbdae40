/* SPDX-License-Identifier: MIT */
/*
 * repeater_target.h - where and how -o udp:HOST:PORT[,source=HOW][,sample=N] sends datagrams on
 */
#ifndef WEIR_COLLECT_REPEATER_TARGET_H
#define WEIR_COLLECT_REPEATER_TARGET_H

#include "sink.h"

#include <sys/socket.h>

enum repeater_source {
    REPEATER_SOURCE_AUTO, /* the exporter's address where that is allowed */
    REPEATER_SOURCE_KEEP, /* or else it is an error */
    REPEATER_SOURCE_OWN,  /* this machine's */
};

enum { REPEATER_TARGET_TEXT_BYTES = 80, REPEATER_SAMPLE_MAX = 1000000 };

struct repeater_target {
    struct sockaddr_storage address;
    socklen_t length;
    enum repeater_source source;
    uint32_t sample; /* one datagram in so many; 1: all */
    char text[REPEATER_TARGET_TEXT_BYTES]; /* "192.0.2.1:2055", "[2001:db8::1]:2055" */
};

/* Reads what stands behind "udp:", and finds the address that the host stands for: the first one, of a name that has
   several;
 * name servers may be asked. -1 with `error` filled; `ret_usage` tells that it is not written as it should be. */
int repeater_target_parse(const char *text, struct repeater_target *ret_target, bool *ret_usage,
                          struct sink_error *error);

/* Whether what is sent there comes back by `fd`, a bound UDP socket of this machine. */
bool repeater_target_reaches(const struct repeater_target *target, int fd);

bool repeater_target_is_multicast(const struct repeater_target *target);
bool repeater_target_is_loopback(const struct repeater_target *target);

#endif
