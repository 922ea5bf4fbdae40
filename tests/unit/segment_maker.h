/* SPDX-License-Identifier: MIT */
/*
 * segment_maker.h - stores for tests: segments whose rows are numbered, so that each can be counted
 */
#ifndef SEGMENT_MAKER_H
#define SEGMENT_MAKER_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chunk_reader.h"
#include "file_writer.h"
#include "segment_list.h"
#include "writer_lock.h"

enum { SEGMENT_ROWS = 10, MADE_WRITER = 0xabc };

static const int64_t made_hour_s = 1700000000 / 3600 * 3600;

/* When a segment was made: its numbers are those of its commit times 1000. */
static inline int64_t made_received_us(uint64_t sequence)
{
    return made_hour_s * 1000000 + (int64_t)sequence * 1000000;
}

static inline void made_name(const char *folder, enum segment_kind kind, const struct segment_name *name,
                             int64_t hour_s, char path[512])
{
    char hour[SEGMENT_FOLDER_SIZE], text[SEGMENT_NAME_SIZE];
    segment_folder_format(hour_s * 1000000, hour);
    segment_name_format(name, text);
    snprintf(path, 512, "%s/%s/%s", folder, segment_kind_name(kind), hour);
    make_folders(path);
    snprintf(path + strlen(path), 512 - strlen(path), "/%s", text);
}

/* Writes a segment; `form` 1 has a column more. */
static inline void make_segment_of(const char *folder, enum segment_kind kind, uint32_t writer_id, uint64_t sequence,
                                   int form)
{
    const struct file_column columns[] = {{.name = "received", .field_id = 1, .type = STORE_TIME_US},
                                          {.name = "src_ipv4", .field_id = 13, .type = STORE_U32},
                                          {.name = "number", .field_id = 99, .type = STORE_U64},
                                          {.name = "extra", .field_id = 98, .type = STORE_STRING}};
    int64_t received[SEGMENT_ROWS];
    uint64_t numbers[SEGMENT_ROWS];
    uint32_t addresses[SEGMENT_ROWS], lengths[SEGMENT_ROWS];
    char path[512], text[SEGMENT_ROWS * 8] = "";
    struct segment_name name = {.first_s = made_received_us(sequence) / 1000000,
                                .last_s = made_received_us(sequence) / 1000000 + 1,
                                .writer = writer_id, .sequence_first = sequence, .sequence_last = sequence};
    for (uint32_t i = 0; i < SEGMENT_ROWS; i++) {
        received[i] = made_received_us(sequence);
        numbers[i] = sequence * 1000 + i;
        addresses[i] = (uint32_t)numbers[i] % 7;
        lengths[i] = (uint32_t)snprintf(text + strlen(text), 8, "%u", i);
    }
    const struct store_values values[] = {
        {.data = received, .item_count = SEGMENT_ROWS, .width_bytes = 8, .row_count = SEGMENT_ROWS},
        {.data = addresses, .item_count = SEGMENT_ROWS, .width_bytes = 4, .row_count = SEGMENT_ROWS},
        {.data = numbers, .item_count = SEGMENT_ROWS, .width_bytes = 8, .row_count = SEGMENT_ROWS},
        {.data = text, .lengths = lengths, .item_count = form == 1 ? SEGMENT_ROWS : 0, .row_count = SEGMENT_ROWS}};
    const struct file_note notes[] = {
        {"weir.version", "0"}, {"weir.format", "1"}, {"weir.kind", segment_kind_name(kind)}, {"weir.rows", "10"}};
    struct file_writer writer;
    struct store_error error;
    uint64_t bytes;
    made_name(folder, kind, &name, made_hour_s, path);
    if (file_writer_init(&writer, PARQUET_ZSTD, 1) != 0 ||
        file_writer_begin(&writer, path, columns, form == 1 ? 4 : 3, &error) != 0 ||
        file_writer_row_group(&writer, values, NULL, 0, &error) != 0 ||
        file_writer_finish(&writer, notes, 4, false, &bytes, &error) != 0)
        abort();
    file_writer_done(&writer);
}

static inline void make_segment(const char *folder, uint64_t sequence)
{
    make_segment_of(folder, SEGMENT_FLOWS, MADE_WRITER, sequence, 0);
}

/* Adds one to seen[sequence * SEGMENT_ROWS + row] for each row of the segments that count; false where one cannot be
 * read. */
static inline bool count_rows_of(const struct segment_files *files, uint32_t *seen, uint64_t sequence_max)
{
    struct chunk_reader reader;
    bool well = chunk_reader_init(&reader) == 0;
    for (uint32_t f = 0; f < files->count; f++) {
        struct store_error error;
        struct file_reader file;
        if (file_reader_open(&file, files->files[f].path, &error) != 0) {
            well = false;
            continue;
        }
        for (uint32_t g = 0; g < file.group_count; g++) {
            struct column_data numbers = {0};
            if (chunk_reader_read(&reader, &file, g, 2, STORE_U64, SIZE_MAX, &numbers, &error) != 0)
                well = false;
            for (uint32_t i = 0; i < numbers.item_count; i++) {
                const uint64_t number = ((const uint64_t *)(const void *)numbers.data.data)[i];
                if (number / 1000 <= sequence_max && number % 1000 < SEGMENT_ROWS)
                    seen[number / 1000 * SEGMENT_ROWS + number % 1000]++;
            }
            column_data_done(&numbers);
        }
        file_reader_close(&file);
    }
    chunk_reader_done(&reader);
    return well;
}

/* Whether each row of the commits 1 to `count` of `folder` counts exactly once. */
static inline bool rows_count_once(const char *folder, uint64_t count, uint32_t *ret_files)
{
    struct segment_list list = {0};
    struct store_error error;
    uint32_t *seen = calloc((count + 1) * SEGMENT_ROWS, sizeof *seen);
    bool well = seen != NULL && segment_list_read(&list, folder, SEGMENT_FLOWS, NULL, NULL, NULL, &error) == 0 &&
                count_rows_of(&list.current, seen, count);
    for (uint64_t i = SEGMENT_ROWS; i < (count + 1) * SEGMENT_ROWS && well; i++)
        well = seen[i] == 1;
    if (ret_files != NULL)
        *ret_files = list.current.count;
    free(seen);
    segment_list_done(&list);
    return well;
}

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static inline uint64_t made_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static inline void remove_store(const char *folder)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
