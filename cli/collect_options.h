/* SPDX-License-Identifier: MIT */
/*
 * collect_options.h - what weir collect is to do, from its command line and a file of --config
 */
#ifndef WEIR_CLI_COLLECT_OPTIONS_H
#define WEIR_CLI_COLLECT_OPTIONS_H

#include "address_list.h"
#include "log.h"
#include "store_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

enum { COLLECT_PORTS_MAX = 64, COLLECT_HOSTS_MAX = 16, COLLECT_OUTPUTS_MAX = 8, COLLECT_PORT_DEFAULT = 2055 };

struct collect_options {
    const char *hosts[COLLECT_HOSTS_MAX];
    size_t host_count; /* 0: all addresses */
    uint16_t ports[COLLECT_PORTS_MAX];
    size_t port_count; /* 0: none named */
    const char *device;    /* network device to receive by; NULL: any */
    int buffer_bytes;      /* of each socket; 0: the usual */
    unsigned busy_poll_us; /* 0: not */
    const char *outputs[COLLECT_OUTPUTS_MAX];
    size_t output_count;
    const char *file;     /* to read instead; NULL: live */
    struct weir_options decoder;
    const char *elements; /* file of elements to add, or NULL */
    uint64_t datagram_count_max; /* 0: no end */
    int64_t rotate_us;           /* 0: one file */
    uint64_t text_min_bytes;     /* connections of more than that are shown by -o text */
    bool text_raw_sizes;         /* as exporters counted, not multiplied by the sampling rate */
    bool json_lines;
    struct store_writer_options store; /* but its folder */
    const char *state;           /* folder to keep templates in, "none", or NULL for the usual one */
    int cpus[64];                /* of receiving threads, by worker */
    size_t cpu_count;            /* 0: anywhere */
    const char *journal;         /* folder of the journal, "none", or NULL for the usual one */
    uint64_t journal_bytes;      /* 0: as much as is usual */
    const char *metrics;         /* [ADDRESS:]PORT to serve metrics on, or NULL */
    enum log_form log;
    const char *allowed[ADDRESS_LIST_MAX]; /* networks of exporters */
    size_t allowed_count;        /* 0: all */
    const char *user;            /* to become when sockets are open, or NULL */
    bool sandbox;
    bool names; /* resolve addresses for -o text */
    bool debug;
    bool check; /* look whether it can be, no more */
    struct collect_config *config; /* what it was made of */
};

/* Reads the command line and the file that it names. -1 to go on; else the exit code: help was shown, or what is wrong
 * was said. */
int collect_options_parse(int argc, char **argv, struct collect_options *ret_options);

/* Frees what the options were made of, and their texts. */
void collect_options_done(struct collect_options *options);

/* Values that cannot go together: a sentence that tells so, or NULL. */
const char *collect_options_conflict(const struct collect_options *options);

#endif
