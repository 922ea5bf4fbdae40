/* SPDX-License-Identifier: MIT */
/*
 * segment.h - rows on their way to one file of the store
 *
 * A segment gathers rows of all forms that come; each form becomes a row group. When it is full or old enough it is
 * sealed, and written as a whole.
 */
#ifndef WEIR_STORE_SEGMENT_H
#define WEIR_STORE_SEGMENT_H

#include "file_writer.h"
#include "gather.h"
#include "ledger_log.h"
#include "segment_name.h"

/* A segment of more chunks (columns times forms) is sealed: its footer would grow beyond reason. */
enum { SEGMENT_CHUNKS_MAX = 1 << 18 };

/* One of more rows too: a record of padding alone takes nothing, and no row group is read that has more than
 * FILE_GROUP_ROWS_MAX, which is twice as many. */
enum { SEGMENT_ROWS_MAX = 1 << 25 };

struct segment {
    struct gather **gathers;
    uint32_t gather_count, gather_capacity;
    uint32_t field_count; /* columns that are fields, of all forms */
    size_t size_bytes;    /* of the rows */
    uint64_t row_count;
    enum segment_kind kind;
    int64_t first_received_us, last_received_us; /* of its rows */
    int64_t opened_us; /* by the caller's clock */
    uint64_t sequence;
    uint64_t cut; /* that it belongs to; 0: it gets its name at once */
    uint64_t serial; /* tells one use of it from the next */
    struct ledger_page *ledger; /* of SEGMENT_LEDGER, instead of gathers; owned */
    struct segment *next; /* in a queue */
};

struct segment *segment_create(enum segment_kind kind);
void segment_free(struct segment *segment);

/* Empty again, with the memory of the forms that had rows: most likely those that come next. */
void segment_clear(struct segment *segment);

/* The gather for rows of this form; made when there is none. NULL without memory. */
struct gather *segment_gather(struct segment *segment, const struct gather *like);

/* Notes that rows were added. */
void segment_added(struct segment *segment, const struct weir_run *runs, uint32_t run_count, uint64_t rows,
                   size_t size_bytes);

/* Whether it is to be sealed before more rows come, however few octets they take. */
static inline bool segment_is_full(const struct segment *segment)
{
    return (uint64_t)segment->gather_count * (segment->field_count + STORE_COLUMN_COUNT) > SEGMENT_CHUNKS_MAX ||
           segment->row_count >= SEGMENT_ROWS_MAX;
}

/* The least time_start and the greatest time_end, seconds since 1970; of what has none, when it came. */
void segment_times(struct segment *segment, int64_t *ret_first_s, int64_t *ret_last_s);

/* Writes all rows to `path`, which must not be there; it is whole when 0 is returned, and else not there. */
int segment_write(struct segment *segment, struct file_writer *writer, const char *path, const struct file_note *notes,
                  uint32_t note_count, bool sync, uint64_t *ret_bytes, struct store_error *error);

#endif
