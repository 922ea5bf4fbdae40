/* SPDX-License-Identifier: MIT */
/*
 * page_writer.h - one page: its body, compressed, behind its header
 */
#ifndef WEIR_STORE_PAGE_WRITER_H
#define WEIR_STORE_PAGE_WRITER_H

#include "octet_buffer.h"
#include "parquet.h"

struct ZSTD_CCtx_s;

/* A level of zstd at which nothing that comes again is looked for; octets that are more frequent alone take fewer bits. As good as any other where
 * neighbours have nothing to do with each other, and three times as fast. */
enum { PAGE_LEVEL_ENTROPY = 0 };

/* One at which octets stay as they are, in a frame of zstd: for its checksum, which every reader looks at, while many pass over that of
 * Parquet. */
enum { PAGE_LEVEL_STORED = 64 };

/* Compresses pages. Belongs to one thread. */
struct page_writer {
    struct ZSTD_CCtx_s *zstd;
    int level; /* of zstd, 1 to 19; or PAGE_LEVEL_ENTROPY, PAGE_LEVEL_STORED */
};

/* 0, or -1 without memory. */
int page_writer_init(struct page_writer *writer, int level);
void page_writer_done(struct page_writer *writer);

/* What a page's header tells. */
struct page {
    enum parquet_page kind;
    enum parquet_encoding encoding;
    enum parquet_codec codec;
    uint32_t value_count; /* of data pages with the nulls; of dictionaries their entries */
    bool sorted;          /* of dictionaries */
};

/* Appends a page with this body. Returns how many octets it would have taken uncompressed, header included; 0 on failure, which
 * the buffer keeps. */
size_t page_write(struct page_writer *writer, const struct page *page, const uint8_t *body, size_t size_bytes,
                  struct octet_buffer *to);

/* How small the codec makes the octets, as a share of their number; 1 where it does not. */
double page_try(struct page_writer *writer, enum parquet_codec codec, const uint8_t *body, size_t size_bytes,
                struct octet_buffer *scratch);

#endif
