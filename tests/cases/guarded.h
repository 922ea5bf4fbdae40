/* SPDX-License-Identifier: MIT */
/*
 * guarded.h - octets that lie flush against memory that nobody may touch
 *
 *     | no access | ....................data | no access |      guarded_at_end()
 *     | no access | data.................... | no access |      guarded_at_begin()
 *
 * Whoever reads one octet too many is killed on the spot.
 */
#ifndef TESTS_GUARDED_H
#define TESTS_GUARDED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guarded {
    uint8_t *begin, *end; /* of what may be touched */
    size_t page_bytes;
};

static inline struct guarded guarded_create(size_t size_bytes)
{
    const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    const size_t inner_bytes = (size_bytes / page_bytes + 1) * page_bytes;
    uint8_t *all = mmap(NULL, inner_bytes + 2 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all + page_bytes, inner_bytes, PROT_READ | PROT_WRITE) != 0)
        abort();
    return (struct guarded){.begin = all + page_bytes, .end = all + page_bytes + inner_bytes, .page_bytes = page_bytes};
}

static inline void guarded_free(struct guarded *guarded)
{
    munmap(guarded->begin - guarded->page_bytes, (size_t)(guarded->end - guarded->begin) + 2 * guarded->page_bytes);
}

static inline const uint8_t *guarded_at_end(const struct guarded *guarded, const void *data, size_t size_bytes)
{
    uint8_t *to = guarded->end - size_bytes;
    return size_bytes == 0 ? to : memcpy(to, data, size_bytes);
}

static inline const uint8_t *guarded_at_begin(const struct guarded *guarded, const void *data, size_t size_bytes)
{
    return size_bytes == 0 ? guarded->begin : memcpy(guarded->begin, data, size_bytes);
}

#endif
