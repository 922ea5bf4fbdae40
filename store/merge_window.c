/* SPDX-License-Identifier: MIT */
/*
 * merge_window.c - the rows of a row group that are of a time
 */
#include "merge_window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* The column that has a time in this row group, NONE where it is absent. */
static uint32_t find_column(const struct file_reader *file, uint32_t group, enum store_column_index index)
{
    for (uint32_t i = 0; i < file->column_count; i++) {
        if (file->columns[i].field_id == store_column(index)->field_id && file->columns[i].type == STORE_TIME_US &&
            !file->groups[group].chunks[i].is_null)
            return i;
    }
    return NONE;
}

static bool bounds_of(const struct file_reader_chunk *chunk, int64_t *least, int64_t *greatest)
{
    if (!chunk->is_bounded || chunk->least.size_bytes != sizeof *least || chunk->greatest.size_bytes != sizeof *greatest)
        return false;
    memcpy(least, chunk->least.octets, sizeof *least);
    memcpy(greatest, chunk->greatest.octets, sizeof *greatest);
    return true;
}

/* Reads a column of times and marks those rows out that it excludes: starts that are too late, ends that are too early. */
static int mark(const struct merge_window *window, const struct file_reader *file, uint32_t group, uint32_t column, bool is_start,
                struct chunk_reader *reader, uint8_t *keep, struct store_error *error)
{
    struct column_data times = {0};
    const int result = chunk_reader_read(reader, file, group, column, STORE_TIME_US, SIZE_MAX, &times, error);
    const int64_t *values = (const int64_t *)(const void *)times.data.data;
    for (uint32_t i = 0; i < times.item_count && result == 0; i++)
        keep[i] &= is_start ? values[i] < window->to_us : values[i] >= window->from_us;
    column_data_done(&times);
    return result;
}

int merge_window_rows(const struct merge_window *window, const struct file_reader *file, uint32_t group,
                      struct chunk_reader *reader, uint8_t **ret_keep, uint32_t *ret_count, struct store_error *error)
{
    const struct file_reader_group *rows = &file->groups[group];
    uint32_t start = find_column(file, group, STORE_COLUMN_TIME_START), end = find_column(file, group, STORE_COLUMN_TIME_END);
    int64_t start_least, start_greatest, end_least, end_greatest;
    if (start == NONE || end == NONE)
        start = end = start != NONE ? start : end != NONE ? end : find_column(file, group, STORE_COLUMN_RECEIVED);
    *ret_keep = NULL;
    *ret_count = rows->row_count;
    if (start == NONE)
        return 0; /* there is no time at all to go by */
    if (bounds_of(&rows->chunks[start], &start_least, &start_greatest) && bounds_of(&rows->chunks[end], &end_least, &end_greatest)) {
        if (start_greatest < window->to_us && end_least >= window->from_us)
            return 0;
        if (start_least >= window->to_us || end_greatest < window->from_us) {
            *ret_count = 0;
            return 0;
        }
    }
    uint8_t *keep = malloc(rows->row_count);
    if (keep == NULL) {
        store_error_set(error, "not enough memory to read %s", file->path);
        error->number = ENOMEM;
        return -1;
    }
    memset(keep, 1, rows->row_count);
    if (mark(window, file, group, start, true, reader, keep, error) != 0 ||
        mark(window, file, group, end, false, reader, keep, error) != 0) {
        free(keep);
        return -1;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->row_count; i++)
        count += keep[i];
    *ret_count = count;
    *ret_keep = keep;
    if (count == 0 || count == rows->row_count) {
        free(keep);
        *ret_keep = NULL;
    }
    return 0;
}

void merge_window_compact(struct column_data *column, uint32_t width_bytes, uint32_t first, size_t first_byte, const uint8_t *keep)
{
    uint8_t *from = column->data.data + first_byte, *to = from;
    uint32_t *lengths = (uint32_t *)(void *)column->lengths.data, kept = first;
    for (uint32_t i = first; i < column->item_count; i++) {
        const uint32_t bytes = width_bytes != 0 ? width_bytes : lengths[i];
        if (keep[i - first] != 0) {
            memmove(to, from, bytes);
            to += bytes;
            if (width_bytes == 0)
                lengths[kept] = bytes;
            kept++;
        }
        from += bytes;
    }
    column->item_count = kept;
    column->data.size_bytes = (size_t)(to - column->data.data);
    if (width_bytes == 0)
        column->lengths.size_bytes = kept * sizeof *lengths;
}
