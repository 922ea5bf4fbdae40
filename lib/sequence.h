/* SPDX-License-Identifier: MIT */
/*
 * sequence.h - what the sequence numbers of one session say: lost, late, twice, restarted
 *
 * NetFlow v9 counts datagrams (RFC 3954 section 5.1). The last 64 numbers are remembered, so that one that
 * comes late is told from one that comes twice. The exporter's start is told from its clocks: export time less
 * uptime stays the same while it runs.
 */
#ifndef WEIR_SEQUENCE_H
#define WEIR_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

struct sequence {
    bool started;
    uint32_t next;      /* number that comes next, modulo 2^32 */
    uint64_t seen;      /* bit i: number next - 1 - i has come */
    uint32_t known;     /* so many of the bits mean something: numbers since the first, 64 at the most */
    uint32_t uptime_ms; /* of the newest datagram */
    int64_t boot_ms;    /* export time less uptime */
};

enum sequence_verdict {
    SEQUENCE_IN_ORDER,
    SEQUENCE_GAP,       /* so many before this one are missing */
    SEQUENCE_REORDERED, /* so many were counted as lost before, and are not */
    SEQUENCE_LATE,      /* late, and how much of it was counted as lost is not known */
    SEQUENCE_DUPLICATE,
    SEQUENCE_RESTART
};

/* Takes the header of the session's next datagram. `gap_max` is what a gap can be at the most. */
enum sequence_verdict sequence_check(struct sequence *sequence, uint32_t number, uint32_t uptime_ms,
                                     uint32_t export_time_s, uint32_t gap_max, uint32_t *ret_lost);

#endif
