/* SPDX-License-Identifier: MIT */
/*
 * fuzz_elements.c - files of elements that a user adds
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "elements_file.h"
#include "input_stream.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sink_error error = {0};
    struct weir_options options;
    if (size == 0)
        return 0;
    uint8_t *copy;
    FILE *stream = input_stream(data, size, &copy);
    weir_options_init(&options);
    options.templates_max = 10;
    options.batch_count = 2;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    require(decoder != NULL);
    const int result = elements_file_read(stream, "input", decoder, &error);
    require((result == 0) == (error.text[0] == '\0'));
    require(result == 0 || strncmp(error.text, "input:", 6) == 0);
    fclose(stream);
    free(copy);
    weir_decoder_free(decoder);
    return 0;
}
