/* SPDX-License-Identifier: MIT */
/* output_kind.c - what a word behind -o is */
#include "output_kind.h"

#include <stdbool.h>
#include <string.h>

static bool ends_in(const char *text, const char *end)
{
    const size_t text_length = strlen(text), end_length = strlen(end);
    return text_length > end_length && strcmp(text + text_length - end_length, end) == 0;
}

enum output_kind output_kind_of(const char *output, const char **ret_path)
{
    *ret_path = output;
    if (strcmp(output, "text") == 0)
        return OUTPUT_TEXT;
    if (strcmp(output, "null") == 0)
        return OUTPUT_NULL;
    if (strncmp(output, "store:", 6) == 0 && output[6] != '\0') {
        *ret_path = output + 6;
        return OUTPUT_STORE;
    }
    if (strncmp(output, "json:", 5) == 0 && output[5] != '\0') {
        *ret_path = output + 5;
        return OUTPUT_JSON;
    }
    if (strncmp(output, "udp:", 4) == 0) {
        *ret_path = output + 4;
        return OUTPUT_UDP;
    }
    if (ends_in(output, ".json") || ends_in(output, ".ndjson") || ends_in(output, ".gz"))
        return OUTPUT_JSON;
    return OUTPUT_NONE;
}
