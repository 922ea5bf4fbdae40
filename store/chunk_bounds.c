/* SPDX-License-Identifier: MIT */
/*
 * chunk_bounds.c - the pages of a column, and the least and the greatest value of each and of all
 */
#include "chunk_task.h"

#include <stdlib.h>
#include <string.h>

static struct chunk_bound number_bound(const struct chunk_task *task, int64_t number)
{
    struct chunk_bound bound = {.size_bytes = task->parquet->physical == PARQUET_INT32 ? 4 : 8};
    memcpy(bound.octets, &number, bound.size_bytes);
    return bound;
}

static struct chunk_bound octets_bound(const uint8_t *data, uint32_t size_bytes)
{
    struct chunk_bound bound = {.size_bytes = (uint8_t)size_bytes};
    memcpy(bound.octets, data, size_bytes);
    return bound;
}

static int compare_octets(const struct chunk_bound *bound, const uint8_t *data, uint32_t size_bytes)
{
    const uint32_t common = bound->size_bytes < size_bytes ? bound->size_bytes : size_bytes;
    const int order = memcmp(bound->octets, data, common);
    return order != 0 ? order : (bound->size_bytes > size_bytes) - (bound->size_bytes < size_bytes);
}

static inline uint64_t from_big_endian(const uint8_t *octets)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | octets[i];
    return number;
}

/* The same of items of 16 octets, as two numbers each. */
static void find_address_bounds(const struct store_values *values, uint32_t first, uint32_t count,
                                struct chunk_page *page)
{
    const uint8_t *data = (const uint8_t *)values->data + (size_t)first * 16, *least = data, *greatest = data;
    uint64_t least_high = from_big_endian(data), least_low = from_big_endian(data + 8);
    uint64_t greatest_high = least_high, greatest_low = least_low;
    for (uint32_t i = 1; i < count; i++) {
        const uint8_t *at = data + (size_t)i * 16;
        const uint64_t high = from_big_endian(at), low = from_big_endian(at + 8);
        if (high < least_high || (high == least_high && low < least_low)) {
            least = at;
            least_high = high;
            least_low = low;
        } else if (high > greatest_high || (high == greatest_high && low > greatest_low)) {
            greatest = at;
            greatest_high = high;
            greatest_low = low;
        }
    }
    page->least = octets_bound(least, 16);
    page->greatest = octets_bound(greatest, 16);
}

/* False where one of them is too long to be told. */
static bool find_octet_bounds(const struct chunk_task *task, uint32_t first, uint32_t count, size_t start,
                              struct chunk_page *page)
{
    const struct store_values *values = task->values;
    if (values->lengths == NULL && values->width_bytes == 16) {
        find_address_bounds(values, first, count, page);
        return true;
    }
    for (uint32_t i = first; i < first + count; i++) {
        const uint32_t size_bytes = values->lengths == NULL ? values->width_bytes : values->lengths[i];
        const size_t at = values->lengths == NULL ? (size_t)i * size_bytes : start;
        const uint8_t *data = (const uint8_t *)values->data + at;
        if (size_bytes > CHUNK_BOUND_BYTES)
            return false;
        if (i == first || compare_octets(&page->least, data, size_bytes) > 0)
            page->least = octets_bound(data, size_bytes);
        if (i == first || compare_octets(&page->greatest, data, size_bytes) < 0)
            page->greatest = octets_bound(data, size_bytes);
        start += size_bytes;
    }
    return true;
}

static void take_number_bounds(struct chunk_task *task, uint32_t first, uint32_t count, struct chunk_page *page,
                               bool is_first)
{
    int64_t least, greatest;
    values_range(task->values, task->is_signed, first, count, &least, &greatest);
    page->least = number_bound(task, least);
    page->greatest = number_bound(task, greatest);
    const bool lower = task->is_signed ? least < task->least : (uint64_t)least < (uint64_t)task->least;
    const bool higher = task->is_signed ? greatest > task->greatest : (uint64_t)greatest > (uint64_t)task->greatest;
    if (is_first || lower)
        task->least = least;
    if (is_first || higher)
        task->greatest = greatest;
}

static void find_chunk_bounds(struct chunk_task *task)
{
    struct chunk *chunk = task->chunk;
    if (task->is_number) {
        chunk->least = number_bound(task, task->least);
        chunk->greatest = number_bound(task, task->greatest);
        return;
    }
    for (uint32_t i = 0; i < chunk->page_count; i++) {
        const struct chunk_page *page = &chunk->pages[i];
        if (i == 0 || compare_octets(&chunk->least, page->least.octets, page->least.size_bytes) > 0)
            chunk->least = page->least;
        if (i == 0 || compare_octets(&chunk->greatest, page->greatest.octets, page->greatest.size_bytes) < 0)
            chunk->greatest = page->greatest;
    }
}

/* The items of a page: those that stand for several rows are few, and all in one. */
uint32_t chunk_page_items(const struct chunk_task *task, uint32_t first)
{
    const uint32_t *lengths = task->values->lengths;
    const uint32_t left = task->values->item_count - first;
    const uint32_t count = task->values->repeats != NULL || left < CHUNK_PAGE_ITEMS ? left : CHUNK_PAGE_ITEMS;
    if (lengths == NULL)
        return count;
    uint64_t size_bytes = lengths[first];
    for (uint32_t i = 1; i < count; i++) {
        size_bytes += lengths[first + i];
        if (size_bytes > CHUNK_PAGE_BYTES)
            return i;
    }
    return count;
}

static uint32_t count_pages(const struct chunk_task *task)
{
    uint32_t count = 0;
    for (uint32_t first = 0; first < task->values->item_count; first += chunk_page_items(task, first))
        count++;
    return count;
}

int chunk_find_bounds(struct chunk_task *task)
{
    struct chunk *chunk = task->chunk;
    const uint32_t item_count = task->values->item_count;
    chunk->page_count = count_pages(task);
    chunk->pages = calloc(chunk->page_count, sizeof *chunk->pages);
    if (chunk->pages == NULL)
        return -1;
    const bool is_float = task->type == STORE_F32 || task->type == STORE_F64;
    chunk->is_bounded = !is_float; /* floats have no order that all readers agree on */
    size_t start = 0;
    for (uint32_t first = 0, p = 0; first < item_count && chunk->is_bounded; p++) {
        const uint32_t count = chunk_page_items(task, first);
        if (task->is_number)
            take_number_bounds(task, first, count, &chunk->pages[p], first == 0);
        else
            chunk->is_bounded = find_octet_bounds(task, first, count, start, &chunk->pages[p]);
        for (uint32_t i = first; i < first + count && task->values->lengths != NULL; i++)
            start += task->values->lengths[i];
        first += count;
    }
    if (chunk->is_bounded)
        find_chunk_bounds(task);
    return 0;
}
