/* SPDX-License-Identifier: MIT */
/*
 * values_avx2.h - loops of values.h for machines with AVX2: without it there is neither a least nor a greatest of most
 * widths
 */
#ifndef WEIR_STORE_VALUES_AVX2_H
#define WEIR_STORE_VALUES_AVX2_H

#include "values.h"

#if defined(__x86_64__)

void values_range_avx2(const struct store_values *values, bool is_signed, uint32_t first, uint32_t count,
                       int64_t *ret_least, int64_t *ret_greatest);

bool values_steps_avx2(const struct store_values *values, bool is_signed, int64_t base, uint32_t step, uint32_t first,
                       uint32_t count, uint32_t *ret_steps);

int64_t values_deltas_avx2(const int64_t *numbers, uint32_t count, bool narrow, uint64_t *ret_deltas,
                           uint64_t ret_any[4]);

#endif

#endif
