/* SPDX-License-Identifier: MIT */
/*
 * window_avx2.c - the kernels of window.h for machines with AVX2
 *
 * A register of 32 octets holds a window of two records, one in each half. The halves never mix, so the two records
 * are chosen such that the values come out in order: records i and i + 4 for fields of up to four octets.
 */
#include "window.h"

#if !defined(__x86_64__)

const struct window_kernels *window_kernels_avx2(void)
{
    return NULL;
}

#else

#include <assert.h>
#include <immintrin.h>
#include <stdbool.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE __attribute__((target("avx2"), always_inline)) static inline

/* Where the records lie: every `stride` octets from `base`, or at `base` + starts[i] where there are `starts`. */
struct records {
    const uint8_t *base;
    const uint32_t *starts;
    size_t stride;
};

AVX2_INLINE __m128i load(const struct records *records, size_t i)
{
    const size_t at = records->starts != NULL ? records->starts[i] : i * records->stride;
    return _mm_loadu_si128((const __m128i_u *)(records->base + at));
}

AVX2_INLINE __m256i load_two(const struct records *records, size_t i, size_t j, __m256i shuffle)
{
    const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(load(records, i)), load(records, j), 1);
    return _mm256_shuffle_epi8(both, shuffle);
}

/* The record that the `i`-th on are copied from, in blocks of `block`: the last block ends with the last record. */
AVX2_INLINE size_t first_of(size_t i, size_t count, size_t block)
{
    return i + block <= count ? i : count - block;
}

/* Eight values of 32 bits each: those of fewer octets are moved together, and what stands behind them is to be written
 * over by the rows that follow. No branch: with many layouts nothing could tell which way it goes. */
AVX2_INLINE void store(uint8_t *to, __m256i values, __m256i squeeze, __m256i order)
{
    const __m256i squeezed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(values, squeeze), order);
    _mm256_storeu_si256((__m256i_u *)to, squeezed);
}

/* How a value of 32 bits becomes one of `width_bytes`, in each half; and how the halves are joined. */
AVX2_INLINE __m256i squeeze_of(size_t width_bytes)
{
    static const uint8_t shuffles[5][16] = {
        [1] = {0, 4, 8, 12},
        [2] = {0, 1, 4, 5, 8, 9, 12, 13},
        [4] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    };
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i_u *)shuffles[width_bytes]));
}

AVX2_INLINE __m256i order_of(size_t width_bytes)
{
    static const uint32_t orders[5][8] = {
        [1] = {0, 4},
        [2] = {0, 1, 4, 5},
        [4] = {0, 1, 2, 3, 4, 5, 6, 7},
    };
    return _mm256_loadu_si256((const __m256i_u *)orders[width_bytes]);
}

/* Four fields of up to four octets, of eight records at a time. */
AVX2_INLINE void copy_fours(const struct window *window, uint8_t *const to[], const struct records *records,
                            size_t count, __m256i shuffle)
{
    const uint8_t *w = window->width_bytes;
    const size_t width_a = w[0], width_b = w[1], width_c = w[2], width_d = w[3];
    const __m256i squeeze_a = squeeze_of(width_a), squeeze_b = squeeze_of(width_b);
    const __m256i squeeze_c = squeeze_of(width_c), squeeze_d = squeeze_of(width_d);
    const __m256i order_a = order_of(width_a), order_b = order_of(width_b);
    const __m256i order_c = order_of(width_c), order_d = order_of(width_d);
    uint8_t *const a = to[0], *const b = to[1], *const c = to[2], *const d = to[3];
    for (size_t i = 0; i < count; i += WINDOW_RECORDS) {
        const size_t from = first_of(i, count, WINDOW_RECORDS);
        const __m256i r04 = load_two(records, from, from + 4, shuffle);
        const __m256i r15 = load_two(records, from + 1, from + 5, shuffle);
        const __m256i r26 = load_two(records, from + 2, from + 6, shuffle);
        const __m256i r37 = load_two(records, from + 3, from + 7, shuffle);
        const __m256i low_01 = _mm256_unpacklo_epi32(r04, r15), high_01 = _mm256_unpackhi_epi32(r04, r15);
        const __m256i low_23 = _mm256_unpacklo_epi32(r26, r37), high_23 = _mm256_unpackhi_epi32(r26, r37);
        store(a + from * width_a, _mm256_unpacklo_epi64(low_01, low_23), squeeze_a, order_a);
        store(b + from * width_b, _mm256_unpackhi_epi64(low_01, low_23), squeeze_b, order_b);
        store(c + from * width_c, _mm256_unpacklo_epi64(high_01, high_23), squeeze_c, order_c);
        store(d + from * width_d, _mm256_unpackhi_epi64(high_01, high_23), squeeze_d, order_d);
    }
}

/* Two fields of five to eight octets, of four records at a time. */
AVX2_INLINE void copy_eights(uint8_t *const to[], const struct records *records, size_t count, __m256i shuffle)
{
    uint8_t *const a = to[0], *const b = to[1];
    for (size_t i = 0; i < count; i += 4) {
        const size_t from = first_of(i, count, 4);
        const __m256i r02 = load_two(records, from, from + 2, shuffle);
        const __m256i r13 = load_two(records, from + 1, from + 3, shuffle);
        _mm256_storeu_si256((__m256i_u *)(a + 8 * from), _mm256_unpacklo_epi64(r02, r13));
        _mm256_storeu_si256((__m256i_u *)(b + 8 * from), _mm256_unpackhi_epi64(r02, r13));
    }
}

AVX2_INLINE void copy_all(const struct window *window, uint8_t *const *columns, size_t row,
                          const struct records *records, size_t count)
{
    const __m256i shuffle = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i_u *)window->shuffle));
    uint8_t *to[WINDOW_FIELDS];
    const bool eights = window->width_bytes[0] == 8;
    assert(count >= WINDOW_RECORDS);
    for (size_t i = 0; i < (eights ? WINDOW_FIELDS / 2 : WINDOW_FIELDS); i++)
        to[i] = columns[window->column[i]] + row * window->width_bytes[i];
    if (eights)
        copy_eights(to, records, count, shuffle);
    else
        copy_fours(window, to, records, count, shuffle);
}

AVX2 static void copy(const struct window *window, uint8_t *const *columns, size_t row, const uint8_t *source,
                      size_t stride, size_t count)
{
    const struct records records = {.base = source + window->offset, .stride = stride};
    copy_all(window, columns, row, &records, count);
}

AVX2 static void gather(const struct window *window, uint8_t *const *columns, size_t row, const uint8_t *base,
                        const uint32_t *starts, size_t count)
{
    const struct records records = {.base = base + window->offset, .starts = starts};
    copy_all(window, columns, row, &records, count);
}

const struct window_kernels *window_kernels_avx2(void)
{
    static const struct window_kernels kernels = {copy, gather};
    return &kernels;
}

#endif
