/* SPDX-License-Identifier: MIT */
/*
 * hash.h - the hash of the decoder's tables: 64 x 64 -> 128 bit multiplications, folded, over a seed that
 * peers do not know
 */
#ifndef WEIR_HASH_H
#define WEIR_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(uint64_t seed, const void *data, size_t size_bytes)
{
    const uint8_t *p = data;
    uint64_t hash = seed ^ size_bytes;
    for (; size_bytes >= 8; p += 8, size_bytes -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        hash = hash_mix(hash ^ seed, word ^ hash);
    }
    uint64_t tail = 0;
    memcpy(&tail, p, size_bytes);
    return hash_mix(hash ^ seed, tail ^ hash);
}

#endif
