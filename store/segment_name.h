/* SPDX-License-Identifier: MIT */
/*
 * segment_name.h - where a segment lies, and what its name tells
 *
 *     DIR/KIND/date=YYYY-MM-DD/hour=HH/FIRST-LAST-WRITER-SEQ-SEQ-TIER.parquet
 *
 *     KIND     flows, options or ledger
 *     date, hour   when the datagrams came, UTC
 *     FIRST    the least time_start of the rows, LAST the greatest time_end (rounded up), YYYYMMDDTHHMMSS, UTC; of what
 *              has no times of its own: when it came
 *     WRITER   8 hexadecimal digits: which collector wrote it
 *     SEQ-SEQ  its commits: one collector numbers them upwards; a merged segment has the first and the last
 *     TIER     0 as committed; merged ones have more
 *
 * A segment counts unless another one of the same writer and folder, of a higher tier, covers its commits: so merging
 * is done at the moment when the merged segment gets its name, and what it was made of may be removed any time later.
 */
#ifndef WEIR_STORE_SEGMENT_NAME_H
#define WEIR_STORE_SEGMENT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEGMENT_NAME_SIZE = 128, SEGMENT_FOLDER_SIZE = 32 };

enum segment_kind { SEGMENT_FLOWS, SEGMENT_OPTIONS, SEGMENT_LEDGER, SEGMENT_KIND_COUNT };

/* The folder of a kind within the store. */
const char *segment_kind_name(enum segment_kind kind);

struct segment_name {
    int64_t first_s, last_s; /* seconds since 1970 */
    uint32_t writer;
    uint64_t sequence_first, sequence_last;
    unsigned tier;
};

/* "20261123T235105-20261123T235110-0123abcd-17-17-0.parquet". Times outside the years 0 to 9999 are moved to their
 * edge. */
void segment_name_format(const struct segment_name *name, char text[SEGMENT_NAME_SIZE]);

/* False where the text is no name of a segment. */
bool segment_name_parse(const char *text, struct segment_name *ret_name);

/* "date=2026-11-23/hour=23" of that time. */
void segment_folder_format(int64_t received_us, char text[SEGMENT_FOLDER_SIZE]);

/* Whether the first of them makes the second superfluous; both lie in the same folder. */
bool segment_name_covers(const struct segment_name *name, const struct segment_name *other);

#endif
