/* SPDX-License-Identifier: MIT */
/*
 * ordering.c - connections in the order in which they are shown
 *
 * A binary heap. Without a limit the first in order is at its root, to be taken out; with one, the last in order
 * is, to be replaced by one that is better.
 */
#include "ordering.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct ordering {
    struct connection *connections;
    size_t count, capacity;
    uint64_t limit;
    enum ordering_key key;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Below 0 when a is shown before b. Ties are shown in the order of the input. */
static int compare(const struct connection *a, const struct connection *b, enum ordering_key key)
{
    int order = 0;
    if (key == ORDER_SIZE)
        order = compare_numbers(connection_size_bytes(b), connection_size_bytes(a));
    else if (key == ORDER_DURATION)
        order = compare_numbers((uint64_t)connection_duration_ms(b), (uint64_t)connection_duration_ms(a));
    else if (key == ORDER_PACKETS)
        order = compare_numbers(connection_packets(b), connection_packets(a));
    if (order != 0)
        return order;
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    return compare_numbers(a->sequence, b->sequence);
}

/* Whether a belongs nearer to the root. */
static bool above(const struct ordering *ordering, const struct connection *a, const struct connection *b)
{
    int order = compare(a, b, ordering->key);
    return ordering->limit == 0 ? order < 0 : order > 0;
}

struct ordering *ordering_create(enum ordering_key key, uint64_t limit)
{
    struct ordering *ordering = calloc(1, sizeof *ordering);
    if (ordering == NULL)
        return NULL;
    ordering->key = key;
    ordering->limit = limit;
    return ordering;
}

void ordering_free(struct ordering *ordering)
{
    if (ordering == NULL)
        return;
    free(ordering->connections);
    free(ordering);
}

size_t ordering_count(const struct ordering *ordering)
{
    return ordering->count;
}

static void sift_up(struct ordering *ordering, size_t i)
{
    struct connection *heap = ordering->connections;
    struct connection moving = heap[i];
    while (i > 0 && above(ordering, &moving, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = moving;
}

static void sift_down(struct ordering *ordering, size_t i)
{
    struct connection *heap = ordering->connections;
    struct connection moving = heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= ordering->count)
            break;
        if (child + 1 < ordering->count && above(ordering, &heap[child + 1], &heap[child]))
            child++;
        if (!above(ordering, &heap[child], &moving))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = moving;
}

int ordering_add(struct ordering *ordering, const struct connection *connection)
{
    if (ordering->limit > 0 && ordering->count >= ordering->limit) {
        if (compare(connection, &ordering->connections[0], ordering->key) < 0) {
            ordering->connections[0] = *connection;
            sift_down(ordering, 0);
        }
        return 0;
    }
    if (ordering->count == ordering->capacity) {
        size_t capacity = ordering->capacity == 0 ? 64 : ordering->capacity * 2;
        struct connection *grown = realloc(ordering->connections, capacity * sizeof *grown);
        if (grown == NULL)
            return -1;
        ordering->connections = grown;
        ordering->capacity = capacity;
    }
    ordering->connections[ordering->count] = *connection;
    sift_up(ordering, ordering->count++);
    return 0;
}

bool ordering_take_before(struct ordering *ordering, int64_t time_us, struct connection *ret_connection)
{
    assert(ordering->limit == 0);
    if (ordering->count == 0 || ordering->connections[0].time_us >= time_us)
        return false;
    *ret_connection = ordering->connections[0];
    ordering->connections[0] = ordering->connections[--ordering->count];
    if (ordering->count > 0)
        sift_down(ordering, 0);
    return true;
}

const struct connection *ordering_all(struct ordering *ordering, size_t *ret_count)
{
    /* A heap whose root is the last in order, emptied from the back, leaves an array in order. */
    size_t count = ordering->count;
    uint64_t limit = ordering->limit;
    ordering->limit = UINT64_MAX;
    for (size_t i = count / 2; i-- > 0;)
        sift_down(ordering, i);
    while (ordering->count > 1) {
        struct connection last = ordering->connections[0];
        ordering->connections[0] = ordering->connections[--ordering->count];
        sift_down(ordering, 0);
        ordering->connections[ordering->count] = last;
    }
    ordering->count = count;
    ordering->limit = limit;
    *ret_count = count;
    return ordering->connections;
}
