/* SPDX-License-Identifier: MIT */
/*
 * values.h - what one column of one row group holds, before it is encoded
 *
 *     numbers     item_count of width_bytes each (1, 2, 4, 8), in the machine's byte order, signed as the type is
 *     fixed       item_count of width_bytes octets each (6, 16)
 *     variable    octets back to back, lengths[i] of each item
 *
 * An item stands for repeats[i] rows, or for one where `repeats` is NULL: what is the same for a whole datagram needs
 * no value for each row. No item at all: the column is null.
 */
#ifndef WEIR_STORE_VALUES_H
#define WEIR_STORE_VALUES_H

#include "column.h"

#include <stddef.h>

struct store_values {
    const void *data;
    const uint32_t *lengths; /* of variable ones; else NULL */
    const uint32_t *repeats; /* or NULL */
    uint32_t item_count;
    uint32_t width_bytes; /* 0: variable */
    uint32_t row_count;
};

/* How many rows the items from `first` on, `count` of them, stand for. */
uint64_t values_rows(const struct store_values *values, uint32_t first, uint32_t count);

/* Widens items of 1, 2, 4 or 8 octets to 64 bits. */
void values_widen(const struct store_values *values, bool is_signed, uint32_t first, uint32_t count, int64_t *ret_wide);

/* The least and the greatest of items of 1, 2, 4 or 8 octets, as they are ordered by their sign; count is at least
 * 1. */
void values_range(const struct store_values *values, bool is_signed, uint32_t first, uint32_t count, int64_t *ret_least,
                  int64_t *ret_greatest);

/* Tells how many steps each item is from the base, modulo 2^32. The step is 1, 1000 or 1000000. False where an item is
 * no whole multiple of it, or is 2^32 steps away or more. */
bool values_steps(const struct store_values *values, bool is_signed, int64_t base, uint32_t step, uint32_t first,
                  uint32_t count, uint32_t *ret_steps);

/* How many items of 1, 2, 4 or 8 octets differ from the one before, of those from `first` on. */
uint32_t values_changes(const struct store_values *values, uint32_t first, uint32_t count);

/* Makes one item of those that are alike and next to each other, with how many they were; of 1, 2, 4 or 8 octets, one
 * item at the least.
 * Returns how many are left; 0 where they would be more than `run_max`, for which there is room. */
uint32_t values_runs(const struct store_values *values, uint32_t run_max, void *ret_items, uint32_t *ret_lengths);

enum { VALUES_BLOCK = 128 };

/* The differences of `count` + 1 numbers, 1 to VALUES_BLOCK of them, less the least, which is returned; behind them
 * zeros to VALUES_BLOCK.
 * `ret_any`: all bits that are set in each quarter of them. With `narrow` numbers have 32 bits, and differences wrap
 * there. */
int64_t values_deltas(const int64_t *numbers, uint32_t count, bool narrow, uint64_t *ret_deltas, uint64_t ret_any[4]);

#endif
