/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - the plain kernels, for every machine
 *
 * The loops are written per width so that the compiler sees constant lengths and turns each load and swap into
 * an instruction or two.
 */
#include "kernel.h"

#include <string.h>

static inline uint64_t load(const uint8_t *p, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | p[i];
    return value;
}

#define KERNEL_UNSIGNED(name, type, octets)                                                                     \
    static void name(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)           \
    {                                                                                                           \
        (void)width;                                                                                            \
        type *to = column;                                                                                      \
        for (size_t i = 0; i < count; i++, source += stride)                                                    \
            to[i] = (type)load(source, octets);                                                                 \
    }

KERNEL_UNSIGNED(copy_u8, uint8_t, 1)
KERNEL_UNSIGNED(copy_u24, uint32_t, 3)
KERNEL_UNSIGNED(copy_u40, uint64_t, 5)
KERNEL_UNSIGNED(copy_u48, uint64_t, 6)
KERNEL_UNSIGNED(copy_u56, uint64_t, 7)

#define KERNEL_SWAP(name, type, swap)                                                                           \
    static void name(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)           \
    {                                                                                                           \
        (void)width;                                                                                            \
        type *to = column;                                                                                      \
        for (size_t i = 0; i < count; i++, source += stride) {                                                  \
            type value;                                                                                         \
            memcpy(&value, source, sizeof value);                                                               \
            to[i] = swap(value);                                                                                \
        }                                                                                                       \
    }

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
KERNEL_SWAP(copy_u16, uint16_t, __builtin_bswap16)
KERNEL_SWAP(copy_u32, uint32_t, __builtin_bswap32)
KERNEL_SWAP(copy_u64, uint64_t, __builtin_bswap64)
#else
KERNEL_SWAP(copy_u16, uint16_t, )
KERNEL_SWAP(copy_u32, uint32_t, )
KERNEL_SWAP(copy_u64, uint64_t, )
#endif

/* Widens with the sign: the value goes to the top of 64 bits and comes down again. */
#define KERNEL_SIGNED(name, type, octets)                                                                       \
    static void name(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)           \
    {                                                                                                           \
        (void)width;                                                                                            \
        type *to = column;                                                                                      \
        for (size_t i = 0; i < count; i++, source += stride)                                                    \
            to[i] = (type)((int64_t)(load(source, octets) << (64 - 8 * (octets))) >> (64 - 8 * (octets)));      \
    }

KERNEL_SIGNED(copy_i24, int32_t, 3)
KERNEL_SIGNED(copy_i40, int64_t, 5)
KERNEL_SIGNED(copy_i48, int64_t, 6)
KERNEL_SIGNED(copy_i56, int64_t, 7)

static void copy_octets(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)
{
    uint8_t *to = column;
    for (size_t i = 0; i < count; i++, source += stride, to += width)
        memcpy(to, source, width);
}

static void copy_octets_6(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)
{
    (void)width;
    uint8_t *to = column;
    for (size_t i = 0; i < count; i++, source += stride, to += 6)
        memcpy(to, source, 6);
}

static void copy_octets_16(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)
{
    (void)width;
    uint8_t *to = column;
    for (size_t i = 0; i < count; i++, source += stride, to += 16)
        memcpy(to, source, 16);
}

kernel_copy *kernel_for_unsigned(size_t width)
{
    static kernel_copy *const kernels[] = {NULL,     copy_u8,  copy_u16, copy_u24, copy_u32,
                                           copy_u40, copy_u48, copy_u56, copy_u64};
    return width < sizeof kernels / sizeof *kernels ? kernels[width] : NULL;
}

kernel_copy *kernel_for_signed(size_t width)
{
    static kernel_copy *const kernels[] = {NULL,     copy_u8,  copy_u16, copy_i24, copy_u32,
                                           copy_i40, copy_i48, copy_i56, copy_u64};
    return width < sizeof kernels / sizeof *kernels ? kernels[width] : NULL;
}

kernel_copy *kernel_for_octets(size_t width)
{
    switch (width) {
    case 6:
        return copy_octets_6;
    case 16:
        return copy_octets_16;
    default:
        return copy_octets;
    }
}
