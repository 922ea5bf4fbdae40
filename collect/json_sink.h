/* SPDX-License-Identifier: MIT */
/*
 * json_sink.h - flows as JSON, in a file
 *
 * The object form (the default): one object, a member for each datagram that held flows.
 *
 *     {
 *     "1509225421.123456": [{"IN_BYTES": 1500, "IPV4_SRC_ADDR": "192.0.2.1", ...}, ...],
 *     "1509225422.000017": [...]
 *     }
 *
 * Keys are receive times in seconds, unique within the file (json_keys.h), fields carry Cisco's names. The file
 * is a whole object after every write: a new member and the closing brace go out in one write over the old
 * brace. A write that fails is taken back; one that was torn, by SIGKILL or loss of power, is cut off and told of
 * when the file is next opened. A file that is something else is refused and left alone.
 *
 * A reader that looks at the very moment of a write can see half of it. While it holds a shared flock(2) on the
 * file (`flock -s FILE jq . FILE`), nothing is written: entries are kept in memory for so long, up to 16 MiB or
 * ten ticks, or a second at the end.
 *
 * The line form: a line for each datagram that held flows or options records.
 *
 *     {"1509225421.123456": {"client": ["192.0.2.1", 50000], "header": {"version": 9, "count": 2, "uptime": 5000,
 *      "timestamp": 1509225421, "sequence": 7, "source_id": 0}, "flows": [...], "options": [...]}}
 *
 * "options" is there where there are some. Where the file's name ends in ".gz", lines are gathered to gzip members
 * of up to 4 MiB of text or about a second, and each is written whole: what is in the file can be read at any time.
 *
 * Rows that had waited for their template stand under the time at which they came. Writers keep each other out with
 * a lock on the file. A file that grew past a limit (RLIMIT_FSIZE) or a reader that left a pipe show as errors only
 * where the program ignores SIGXFSZ and SIGPIPE.
 */
#ifndef WEIR_JSON_SINK_H
#define WEIR_JSON_SINK_H

#include "sink.h"

struct json_sink_options {
    const char *path;   /* the file; with `rotating`, what the files' names are made from; "-" is standard output */
    bool lines;         /* the line form; names that end in ".ndjson" or ".gz" and "-" ask for it as well */
    bool rotating;      /* every file carries its start time: STEM-YYYYmmdd-HHMMSS.json, in UTC */
    bool unix_names;    /* with `rotating`: <unix seconds>.json instead, in the folder of `path` */
    bool patient;       /* a full disk is waited out: what does not fit into memory meanwhile is missed, and told */
    int64_t start_us;   /* with `rotating`: the start time of the first file */
    size_t group_bytes; /* 0: a write for each datagram; else for about so many octets, and with each tick */
    void (*warn)(void *context, const char *text); /* a sentence about a repair; may be NULL */
    void *context;
};

/* Opens or makes the file. `options` need not outlive the call. NULL with `error` filled when that fails. */
struct sink *json_sink_create(const struct json_sink_options *options, struct sink_error *error);

/* The name of the file that is being written. Valid until the next rotate or close. */
const char *json_sink_path(const struct sink *sink);

#endif
