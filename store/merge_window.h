/* SPDX-License-Identifier: MIT */
/*
 * merge_window.h - the rows of a row group that are of a time
 */
#ifndef WEIR_STORE_MERGE_WINDOW_H
#define WEIR_STORE_MERGE_WINDOW_H

#include "chunk_reader.h"

/* Flows that were under way then: their end is not before from_us, their start before to_us. What has no times counts by when it
 * was received. Microseconds since 1970. */
struct merge_window {
    int64_t from_us, to_us;
};

/*
 * How many rows are in the window. `ret_keep` becomes NULL where all or none are, else an octet for each row, to be freed. 0, or -1
 * with `error` filled.
 */
int merge_window_rows(const struct merge_window *window, const struct file_reader *file, uint32_t group,
                      struct chunk_reader *reader, uint8_t **ret_keep, uint32_t *ret_count, struct store_error *error);

/* Takes those that are not kept away again, of the values from `first` on, which begin at `first_byte`; there is an octet of `keep` for
 * each. `width_bytes` 0: variable. */
void merge_window_compact(struct column_data *column, uint32_t width_bytes, uint32_t first, size_t first_byte, const uint8_t *keep);

#endif
