/* SPDX-License-Identifier: MIT */
/*
 * json_reader.h - flows from JSON, of our own collector and of all generations of the Python original
 *
 *     {"1509225421.123456": [FLOW, ...], ...}                                       one object for the whole file
 *     {"1509225421.123456": {"client": [ADDRESS, PORT], "header": {...}, "flows": [FLOW, ...]}}     one a line
 *
 * and everything between: an object of the second kind of value, no client or no header, several entries in an
 * object, objects one after the other. A FLOW is an object of fields under Cisco's or IANA's names; addresses are
 * text or integers. Memory is bounded by one entry, whatever the size of the file.
 *
 * A file may end in the middle of an entry, because its writer was killed: all before the tear is read.
 */
#ifndef REPORT_JSON_READER_H
#define REPORT_JSON_READER_H

#include <sys/types.h>

#include "flow.h"

#define JSON_ENTRY_MAX ((size_t)64 * 1024 * 1024)

struct json_reader_options {
    /* Fills the buffer with up to size_bytes, returns how many, 0 at the end, -1 with `error` filled. */
    ssize_t (*read)(void *context, void *buffer, size_t size_bytes, char error[256]);
    void *read_context;
    /* Takes a flow; returns true to go on, false to stop reading. */
    bool (*flow)(void *context, const struct flow *flow);
    void *flow_context;
};

/* What happened on the way. */
struct json_reader_result {
    uint64_t bytes;           /* read */
    uint64_t lines;
    uint64_t entries;         /* read well */
    uint64_t entries_skipped; /* whose value could not be understood */
    uint64_t flows;
    uint64_t flows_skipped;
    char skipped_first[160];  /* why the first entry or flow was skipped, and where */
    bool torn;                /* ends within an entry */
    bool stopped;             /* by the flow callback */
    char error[512];          /* what is wrong, where, and what to do, when json_read() fails */
};

/* Reads all. Returns 0, also when torn; -1 when what comes is not ours or cannot be read: what came before has been
 * told all the same. */
int json_read(const struct json_reader_options *options, struct json_reader_result *ret_result);

/* The same from memory. */
int json_read_memory(const void *data, size_t size_bytes, bool (*flow)(void *context, const struct flow *flow),
                     void *flow_context, struct json_reader_result *ret_result);

#endif
