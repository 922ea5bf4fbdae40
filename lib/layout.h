/* SPDX-License-Identifier: MIT */
/*
 * layout.h - what a template is compiled into: the fields, where their columns lie, and the plan
 *
 * A template's fields, as they stand on the wire, are looked up in the table of layouts; all templates with
 * the same fields, of all exporters, share one layout. A new one is compiled into one block of memory:
 *
 *     +---------------+---------+-----------------+------+-----------+--------------+----------+-----------------+-
 *     | struct layout | windows | core operations | plan | fields[n] | core columns | variable | column_bytes[n] |
 *     +---------------+---------+-----------------+------+-----------+--------------+----------+-----------------+-
 *    -+---------------+-------+
 *     | specification | names |
 *    -+---------------+-------+
 *
 * The plan is a flat list of copies: so many octets, from that offset of the record, with that kernel, into
 * that column. Fields of variable length (RFC 7011 section 7) cut a record into segments; an offset then counts
 * from the begin of its segment; lists (RFC 6313) do so too, also those of fixed length:
 *
 *     | fixed  fixed | variable | fixed  fixed  fixed | variable |
 *     segment 0                 segment 1                        segment 2
 */
#ifndef WEIR_LAYOUT_H
#define WEIR_LAYOUT_H

#include "kernel.h"
#include "window.h"

#include <stdbool.h>
#include <weir/weir.h>

struct batch;
struct core_operation;
struct taught;

/* One copy of the plan. */
struct step {
    kernel_copy *copy;
    kernel_gather *gather;
    uint16_t offset;  /* of the field in its segment, octets */
    uint16_t segment; /* 0 where nothing before it is of variable length */
    uint16_t column;
    uint16_t wire_bytes;
    uint16_t width_bytes;
    bool in_window; /* needless where windows are used */
};

/* A template as it came, before it is compiled: its field specifiers are octets of the datagram. */
struct specification {
    const uint8_t *fields; /* (type, length) pairs, in IPFIX with an enterprise number; scope fields first */
    size_t size_bytes;     /* of these octets */
    uint32_t field_count;
    uint32_t scope_count;
    uint16_t version;
    bool options;
};

/* A field of variable length, or a list, and the segment before it. */
struct variable {
    uint32_t segment_bytes;
    uint32_t column; /* UINT32_MAX: none, it is padding */
    uint16_t length; /* of a list of fixed length; 65,535: the length is in front of the value */
    bool list;
};

struct layout {
    struct weir_layout view; /* what the user sees */
    /* What each set needs, together, so that few lines of the cache are read. */
    struct batch *open; /* the batch that takes its rows now, or NULL */
    const struct step *plan;
    const struct window *windows;
    const struct core_operation *core_operations; /* what fills the columns behind those of the fields: core.h */
    uint32_t step_count;
    uint32_t rest_count; /* the first so many steps are those that no window makes needless */
    uint32_t window_count;
    uint32_t core_operation_count;
    uint32_t row_bytes;       /* of a row in a batch, at least 1; what fields of variable length hold is guessed */
    uint32_t reference_count; /* templates that mean it, batches that hold rows of it */
    bool needs_init_time;     /* as in struct core_build */
    bool teaches;             /* options that tell of elements, see type_information.h */
    /* The rest. */
    uint32_t heap_bytes_min;      /* of what fields of variable length hold, so that any record has room; 0: none */
    const uint32_t *column_bytes; /* of a value in each column, 0: it has none; the fields' come first */
    const struct variable *variable; /* variable_count */
    uint32_t last_segment_bytes;     /* of the fixed fields behind the last of variable length */
    uint32_t template_count;         /* templates that sessions were sent and that mean it */
    uint32_t taught_count; /* how many elements were taught when it was last seen to have their names */
    struct layout *hash_next;
    uint64_t hash;
    size_t block_bytes;
    const uint8_t *specification;
    size_t specification_bytes;
};

/* What layouts have besides what their templates say. */
struct layout_core {
    bool wanted; /* core columns */
    uint32_t sampling_rate; /* of all exporters; 0: as they tell */
};

/* A field specifier, taken apart. */
struct specifier {
    const struct weir_element *element; /* or NULL */
    uint32_t pen;
    uint16_t id;
    uint16_t length;
    bool scope;
    bool reverse; /* the element means the other direction */
    bool padding; /* paddingOctets carry nothing and get no column */
};

struct layout_table {
    struct layout **buckets;
    uint32_t bucket_count;
    uint32_t count;
    uint32_t count_max;
    size_t bytes;
    size_t bytes_max;
    uint64_t seed;
    uint64_t next_serial;
    uint32_t *free_slots; /* stack of slots that no layout has */
    uint32_t free_slot_count;
    uint32_t slots_used;
    uint32_t *name_count; /* scratch of the compiler: counts names, LIMIT_TEMPLATE_FIELDS * 2 places */
    const char **name_seen;
    struct specifier *specifiers; /* scratch: the template being compiled */
    struct layout_core core;
    const struct taught *taught;
    const struct window_kernels *window_kernels; /* of this machine, or NULL */
};

/* 0, or -1 when memory is short. */
int layout_table_init(struct layout_table *table, uint32_t count_max, uint64_t seed, struct layout_core core,
                      const struct taught *taught);
void layout_table_done(struct layout_table *table);

/*
 * The layout of a template, found or compiled, with one more reference. NULL with a reason when it is refused:
 * a record of 0 octets or longer than a datagram, a length that v9 does not have, too many fields or layouts.
 */
struct layout *layout_get(struct layout_table *table, const struct specification *specification,
                          enum weir_reason *ret_reason);

/* False when an element of it was taught since it was made: the same template gives another layout now. */
bool layout_is_current(const struct layout_table *table, struct layout *layout);

/* True when the layout was made of just these octets. */
bool layout_matches(const struct layout *layout, const struct specification *specification);

/* Drops a reference; with the last one the layout goes. */
void layout_unref(struct layout_table *table, struct layout *layout);

#endif
