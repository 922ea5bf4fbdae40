/* SPDX-License-Identifier: MIT */
/*
 * tape.h - the datagrams of a file, a capture or an IPFIX file, in memory
 *
 * What is no such file has none, and one that is damaged has those before the damage.
 */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

struct tape {
    struct weir_datagram *datagrams;
    size_t count;
};

static inline void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static inline void tape_add(struct tape *tape, const struct weir_datagram *datagram)
{
    if ((tape->count & (tape->count + 1)) == 0)
        tape->datagrams = must(realloc(tape->datagrams, (tape->count * 2 + 1) * sizeof *tape->datagrams));
    uint8_t *copy = must(malloc(datagram->size_bytes + 1));
    memcpy(copy, datagram->data, datagram->size_bytes);
    tape->datagrams[tape->count] = *datagram;
    tape->datagrams[tape->count++].data = copy;
}

static inline struct tape tape_read(const char *path)
{
    struct tape tape = {0};
    struct sink_error error = {""};
    struct weir_datagram datagram;
    struct source *source = source_open(path, NULL, 0, &error);
    while (source != NULL && source_next(source, &datagram, &error) == 1)
        tape_add(&tape, &datagram);
    if (error.text[0] != '\0')
        printf("# %s\n", error.text);
    source_close(source);
    return tape;
}

static inline void tape_free(struct tape *tape)
{
    for (size_t i = 0; i < tape->count; i++)
        free((void *)(uintptr_t)tape->datagrams[i].data);
    free(tape->datagrams);
}

#endif
