/* SPDX-License-Identifier: MIT */
/* json_file.h - the files behind the JSON sink: one object, lines, gzipped lines */
#ifndef WEIR_JSON_FILE_H
#define WEIR_JSON_FILE_H

#include "json_buffer.h"
#include "json_keys.h"
#include "sink.h"

/* A tear is one write that did not come to its end. What is longer is no tear, and is not cut off. */
#define JSON_TEAR_BYTES_MAX ((uint64_t)64 * 1024 * 1024)

struct json_file;
struct json_file_options;

struct json_file_class {
    /* Writes the text, and empties it; or leaves it for the next time, where a reader is at the file and `force` is
     * not set, or, with -1, where the file is full. In the object form the text is members, each with a comma in
     * front. */
    int (*write)(struct json_file *file, struct json_buffer *text, bool force, struct sink_error *error);
    /* Where a write of so much text would begin and end, and whether such a write of an earlier process was done: else
     * nothing is left of it. NULL where that cannot be told. */
    void (*extent)(const struct json_file *file, size_t length, struct sink_write *ret_write);
    int (*was_written)(struct json_file *file, const struct json_file_options *options, const struct sink_write *write,
                       struct sink_error *error);
    /* Writes what the file itself holds back, where that is about a second old. May be NULL. */
    int (*tick)(struct json_file *file, int64_t now_us, struct sink_error *error);
    /* Writes what the file itself holds back, and closes and frees it, also on failure. */
    int (*close)(struct json_file *file, struct sink_error *error);
};

/* The first member of each. */
struct json_file {
    const struct json_file_class *class;
    char *path;
    int fd;
    uint64_t device, number;
    uint64_t end_bytes;    /* of lines: where the next write begins */
    bool regular;          /* can be cut off and synced; else a pipe or a device */
    bool failed;           /* a write failed: nothing more is tried */
    bool patient;          /* set by whoever opened it: a disk without room is no such failure */
    bool full;             /* the last write found no room, and left nothing behind */
    bool holds;            /* takes text without writing it at once, and has some */
    struct json_keys keys; /* of the object form */
    struct sink_error failure;
};

struct json_file_options {
    const char *path;
    bool fresh; /* fail with errno EEXIST where there is a file, and nothing in `error` but that */
    void (*warn)(void *context, const char *text);
    void *context;
};

/* Each opens or makes a file, repairs what was torn, and returns NULL with `error` filled on failure. */
struct json_file *json_object_file_open(const struct json_file_options *options, struct sink_error *error);
struct json_file *json_lines_file_open(const struct json_file_options *options, struct sink_error *error);
struct json_file *json_gzip_file_open(const struct json_file_options *options, struct sink_error *error);

/* ------------------------------------------------------------------------------------ what they have in common */

/* Opens the file, takes the lock and fills `file`. `lines`: pipes, devices and "-" are fine, and writes go to the end.
 * On failure nothing stays open. */
int json_file_init(struct json_file *file, const struct json_file_options *options, bool lines,
                   struct sink_error *error);

/* Syncs where that means something (not after a failed write), closes, frees what json_file_init() made. */
int json_file_done(struct json_file *file, struct sink_error *error);

/* Fills `error` with a sentence; returns -1. */
__attribute__((format(printf, 2, 3))) int json_error(struct sink_error *error, const char *format, ...);

/* Marks the file failed, or full, because of `code` (an errno) and fills `error`; returns -1. */
int json_file_fail(struct json_file *file, int code, struct sink_error *error);

/* Adds text at the end of a file of lines; a write that fails half-way is taken back. */
int json_file_append(struct json_file *file, const void *bytes, size_t length, struct sink_error *error);

/* Cuts the file off and tells of it. Refuses what is too long to be a tear. */
int json_file_cut(struct json_file *file, const struct json_file_options *options, uint64_t whole_bytes,
                  uint64_t size_bytes, struct sink_error *error);

/* The same, of what is there on purpose: of any length. */
int json_file_shorten(struct json_file *file, const struct json_file_options *options, uint64_t whole_bytes,
                      uint64_t size_bytes, struct sink_error *error);

/* Reads up to `length` octets at an offset; fewer only at the file's end. Returns the count, or -1. */
int64_t json_file_read(const struct json_file *file, void *bytes, size_t length, uint64_t offset);

/* The length of the file, or -1. */
int64_t json_file_size(const struct json_file *file);

#endif
