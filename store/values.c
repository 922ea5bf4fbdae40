/* SPDX-License-Identifier: MIT */
/*
 * values.c - loops over the items of a column: one for each width, so that none decides anything within
 */
#include "values_avx2.h"
#include "values_loops.h"

#include <string.h>

uint64_t values_rows(const struct store_values *values, uint32_t first, uint32_t count)
{
    if (values->repeats == NULL)
        return count;
    uint64_t rows = 0;
    for (uint32_t i = 0; i < count; i++)
        rows += values->repeats[first + i];
    return rows;
}

void values_widen(const struct store_values *values, bool is_signed, uint32_t first, uint32_t count, int64_t *ret_wide)
{
#define WIDEN(type)                                                                                             \
    {                                                                                                           \
        const type *items = (const type *)values->data + first;                                                 \
        for (uint32_t i = 0; i < count; i++)                                                                    \
            ret_wide[i] = (int64_t)items[i];                                                                    \
    }
    FOR_WIDTH(values, is_signed, WIDEN);
#undef WIDEN
}

void values_range(const struct store_values *values, bool is_signed, uint32_t first, uint32_t count, int64_t *ret_least,
                  int64_t *ret_greatest)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        values_range_avx2(values, is_signed, first, count, ret_least, ret_greatest);
        return;
    }
#endif
    FOR_WIDTH(values, is_signed, VALUES_RANGE);
}

bool values_steps(const struct store_values *values, bool is_signed, int64_t base, uint32_t step, uint32_t first,
                  uint32_t count, uint32_t *ret_steps)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return values_steps_avx2(values, is_signed, base, step, first, count, ret_steps);
#endif
    uint64_t odd = 0;
    FOR_WIDTH(values, is_signed, VALUES_STEPS);
    return odd == 0;
}

uint32_t values_changes(const struct store_values *values, uint32_t first, uint32_t count)
{
    uint32_t changes = 0;
#define CHANGES(type)                                                                                           \
    {                                                                                                           \
        const type *items = (const type *)values->data + first;                                                 \
        for (uint32_t i = 1; i < count; i++)                                                                    \
            changes += items[i] != items[i - 1];                                                                \
    }
    FOR_WIDTH(values, false, CHANGES);
#undef CHANGES
    return changes;
}

uint32_t values_runs(const struct store_values *values, uint32_t run_max, void *ret_items, uint32_t *ret_lengths)
{
    const uint8_t *data = values->data;
    const size_t width = values->width_bytes, rest = (values->item_count - 1) * width;
    uint32_t run_count = 0;
    if (run_max > 0 && memcmp(data, data + width, rest) == 0) { /* one run */
        memcpy(ret_items, data, width);
        ret_lengths[0] = values->item_count;
        return 1;
    }
#define RUNS(type)                                                                                              \
    {                                                                                                           \
        const type *items = values->data;                                                                       \
        type *to = ret_items;                                                                                   \
        for (uint32_t i = 0; i < values->item_count && run_count < run_max;) {                                  \
            const uint32_t begin = i;                                                                           \
            do                                                                                                  \
                i++;                                                                                            \
            while (i < values->item_count && items[i] == items[begin]);                                         \
            ret_lengths[run_count] = i - begin;                                                                 \
            to[run_count++] = items[begin];                                                                     \
            rows += i - begin;                                                                                  \
        }                                                                                                       \
    }
    uint64_t rows = 0;
    FOR_WIDTH(values, false, RUNS);
#undef RUNS
    return rows == values->item_count ? run_count : 0;
}

int64_t values_deltas(const int64_t *numbers, uint32_t count, bool narrow, uint64_t *ret_deltas, uint64_t ret_any[4])
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return values_deltas_avx2(numbers, count, narrow, ret_deltas, ret_any);
#endif
    VALUES_DELTAS()
}
