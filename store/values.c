/* SPDX-License-Identifier: MIT */
/*
 * values.c - loops over the items of a column: one for each width, so that none decides anything within
 */
#include "values.h"

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

/* Calls loop(type) for the type that the items have. */
#define FOR_WIDTH(values, is_signed, loop)                                                                      \
    do {                                                                                                        \
        switch ((values)->width_bytes * 2 + ((is_signed) ? 1 : 0)) {                                            \
        case 2: loop(uint8_t) break;                                                                            \
        case 3: loop(int8_t) break;                                                                             \
        case 4: loop(uint16_t) break;                                                                           \
        case 5: loop(int16_t) break;                                                                            \
        case 8: loop(uint32_t) break;                                                                           \
        case 9: loop(int32_t) break;                                                                            \
        case 16: loop(uint64_t) break;                                                                          \
        default: loop(int64_t) break;                                                                           \
        }                                                                                                       \
    } while (0)

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
#define RANGE(type)                                                                                             \
    {                                                                                                           \
        const type *items = (const type *)values->data + first;                                                 \
        type least = items[0], greatest = items[0];                                                             \
        for (uint32_t i = 0; i < count; i++) {                                                                  \
            least = items[i] < least ? items[i] : least;                                                        \
            greatest = items[i] > greatest ? items[i] : greatest;                                               \
        }                                                                                                       \
        *ret_least = (int64_t)least;                                                                            \
        *ret_greatest = (int64_t)greatest;                                                                      \
    }
    FOR_WIDTH(values, is_signed, RANGE);
#undef RANGE
}

bool values_count(const struct store_values *values, bool is_signed, int64_t base, uint32_t step, uint32_t *counts)
{
    uint64_t odd = 0;
    /* Each step a loop of its own: a division by a constant is a multiplication. */
#define COUNT_BY(type, by)                                                                                      \
    for (uint32_t i = 0; i < values->item_count; i++) {                                                         \
        const uint64_t distance = (uint64_t)(int64_t)items[i] - (uint64_t)base;                                 \
        odd |= distance % (by);                                                                                 \
        counts[distance / (by)]++;                                                                              \
    }
#define COUNT(type)                                                                                             \
    {                                                                                                           \
        const type *items = values->data;                                                                       \
        if (step == 1)                                                                                          \
            COUNT_BY(type, 1u)                                                                                  \
        else if (step == 1000)                                                                                  \
            COUNT_BY(type, 1000u)                                                                               \
        else                                                                                                    \
            COUNT_BY(type, 1000000u)                                                                            \
    }
    FOR_WIDTH(values, is_signed, COUNT);
#undef COUNT
#undef COUNT_BY
    return odd == 0;
}

void values_look_up(const struct store_values *values, bool is_signed, int64_t base, uint32_t step, const uint32_t *table,
                    uint32_t *ret_codes)
{
#define LOOK_UP_BY(by)                                                                                          \
    for (uint32_t i = 0; i < values->item_count; i++)                                                           \
        ret_codes[i] = table[((uint64_t)(int64_t)items[i] - (uint64_t)base) / (by)];
#define LOOK_UP(type)                                                                                           \
    {                                                                                                           \
        const type *items = values->data;                                                                       \
        if (step == 1)                                                                                          \
            LOOK_UP_BY(1u)                                                                                      \
        else if (step == 1000)                                                                                  \
            LOOK_UP_BY(1000u)                                                                                   \
        else                                                                                                    \
            LOOK_UP_BY(1000000u)                                                                                \
    }
    FOR_WIDTH(values, is_signed, LOOK_UP);
#undef LOOK_UP
#undef LOOK_UP_BY
}
