/* SPDX-License-Identifier: MIT */
/*
 * passed_sockets.h - sockets that whoever started the program has opened for it
 *
 * systemd does so for a service with a socket unit, sd_listen_fds(3): they are the descriptors from 3 on, $LISTEN_FDS
 * tells how many, and $LISTEN_PID for which process. They stay open while the service is restarted, so that what comes
 * meanwhile waits in their buffers.
 */
#ifndef WEIR_COLLECT_PASSED_SOCKETS_H
#define WEIR_COLLECT_PASSED_SOCKETS_H

#include "sink.h"

enum { PASSED_SOCKETS_FIRST = 3, PASSED_SOCKETS_MAX = 1024 };

/*
 * How many there are, 0 when none were passed to this process; the first is descriptor PASSED_SOCKETS_FIRST. They are
 * closed from here on in programs that are started, which do not get the variables either: a second call returns 0.
 * -1 with `error` filled when the variables do not make sense, or a descriptor is not open.
 */
int passed_sockets_take(struct sink_error *error);

#endif
