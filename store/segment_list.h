/* SPDX-License-Identifier: MIT */
/*
 * segment_list.h - which segments of a store count
 *
 * Names alone are looked at, and by the rule of segment_name.h: a segment counts unless another one covers it. A folder
 * that changes while it is read is read again, so that the list is what was there at one moment.
 */
#ifndef WEIR_STORE_SEGMENT_LIST_H
#define WEIR_STORE_SEGMENT_LIST_H

#include "segment_name.h"
#include "store_error.h"

struct segment_file {
    struct segment_name name;
    enum segment_kind kind;
    int64_t hour_s;      /* the hour of its folder, seconds since 1970 */
    char *path;          /* with the store's folder before it; owned by the list */
    uint64_t size_bytes;
    int64_t written_us;  /* when it was written, microseconds since 1970 */
};

/* Sorted by hour, writer, first number of a commit. */
struct segment_files {
    struct segment_file *files;
    uint32_t count, capacity;
};

struct segment_list {
    struct segment_files current;  /* those that count */
    struct segment_files obsolete; /* those that another one covers: they may be removed */
};

/* Flows that were under way then, from_s <= time < to_s, as far as names tell, which are of whole seconds; in folders
 * of hours that begin at hour_from_s or later. Seconds since 1970. */
struct segment_window {
    int64_t from_s, to_s, hour_from_s;
};

/* Adds the segments of a kind, of any time where `window` is NULL. A store or kind that is not there has none. `told`,
 * where not NULL, is called with each path that is no segment. 0, or -1 with `error` filled: ENOTSUP where the store is
 * of a later format (store_format.h). */
int segment_list_read(struct segment_list *list, const char *folder, enum segment_kind kind,
                      const struct segment_window *window, void (*told)(void *context, const char *path), void *context,
                      struct store_error *error);

/* A list of zeros is empty. */
void segment_list_done(struct segment_list *list);

#endif
