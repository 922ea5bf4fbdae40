/* SPDX-License-Identifier: MIT */
/* file_check.c - whether a file of the store is as it was written */
#include "file_check.h"

#include "bloom.h"

#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

/* Row group by row group and column by column, as they were written. */
static int check_blooms(const struct file_reader *file, struct store_error *error)
{
    const char *told = file_reader_note(file, BLOOM_SUM_NOTE);
    struct octet_buffer bloom = {0};
    uint32_t sum = 0;
    char digits[9];
    int result = 0;
    for (uint32_t g = 0; g < file->group_count && told != NULL && result == 0; g++) {
        for (uint32_t i = 0; i < file->column_count && result == 0; i++) {
            const struct file_reader_chunk *chunk = &file->groups[g].chunks[i];
            if (chunk->bloom_bytes == 0)
                continue;
            result = file_reader_read(file, chunk->bloom_offset, chunk->bloom_bytes, &bloom, error);
            sum = result == 0 ? libdeflate_crc32(sum, bloom.data, chunk->bloom_bytes) : 0;
        }
    }
    octet_buffer_done(&bloom);
    snprintf(digits, sizeof digits, "%08x", sum);
    if (result == 0 && told != NULL && strcmp(told, digits) != 0)
        return store_error_set(error, "%s is damaged: its bloom filters are not as they were written", file->path);
    return result;
}

int file_check_pages(struct chunk_reader *reader, const struct file_reader *file, bool values,
                     struct store_error *error)
{
    int result = 0;
    reader->only_checksums = !values;
    for (uint32_t g = 0; g < file->group_count && result == 0; g++) {
        for (uint32_t i = 0; i < file->column_count && result == 0; i++)
            result = chunk_reader_read(reader, file, g, i, (enum store_type)file->columns[i].type, 0, NULL, error);
    }
    reader->only_checksums = false;
    return result == 0 ? check_blooms(file, error) : result;
}

int file_check(struct chunk_reader *reader, const char *path, bool values, struct store_error *error)
{
    struct file_reader file;
    if (file_reader_open(&file, path, error) != 0)
        return -1;
    int result = file_reader_check_notes(&file, error);
    if (result == 0)
        result = file_check_pages(reader, &file, values, error);
    file_reader_close(&file);
    return result;
}
