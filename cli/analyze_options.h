/* SPDX-License-Identifier: MIT */
/*
 * analyze_options.h - what weir analyze was asked for
 */
#ifndef WEIR_CLI_ANALYZE_OPTIONS_H
#define WEIR_CLI_ANALYZE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "ordering.h"
#include "query_options.h"

#define ANALYZE_MIN_SIZE_DEFAULT ((uint64_t)1024 * 1024)

enum analyze_form { FORM_LINE, FORM_TABLE, FORM_JSON };

struct analyze_options {
    const char *path; /* "-" for standard input; of a store its folder, NULL for the one that is usual */
    bool is_store;
    struct query_options query; /* the time; of a store also its folder and the filter */
    enum analyze_form form;
    bool lines; /* connections are printed */
    bool stats;
    bool graph;
    bool verbose;
    bool dns;
    bool raw_sizes; /* as exporters counted, not multiplied by the sampling rate */
    int dns_timeout_ms;
    uint64_t min_size_bytes;
    uint64_t min_packets;
    bool sorted;
    enum ordering_key order;
    uint64_t limit;           /* 0 for none */
    const char **match_hosts; /* as they were given */
    int match_host_count;
};

/* Reads the command line. Returns -1 when there is work to do, else the exit code: help was printed, or what is wrong
 * was. `options` is freed with analyze_options_done() in any case. */
int analyze_options_read(int argc, char **argv, struct analyze_options *options);
void analyze_options_done(struct analyze_options *options);

#endif
