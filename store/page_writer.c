/* SPDX-License-Identifier: MIT */
/*
 * page_writer.c - one page: its body, compressed, behind its header
 */
#include "page_writer.h"

#include "thrift_writer.h"

#include <libdeflate.h>
#include <lz4.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

enum { LEVEL_NO_MATCHES = -1000, LITERALS_COMPRESSED = 1 };

enum { STORED_BYTES_MORE = 32 }; /* than compressed at the worst: the frame around raw blocks */

enum { HEADER_BYTES_MAX = 64, PAGE_BYTES_MAX = 1 << 28 }; /* no more is read, see chunk_reader.c */

int page_writer_init(struct page_writer *writer, int level)
{
    *writer = (struct page_writer){.zstd = ZSTD_createCCtx(), .level = level};
    return writer->zstd == NULL ? -1 : 0;
}

void page_writer_done(struct page_writer *writer)
{
    ZSTD_freeCCtx(writer->zstd);
    writer->zstd = NULL;
}

static size_t bound(enum parquet_codec codec, size_t size_bytes)
{
    switch (codec) {
    case PARQUET_ZSTD: return ZSTD_compressBound(size_bytes) + STORED_BYTES_MORE;
    case PARQUET_LZ4_RAW: return (size_t)LZ4_compressBound((int)size_bytes);
    default: return size_bytes;
    }
}

static uint8_t *put_le(uint8_t *to, uint32_t value, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        *to++ = (uint8_t)(value >> 8 * i);
    return to;
}

/* A frame of raw blocks with a checksum (RFC 8878, 3.1.1), no longer than bound() tells. Returns its octets. */
static size_t store_zstd(const uint8_t *body, size_t size_bytes, uint8_t *to)
{
    enum { MAGIC = ZSTD_MAGICNUMBER, SIZE_IN_4_OCTETS = 2 << 6, SINGLE_SEGMENT = 1 << 5, HAS_CHECKSUM = 1 << 2 };
    uint8_t *at = put_le(to, MAGIC, 4);
    at = put_le(at, SIZE_IN_4_OCTETS | SINGLE_SEGMENT | HAS_CHECKSUM, 1);
    at = put_le(at, (uint32_t)size_bytes, 4);
    size_t done = 0;
    do {
        const size_t left = size_bytes - done, now = left < ZSTD_BLOCKSIZE_MAX ? left : ZSTD_BLOCKSIZE_MAX;
        at = put_le(at, (uint32_t)now << 3 | (now == left), 3); /* of the raw type, 0; the last, or not */
        memcpy(at, body + done, now);
        at += now;
        done += now;
    } while (done < size_bytes);
    at = put_le(at, (uint32_t)XXH64(body, size_bytes, 0), 4);
    return (size_t)(at - to);
}

/* The negative levels of zstd look for matches in few places, and would leave what is between as it is. Others read pages without
 * a look at the checksums of Parquet; that of zstd they cannot pass over. */
static size_t compress_zstd(struct page_writer *writer, const uint8_t *body, size_t size_bytes, uint8_t *to, size_t room_bytes)
{
    const bool entropy = writer->level == PAGE_LEVEL_ENTROPY;
    if (writer->level == PAGE_LEVEL_STORED)
        return store_zstd(body, size_bytes, to);
    ZSTD_CCtx_reset(writer->zstd, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
    /* what is out of bounds is clamped */
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, entropy ? LEVEL_NO_MATCHES : writer->level);
    if (entropy)
        ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_experimentalParam5, LITERALS_COMPRESSED); /* ZSTD_c_literalCompressionMode */
    return ZSTD_compress2(writer->zstd, to, room_bytes, body, size_bytes);
}

/* Octets written to `to`, or 0 on failure. */
static size_t compress(struct page_writer *writer, enum parquet_codec codec, const uint8_t *body, size_t size_bytes,
                       uint8_t *to, size_t room_bytes)
{
    if (codec == PARQUET_ZSTD) {
        const size_t size = compress_zstd(writer, body, size_bytes, to, room_bytes);
        return ZSTD_isError(size) ? 0 : size;
    }
    if (codec == PARQUET_LZ4_RAW)
        return (size_t)LZ4_compress_default((const char *)body, (char *)to, (int)size_bytes, (int)room_bytes);
    memcpy(to, body, size_bytes);
    return size_bytes;
}

static void write_header(const struct page *page, size_t size_bytes, size_t compressed_bytes, uint32_t crc,
                         struct octet_buffer *to)
{
    struct thrift_writer writer = thrift_writer_init(to);
    thrift_i32(&writer, 1, (int32_t)page->kind);
    thrift_i32(&writer, 2, (int32_t)size_bytes);
    thrift_i32(&writer, 3, (int32_t)compressed_bytes);
    thrift_i32(&writer, 4, (int32_t)crc);
    if (page->kind == PARQUET_DATA_PAGE) {
        thrift_struct(&writer, 5);
        thrift_i32(&writer, 1, (int32_t)page->value_count);
        thrift_i32(&writer, 2, (int32_t)page->encoding);
        thrift_i32(&writer, 3, PARQUET_RLE);
        thrift_i32(&writer, 4, PARQUET_RLE);
    } else {
        thrift_struct(&writer, 7);
        thrift_i32(&writer, 1, (int32_t)page->value_count);
        thrift_i32(&writer, 2, (int32_t)page->encoding);
        thrift_bool(&writer, 3, page->sorted);
    }
    thrift_end(&writer);
    thrift_end(&writer);
}

size_t page_write(struct page_writer *writer, const struct page *page, const uint8_t *body, size_t size_bytes,
                  struct octet_buffer *to)
{
    if (size_bytes > PAGE_BYTES_MAX) {
        to->failed = true;
        return 0;
    }
    const size_t room_bytes = bound(page->codec, size_bytes);
    uint8_t *room = octet_buffer_room(to, HEADER_BYTES_MAX + room_bytes);
    if (room == NULL)
        return 0;
    /* The header tells the size, so the body is made first and then moved up to it. */
    uint8_t *packed = room + HEADER_BYTES_MAX;
    const size_t packed_bytes = compress(writer, page->codec, body, size_bytes, packed, room_bytes);
    if (packed_bytes == 0 && size_bytes > 0) {
        to->failed = true;
        return 0;
    }
    const size_t begin = to->size_bytes;
    write_header(page, size_bytes, packed_bytes, libdeflate_crc32(0, packed, packed_bytes), to);
    const size_t header_bytes = to->size_bytes - begin;
    memmove(to->data + to->size_bytes, to->data + begin + HEADER_BYTES_MAX, packed_bytes);
    to->size_bytes += packed_bytes;
    return header_bytes + size_bytes;
}

double page_try(struct page_writer *writer, enum parquet_codec codec, const uint8_t *body, size_t size_bytes,
                struct octet_buffer *scratch)
{
    if (codec == PARQUET_UNCOMPRESSED || size_bytes == 0)
        return 1;
    octet_buffer_clear(scratch);
    const size_t room_bytes = bound(codec, size_bytes);
    uint8_t *room = octet_buffer_room(scratch, room_bytes);
    const size_t packed_bytes = room == NULL ? 0 : compress(writer, codec, body, size_bytes, room, room_bytes);
    return packed_bytes == 0 ? 1 : (double)packed_bytes / (double)size_bytes;
}
