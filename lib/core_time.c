/* SPDX-License-Identifier: MIT */
/*
 * core_time.c - when a flow began and ended, in microseconds since 1970 UTC
 *
 * Exporters count from different points:
 *
 *     seconds, milliseconds              since 1970                     RFC 7011 sections 6.1.7, 6.1.8
 *     microseconds, nanoseconds          NTP: 32 bits of seconds since 1900 and 32 of their fraction, 6.1.9, 6.1.10;
 *                                        seconds that would lie before 1970 are of the era that begins in 2036
 *     delta microseconds                 back from the export time      RFC 5102 section 5.9
 *     uptime, milliseconds               since the exporter started; NetFlow v1 to v9 have that moment in each header
 *                                        (export time less uptime), IPFIX in systemInitTimeMilliseconds, of the record
 *                                        or of options
 *
 * Uptime has 32 bits and starts anew every 49.7 days. So only the difference to the uptime in the header is taken,
 * modulo 2^32: a flow may lie up to a day behind the header, as some exporters stamp theirs early, and all the rest
 * before it.
 *
 *     flows before the header                                          header   behind it
 *     |--------------------------- 48.7 days -----------------------------|---- 1 day ---|
 *
 * An absolute time of 0 is what exporters write that do not know: the export time then stands in its place.
 */
#include "core.h"

#include "ntp.h"
#include "state.h"

#define AHEAD_MS 86400000u                /* how far flows may lie behind the header */
#define SECONDS_MAX (INT64_MAX / 2000000) /* what lies beyond has no room in microseconds, with a duration */
#define MILLISECONDS_MAX (INT64_MAX / 2000)

enum { CLOCK_UPTIME = 4, CLOCK_SECONDS = 5 };

enum { ID_INIT = 160, ID_DURATION_MS = 161, ID_DURATION_US = 162 };

/* Best first. With IPFIX the place of uptime is behind seconds, unless the record has systemInitTimeMilliseconds. */
const struct core_clock core_clocks[] = {
    {156, 157, CORE_UNIT_NTP},
    {154, 155, CORE_UNIT_NTP_MICROSECONDS},
    {152, 153, CORE_UNIT_MILLISECONDS},
    {158, 159, CORE_UNIT_DELTA},
    [CLOCK_UPTIME] = {22, 21, CORE_UNIT_UPTIME},
    [CLOCK_SECONDS] = {150, 151, CORE_UNIT_SECONDS},
    {359, 360, CORE_UNIT_MILLISECONDS}, /* of the monitoring interval */
    {0, 325, CORE_UNIT_NTP},            /* of an event: one time only */
    {0, 324, CORE_UNIT_NTP_MICROSECONDS},
    {0, 323, CORE_UNIT_MILLISECONDS},
    {0, 322, CORE_UNIT_SECONDS},
    {0, 258, CORE_UNIT_MILLISECONDS}, /* when a collector before this one took the flow */
};

const uint32_t core_clock_count = sizeof core_clocks / sizeof core_clocks[0];

/* ----------------------------------------------------------------------------------------------------- kernels */

static inline int64_t or_export(uint64_t value, int64_t time_us, const struct core_run *run)
{
    return value != 0 ? time_us : run->export_us;
}

static inline int64_t from_seconds(uint64_t value, const struct core_run *run)
{
    return or_export(value, (int64_t)(value < SECONDS_MAX ? value : SECONDS_MAX) * 1000000, run);
}

static inline int64_t from_milliseconds(uint64_t value, const struct core_run *run)
{
    return or_export(value, (int64_t)(value < MILLISECONDS_MAX ? value : MILLISECONDS_MAX) * 1000, run);
}

static inline int64_t from_ntp(uint64_t value, const struct core_run *run)
{
    const uint32_t seconds = (uint32_t)(value >> 32) - NTP_TO_UNIX_S;
    const int64_t fraction_us = (int64_t)(((value & 0xffffffff) * 1000000) >> 32);
    return or_export(value, (int64_t)seconds * 1000000 + fraction_us, run);
}

static inline int64_t from_ntp_microseconds(uint64_t value, const struct core_run *run)
{
    const uint32_t seconds = (uint32_t)(value >> 32) - NTP_TO_UNIX_S;
    return or_export(value, (int64_t)seconds * 1000000 + ntp_microseconds((uint32_t)value), run);
}

static inline int64_t from_delta(uint64_t value, const struct core_run *run)
{
    return run->export_us - (int64_t)(value & 0xffffffff);
}

/* How long before `now_ms`, both of them uptimes. */
static inline int64_t age_us(uint32_t now_ms, uint32_t then_ms)
{
    return ((int64_t)(uint32_t)(now_ms - then_ms + AHEAD_MS) - AHEAD_MS) * 1000;
}

static inline int64_t from_uptime(uint64_t value, const struct core_run *run)
{
    return run->export_us - age_us(run->uptime_ms, (uint32_t)value);
}

#define TIME_KERNEL(name, type)                                                                                 \
    static void name##_##type(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        const struct core_run constants = *run;                                                                 \
        int64_t *restrict time_us = to;                                                                         \
        const type *restrict value = from[0];                                                                   \
        for (size_t i = 0; i < count; i++)                                                                      \
            time_us[i] = name(value[i], &constants);                                                            \
    }

#define TIME_KERNELS(name)                                                                                      \
    TIME_KERNEL(name, uint8_t)                                                                                  \
    TIME_KERNEL(name, uint16_t)                                                                                 \
    TIME_KERNEL(name, uint32_t)                                                                                 \
    TIME_KERNEL(name, uint64_t)                                                                                 \
    static core_kernel *const name##_kernels[] = {name##_uint8_t, name##_uint16_t, name##_uint32_t, name##_uint64_t};

TIME_KERNELS(from_seconds)
TIME_KERNELS(from_milliseconds)
TIME_KERNELS(from_delta)
TIME_KERNELS(from_uptime)
TIME_KERNEL(from_ntp, uint64_t)
TIME_KERNEL(from_ntp_microseconds, uint64_t)

static void export_time(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    (void)from;
    int64_t *restrict time_us = to;
    const int64_t export_us = run->export_us;
    for (size_t i = 0; i < count; i++)
        time_us[i] = export_us;
}

/* Uptime where only state may know since when it counts: without, flows end when they are exported, and begin so much
 * before as their own times tell. Sources: this uptime, the one of the end. */
static void uptime_or_guess(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    const struct core_run constants = *run;
    int64_t *restrict time_us = to;
    const uint32_t *uptime = from[0], *end = from[1];
    if (run->uptime_known) {
        for (size_t i = 0; i < count; i++)
            time_us[i] = from_uptime(uptime[i], &constants);
    } else {
        for (size_t i = 0; i < count; i++)
            time_us[i] = constants.export_us - age_us(end[i], uptime[i]);
    }
}

/* Sources: uptime, systemInitTimeMilliseconds. What the uptime is at the export time follows from the latter. */
static void uptime_of_record(void *to, const void *const *from, size_t count, const struct core_run *run)
{
    int64_t *restrict time_us = to;
    const uint32_t *restrict uptime = from[0];
    const uint64_t *restrict init_ms = from[1];
    const int64_t export_us = run->export_us;
    const uint64_t export_ms = (uint64_t)(export_us / 1000);
    for (size_t i = 0; i < count; i++)
        time_us[i] = export_us - age_us((uint32_t)(export_ms - init_ms[i]), uptime[i]);
}

/* Sources: the other end of the flow, its duration. */
#define DURATION_KERNEL(name, type, sign, scale)                                                                \
    static void name##_##type(void *to, const void *const *from, size_t count, const struct core_run *run)      \
    {                                                                                                           \
        (void)run;                                                                                              \
        int64_t *restrict time_us = to;                                                                         \
        const int64_t *restrict other_us = from[0];                                                             \
        const type *restrict duration = from[1];                                                                \
        for (size_t i = 0; i < count; i++)                                                                      \
            time_us[i] = other_us[i] sign (int64_t)duration[i] * (scale);                                       \
    }

#define DURATION_KERNELS(name, sign, scale)                                                                     \
    DURATION_KERNEL(name, uint8_t, sign, scale)                                                                 \
    DURATION_KERNEL(name, uint16_t, sign, scale)                                                                \
    DURATION_KERNEL(name, uint32_t, sign, scale)                                                                \
    static core_kernel *const name##_kernels[] = {name##_uint8_t, name##_uint16_t, name##_uint32_t};

DURATION_KERNELS(plus_milliseconds, +, 1000)
DURATION_KERNELS(plus_microseconds, +, 1)
DURATION_KERNELS(minus_milliseconds, -, 1000)
DURATION_KERNELS(minus_microseconds, -, 1)

/* -------------------------------------------------------------------------------------------------- the search */

/* One end of a flow as a clock tells it. */
struct moment {
    uint32_t field; /* UINT32_MAX: not told */
    uint8_t unit;
};

static const struct moment nothing = {UINT32_MAX, 0};

static struct moment find(const struct core_build *build, uint16_t id, uint8_t unit)
{
    const bool ntp = unit == CORE_UNIT_NTP || unit == CORE_UNIT_NTP_MICROSECONDS;
    const uint32_t kinds = ntp                        ? CORE_KIND(WEIR_KIND_U64)
                           : unit == CORE_UNIT_UPTIME ? CORE_KIND(WEIR_KIND_U32)
                                                      : CORE_NUMBERS;
    return (struct moment){id == 0 ? UINT32_MAX : core_find(build, WEIR_PEN_IANA, id, kinds), unit};
}

static uint32_t find_init(const struct core_build *build)
{
    return core_find(build, WEIR_PEN_IANA, ID_INIT, CORE_KIND(WEIR_KIND_U64));
}

static bool header_has_uptime(const struct core_build *build)
{
    return build->layout->version < 10;
}

/* What each clock tells, best first. */
static void find_all(const struct core_build *build, struct moment *starts, struct moment *ends)
{
    const bool uptime_last = !header_has_uptime(build) && find_init(build) == UINT32_MAX;
    for (uint32_t i = 0; i < core_clock_count; i++) {
        const uint32_t at = !uptime_last         ? i
                            : i == CLOCK_UPTIME  ? CLOCK_SECONDS
                            : i == CLOCK_SECONDS ? CLOCK_UPTIME
                                                 : i;
        starts[i] = find(build, core_clocks[at].start_id, core_clocks[at].unit);
        ends[i] = find(build, core_clocks[at].end_id, core_clocks[at].unit);
    }
}

/* One clock that tells both ends; else, with a duration, the best that tells one; else the best for each. */
static void choose(const struct moment *starts, const struct moment *ends, bool with_duration, struct moment *ret_start,
                   struct moment *ret_end)
{
    for (uint32_t i = 0; i < core_clock_count; i++) {
        if (starts[i].field != UINT32_MAX && ends[i].field != UINT32_MAX) {
            *ret_start = starts[i];
            *ret_end = ends[i];
            return;
        }
    }
    *ret_start = *ret_end = nothing;
    for (uint32_t i = 0; i < core_clock_count; i++) {
        if (ret_start->field == UINT32_MAX)
            *ret_start = starts[i];
        if (ret_end->field == UINT32_MAX)
            *ret_end = ends[i];
        if (with_duration && (ret_start->field != UINT32_MAX || ret_end->field != UINT32_MAX))
            return;
    }
}

static void add_uptime(struct core_build *build, enum weir_core core, uint32_t field, uint32_t end_field)
{
    const uint32_t init = find_init(build);
    core_set_computed(build, core, WEIR_KIND_I64, 8, field, WEIR_CORE_NOTE_UPTIME);
    if (header_has_uptime(build))
        core_add(build, core, from_uptime_kernels[2], field, UINT32_MAX, UINT32_MAX);
    else if (init != UINT32_MAX)
        core_add(build, core, uptime_of_record, field, init, UINT32_MAX);
    else
        core_add(build, core, uptime_or_guess, field, end_field, UINT32_MAX);
    build->needs_init_time = !header_has_uptime(build) && init == UINT32_MAX;
}

/* `end` is the other end where both are uptimes, else the same as `moment`. */
static void add_moment(struct core_build *build, enum weir_core core, struct moment moment, struct moment end)
{
    const uint8_t number = (uint8_t)(build->layout->fields[moment.field].kind - WEIR_KIND_U8);
    core_kernel *kernel = from_ntp_uint64_t;
    if (moment.unit == CORE_UNIT_UPTIME) {
        add_uptime(build, core, moment.field, end.unit == CORE_UNIT_UPTIME ? end.field : moment.field);
        return;
    }
    if (moment.unit == CORE_UNIT_SECONDS)
        kernel = from_seconds_kernels[number];
    else if (moment.unit == CORE_UNIT_MILLISECONDS)
        kernel = from_milliseconds_kernels[number];
    else if (moment.unit == CORE_UNIT_DELTA)
        kernel = from_delta_kernels[number];
    else if (moment.unit == CORE_UNIT_NTP_MICROSECONDS)
        kernel = from_ntp_microseconds_uint64_t;
    core_set_computed(build, core, WEIR_KIND_I64, 8, moment.field, WEIR_CORE_NOTE_NONE);
    core_add(build, core, kernel, moment.field, UINT32_MAX, UINT32_MAX);
}

/* The end that is not told: from the other one and the duration, or the same. */
static void add_other(struct core_build *build, enum weir_core core, enum weir_core other, uint32_t duration_ms,
                      uint32_t duration_us)
{
    const struct weir_core_column *told = &build->columns[other];
    const bool start = core == WEIR_CORE_TIME_START;
    if (duration_ms == UINT32_MAX && duration_us == UINT32_MAX) {
        build->columns[other].note = WEIR_CORE_NOTE_ONE_TIME;
        build->columns[core] = *told;
        return;
    }
    core_set_computed(build, core, WEIR_KIND_I64, 8, UINT32_MAX, WEIR_CORE_NOTE_DURATION);
    build->columns[core].from_id = told->from_id;
    const uint32_t duration = duration_us != UINT32_MAX ? duration_us : duration_ms;
    core_kernel *const *micro = start ? minus_microseconds_kernels : plus_microseconds_kernels,
                *const *milli = start ? minus_milliseconds_kernels : plus_milliseconds_kernels,
                *const *kernels = duration_us != UINT32_MAX ? micro : milli;
    core_add(build, core, kernels[build->layout->fields[duration].kind - WEIR_KIND_U8], told->column, duration,
             UINT32_MAX);
}

void core_time_find(struct core_build *build)
{
    enum { CLOCKS = sizeof core_clocks / sizeof core_clocks[0] };
    const uint32_t duration_ms = core_find(build, WEIR_PEN_IANA, ID_DURATION_MS, CORE_NUMBERS_32),
                   duration_us = core_find(build, WEIR_PEN_IANA, ID_DURATION_US, CORE_NUMBERS_32);
    struct moment starts[CLOCKS], ends[CLOCKS], start, end;
    find_all(build, starts, ends);
    choose(starts, ends, duration_ms != UINT32_MAX || duration_us != UINT32_MAX, &start, &end);
    if (start.field != UINT32_MAX)
        add_moment(build, WEIR_CORE_TIME_START, start, end.field != UINT32_MAX ? end : start);
    if (end.field != UINT32_MAX)
        add_moment(build, WEIR_CORE_TIME_END, end, end);
    if (start.field == UINT32_MAX && end.field == UINT32_MAX) {
        core_set_computed(build, WEIR_CORE_TIME_END, WEIR_KIND_I64, 8, UINT32_MAX, WEIR_CORE_NOTE_EXPORT_TIME);
        core_add(build, WEIR_CORE_TIME_END, export_time, UINT32_MAX, UINT32_MAX, UINT32_MAX);
        build->columns[WEIR_CORE_TIME_START] = build->columns[WEIR_CORE_TIME_END];
    } else if (start.field == UINT32_MAX) {
        add_other(build, WEIR_CORE_TIME_START, WEIR_CORE_TIME_END, duration_ms, duration_us);
    } else if (end.field == UINT32_MAX) {
        add_other(build, WEIR_CORE_TIME_END, WEIR_CORE_TIME_START, duration_ms, duration_us);
    }
}

void core_time_begin_run(struct core_run *core, const struct weir_run *run)
{
    const uint32_t residual_ns = run->export_time_ns < 1000000000 ? run->export_time_ns : 0;
    core->export_us = (int64_t)run->export_time_s * 1000000 + residual_ns / 1000;
    core->uptime_ms = run->sys_uptime_ms;
    core->uptime_known = run->version < 10;
    const uint64_t init_ms = core->uptime_known || core->state == NULL ? 0 : state_system_init_ms(core->state);
    if (init_ms != 0) {
        core->uptime_ms = (uint32_t)((uint64_t)(core->export_us / 1000) - init_ms);
        core->uptime_known = true;
    }
}
