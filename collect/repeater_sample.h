/* SPDX-License-Identifier: MIT */
/*
 * repeater_sample.h - which datagrams are sent on, where one in N is
 *
 * Each exporter (address and port) has a count of its own: its first datagram goes on, then each N-th. Besides these go
 * all that hold what a receiver could not read the others without: templates and options templates of NetFlow v9
 * (RFC 3954) and IPFIX (RFC 7011), and data of options templates that were seen. What does not look like either is
 * counted like any other.
 *
 * Memory is bounded: of more exporters or options templates than there is room for, the older make place.
 */
#ifndef WEIR_COLLECT_REPEATER_SAMPLE_H
#define WEIR_COLLECT_REPEATER_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <weir/weir.h>

struct repeater_sample;

/* NULL when memory is short. `one_in` is at least 1; `seed` is any number, best one that nobody knows. */
struct repeater_sample *repeater_sample_create(uint32_t one_in, uint64_t seed);

/* Whether the datagram goes on. `ret_needed`: for what it holds, and not for its number. */
bool repeater_sample_takes(struct repeater_sample *sample, const struct weir_datagram *datagram, bool *ret_needed);

/* NULL is fine. */
void repeater_sample_free(struct repeater_sample *sample);

#endif
