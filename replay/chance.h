/* SPDX-License-Identifier: MIT */
/*
 * chance.h - numbers at random, the same ones for the same seed
 *
 * SplitMix64: small, fast, and any seed is a good one.
 */
#ifndef WEIR_REPLAY_CHANCE_H
#define WEIR_REPLAY_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

static inline uint64_t chance_draw(struct chance *chance)
{
    uint64_t z = chance->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* From 0 up to, without, `limit`. */
static inline uint32_t chance_below(struct chance *chance, uint32_t limit)
{
    return (uint32_t)((chance_draw(chance) >> 32) * limit >> 32);
}

/* The same, the small ones far more often: few hosts have most of the traffic. */
static inline uint32_t chance_skewed(struct chance *chance, uint32_t limit)
{
    const double u = (double)(chance_draw(chance) >> 11) * 0x1p-53;
    return (uint32_t)(limit * u * u * u * u);
}

/* True in this share of the cases, 0 to 1. A share of 0 draws nothing. */
static inline bool chance_hits(struct chance *chance, double share)
{
    return share > 0 && (double)(chance_draw(chance) >> 11) * 0x1p-53 < share;
}

#endif
