/* SPDX-License-Identifier: MIT */
/*
 * refusals.h - addresses whose datagrams were refused, to be told of now and then
 *
 * Of the 64 that came first since the last time each has a count of its own; the others count together. Nothing is
 * allocated.
 */
#ifndef WEIR_COLLECT_REFUSALS_H
#define WEIR_COLLECT_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

enum { REFUSALS_MAX = 64, REFUSALS_TOLD = 3, REFUSALS_EACH_US = 60000000 };

struct refusals {
    struct {
        struct weir_address address;
        uint64_t count;
    } entries[REFUSALS_MAX];
    size_t count;
    uint64_t others;  /* datagrams */
    int64_t told_us;
    bool told;        /* ever */
};

void refusals_note(struct refusals *refusals, const struct weir_address *address);

/* Writes a line about what was refused since the last one, and forgets it: the first time at once, then once a minute,
 * when there is anything. `now_us` never goes back. */
bool refusals_tell(struct refusals *refusals, int64_t now_us, char *text, size_t size_bytes);

#endif
