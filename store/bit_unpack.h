/* SPDX-License-Identifier: MIT */
/*
 * bit_unpack.h - reads what bit_pack.h and delta_pack.h write
 *
 * Octets may be anything; what does not fit its form is an error, never a read beyond the end. Behind the end there are
 * BIT_UNPACK_SLACK_BYTES readable octets of any value: packed numbers are loaded eight octets at a time.
 */
#ifndef WEIR_STORE_BIT_UNPACK_H
#define WEIR_STORE_BIT_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BIT_UNPACK_SLACK_BYTES = 8 };

/* A cursor over the hybrid of runs and packed bits. */
struct hybrid_reader {
    const uint8_t *at, *end;
    unsigned bits;
    uint64_t run_left;    /* values that are left of a run of `value` */
    uint32_t value;
    uint64_t packed_left; /* values that are left of packed ones, which begin at `packed` */
    const uint8_t *packed;
    size_t packed_from;   /* the first of them that was not read, counted from `packed` */
};

/* Values of `bits` bits, 0 to 32. */
struct hybrid_reader hybrid_reader_init(const uint8_t *data, size_t size_bytes, unsigned bits);

/* The next `count` values. False where there are not so many. */
bool hybrid_read(struct hybrid_reader *reader, uint32_t *ret_values, size_t count);

/* Whether nothing but what fills up the last group is left. */
bool hybrid_at_end(const struct hybrid_reader *reader);

/* Reads exactly `count` values of DELTA_BINARY_PACKED, with `narrow` of Parquet's INT32. False where the octets are
 * something else, or have more or fewer. */
bool delta_unpack(const uint8_t *data, size_t size_bytes, bool narrow, size_t count, int64_t *ret_values);

#endif
