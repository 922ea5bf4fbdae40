/* SPDX-License-Identifier: MIT */
/*
 * block.c - gives away blocks and parts of them
 */
#include "block.h"

#include <assert.h>
#include <stdlib.h>

/* Blocks, and parts, do not begin at the same place of a page, or the columns of many batches would take the same few
 * places of the cache from each other. */
enum { BLOCK_GAP = 69 * BLOCK_ALIGNMENT, ALL_PARTS = (1 << BLOCK_PARTS) - 1 };

static void push(struct block **first, struct block *block)
{
    block->previous = NULL;
    block->next = *first;
    if (*first != NULL)
        (*first)->previous = block;
    *first = block;
}

static void take_out(struct block **first, struct block *block)
{
    if (block->previous != NULL)
        block->previous->next = block->next;
    else
        *first = block->next;
    if (block->next != NULL)
        block->next->previous = block->previous;
}

int block_pool_init(struct block_pool *pool, uint32_t count, size_t block_bytes)
{
    block_bytes = (block_bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
    const size_t distance = block_bytes + BLOCK_GAP;
    *pool = (struct block_pool){
        .blocks = calloc(count, sizeof *pool->blocks),
        .memory = aligned_alloc(BLOCK_ALIGNMENT, distance * count),
        .block_bytes = block_bytes,
        .part_bytes = distance / BLOCK_PARTS / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT,
    };
    if (pool->blocks == NULL || pool->memory == NULL) {
        block_pool_done(pool);
        return -1;
    }
    for (uint32_t i = count; i-- > 0;) {
        pool->blocks[i].memory = pool->memory + i * distance;
        push(&pool->whole_first, &pool->blocks[i]);
    }
    return 0;
}

void block_pool_done(struct block_pool *pool)
{
    free(pool->blocks);
    free(pool->memory);
    *pool = (struct block_pool){0};
}

bool block_take_whole(struct block_pool *pool, struct block_piece *ret_piece)
{
    struct block *block = pool->whole_first;
    if (block == NULL)
        return false;
    take_out(&pool->whole_first, block);
    *ret_piece = (struct block_piece){
        .memory = block->memory,
        .size_bytes = pool->block_bytes,
        .block = (uint32_t)(block - pool->blocks),
        .whole = true,
    };
    return true;
}

bool block_take_part(struct block_pool *pool, struct block_piece *ret_piece)
{
    struct block *block = pool->cut_first;
    if (block == NULL) {
        block = pool->whole_first;
        if (block == NULL)
            return false;
        take_out(&pool->whole_first, block);
        block->free_parts = ALL_PARTS;
        push(&pool->cut_first, block);
    }
    const uint32_t part = (uint32_t)__builtin_ctz(block->free_parts);
    block->free_parts &= (uint8_t)(block->free_parts - 1);
    if (block->free_parts == 0)
        take_out(&pool->cut_first, block);
    *ret_piece = (struct block_piece){
        .memory = block->memory + part * pool->part_bytes,
        .size_bytes = pool->part_bytes,
        .block = (uint32_t)(block - pool->blocks),
        .part = part,
    };
    return true;
}

void block_give_back(struct block_pool *pool, const struct block_piece *piece)
{
    struct block *block = &pool->blocks[piece->block];
    if (!piece->whole) {
        assert((block->free_parts >> piece->part & 1) == 0);
        if (block->free_parts == 0)
            push(&pool->cut_first, block);
        block->free_parts |= (uint8_t)(1u << piece->part);
        if (block->free_parts != ALL_PARTS)
            return;
        take_out(&pool->cut_first, block);
        block->free_parts = 0;
    }
    push(&pool->whole_first, block);
}
