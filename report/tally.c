/* SPDX-License-Identifier: MIT */
/* tally.c - sums by key, in bounded memory: rows in an array, found by open addressing */
#include "tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

#define EMPTY UINT32_MAX

struct tally {
    struct tally_row *rows;
    uint32_t *slots; /* index into rows, twice as many as there can be rows */
    uint32_t row_count, row_capacity, rows_max;
    uint32_t slot_mask;
    uint64_t error_bytes;
    uint64_t seed;
};

struct tally *tally_create(uint32_t keys_max)
{
    struct tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL)
        return NULL;
    tally->rows_max = keys_max < 16 ? 16 : keys_max > 1u << 24 ? 1u << 24 : keys_max;
    tally->seed = hash_seed();
    return tally;
}

void tally_free(struct tally *tally)
{
    if (tally == NULL)
        return;
    free(tally->rows);
    free(tally->slots);
    free(tally);
}

uint32_t tally_count(const struct tally *tally)
{
    return tally->row_count;
}

uint64_t tally_error_bytes(const struct tally *tally)
{
    return tally->error_bytes;
}

/* The slot where the key is, or the empty one where it would be. */
static uint32_t slot_find(const struct tally *tally, const uint8_t key[TALLY_KEY_MAX])
{
    uint32_t slot = (uint32_t)hash_bytes(key, TALLY_KEY_MAX, tally->seed) & tally->slot_mask;
    while (tally->slots[slot] != EMPTY && memcmp(tally->rows[tally->slots[slot]].key, key, TALLY_KEY_MAX) != 0)
        slot = (slot + 1) & tally->slot_mask;
    return slot;
}

static void slots_fill(struct tally *tally)
{
    memset(tally->slots, 0xff, ((size_t)tally->slot_mask + 1) * sizeof *tally->slots);
    for (uint32_t i = 0; i < tally->row_count; i++)
        tally->slots[slot_find(tally, tally->rows[i].key)] = i;
}

static int compare_bytes(const void *a, const void *b)
{
    const struct tally_row *left = a, *right = b;
    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    if (left->connections != right->connections)
        return left->connections > right->connections ? -1 : 1;
    return memcmp(left->key, right->key, TALLY_KEY_MAX); /* the same order in every run */
}

static void drop_half(struct tally *tally)
{
    qsort(tally->rows, tally->row_count, sizeof *tally->rows, compare_bytes);
    tally->row_count /= 2;
    tally->error_bytes += tally->rows[tally->row_count].bytes;
    slots_fill(tally);
}

/* Makes room for a row; when memory is short, with what there is. Returns -1 when there is none at all. */
static int make_room(struct tally *tally)
{
    if (tally->row_count < tally->row_capacity)
        return 0;
    uint32_t capacity = tally->row_capacity == 0 ? 256 : tally->row_capacity * 2;
    if (capacity > tally->rows_max)
        capacity = tally->rows_max;
    if (capacity == tally->row_capacity) {
        drop_half(tally);
        return 0;
    }
    uint32_t slot_count = 1;
    while (slot_count < capacity * 2)
        slot_count *= 2;
    uint32_t *slots = malloc(slot_count * sizeof *slots);
    struct tally_row *rows = slots != NULL ? realloc(tally->rows, capacity * sizeof *rows) : NULL;
    if (rows == NULL) {
        free(slots);
        if (tally->row_count < 2)
            return -1;
        drop_half(tally);
        return 0;
    }
    free(tally->slots);
    tally->slots = slots;
    tally->rows = rows;
    tally->row_capacity = capacity;
    tally->slot_mask = slot_count - 1;
    slots_fill(tally);
    return 0;
}

void tally_add(struct tally *tally, const void *key, size_t key_bytes, uint64_t bytes, uint64_t packets)
{
    uint8_t padded[TALLY_KEY_MAX] = {0};
    assert(key_bytes <= TALLY_KEY_MAX);
    memcpy(padded, key, key_bytes);
    if (tally->slots == NULL && make_room(tally) != 0)
        return;
    uint32_t slot = slot_find(tally, padded);
    if (tally->slots[slot] == EMPTY) {
        if (make_room(tally) != 0)
            return;
        slot = slot_find(tally, padded);
        struct tally_row *row = &tally->rows[tally->row_count];
        memset(row, 0, sizeof *row);
        memcpy(row->key, padded, TALLY_KEY_MAX);
        tally->slots[slot] = tally->row_count++;
    }
    struct tally_row *row = &tally->rows[tally->slots[slot]];
    row->bytes = row->bytes > UINT64_MAX - bytes ? UINT64_MAX : row->bytes + bytes;
    row->packets = row->packets > UINT64_MAX - packets ? UINT64_MAX : row->packets + packets;
    row->connections++;
}

uint32_t tally_top(const struct tally *tally, struct tally_row *ret_rows, uint32_t max)
{
    uint32_t count = 0;
    if (max == 0)
        return 0;
    for (uint32_t i = 0; i < tally->row_count; i++) { /* few are asked for: insertion does */
        const struct tally_row *row = &tally->rows[i];
        if (count == max && compare_bytes(row, &ret_rows[count - 1]) > 0)
            continue;
        uint32_t place = count < max ? count++ : count - 1;
        for (; place > 0 && compare_bytes(row, &ret_rows[place - 1]) < 0; place--)
            ret_rows[place] = ret_rows[place - 1];
        ret_rows[place] = *row;
    }
    return count;
}
