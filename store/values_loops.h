/* SPDX-License-Identifier: MIT */
/*
 * values_loops.h - loops over items of any width, for the files that compile them for one kind of machine each
 */
#ifndef WEIR_STORE_VALUES_LOOPS_H
#define WEIR_STORE_VALUES_LOOPS_H

#include "values.h"

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

/* values_range(): the body of a function with these parameters. */
#define VALUES_RANGE(type)                                                                                      \
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

/*
 * values_steps(): `by` is a step, which is 2^shift times an odd number, and `inverse` the inverse of that one modulo
 * 2^32. What is a whole multiple is divided by it in a multiplication; what is not gives something that does not come
 * to the item again.
 */
#define VALUES_STEPS_BY(by, shift, inverse)                                                                     \
    for (uint32_t i = 0; i < count; i++) {                                                                      \
        const uint64_t distance = (uint64_t)(int64_t)items[i] - (uint64_t)base;                                 \
        const uint32_t steps = (uint32_t)(distance >> (shift)) * (inverse);                                     \
        odd |= distance ^ (uint64_t)steps * (by);                                                               \
        ret_steps[i] = steps;                                                                                   \
    }

#define VALUES_STEPS(type)                                                                                      \
    {                                                                                                           \
        const type *items = (const type *)values->data + first;                                                 \
        if (step == 1)                                                                                          \
            VALUES_STEPS_BY(1u, 0, 1u)                                                                          \
        else if (step == 1000)                                                                                  \
            VALUES_STEPS_BY(1000u, 3, 0x26e978d5u)                                                              \
        else                                                                                                    \
            VALUES_STEPS_BY(1000000u, 6, 0x68c26139u)                                                  \
    }

/*
 * values_deltas(): a function's body. The deltas of a block of 128, with the least of them taken away, and all bits
 * that are set in each quarter of them. What is missing is made up with the least.
 */
#define VALUES_DELTAS()                                                                                         \
    int64_t least;                                                                                              \
    if (narrow) {                                                                                               \
        for (uint32_t i = 0; i < count; i++)                                                                    \
            ret_deltas[i] = (uint64_t)(int64_t)(int32_t)((uint32_t)numbers[i + 1] - (uint32_t)numbers[i]);      \
    } else {                                                                                                    \
        for (uint32_t i = 0; i < count; i++)                                                                    \
            ret_deltas[i] = (uint64_t)numbers[i + 1] - (uint64_t)numbers[i];                                    \
    }                                                                                                           \
    least = (int64_t)ret_deltas[0];                                                                             \
    for (uint32_t i = 0; i < count; i++)                                                                        \
        least = (int64_t)ret_deltas[i] < least ? (int64_t)ret_deltas[i] : least;                                \
    for (uint32_t i = count; i < VALUES_BLOCK; i++)                                                             \
        ret_deltas[i] = (uint64_t)least;                                                                        \
    for (uint32_t m = 0; m < 4; m++) {                                                                          \
        uint64_t any = 0;                                                                                       \
        for (uint32_t i = m * (VALUES_BLOCK / 4); i < (m + 1) * (VALUES_BLOCK / 4); i++) {                      \
            ret_deltas[i] -= (uint64_t)least;                                                                   \
            any |= ret_deltas[i];                                                                               \
        }                                                                                                       \
        ret_any[m] = any;                                                                                       \
    }                                                                                                           \
    return least;

#endif
