/* SPDX-License-Identifier: MIT */
/*
 * window.h - copies several neighbouring fields of many records at once, where the machine can
 *
 * A window is 16 octets of a record with up to four fields of 1 to 4 octets, or two of 5 to 8. It is read from eight
 * records; one shuffle in each puts the fields apart, turns their octets round and fills them up with zeros; then rows
 * and columns change places:
 *
 *     record 0  |..AAAABBCDDDD....|       |A|B|C|D|       column of A  |A|A|A|A|A|A|A|A|
 *     record 1  |..AAAABBCDDDD....|  ──▶  |A|B|C|D|  ──▶  column of B  |B|B|B|B|B|B|B|B|
 *     ...                                 ...             ...
 *
 * A window lies within the fixed octets around its fields (the record, or the segment: see layout.h), so that nothing
 * beside the record is read. The last eight records may overlap with the eight before; less than eight are left to the
 * kernels for single fields. In a column up to WINDOW_SLACK_BYTES behind the last row are written too.
 */
#ifndef WEIR_WINDOW_H
#define WEIR_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct layout;
struct step;

enum { WINDOW_BYTES = 16, WINDOW_FIELDS = 4, WINDOW_RECORDS = 8, WINDOW_SLACK_BYTES = 24 };

struct window {
    uint8_t shuffle[WINDOW_BYTES];      /* which octet goes there; 0x80: a zero */
    uint8_t width_bytes[WINDOW_FIELDS]; /* of a value in its column: 1, 2 or 4, and the shuffle makes 4 of it; or 8 */
    uint16_t column[WINDOW_FIELDS];
    uint16_t offset; /* in its segment, octets */
    uint16_t segment;
};

/* Copies `count` records, 8 at least, to `columns` from row `row` on. `source` points at the first record's segment;
 * the others follow every `stride` octets. */
typedef void window_copy(const struct window *window, uint8_t *const *columns, size_t row, const uint8_t *source,
                         size_t stride, size_t count);

/* The same where the segment of record i begins at `base` + starts[i]. */
typedef void window_gather(const struct window *window, uint8_t *const *columns, size_t row, const uint8_t *base,
                           const uint32_t *starts, size_t count);

struct window_kernels {
    window_copy *copy;
    window_gather *gather;
};

/* Those for the machine that this runs on, or NULL when it has none. */
const struct window_kernels *window_kernels_pick(void);

/* window_avx2.c: needs a machine with AVX2; NULL where the compiler cannot make them. */
const struct window_kernels *window_kernels_avx2(void);

/*
 * Finds windows for the layout's plan. The steps that they make needless move
 * to the end of the plan, behind the first `*ret_rest_count`. `windows` has room for half as many as there are steps.
 * Returns how many there are.
 */
uint32_t window_plan(const struct layout *layout, struct step *plan, struct window *windows, uint32_t *ret_rest_count);

#endif
