/* SPDX-License-Identifier: MIT */
/*
 * reassembly.h - puts fragmented IP datagrams together again
 *
 * RFC 791 section 3.2 and RFC 8200 section 4.5. Fragments that contradict one another spoil their datagram as a
 * whole (RFC 5722): what would come out depends on who puts it together. A fragment that was captured twice does
 * no harm. All is bounded: datagrams under way, their octets, and how long they wait.
 */
#ifndef WEIR_COLLECT_REASSEMBLY_H
#define WEIR_COLLECT_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define REASSEMBLY_DATAGRAMS_MAX 256u /* under way at a time; the oldest makes room: 16 MiB in all */
#define REASSEMBLY_DATAGRAM_BYTES 65536u
#define REASSEMBLY_WAIT_US INT64_C(30000000)

struct reassembly_counts {
    uint64_t fragments; /* taken in */
    uint64_t repeated;  /* of them: captured before */
    uint64_t dropped;   /* of them: of a datagram that was spoilt before */
    uint64_t begun;     /* datagrams: = whole + incomplete + evicted + contradicting + those under way */
    uint64_t whole;
    uint64_t incomplete; /* fragments missing after the waiting time, or at the end */
    uint64_t evicted;    /* gave way to newer ones */
    uint64_t contradicting;
};

struct reassembly;

/* NULL when memory is short. The octets of datagrams under way take memory once fragments come. */
struct reassembly *reassembly_create(void);

/* NULL is fine. */
void reassembly_free(struct reassembly *reassembly);

/*
 * Takes a fragment in, as packet_parse() found it, at the time `now_us` (microseconds; between 0 and the year
 * 9999). Returns whether its datagram is whole now; then `ret_data` and `ret_size_bytes` tell where the fragmented
 * part lies, which stays until the next call, and `ret_next_header` what it begins with.
 */
bool reassembly_add(struct reassembly *reassembly, const struct packet *fragment, int64_t now_us,
                    const uint8_t **ret_data, size_t *ret_size_bytes, uint8_t *ret_next_header);

/* No more fragments come: what is under way is given up. */
void reassembly_finish(struct reassembly *reassembly);

/* The counts so far. Valid until the reassembly is freed; changes with each call. */
const struct reassembly_counts *reassembly_counts(const struct reassembly *reassembly);

#endif
