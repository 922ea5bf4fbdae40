/* SPDX-License-Identifier: MIT */
/*
 * wire.h - a cursor over octets from the network
 *
 * Reads past the end give zero and set `error`, which stays set: a parser reads what belongs together and
 * checks once.
 */
#ifndef WEIR_WIRE_H
#define WEIR_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
    const uint8_t *at;
    const uint8_t *end;
    bool error;
};

static inline struct wire wire_init(const uint8_t *data, size_t size_bytes)
{
    return (struct wire){.at = data, .end = size_bytes == 0 ? data : data + size_bytes}; /* data may be NULL then */
}

static inline size_t wire_left(const struct wire *wire)
{
    return wire->end == wire->at ? 0 : (size_t)(wire->end - wire->at);
}

/* The next `size_bytes` octets, or NULL when there are not so many. */
static inline const uint8_t *wire_take(struct wire *wire, size_t size_bytes)
{
    if (wire->error || wire_left(wire) < size_bytes) {
        wire->error = true;
        return NULL;
    }
    const uint8_t *taken = wire->at;
    wire->at += size_bytes;
    return taken;
}

static inline uint8_t wire_u8(struct wire *wire)
{
    const uint8_t *p = wire_take(wire, 1);
    return p == NULL ? 0 : *p;
}

static inline uint16_t wire_u16(struct wire *wire)
{
    const uint8_t *p = wire_take(wire, 2);
    return (uint16_t)(p == NULL ? 0 : p[0] << 8 | p[1]);
}

static inline uint32_t wire_u32(struct wire *wire)
{
    const uint8_t *p = wire_take(wire, 4);
    return p == NULL ? 0 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
