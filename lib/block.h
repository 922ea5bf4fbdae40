/* SPDX-License-Identifier: MIT */
/*
 * block.h - the memory of a decoder's batches, made at start
 *
 * So many blocks of one size. One that is free can be given away whole, or be cut into BLOCK_PARTS that are given away
 * each by itself; it is whole again when all of them have come back:
 *
 *     +-----------------------------------------------+     +-----+-----+-----+-----+-----+-----+-----+-----+
 *     | whole                                         |     | 0   | 1   | 2   | ...                   | 7   |
 *     +-----------------------------------------------+     +-----+-----+-----+-----+-----+-----+-----+-----+
 *
 * What was given back last is given away first, as it is still in the cache.
 */
#ifndef WEIR_BLOCK_H
#define WEIR_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_PARTS = 8, BLOCK_ALIGNMENT = 64 };

struct block {
    uint8_t *memory;
    struct block *next, *previous; /* in the list of whole ones, or of those with free parts */
    uint8_t free_parts;            /* bit i: part i */
};

/* A piece that was given away: its memory, and which it is. */
struct block_piece {
    uint8_t *memory;
    size_t size_bytes;
    uint32_t block;
    uint32_t part;
    bool whole;
};

struct block_pool {
    struct block *blocks;
    uint8_t *memory;
    size_t block_bytes; /* that a whole block has; one begins a little later than where the one before ends */
    size_t part_bytes;
    struct block *whole_first, *cut_first;
};

/* 0, or -1 when memory is short. */
int block_pool_init(struct block_pool *pool, uint32_t count, size_t block_bytes);
void block_pool_done(struct block_pool *pool);

/* Gives away a block, or a part of one. False when there is none. */
bool block_take_whole(struct block_pool *pool, struct block_piece *ret_piece);
bool block_take_part(struct block_pool *pool, struct block_piece *ret_piece);

void block_give_back(struct block_pool *pool, const struct block_piece *piece);

#endif
