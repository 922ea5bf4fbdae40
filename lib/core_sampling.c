/* SPDX-License-Identifier: MIT */
/*
 * core_sampling.c - one packet in how many the exporter looked at
 *
 * Told, by whatever is there first:
 *
 *     weir_options.sampling_rate           for all exporters
 *     the record                           samplingInterval, samplerRandomInterval; the packets of a sampling period,
 *                                          interval and space, by those taken of it (RFC 5477 section 8.2); population
 *                                          by size; 1 by probability
 *     options, by samplerId                of the record, else by selectorId
 *     options, by ingressInterface         of the record
 *     options                              for the exporter as a whole
 *     the header of version 5              lower 14 bits
 *
 * 0 stands for not told, 1 for an exporter that says that it looks at every packet. Rates that are no whole number are
 * rounded to the nearest one.
 */
#include "core.h"

#include "state.h"

enum { HEADER_RATE_BITS = 0x3fff };

/* ----------------------------------------------------------------------------------------------------- kernels */

static uint32_t ratio(uint64_t all, uint64_t taken)
{
    const uint64_t rate = taken == 0 ? 0 : (all + taken / 2) / taken;
    return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

static void of_run(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    (void)from;
    uint32_t *restrict rate = to;
    const uint32_t of_all = run->sampling_rate;
    for (size_t i = 0; i < count; i++)
        rate[i] = of_all;
}

/* Rows in one run mostly mean few samplers and interfaces: what was last asked for is remembered. */
#define BY_KEY_KERNEL(name, type, ask)                                                                          \
    static void name##_##type(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        uint32_t *restrict rate = to;                                                                           \
        const type *restrict key = from[0];                                                                     \
        if (run->state == NULL)                                                                                 \
            return;                                                                                             \
        uint32_t last = ask(run->state, key[0]);                                                                \
        for (size_t i = 0; i < count; i++) {                                                                    \
            if (i > 0 && key[i] != key[i - 1])                                                                  \
                last = ask(run->state, key[i]);                                                                 \
            rate[i] = last != 0 ? last : rate[i];                                                               \
        }                                                                                                       \
    }

static uint32_t ask_interface(const struct state *state, uint64_t interface)
{
    return interface <= UINT32_MAX ? state_sampling_by_interface(state, (uint32_t)interface) : 0;
}

#define BY_KEY_KERNELS(name, ask)                                                                               \
    BY_KEY_KERNEL(name, uint8_t, ask)                                                                           \
    BY_KEY_KERNEL(name, uint16_t, ask)                                                                          \
    BY_KEY_KERNEL(name, uint32_t, ask)                                                                          \
    BY_KEY_KERNEL(name, uint64_t, ask)                                                                          \
    static core_kernel *const name##_kernels[] = {name##_uint8_t, name##_uint16_t, name##_uint32_t, name##_uint64_t};

BY_KEY_KERNELS(by_id, state_sampling_by_id)
BY_KEY_KERNELS(by_interface, ask_interface)

/* Source: packets taken; what is made of them comes next, in place. Fields may be shorter than their type, each by
 * itself. */
#define TAKEN_KERNEL(name, type)                                                                                \
    static void name##_##type(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint32_t *restrict taken = to;                                                                          \
        const type *restrict value = from[0];                                                                   \
        for (size_t i = 0; i < count; i++)                                                                      \
            taken[i] = value[i];                                                                                \
    }

/* Source: packets left out behind those taken. */
#define INTERVAL_KERNEL(name, type)                                                                             \
    static void name##_##type(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint32_t *restrict rate = to;                                                                           \
        const type *restrict space = from[0];                                                                   \
        for (size_t i = 0; i < count; i++)                                                                      \
            rate[i] = ratio((uint64_t)rate[i] + space[i], rate[i]);                                             \
    }

/* Source: of so many packets those were taken. */
#define POPULATION_KERNEL(name, type)                                                                           \
    static void name##_##type(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint32_t *restrict rate = to;                                                                           \
        const type *restrict population = from[0];                                                              \
        for (size_t i = 0; i < count; i++)                                                                      \
            rate[i] = ratio(population[i], rate[i]);                                                            \
    }

#define PROBABILITY_KERNEL(name, type)                                                                          \
    static void name##_##type(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        (void)run;                                                                                              \
        uint32_t *restrict rate = to;                                                                           \
        const type *restrict value = from[0];                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                    \
            const double probability = (double)value[i];                                                        \
            const bool sound = probability > 1.0 / UINT32_MAX && probability <= 1.0;                            \
            rate[i] = sound ? (uint32_t)(1.0 / probability + 0.5) : 0;                                          \
        }                                                                                                       \
    }

#define KERNELS_32(KERNEL, name)                                                                                \
    KERNEL(name, uint8_t)                                                                                       \
    KERNEL(name, uint16_t)                                                                                      \
    KERNEL(name, uint32_t)                                                                                      \
    static core_kernel *const name##_kernels[] = {name##_uint8_t, name##_uint16_t, name##_uint32_t};

KERNELS_32(TAKEN_KERNEL, taken)
KERNELS_32(INTERVAL_KERNEL, of_interval)
KERNELS_32(POPULATION_KERNEL, of_population)
PROBABILITY_KERNEL(of_probability, float)
PROBABILITY_KERNEL(of_probability, double)

/* -------------------------------------------------------------------------------------------------- the search */

static bool find_in_record(struct core_build *build)
{
    static const uint16_t intervals[] = {34, 50};
    static const struct {
        uint16_t taken, other;
        core_kernel *const *kernels;
    } pairs[] = {{305, 306, of_interval_kernels}, {309, 310, of_population_kernels}};
    const struct weir_field *fields = build->layout->fields;
    for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
        const uint32_t field = core_find(build, WEIR_PEN_IANA, intervals[i], CORE_NUMBERS);
        if (field != UINT32_MAX) {
            core_set_field(build, WEIR_CORE_SAMPLING_RATE, field, WEIR_CORE_NOTE_NONE);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const uint32_t taken = core_find(build, WEIR_PEN_IANA, pairs[i].taken, CORE_NUMBERS_32),
                       other = core_find(build, WEIR_PEN_IANA, pairs[i].other, CORE_NUMBERS_32);
        if (taken != UINT32_MAX && other != UINT32_MAX) {
            core_set_computed(build, WEIR_CORE_SAMPLING_RATE, WEIR_KIND_U32, 4, taken, WEIR_CORE_NOTE_NONE);
            core_add(build, WEIR_CORE_SAMPLING_RATE, taken_kernels[fields[taken].kind - WEIR_KIND_U8], taken,
                     UINT32_MAX, UINT32_MAX);
            core_add(build, WEIR_CORE_SAMPLING_RATE, pairs[i].kernels[fields[other].kind - WEIR_KIND_U8], other,
                     UINT32_MAX, UINT32_MAX);
            return true;
        }
    }
    const uint32_t probability =
        core_find(build, WEIR_PEN_IANA, 311, CORE_KIND(WEIR_KIND_F32) | CORE_KIND(WEIR_KIND_F64));
    if (probability == UINT32_MAX)
        return false;
    core_set_computed(build, WEIR_CORE_SAMPLING_RATE, WEIR_KIND_U32, 4, probability, WEIR_CORE_NOTE_NONE);
    core_add(build, WEIR_CORE_SAMPLING_RATE,
             fields[probability].kind == WEIR_KIND_F32 ? of_probability_float : of_probability_double, probability,
             UINT32_MAX, UINT32_MAX);
    return true;
}

/* What is known best is written last. */
static void find_in_state(struct core_build *build)
{
    static const uint16_t keys[] = {10, 302, 48};
    const struct weir_field *fields = build->layout->fields;
    const uint32_t sampler = core_find(build, WEIR_PEN_IANA, 48, CORE_NUMBERS),
                   from = sampler != UINT32_MAX ? sampler : core_find(build, WEIR_PEN_IANA, 302, CORE_NUMBERS);
    core_set_computed(build, WEIR_CORE_SAMPLING_RATE, WEIR_KIND_U32, 4, from, WEIR_CORE_NOTE_STATE);
    core_add(build, WEIR_CORE_SAMPLING_RATE, of_run, UINT32_MAX, UINT32_MAX, UINT32_MAX);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const uint32_t key = core_find(build, WEIR_PEN_IANA, keys[i], CORE_NUMBERS);
        if (key == UINT32_MAX)
            continue;
        core_kernel *const *kernels = keys[i] == 10 ? by_interface_kernels : by_id_kernels;
        core_add(build, WEIR_CORE_SAMPLING_RATE, kernels[fields[key].kind - WEIR_KIND_U8], key, UINT32_MAX, UINT32_MAX);
    }
}

void core_sampling_find(struct core_build *build, uint32_t sampling_rate)
{
    if (sampling_rate != 0)
        core_set_constant(build, WEIR_CORE_SAMPLING_RATE, sampling_rate, WEIR_CORE_NOTE_OPTION);
    else if (!find_in_record(build))
        find_in_state(build);
}

void core_sampling_begin_run(struct core_run *core, const struct weir_run *run)
{
    core->sampling_rate = core->state == NULL ? 0 : state_sampling_of_all(core->state);
    if (core->sampling_rate == 0)
        core->sampling_rate = run->header_sampling & HEADER_RATE_BITS;
}
