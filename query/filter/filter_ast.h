/* SPDX-License-Identifier: MIT */
/*
 * filter_ast.h - what a filter is once it is parsed
 *
 * A tree of nodes: leaves are terms, a term asks something of up to FILTER_SIDES sources (columns) and compares with a
 * run of the filter's values. All lie in arrays of the filter and are named by their index.
 */
#ifndef WEIR_QUERY_FILTER_AST_H
#define WEIR_QUERY_FILTER_AST_H

#include "filter.h"
#include "filter_source.h"

enum { FILTER_SIDES = 4 };

#define FILTER_NONE UINT32_MAX

enum filter_node_kind {
    FILTER_NODE_AND,
    FILTER_NODE_OR,
    FILTER_NODE_NOT, /* one child */
    FILTER_NODE_TERM
};

struct filter_node {
    uint8_t kind;   /* enum filter_node_kind */
    uint32_t first; /* child, or the term */
    uint32_t next;  /* sibling, FILTER_NONE behind the last */
};

enum filter_compare {
    FILTER_EQ, /* any of the values */
    FILTER_NE, /* none of them */
    FILTER_LT,
    FILTER_LE,
    FILTER_GT,
    FILTER_GE
};

enum filter_term_kind {
    FILTER_TERM_ANY,       /* always true; no sources */
    FILTER_TERM_VALUE,     /* the sources' values as they are */
    FILTER_TERM_FLAGS_ALL, /* source & value = value */
    FILTER_TERM_FLAGS_ANY, /* source & value is not 0 */
    FILTER_TERM_APPLICATION, /* engine in the first octet, the rest a number of any length: value.u.low, high */
    FILTER_TERM_DURATION,  /* sources: time_start, time_end; microseconds */
    FILTER_TERM_RATE,      /* sources: a counter, time_start, time_end: counter * factor by the second */
    FILTER_TERM_RATIO      /* sources: two counters, the first by the second */
};

/* Protocols that a term asks for too. */
enum filter_protocols { FILTER_PROTOCOLS_ALL, FILTER_PROTOCOLS_TCP, FILTER_PROTOCOLS_ICMP };

struct filter_term {
    uint8_t kind;      /* enum filter_term_kind */
    uint8_t compare;   /* enum filter_compare; those of order have one value */
    uint8_t protocols; /* enum filter_protocols */
    bool all;          /* of the sources all must match, not any one */
    bool flows;        /* an absent value is 1 */
    uint8_t form;      /* enum filter_form of the values, for people */
    uint8_t factor;    /* of a rate: 8 for bits */
    uint8_t source_count;
    uint16_t sources[FILTER_SIDES];
    uint32_t first_value;
    uint32_t value_count;
};

/* A value is a range; low and high are the same where it is a single one. Which member is used the type of the source
 * tells; computed terms use `real`. */
struct filter_value {
    union {
        struct {
            uint64_t low, high;
        } u;
        struct {
            int64_t low, high;
        } i;
        struct {
            double low, high;
        } real;
        struct {
            uint8_t low[16], high[16]; /* of IPv4 the first four */
            uint8_t family;            /* 4 or 6; a range of 6 has no ::ffff:a.b.c.d in it */
        } address;
        struct {
            uint32_t low, high; /* where in filter->octets they begin */
            uint32_t low_bytes, high_bytes;
        } octets;
    } as;
};

struct filter {
    struct filter_node *nodes;
    uint32_t node_count, node_room;
    uint32_t root; /* FILTER_NONE: all records match */
    struct filter_term *terms;
    uint32_t term_count, term_room;
    struct filter_value *values;
    uint32_t value_count, value_room;
    struct filter_source *sources; /* each once */
    uint32_t source_count, source_room;
    uint8_t *octets;
    uint32_t octets_bytes, octets_room;
};

/* How the values of a source are kept and compared. */
enum filter_class { FILTER_CLASS_U, FILTER_CLASS_I, FILTER_CLASS_REAL, FILTER_CLASS_ADDRESS, FILTER_CLASS_OCTETS };
enum filter_class filter_class_of(const struct filter_source *source);

/* A type of unsigned or signed integer has values up to this. */
uint64_t filter_type_max(enum filter_type type);

/* The filter's only source of that name, added when it is new. FILTER_NONE when memory is short. */
uint32_t filter_add_source(struct filter *filter, const struct filter_source *source);

/* Makes room for one more of `count` items in an array that grows. False when memory is short. */
bool filter_reserve(void **items, uint32_t *room, uint32_t count, size_t item_bytes);

static inline bool filter_value_single(const struct filter_value *value, enum filter_class class)
{
    switch (class) {
    case FILTER_CLASS_U: return value->as.u.low == value->as.u.high;
    case FILTER_CLASS_I: return value->as.i.low == value->as.i.high;
    case FILTER_CLASS_REAL: return !(value->as.real.low < value->as.real.high);
    case FILTER_CLASS_ADDRESS: return __builtin_memcmp(value->as.address.low, value->as.address.high, 16) == 0;
    case FILTER_CLASS_OCTETS: return value->as.octets.low == value->as.octets.high;
    }
    return true;
}

#endif
