/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - copies one field of many records into a column
 *
 *     records  |..AA....|..BB....|..CC....|      one every `stride` octets, big endian
 *     column   |AA|BB|CC|                        without gaps, in the machine's order
 *
 * A kernel reads exactly the octets of its field, never one beside it, so that it may run up to the very end
 * of the input.
 */
#ifndef WEIR_KERNEL_H
#define WEIR_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* Copies `count` values. `source` points at the field in the first record; `width` is the field's length in
 * octets on the wire (only the kernels for any length look at it). */
typedef void kernel_copy(void *column, const uint8_t *source, size_t stride, size_t count, size_t width);

/* The same where the records are of different lengths: record i begins at `base` + starts[i]. */
typedef void kernel_gather(void *column, const uint8_t *base, const uint32_t *starts, size_t count, size_t width);

/* The kernel that copies an integer of `width` octets (1 to 8) into the next wider type. */
kernel_copy *kernel_for_unsigned(size_t width);
kernel_copy *kernel_for_signed(size_t width);

/* The kernel that copies `width` octets as they are. */
kernel_copy *kernel_for_octets(size_t width);

/* The same for records of different lengths. */
kernel_gather *kernel_gather_unsigned(size_t width);
kernel_gather *kernel_gather_signed(size_t width);
kernel_gather *kernel_gather_octets(size_t width);

#endif
