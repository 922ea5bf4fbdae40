/* SPDX-License-Identifier: MIT */
/*
 * core.h - core columns: what most people ask of a flow, whichever fields its exporter uses
 *
 * When a layout is compiled, each core column is looked for: in core_rules.c for those that some field simply is, in
 * core_time.c, core_icmp.c and core_sampling.c for the others. What is a field unchanged only points at its column.
 * What is not gets a column of its own and operations that fill it whenever rows were appended:
 *
 *     column of a field  ----+
 *     column of a field  ----+--> operation --> computed column (--> operation --> computed column)
 *     constants of the run --+
 *
 * An operation has one loop over the rows of a run. They run in the order in which they were added; one may read what
 * another has written.
 */
#ifndef WEIR_CORE_H
#define WEIR_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

struct state;
struct weir_decoder;
struct batch;

enum { CORE_COMPUTED_MAX = 24, CORE_OPERATIONS_MAX = 32, CORE_SOURCES = 3, CORE_IANA_IDS = 512 };

/* What the operations need to know of a run. */
struct core_run {
    int64_t export_us;  /* of the header */
    uint32_t uptime_ms; /* the exporter's, at export_us */
    bool uptime_known;
    uint32_t sampling_rate; /* of the exporter as a whole; 0: not told */
    const struct state *state; /* or NULL */
};

/* Fills `count` values of a computed column from up to CORE_SOURCES others. */
typedef void core_kernel(void *to, const void *const *from, size_t count, const struct core_run *run);

struct core_operation {
    core_kernel *kernel;
    uint16_t target;
    uint16_t source[CORE_SOURCES];
    uint16_t target_bytes;               /* width of a value */
    uint16_t source_bytes[CORE_SOURCES]; /* width of a value; 0: no such source */
};

/* A layout's core columns being found. */
struct core_build {
    const struct weir_layout *layout; /* its fields and version are known */
    struct weir_core_column *columns; /* WEIR_CORE_COUNT */
    struct core_operation *operations; /* room for CORE_OPERATIONS_MAX */
    uint32_t operation_count;
    uint32_t computed_count;
    bool needs_init_time; /* only options can tell since when uptimes count */
    uint32_t computed_bytes[CORE_COMPUTED_MAX]; /* width of a value of each */
    uint16_t iana[CORE_IANA_IDS];    /* the first field of each element, plus 1; 0: none */
    uint16_t reverse[CORE_IANA_IDS]; /* the same for the other direction, RFC 5103 */
};

/* Finds the core columns of a layout; with `sampling_rate` not 0 that is the rate of all. The caller gives zeroed
 * columns, and operations. */
void core_compile(struct core_build *build, uint32_t sampling_rate);

/* Fills the computed columns of rows that were just appended to the batch as (part of) its last run. */
void core_fill(const struct weir_decoder *decoder, struct batch *batch, uint32_t first_row, uint32_t row_count);

/* ----------------------------------------------------------------------------------------- finding and adding */

/* The column of an element, or UINT32_MAX where the layout has none of a kind that serves: a set of enum weir_kind. */
#define CORE_KIND(kind) (1u << (kind))
#define CORE_NUMBERS                                                                                            \
    (CORE_KIND(WEIR_KIND_U8) | CORE_KIND(WEIR_KIND_U16) | CORE_KIND(WEIR_KIND_U32) | CORE_KIND(WEIR_KIND_U64))
#define CORE_NUMBERS_32 (CORE_KIND(WEIR_KIND_U8) | CORE_KIND(WEIR_KIND_U16) | CORE_KIND(WEIR_KIND_U32))
uint32_t core_find(const struct core_build *build, uint32_t pen, uint16_t id, uint32_t kinds);

/* The core column is this field. */
void core_set_field(struct core_build *build, enum weir_core core, uint32_t field, enum weir_core_note note);

/* The core column gets a column of its own, told to be from this field (UINT32_MAX: none). */
void core_set_computed(struct core_build *build, enum weir_core core, enum weir_kind kind, uint32_t width_bytes,
                       uint32_t field, enum weir_core_note note);

/* The core column has one value. */
void core_set_constant(struct core_build *build, enum weir_core core, uint32_t value, enum weir_core_note note);

/* Adds an operation that fills a computed core column; sources that are not needed are UINT32_MAX. */
void core_add(struct core_build *build, enum weir_core core, core_kernel *kernel, uint32_t source_1, uint32_t source_2,
              uint32_t source_3);

/* Finds single core columns: core_rules.c, core_time.c, core_icmp.c, core_sampling.c. */
void core_rules_find(struct core_build *build);
void core_time_find(struct core_build *build);
void core_icmp_find(struct core_build *build);
void core_sampling_find(struct core_build *build, uint32_t sampling_rate);

/* What is common to a run, whose state is set before. */
void core_time_begin_run(struct core_run *core, const struct weir_run *run);
void core_sampling_begin_run(struct core_run *core, const struct weir_run *run);

/* --------------------------------------------------------------------------------------------------- the rules */

/* How a core column may come out of fields. */
enum core_class {
    CORE_CLASS_NUMBER,
    CORE_CLASS_COUNTER, /* where `also` is there too: in each row the first that is not 0 */
    CORE_CLASS_ADDRESS, /* where `also`, the element of IPv6, is there too: by ip_version */
    CORE_CLASS_PREFIX,  /* the same */
    CORE_CLASS_MAC,
    CORE_CLASS_OCTETS
};

/* One element that can serve for a core column. Those of one core column stand together, the best first. */
struct core_rule {
    uint8_t core;  /* enum weir_core */
    uint8_t class; /* enum core_class */
    uint32_t pen;
    uint16_t id;
    uint16_t also; /* of the same pen; 0: none */
    uint16_t with; /* of counters of the other direction: what the first one must be from, or absent; 0: anything */
};

extern const struct core_rule core_rules[];
extern const uint32_t core_rule_count;

/* What a time counts, and from when: see core_time.c. */
enum core_unit {
    CORE_UNIT_SECONDS,
    CORE_UNIT_MILLISECONDS,
    CORE_UNIT_NTP,
    CORE_UNIT_NTP_MICROSECONDS,
    CORE_UNIT_DELTA,
    CORE_UNIT_UPTIME
};

/* The elements that tell times, best first. */
struct core_clock {
    uint16_t start_id, end_id; /* 0: none */
    uint8_t unit;              /* enum core_unit */
};

extern const struct core_clock core_clocks[];
extern const uint32_t core_clock_count;

#endif
