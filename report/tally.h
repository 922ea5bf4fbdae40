/* SPDX-License-Identifier: MIT */
/*
 * tally.h - sums by key, in bounded memory
 *
 * Counts bytes, packets and connections for each key. When more keys come than fit, the half with the fewest bytes
 * is dropped: what is left at the top is right but for what a key had summed up before it was dropped, and
 * tally_error_bytes() tells how much that can be.
 */
#ifndef REPORT_TALLY_H
#define REPORT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_KEY_MAX 40

struct tally_row {
    uint8_t key[TALLY_KEY_MAX]; /* zero behind the key */
    uint64_t bytes;
    uint64_t packets;
    uint64_t connections;
};

struct tally;

struct tally *tally_create(uint32_t keys_max); /* NULL when memory is short */
void tally_free(struct tally *tally);

/* Adds to a key of up to TALLY_KEY_MAX octets; keys that differ only in zeros behind them are the same. */
void tally_add(struct tally *tally, const void *key, size_t key_bytes, uint64_t bytes, uint64_t packets);

/* Copies the rows with the most bytes, largest first. Returns how many. */
uint32_t tally_top(const struct tally *tally, struct tally_row *ret_rows, uint32_t max);

uint32_t tally_count(const struct tally *tally);      /* keys held */
uint64_t tally_error_bytes(const struct tally *tally); /* 0 when all sums are exact */

#endif
