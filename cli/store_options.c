/* SPDX-License-Identifier: MIT */
/*
 * store_options.c - the options of weir collect that are for -o store:FOLDER
 */
#include "store_options.h"

#include "quantity.h"

#include <string.h>

enum { LEVEL_MAX = 19, WORKERS_MAX = 64, DAYS_MAX = 36500 };

#define SEGMENT_BYTES_MIN (64u << 10)
#define SEGMENT_BYTES_MAX (1u << 30)

const char *store_options_commit(struct store_writer_options *options, const char *value)
{
    return quantity_parse_duration(value, &options->commit_us) == 0 ? NULL : "not a duration such as 5s, 1m or 1h: ";
}

const char *store_options_compression(struct store_writer_options *options, const char *value)
{
    uint64_t level;
    if (strcmp(value, "none") == 0) {
        options->compression = STORE_COMPRESSION_NONE;
    } else if (strcmp(value, "lz4") == 0) {
        options->compression = STORE_COMPRESSION_LZ4;
    } else if (strcmp(value, "zstd") == 0) {
        options->compression = STORE_COMPRESSION_ZSTD;
    } else if (strncmp(value, "zstd:", 5) == 0 && quantity_parse_count(value + 5, &level) == 0 && level >= 1 &&
               level <= LEVEL_MAX) {
        options->compression = STORE_COMPRESSION_ZSTD;
        options->level = (int)level;
    } else {
        return "not a compression, which is zstd, zstd:1 to zstd:19, lz4 or none: ";
    }
    return NULL;
}

const char *store_options_effort(struct store_writer_options *options, const char *value)
{
    if (strcmp(value, "light") == 0)
        options->effort = STORE_EFFORT_LIGHT;
    else if (strcmp(value, "full") == 0)
        options->effort = STORE_EFFORT_FULL;
    else
        return "neither light nor full: ";
    return NULL;
}

const char *store_options_keep_bytes(struct store_writer_options *options, const char *value)
{
    uint64_t bytes;
    if (quantity_parse_size(value, &bytes) != 0 || bytes == 0)
        return "not a size such as 500M or 20G: ";
    options->keep_bytes = bytes;
    return NULL;
}

const char *store_options_keep_days(struct store_writer_options *options, const char *value)
{
    uint64_t days;
    if (quantity_parse_count(value, &days) != 0 || days == 0 || days > DAYS_MAX)
        return "not a number of days: ";
    options->keep_days = days;
    return NULL;
}

const char *store_options_segment_size(struct store_writer_options *options, const char *value)
{
    uint64_t bytes;
    if (quantity_parse_size(value, &bytes) != 0 || bytes < SEGMENT_BYTES_MIN || bytes > SEGMENT_BYTES_MAX)
        return "not a size between 64K and 1G: ";
    options->segment_bytes = (size_t)bytes;
    return NULL;
}

const char *store_options_sync(struct store_writer_options *options, const char *value)
{
    static const char *const words[] = {
        [STORE_SYNC_NEVER] = "never", [STORE_SYNC_SEGMENT] = "segment", [STORE_SYNC_ALWAYS] = "always"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value, words[i]) == 0) {
            options->sync = (enum store_sync)i;
            return NULL;
        }
    }
    return "not never, segment or always: ";
}

const char *store_options_workers(struct store_writer_options *options, const char *value)
{
    uint64_t count;
    if (quantity_parse_count(value, &count) != 0 || count < 1 || count > WORKERS_MAX)
        return "not a number of threads between 1 and 64: ";
    options->workers = (uint32_t)count;
    return NULL;
}
