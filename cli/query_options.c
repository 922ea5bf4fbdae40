/* SPDX-License-Identifier: MIT */
/* query_options.c - what weir flows, weir top and weir graph have in common */
#define _GNU_SOURCE
#include "query_options.h"

#include "exit_code.h"
#include "quantity.h"
#include "time_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 1024, MEMORY_MIN_BYTES = 1 << 20 };

void query_options_init(struct query_options *options, const char *command)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *options = (struct query_options){
        .command = command,
        .now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000,
        .span = FLOW_SPAN_ALL,
    };
}

int query_usage_error(const struct query_options *options, const char *text, const char *what)
{
    fprintf(stderr, "weir %s: %s%s; 'weir %s --help' shows what there is\n", options->command, text, what,
            options->command);
    return EXIT_USAGE;
}

static int take_time(struct query_options *options, const char *value, int64_t *ret_us)
{
    if (time_text_parse(value, options->now_us, ret_us) == 0)
        return 0;
    return query_usage_error(options, "not a time such as '2026-11-23 14:05', 14:05, -2h or now: ", value);
}

int query_options_take(struct query_options *options, int option, const char *value)
{
    uint64_t count;
    switch (option - QUERY_OPTION_FIRST) {
    case 0:
        options->store = value;
        return 0;
    case 1:
        if (quantity_parse_duration(value, &options->last_us) != 0)
            return query_usage_error(options, "not a duration such as 90s, 1h or 7d: ", value);
        return 0;
    case 2:
        return take_time(options, value, &options->span.from_us);
    case 3:
        return take_time(options, value, &options->span.to_us);
    case 4:
        options->sampled = true;
        return 0;
    case 5:
        if (quantity_parse_size(value, &options->settings.memory_bytes) != 0 ||
            options->settings.memory_bytes < MEMORY_MIN_BYTES)
            return query_usage_error(options, "not a size such as 500M or 2G, of 1M at least: ", value);
        return 0;
    case 7:
        options->verify = true;
        return 0;
    default:
        if (quantity_parse_count(value, &count) != 0 || count == 0 || count > THREADS_MAX)
            return query_usage_error(options, "not a number of threads from 1 to 1024: ", value);
        options->settings.threads = (unsigned)count;
        return 0;
    }
}

int query_options_group_time(struct query_options *options, const char *value)
{
    if (quantity_parse_duration(value, &options->group_us) != 0)
        return query_usage_error(options, "not a duration such as 30s, 5m or 1h: ", value);
    return 0;
}

int query_options_finish(struct query_options *options, int argc, char **argv, int first)
{
    if (first + 1 < argc)
        return query_usage_error(options, "only one filter is taken, between quotes, and there is also ",
                                 argv[first + 1]);
    if (first < argc)
        options->filter = argv[first];
    if (options->last_us > 0 && (options->span.from_us != INT64_MIN || options->span.to_us != INT64_MAX))
        return query_usage_error(options, "--last goes without ",
                                 options->span.from_us != INT64_MIN ? "--from" : "--to");
    if (options->last_us > 0)
        options->span = (struct flow_span){options->now_us - options->last_us, INT64_MAX};
    if (options->span.from_us != INT64_MIN && options->span.from_us >= options->span.to_us)
        return query_usage_error(options, "the time of --to is not after that of --from", "");
    return 0;
}
