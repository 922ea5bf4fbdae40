/* SPDX-License-Identifier: MIT */
/* file_check.c - whether a file of the store is as it was written */
#include "file_check.h"

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
    return result;
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
