/* SPDX-License-Identifier: MIT */
/*
 * random_seed.h - a seed for hash tables whose keys peers choose: who does not know it cannot make them collide
 */
#ifndef WEIR_STORE_RANDOM_SEED_H
#define WEIR_STORE_RANDOM_SEED_H

#include <stdint.h>
#include <sys/random.h>

/* Never 0. */
static inline uint64_t random_seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = 0x2545f4914f6cdd1du ^ (uint64_t)(uintptr_t)&seed; /* early at boot: where the stack lies */
    return seed | 1;
}

#endif
