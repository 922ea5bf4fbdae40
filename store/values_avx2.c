/* SPDX-License-Identifier: MIT */
/*
 * values_avx2.c - loops of values.h for machines with AVX2, as the compiler makes them
 */
#include "values_avx2.h"

#include "values_loops.h"

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2")))

AVX2 void values_range_avx2(const struct store_values *values, bool is_signed, uint32_t first, uint32_t count,
                            int64_t *ret_least, int64_t *ret_greatest)
{
    FOR_WIDTH(values, is_signed, VALUES_RANGE);
}

AVX2 bool values_steps_avx2(const struct store_values *values, bool is_signed, int64_t base, uint32_t step,
                            uint32_t first, uint32_t count, uint32_t *ret_steps)
{
    uint64_t odd = 0;
    FOR_WIDTH(values, is_signed, VALUES_STEPS);
    return odd == 0;
}

AVX2 int64_t values_deltas_avx2(const int64_t *numbers, uint32_t count, bool narrow, uint64_t *ret_deltas,
                                uint64_t ret_any[4])
{
    VALUES_DELTAS()
}

#endif
