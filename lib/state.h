/* SPDX-License-Identifier: MIT */
/*
 * state.h - what an exporter has told of itself in options records: samplers, interfaces, applications, VRFs,
 * when its system started
 *
 * Kept for each (exporter address, domain), since options often come from another port than flows, and bounded.
 * Kept apart from templates: an exporter that restarts keeps its state until it tells anew.
 */
#ifndef WEIR_STATE_H
#define WEIR_STATE_H

#include <stdbool.h>
#include <weir/weir.h>

struct weir_decoder;
struct batch;
struct state;

/* The state of an exporter, or NULL when it has told nothing yet. */
const struct state *state_find(const struct weir_decoder *decoder, const struct weir_address *address, uint32_t domain);

/* One packet in so many was looked at: of the sampler or selector with this ID; of an interface; of all. 0: not
 * told. Space and interval are added up, RFC 5477: interval packets of interval + space. */
uint32_t state_sampling_by_id(const struct state *state, uint64_t id);
uint32_t state_sampling_by_interface(const struct state *state, uint32_t interface);
uint32_t state_sampling_of_all(const struct state *state);

/* systemInitTimeMilliseconds, in milliseconds since 1970, or 0 when it was not told. */
uint64_t state_system_init_ms(const struct state *state);

/* Takes rows of an options layout that were appended to a batch just now, of one run. */
void state_take_rows(struct weir_decoder *decoder, const struct batch *batch, const struct weir_run *run,
                     uint32_t first_row, uint32_t row_count);

#endif
