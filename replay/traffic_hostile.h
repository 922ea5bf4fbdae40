/* SPDX-License-Identifier: MIT */
/*
 * traffic_hostile.h - datagrams that nobody honest sends
 *
 * Garbage, headers that are cut, lengths that are wrong, templates that lie, and floods of templates with ever new IDs,
 * fields and domains. No flow can be decoded from them. Those with a whole header of v9 are numbered as its RFC wants
 * it, so that a collector finds none missing.
 */
#ifndef WEIR_REPLAY_TRAFFIC_HOSTILE_H
#define WEIR_REPLAY_TRAFFIC_HOSTILE_H

#include "chance.h"

#include <stddef.h>
#include <stdint.h>

enum { HOSTILE_BYTES_MAX = 1452 };

struct hostile {
    uint64_t count;    /* made so far */
    uint32_t sequence; /* of v9, in HOSTILE_DOMAIN */
    uint32_t domains;  /* other domains used so far */
    uint32_t templates;
};

#define HOSTILE_DOMAIN 0xbad00000u /* and those that follow it */

/* Writes one, of up to HOSTILE_BYTES_MAX octets; returns its length, which may be 0. */
size_t hostile_write(struct hostile *hostile, struct chance *chance, int64_t now_us, uint8_t *octets);

#endif
