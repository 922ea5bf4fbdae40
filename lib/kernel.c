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

static inline uint16_t load_u16(const uint8_t *p)
{
    uint16_t value;
    memcpy(&value, p, sizeof value);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(value) : value;
}

static inline uint32_t load_u32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(value) : value;
}

static inline uint64_t load_u64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

/* Widens with the sign: the value goes to the top of 64 bits and comes down again. */
static inline int64_t load_signed(const uint8_t *p, size_t width)
{
    return (int64_t)(load(p, width) << (64 - 8 * width)) >> (64 - 8 * width);
}

#define LOAD_U8(p) (*(p))
#define LOAD_U24(p) load(p, 3)
#define LOAD_U40(p) load(p, 5)
#define LOAD_U48(p) load(p, 6)
#define LOAD_U56(p) load(p, 7)
#define LOAD_I24(p) load_signed(p, 3)
#define LOAD_I40(p) load_signed(p, 5)
#define LOAD_I48(p) load_signed(p, 6)
#define LOAD_I56(p) load_signed(p, 7)

/* Both kernels of one width. */
#define KERNELS(name, type, LOAD)                                                                               \
    static void copy_##name(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)    \
    {                                                                                                           \
        (void)width;                                                                                            \
        type *to = column;                                                                                      \
        for (size_t i = 0; i < count; i++, source += stride)                                                    \
            to[i] = (type)LOAD(source);                                                                         \
    }                                                                                                           \
    static void gather_##name(void *column, const uint8_t *base, const uint32_t *starts, size_t count,         \
                              size_t width)                                                                     \
    {                                                                                                           \
        (void)width;                                                                                            \
        type *to = column;                                                                                      \
        for (size_t i = 0; i < count; i++)                                                                      \
            to[i] = (type)LOAD(base + starts[i]);                                                               \
    }

KERNELS(u8, uint8_t, LOAD_U8)
KERNELS(u16, uint16_t, load_u16)
KERNELS(u24, uint32_t, LOAD_U24)
KERNELS(u32, uint32_t, load_u32)
KERNELS(u40, uint64_t, LOAD_U40)
KERNELS(u48, uint64_t, LOAD_U48)
KERNELS(u56, uint64_t, LOAD_U56)
KERNELS(u64, uint64_t, load_u64)
KERNELS(i24, int32_t, LOAD_I24)
KERNELS(i40, int64_t, LOAD_I40)
KERNELS(i48, int64_t, LOAD_I48)
KERNELS(i56, int64_t, LOAD_I56)

static void copy_octets(void *column, const uint8_t *source, size_t stride, size_t count, size_t width)
{
    uint8_t *to = column;
    for (size_t i = 0; i < count; i++, source += stride, to += width)
        memcpy(to, source, width);
}

static void gather_octets(void *column, const uint8_t *base, const uint32_t *starts, size_t count, size_t width)
{
    uint8_t *to = column;
    for (size_t i = 0; i < count; i++, to += width)
        memcpy(to, base + starts[i], width);
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

enum { WIDTHS = 9 };

kernel_copy *kernel_for_unsigned(size_t width)
{
    static kernel_copy *const kernels[WIDTHS] = {NULL,     copy_u8,  copy_u16, copy_u24, copy_u32,
                                                 copy_u40, copy_u48, copy_u56, copy_u64};
    return width < WIDTHS ? kernels[width] : NULL;
}

kernel_copy *kernel_for_signed(size_t width)
{
    static kernel_copy *const kernels[WIDTHS] = {NULL,     copy_u8,  copy_u16, copy_i24, copy_u32,
                                                 copy_i40, copy_i48, copy_i56, copy_u64};
    return width < WIDTHS ? kernels[width] : NULL;
}

kernel_copy *kernel_for_octets(size_t width)
{
    return width == 6 ? copy_octets_6 : width == 16 ? copy_octets_16 : copy_octets;
}

kernel_gather *kernel_gather_unsigned(size_t width)
{
    static kernel_gather *const kernels[WIDTHS] = {NULL,       gather_u8,  gather_u16, gather_u24, gather_u32,
                                                   gather_u40, gather_u48, gather_u56, gather_u64};
    return width < WIDTHS ? kernels[width] : NULL;
}

kernel_gather *kernel_gather_signed(size_t width)
{
    static kernel_gather *const kernels[WIDTHS] = {NULL,       gather_u8,  gather_u16, gather_i24, gather_u32,
                                                   gather_i40, gather_i48, gather_i56, gather_u64};
    return width < WIDTHS ? kernels[width] : NULL;
}

kernel_gather *kernel_gather_octets(size_t width)
{
    (void)width;
    return gather_octets;
}
