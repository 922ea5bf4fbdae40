/* SPDX-License-Identifier: MIT */
/*
 * fuzz_config.c - a file of weir collect's configuration
 */
#define _GNU_SOURCE
#include "collect_config.h"
#include "input_stream.h"
#include "require.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(void *context, const char *text)
{
    int *count = context;
    require(strncmp(text, "input:", 6) == 0 || strncmp(text, "and more", 8) == 0);
    (*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct collect_config config = {.path = "input"};
    int told = 0;
    if (size == 0)
        return 0;
    uint8_t *copy;
    FILE *stream = input_stream(data, size, &copy);
    const int result = collect_config_read_stream(&config, stream, tell, &told);
    require(result >= 0 && (result == 0) == (told == 0));
    if (result == 0) { /* what it takes, it takes again */
        struct collect_options options;
        collect_settings_defaults(&options);
        collect_settings_apply(&config.file, &options);
        for (size_t i = 0; i < collect_option_count; i++)
            require(!collect_option_has_key(&collect_option_table[i]) ||
                    collect_settings_same(&config.file, &config.file, i));
        collect_options_conflict(&options);
    }
    fclose(stream);
    free(copy);
    collect_config_done(&config);
    return 0;
}
