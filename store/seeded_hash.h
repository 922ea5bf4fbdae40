/* SPDX-License-Identifier: MIT */
/*
 * seeded_hash.h - the hash of tables whose keys peers choose: who does not know its seed cannot make them collide
 *
 * 64 x 64 -> 128 bit multiplications, folded.
 */
#ifndef WEIR_STORE_SEEDED_HASH_H
#define WEIR_STORE_SEEDED_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

/* Never 0. */
static inline uint64_t random_seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = 0x2545f4914f6cdd1du ^ (uint64_t)(uintptr_t)&seed; /* early at boot: where the stack lies */
    return seed | 1;
}

static inline uint64_t seeded_mix(uint64_t a, uint64_t b)
{
    __extension__ const unsigned __int128 product =
        (unsigned __int128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t seeded_hash(uint64_t seed, const uint8_t *data, size_t size_bytes)
{
    uint64_t hash = seed ^ size_bytes, word;
    for (; size_bytes >= 8; data += 8, size_bytes -= 8) {
        memcpy(&word, data, 8);
        hash = seeded_mix(hash ^ seed, word ^ hash);
    }
    word = 0;
    memcpy(&word, data, size_bytes);
    return seeded_mix(hash ^ seed, word ^ hash);
}

#endif
