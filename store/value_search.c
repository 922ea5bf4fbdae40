/* SPDX-License-Identifier: MIT */
/* value_search.c - whether a value may be in a file */
#include "value_search.h"

#include "bloom.h"
#include "thrift_reader.h"

#include <string.h>

enum { HEADER_BYTES_MAX = 64 }; /* of a filter; Weir's has 17 at the most */

/* The value in Parquet's plain encoding. */
struct plain {
    uint8_t octets[16];
    uint8_t size_bytes;
};

static struct plain plain_of(const struct sought_value *value)
{
    struct plain plain = {.size_bytes = value->type == STORE_U32 ? 4 : 16};
    memcpy(plain.octets, &value->as, plain.size_bytes); /* numbers stand with their lowest octet first in both */
    return plain;
}

/* Less than 0, 0 or more, in the order that statistics have. */
static int compare(const struct sought_value *value, const struct plain *plain, const struct chunk_bound *bound)
{
    uint32_t number;
    if (value->type == STORE_FIXED_16)
        return memcmp(plain->octets, bound->octets, plain->size_bytes);
    memcpy(&number, bound->octets, sizeof number);
    return value->as.number < number ? -1 : value->as.number > number;
}

static bool is_within(const struct file_reader_chunk *chunk, const struct sought_value *value, const struct plain *plain)
{
    if (!chunk->is_bounded || chunk->least.size_bytes != plain->size_bytes ||
        chunk->greatest.size_bytes != plain->size_bytes)
        return true;
    return compare(value, plain, &chunk->least) >= 0 && compare(value, plain, &chunk->greatest) <= 0;
}

/* Octets of the filter's bits, and of its header, which stands before them. False where it is none that Weir writes. */
static bool read_header(const struct octet_buffer *buffer, uint64_t *ret_bits, uint64_t *ret_header)
{
    struct thrift_reader thrift = thrift_reader_init(buffer->data, buffer->size_bytes);
    int32_t bytes = 0;
    while (thrift_next(&thrift)) {
        if (thrift.id == 1) {
            bytes = thrift_get_i32(&thrift);
            continue;
        }
        thrift_enter(&thrift); /* a union, of which the first is the only one that there is */
        if (thrift_next(&thrift)) {
            thrift.error |= thrift.id != 1;
            thrift_skip(&thrift);
        }
        thrift.error |= thrift_next(&thrift);
    }
    *ret_bits = bytes > 0 ? (uint64_t)bytes : 0;
    *ret_header = (uint64_t)(thrift.at - buffer->data);
    return !thrift.error && bytes > 0 && bytes % BLOOM_BLOCK_BYTES == 0;
}

static bool passes_bloom(const struct file_reader *file, const struct file_reader_chunk *chunk, const struct plain *plain,
                         struct octet_buffer *buffer)
{
    struct store_error error;
    uint64_t bits_bytes, header_bytes;
    const uint64_t begin = chunk->bloom_offset;
    if (begin == 0 || begin >= file->data_end)
        return true;
    const uint64_t left = file->data_end - begin;
    if (file_reader_read(file, begin, left < HEADER_BYTES_MAX ? left : HEADER_BYTES_MAX, buffer, &error) != 0 ||
        !read_header(buffer, &bits_bytes, &header_bytes) || bits_bytes > left - header_bytes)
        return true;
    const uint64_t hash = bloom_hash(plain->octets, plain->size_bytes);
    const uint64_t block = bloom_block(hash, (size_t)(bits_bytes / BLOOM_BLOCK_BYTES));
    return file_reader_read(file, begin + header_bytes + block * BLOOM_BLOCK_BYTES, BLOOM_BLOCK_BYTES, buffer, &error) != 0 ||
           bloom_block_has(buffer->data, hash);
}

bool file_may_have(const struct file_reader *file, const struct sought_value *value, struct octet_buffer *buffer)
{
    const struct plain plain = plain_of(value);
    uint32_t column = 0;
    while (column < file->column_count && strcmp(file->columns[column].name, value->column) != 0)
        column++;
    if (column == file->column_count)
        return false;
    if (file->columns[column].type != value->type)
        return true;
    for (uint32_t group = 0; group < file->group_count; group++) {
        const struct file_reader_chunk *chunk = &file->groups[group].chunks[column];
        if (!chunk->is_null && is_within(chunk, value, &plain) && passes_bloom(file, chunk, &plain, buffer))
            return true;
    }
    return false;
}
