/* SPDX-License-Identifier: MIT */
/*
 * json_lines_file.c - a file of lines, each a JSON object
 *
 * Lines are added at the file's end. At the start only the first line and what follows the last newline are looked
 * at: the one tells whether the file is of this kind, the other whether a write was torn.
 */
#define _GNU_SOURCE
#include "json_file.h"
#include "json_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 * 1024)

static int lines_write(struct json_file *file, struct json_buffer *text, bool force, struct sink_error *error)
{
    (void)force;
    int result = json_file_append(file, text->bytes, text->used, error);
    if (result == 0) {
        file->end_bytes += text->used;
        text->used = 0;
    }
    return result;
}

static void end_find(struct json_file *file)
{
    int64_t size_bytes = json_file_size(file);

    file->end_bytes = size_bytes < 0 ? 0 : (uint64_t)size_bytes;
}

/* Others may have emptied it: that is seen here, as a look before each write would take as long as a small one. */
static int lines_tick(struct json_file *file, int64_t now_us, struct sink_error *error)
{
    (void)now_us;
    (void)error;
    end_find(file);
    return 0;
}

static void lines_extent(const struct json_file *file, size_t length, struct sink_write *ret_write)
{
    ret_write->before = file->end_bytes;
    ret_write->behind = file->end_bytes + length;
}

/* Lines that are there of what is not, go: they are written again. */
static int lines_was_written(struct json_file *file, const struct json_file_options *options,
                             const struct sink_write *write, struct sink_error *error)
{
    int64_t size_bytes = json_file_size(file);
    char last = '\n';

    if (size_bytes < 0) {
        return json_error(error, "cannot read %s: %s", file->path, strerror(errno));
    }
    if ((uint64_t)size_bytes >= write->behind) {
        return 1;
    }
    if ((uint64_t)size_bytes <= write->before ||
        (write->before > 0 && (json_file_read(file, &last, 1, write->before - 1) != 1 || last != '\n'))) {
        return 0; /* nothing of it is there, or the file is another one than it was */
    }
    file->end_bytes = write->before;
    return json_file_shorten(file, options, write->before, (uint64_t)size_bytes, error);
}

static int lines_close(struct json_file *file, struct sink_error *error)
{
    int result = json_file_done(file, error);

    free(file);
    return result;
}

/* ------------------------------------------------------------------------------------------------- opening */

/* Where the last line begins that has no newline at its end; the file's size when there is none such. */
static int64_t open_line_find(const struct json_file *file, char *chunk, int64_t size_bytes)
{
    int64_t end = size_bytes;

    while (end > 0) {
        int64_t begin = end > (int64_t)CHUNK_BYTES ? end - (int64_t)CHUNK_BYTES : 0;
        if (json_file_read(file, chunk, (size_t)(end - begin), (uint64_t)begin) != end - begin) {
            return -1;
        }
        const char *newline = memrchr(chunk, '\n', (size_t)(end - begin));
        if (newline != NULL) {
            return begin + (newline - chunk) + 1;
        }
        end = begin;
    }
    return 0;
}

/* Tells whether the text from `begin` to the end of the file is a whole line that lacks but the newline. */
static bool line_is_whole(const struct json_file *file, char *chunk, uint64_t begin)
{
    struct json_scan scan;
    int64_t count;

    json_scan_init(&scan, '{');
    while ((count = json_file_read(file, chunk, CHUNK_BYTES, begin)) > 0) {
        json_scan_feed(&scan, chunk, (size_t)count);
        begin += (uint64_t)count;
    }
    return json_scan_end(&scan) == JSON_SCAN_WHOLE;
}

static int take_over(struct json_file *file, const struct json_file_options *options, char *chunk,
                     struct sink_error *error)
{
    int64_t size_bytes = json_file_size(file);
    int64_t count = size_bytes < 0 ? -1 : json_file_read(file, chunk, CHUNK_BYTES, 0);
    int64_t whole_bytes = count < 0 ? -1 : open_line_find(file, chunk, size_bytes);
    struct json_scan scan;

    if (count < 0 || whole_bytes < 0) {
        return json_error(error, "cannot read %s: %s", file->path, strerror(errno));
    }
    if (size_bytes == 0) {
        return 0;
    }
    if (json_file_read(file, chunk, CHUNK_BYTES, 0) != count || !json_scan_is_line(&scan, chunk, (size_t)count)) {
        return json_error(error,
                          "%s does not hold flows as JSON lines, and is left as it is; name another file, or move "
                          "this one away",
                          file->path);
    }
    if (whole_bytes == size_bytes) {
        return 0;
    }
    if (line_is_whole(file, chunk, (uint64_t)whole_bytes)) {
        return json_file_append(file, "\n", 1, error);
    }
    return json_file_cut(file, options, (uint64_t)whole_bytes, (uint64_t)size_bytes, error);
}

struct json_file *json_lines_file_open(const struct json_file_options *options, struct sink_error *error)
{
    static const struct json_file_class class = {.write = lines_write,
                                                 .tick = lines_tick,
                                                 .extent = lines_extent,
                                                 .was_written = lines_was_written,
                                                 .close = lines_close};
    struct json_file *file = calloc(1, sizeof *file);
    char *chunk = malloc(CHUNK_BYTES);
    int code = ENOMEM;

    if (file == NULL || chunk == NULL) {
        json_error(error, "cannot open %s: out of memory", options->path);
    } else if (json_file_init(file, options, true, error) < 0) {
        code = errno;
    } else if (file->regular && take_over(file, options, chunk, error) < 0) {
        struct sink_error ignored;
        json_file_done(file, &ignored);
        code = EINVAL;
    } else {
        free(chunk);
        file->class = &class;
        end_find(file);
        return file;
    }
    free(chunk);
    free(file);
    errno = code;
    return NULL;
}
