/* SPDX-License-Identifier: MIT */
/*
 * replay_options.h - the command line of weir replay
 */
#ifndef WEIR_CLI_REPLAY_OPTIONS_H
#define WEIR_CLI_REPLAY_OPTIONS_H

#include "traffic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLAY_PORTS_MAX = 64, REPLAY_HOST_BYTES = 256, REPLAY_PORT_DEFAULT = 2055 };

struct replay_options {
    char host[REPLAY_HOST_BYTES];
    uint16_t port;
    const char *file; /* to send; NULL: made traffic */
    uint16_t ports[REPLAY_PORTS_MAX];
    size_t port_count;          /* datagrams of the file that were sent to these; 0: to any */
    double speed;               /* of the file's own times; 0: they do not matter */
    uint64_t loops;             /* how often the file is sent, from 1 */
    bool map_sources;           /* a source address for each exporter of the file */
    uint64_t rate;              /* a second; 0: as fast as can be */
    bool rate_is_flows;         /* else datagrams */
    int64_t duration_us;        /* 0: no end */
    uint64_t datagrams_max;     /* 0: no end */
    bool segment;               /* hand datagrams to the kernel many as one */
    bool json;
    uint32_t source_count;      /* addresses to send from */
    struct traffic_options traffic; /* of made traffic */
};

/* Reads the command line. -1 to go on; else the exit code: help was shown, or what is wrong was said. */
int replay_options_parse(int argc, char **argv, struct replay_options *ret_options);

#endif
