/* SPDX-License-Identifier: MIT */
/*
 * fuzz_parquet.c - files of the store, as they may come back from a disk
 *
 * Whatever a file holds, reading it ends, in bounded memory, with values that fit together or with a sentence.
 * Checksums are compared, and once more ignored, for they would keep almost all inputs from what lies behind them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chunk_reader.h"
#include "commit_notes.h"
#include "require.h"
#include "value_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMN_BYTES_MAX = 1 << 22 };

static void read_chunk(const struct file_reader *file, struct chunk_reader *reader, uint32_t group, uint32_t column)
{
    struct store_error error = {0};
    struct column_data read = {0};
    const enum store_type type = file->columns[column].type;
    const uint32_t width = chunk_width(type), rows = file->groups[group].row_count;
    const int checked = chunk_reader_read(reader, file, group, column, type, COLUMN_BYTES_MAX, NULL, &error);
    require(checked == 0 || strlen(error.text) > 0);
    if (chunk_reader_read(reader, file, group, column, type, COLUMN_BYTES_MAX, &read, &error) == 0) {
        require(read.item_count == rows || (read.item_count == 0 && file->groups[group].chunks[column].is_null));
        require(width == 0 || read.data.size_bytes == (size_t)read.item_count * width);
        require(width != 0 || read.lengths.size_bytes == (size_t)read.item_count * sizeof(uint32_t));
    }
    require(read.data.size_bytes <= COLUMN_BYTES_MAX);
    column_data_done(&read);
}

/* What the footer tells of commits is taken whole, or refused with a sentence. */
static void read_commits(const struct file_reader *file)
{
    const struct segment_name name = {.sequence_first = 1, .sequence_last = UINT64_MAX, .tier = 1};
    struct store_error error = {0};
    struct commit_notes notes = {0};
    uint64_t rows = 0;
    const int result = commit_notes_read(&notes, file, &name, &error);
    for (uint32_t i = 0; i < notes.commit_count; i++)
        rows += notes.commits[i].rows;
    require(result == 0 ? notes.is_unknown || rows == file->row_count : strlen(error.text) > 0);
    commit_notes_done(&notes);
}

/* Filters of values may say anything, and are read within the file. */
static void search(const struct file_reader *file)
{
    struct octet_buffer buffer = {0};
    for (uint32_t i = 0; i < file->column_count; i++) {
        const struct sought_value value = {.column = file->columns[i].name,
                                           .type = i % 2 == 0 ? STORE_U32 : STORE_FIXED_16, .as.number = i};
        file_may_have(file, &value, &buffer);
    }
    octet_buffer_done(&buffer);
}

static void read_file(const uint8_t *data, size_t size, bool ignore_checksums)
{
    struct store_error error = {0};
    struct file_reader file;
    struct chunk_reader reader;
    if (file_reader_open_memory(&file, "input", data, size, &error) != 0) {
        require(strlen(error.text) > 0);
        return;
    }
    require(chunk_reader_init(&reader) == 0);
    reader.ignore_checksums = ignore_checksums;
    file_reader_check_notes(&file, &error);
    read_commits(&file);
    search(&file);
    for (uint32_t g = 0; g < file.group_count; g++) {
        for (uint32_t i = 0; i < file.column_count; i++)
            read_chunk(&file, &reader, g, i);
    }
    chunk_reader_done(&reader);
    file_reader_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_file(data, size, false);
    read_file(data, size, true);
    return 0;
}
