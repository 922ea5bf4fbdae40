/* SPDX-License-Identifier: MIT */
/*
 * input_stream.h - a fuzzer's input as a file that is read
 */
#ifndef FUZZ_INPUT_STREAM_H
#define FUZZ_INPUT_STREAM_H

#include "require.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Needs _GNU_SOURCE. `ret_copy`, of just this size for the sanitizer, is to be freed behind the stream. */
static inline FILE *input_stream(const uint8_t *data, size_t size, uint8_t **ret_copy)
{
    uint8_t *copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, data, size);
    FILE *stream = fmemopen(copy, size, "rb");
    require(stream != NULL);
    *ret_copy = copy;
    return stream;
}

#endif
