/* SPDX-License-Identifier: MIT */
/*
 * file_writer.c - one Parquet file
 */
#define _GNU_SOURCE
#include "file_writer.h"

#include "footer.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_BYTES = 1 << 20 }; /* so much is gathered before it is written */

int file_writer_init(struct file_writer *writer, enum parquet_codec codec, int level)
{
    *writer = (struct file_writer){.fd = -1};
    return chunk_writer_init(&writer->chunks, codec, level);
}

static void free_group(struct file_row_group *group, uint32_t column_count)
{
    for (uint32_t i = 0; i < column_count; i++) {
        if (group->chunks != NULL)
            chunk_done(&group->chunks[i]);
        if (group->origins != NULL)
            free(group->origins[i]);
    }
    free(group->chunks);
    free(group->origins);
    free(group->column_index_offset);
    free(group->offset_index_offset);
    free(group->column_index_bytes);
    free(group->offset_index_bytes);
    free(group->bloom_offset);
    free(group->bloom_bytes);
}

static void forget_file(struct file_writer *writer)
{
    for (uint32_t i = 0; i < writer->group_count; i++)
        free_group(&writer->groups[i], writer->column_count);
    writer->group_count = 0;
    writer->row_count = 0;
    octet_buffer_clear(&writer->buffer);
    writer->fd = -1;
}

void file_writer_abandon(struct file_writer *writer)
{
    if (writer->fd < 0)
        return;
    close(writer->fd);
    unlink(writer->path);
    forget_file(writer);
}

void file_writer_done(struct file_writer *writer)
{
    file_writer_abandon(writer);
    chunk_writer_done(&writer->chunks);
    octet_buffer_done(&writer->buffer);
    octet_buffer_done(&writer->blooms);
    bloom_done(&writer->bloom);
    free(writer->groups);
    writer->groups = NULL;
}

int file_writer_begin(struct file_writer *writer, const char *path, const struct file_column *columns,
                      uint32_t column_count, struct store_error *error)
{
    writer->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (writer->fd < 0)
        return store_error_system(error, "cannot create %s", path);
    writer->path = path;
    writer->columns = columns;
    writer->column_count = column_count;
    writer->offset = 0;
    writer->bloom_sum = 0;
    octet_buffer_append(&writer->buffer, PARQUET_MAGIC, PARQUET_MAGIC_BYTES);
    return 0;
}

/* Writes what was gathered. */
static int write_out(struct file_writer *writer, struct store_error *error)
{
    const uint8_t *data = writer->buffer.data;
    size_t left = writer->buffer.size_bytes;
    if (writer->buffer.failed)
        return store_error_set(error, "not enough memory to write %s", writer->path);
    while (left > 0) {
        const ssize_t wrote = write(writer->fd, data, left);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return store_error_system(error, "cannot write %s", writer->path);
        data += wrote;
        left -= (size_t)wrote;
    }
    writer->offset += writer->buffer.size_bytes;
    octet_buffer_clear(&writer->buffer);
    return 0;
}

static struct file_row_group *add_group(struct file_writer *writer)
{
    if (writer->group_count == writer->group_capacity) {
        const uint32_t capacity = writer->group_capacity == 0 ? 4 : writer->group_capacity * 2;
        struct file_row_group *groups = realloc(writer->groups, capacity * sizeof *groups);
        if (groups == NULL)
            return NULL;
        writer->groups = groups;
        writer->group_capacity = capacity;
    }
    struct file_row_group *group = &writer->groups[writer->group_count];
    const uint32_t count = writer->column_count;
    *group = (struct file_row_group){
        .chunks = calloc(count, sizeof *group->chunks),
        .origins = calloc(count, sizeof *group->origins),
        .column_index_offset = calloc(count, sizeof *group->column_index_offset),
        .offset_index_offset = calloc(count, sizeof *group->offset_index_offset),
        .column_index_bytes = calloc(count, sizeof *group->column_index_bytes),
        .offset_index_bytes = calloc(count, sizeof *group->offset_index_bytes),
        .bloom_offset = calloc(count, sizeof *group->bloom_offset),
        .bloom_bytes = calloc(count, sizeof *group->bloom_bytes),
    };
    writer->group_count++; /* freed with the file, whatever is missing of it */
    const bool whole = group->chunks != NULL && group->origins != NULL && group->column_index_offset != NULL &&
                       group->offset_index_offset != NULL && group->column_index_bytes != NULL &&
                       group->offset_index_bytes != NULL &&
                       group->bloom_offset != NULL && group->bloom_bytes != NULL;
    return whole ? group : NULL;
}

static int no_memory(const struct file_writer *writer, struct store_error *error)
{
    return store_error_set(error, "not enough memory to write %s", writer->path);
}

int file_writer_group_begin(struct file_writer *writer, uint32_t row_count, struct store_error *error)
{
    struct file_row_group *group = add_group(writer);
    if (group == NULL)
        return no_memory(writer, error);
    group->row_count = row_count;
    group->offset = writer->offset + writer->buffer.size_bytes;
    writer->row_count += row_count;
    writer->next_column = 0;
    octet_buffer_clear(&writer->blooms);
    return 0;
}

int file_writer_group_column(struct file_writer *writer, const struct store_values *values, const char *origin,
                             struct store_error *error)
{
    struct file_row_group *group = &writer->groups[writer->group_count - 1];
    const uint32_t i = writer->next_column++;
    const struct file_column *column = &writer->columns[i];
    group->origins[i] = origin == NULL ? NULL : strdup(origin);
    if ((origin != NULL && group->origins[i] == NULL) ||
        chunk_write(&writer->chunks, column->field_id, column->type, values, writer->offset, &writer->buffer,
                    &group->chunks[i]) != 0)
        return no_memory(writer, error);
    if (column->bloom && values->item_count > 0) {
        group->bloom_offset[i] = writer->blooms.size_bytes; /* moved to its place in the file with the group's end */
        if (bloom_fill(&writer->bloom, column->type, values) != 0)
            return no_memory(writer, error);
        bloom_append(&writer->bloom, &writer->blooms);
        group->bloom_bytes[i] = (uint32_t)(writer->blooms.size_bytes - group->bloom_offset[i]);
    }
    return writer->buffer.size_bytes >= WRITE_BYTES ? write_out(writer, error) : 0;
}

int file_writer_group_end(struct file_writer *writer, int32_t sorted_by, struct store_error *error)
{
    struct file_row_group *group = &writer->groups[writer->group_count - 1];
    const uint64_t begin = writer->offset + writer->buffer.size_bytes;
    group->sorted_by = sorted_by;
    if (writer->blooms.failed)
        return no_memory(writer, error);
    for (uint32_t i = 0; i < writer->column_count; i++)
        group->bloom_offset[i] += begin;
    writer->bloom_sum = libdeflate_crc32(writer->bloom_sum, writer->blooms.data, writer->blooms.size_bytes);
    octet_buffer_append(&writer->buffer, writer->blooms.data, writer->blooms.size_bytes);
    return 0;
}

int file_writer_row_group(struct file_writer *writer, const struct store_values *values, const char *const *origins,
                          int32_t sorted_by, struct store_error *error)
{
    int result = file_writer_group_begin(writer, values[0].row_count, error);
    for (uint32_t i = 0; i < writer->column_count && result == 0; i++)
        result = file_writer_group_column(writer, &values[i], origins == NULL ? NULL : origins[i], error);
    return result == 0 ? file_writer_group_end(writer, sorted_by, error) : -1;
}

int file_writer_finish(struct file_writer *writer, const struct file_note *notes, uint32_t note_count, bool sync,
                       uint64_t *ret_bytes, struct store_error *error)
{
    footer_append_indexes(writer);
    footer_append(writer, notes, note_count);
    if (write_out(writer, error) != 0) {
        file_writer_abandon(writer);
        return -1;
    }
    if (sync && fsync(writer->fd) != 0) {
        store_error_system(error, "cannot write %s to the disk", writer->path);
        file_writer_abandon(writer);
        return -1;
    }
    if (close(writer->fd) != 0) {
        store_error_system(error, "cannot write %s", writer->path);
        unlink(writer->path);
        forget_file(writer);
        return -1;
    }
    *ret_bytes = writer->offset;
    forget_file(writer);
    return 0;
}
