/* SPDX-License-Identifier: MIT */
/*
 * json_gzip_file.c - a file of lines, each a JSON object, in gzip members (RFC 1952)
 *
 * A member is made in memory and written whole, when it holds 4 MiB of text or is about a second old. So the file
 * can be read to its end at any time, and a process that is killed leaves it so. Only loss of power, or a kill in
 * the very moment of a write, can leave a part of a member, which is cut off at the next start.
 */
#include "json_file.h"
#include "json_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MEMBER_TEXT_BYTES ((uint64_t)4 * 1024 * 1024)
#define MEMBER_AGE_US 900000

/* Flow records repeat themselves so much that the quickest level leaves little to be gained. */
#define LEVEL Z_BEST_SPEED
#define WINDOW_BITS_GZIP (15 + 16)

#define CHUNK_BYTES ((size_t)64 * 1024)

/* So many NULs in a row do not come about in compressed text. */
#define NUL_COUNT_UNWRITTEN 64

struct gzip_file {
    struct json_file file;
    z_stream stream;
    struct json_buffer member; /* what the open member has become so far */
    bool ended;                /* it is whole, and waits for room on the disk */
    int64_t written_us;        /* when the last tick wrote, or found nothing to write */
};

/* Compresses into the member, making room as needed. Returns 0 or -1 when memory is short. */
static int deflate_text(struct gzip_file *gzip, char *bytes, size_t length, int flush)
{
    int result = Z_OK;

    gzip->stream.next_in = (Bytef *)bytes;
    gzip->stream.avail_in = (uInt)length;
    do {
        if (json_buffer_reserve(&gzip->member, CHUNK_BYTES) < 0) {
            return -1;
        }
        gzip->stream.next_out = (Bytef *)gzip->member.bytes + gzip->member.used;
        gzip->stream.avail_out = (uInt)CHUNK_BYTES;
        result = deflate(&gzip->stream, flush);
        gzip->member.used += CHUNK_BYTES - gzip->stream.avail_out;
    } while (gzip->stream.avail_in > 0 || gzip->stream.avail_out == 0 || (flush == Z_FINISH && result == Z_OK));
    return 0;
}

static int member_write(struct gzip_file *gzip, struct sink_error *error)
{
    struct json_file *file = &gzip->file;

    if (file->failed) {
        *error = file->failure;
        return -1;
    }
    if (gzip->stream.total_in == 0) {
        return 0;
    }
    if (!gzip->ended && deflate_text(gzip, NULL, 0, Z_FINISH) < 0) {
        return json_file_fail(file, ENOMEM, error);
    }
    gzip->ended = true;
    if (json_file_append(file, gzip->member.bytes, gzip->member.used, error) < 0) {
        return -1;
    }
    gzip->ended = file->holds = false;
    gzip->member.used = 0;
    deflateReset(&gzip->stream);
    return 0;
}

static int gzip_write(struct json_file *file, struct json_buffer *text, bool force, struct sink_error *error)
{
    struct gzip_file *gzip = (struct gzip_file *)file;

    (void)force;
    if (file->failed) {
        *error = file->failure;
        return -1;
    }
    if (gzip->ended && member_write(gzip, error) < 0) {
        return -1;
    }
    file->holds |= text->used > 0;
    for (size_t at = 0; at < text->used;) {
        size_t length = text->used - at < MEMBER_TEXT_BYTES ? text->used - at : MEMBER_TEXT_BYTES;
        if (deflate_text(gzip, text->bytes + at, length, Z_NO_FLUSH) < 0) {
            return json_file_fail(file, ENOMEM, error);
        }
        at += length;
    }
    text->used = 0;
    return gzip->stream.total_in < MEMBER_TEXT_BYTES ? 0 : member_write(gzip, error);
}

static int gzip_tick(struct json_file *file, int64_t now_us, struct sink_error *error)
{
    struct gzip_file *gzip = (struct gzip_file *)file;

    if (now_us >= gzip->written_us && now_us - gzip->written_us < MEMBER_AGE_US) {
        return 0;
    }
    gzip->written_us = now_us;
    return member_write(gzip, error);
}

static int gzip_close(struct json_file *file, struct sink_error *error)
{
    struct gzip_file *gzip = (struct gzip_file *)file;
    int written = member_write(gzip, error);
    int closed = json_file_done(file, error);

    deflateEnd(&gzip->stream);
    json_buffer_done(&gzip->member);
    free(gzip);
    return written < 0 || closed < 0 ? -1 : 0;
}

/* ------------------------------------------------------------------------------------------------- opening */

/* A walk over the members that are there. */
struct walk {
    z_stream stream;
    unsigned char input[CHUNK_BYTES];
    char text[CHUNK_BYTES];
    uint64_t read_at;     /* offset of the next octet to be read */
    uint64_t whole_bytes; /* where the last whole member ends */
    bool head_seen;       /* the first text was looked at */
    bool foreign;         /* and is something else, or this is no gzip */
    bool broken;          /* what follows the last whole member is not the beginning of one */
    char last;            /* last octet of the last whole member's text */
};

static void text_look(struct walk *walk, size_t length, char *last)
{
    struct json_scan scan;

    if (length == 0) {
        return;
    }
    if (!walk->head_seen) {
        walk->head_seen = true;
        walk->foreign = !json_scan_is_line(&scan, walk->text, length);
    }
    *last = walk->text[length - 1];
}

/* Inflates what is in `input`. Returns false when the rest of the file is not to be had. */
static bool walk_step(struct walk *walk, char *last)
{
    while (walk->stream.avail_in > 0 || walk->stream.avail_out == 0) {
        walk->stream.next_out = (Bytef *)walk->text;
        walk->stream.avail_out = CHUNK_BYTES;
        int result = inflate(&walk->stream, Z_NO_FLUSH);
        text_look(walk, CHUNK_BYTES - walk->stream.avail_out, last);
        if (walk->foreign) {
            return false;
        }
        if (result == Z_STREAM_END) {
            walk->whole_bytes = walk->read_at - walk->stream.avail_in;
            walk->last = *last;
            inflateReset(&walk->stream);
            walk->stream.avail_out = 1;
        } else if (result == Z_BUF_ERROR) {
            return true;
        } else if (result != Z_OK) {
            walk->broken = true;
            return false;
        }
    }
    return true;
}

/* Walks over the file. Returns 0, or -1 with errno when it cannot be read. */
static int walk_file(struct walk *walk, const struct json_file *file)
{
    int64_t count;
    char last = '\n';

    while ((count = json_file_read(file, walk->input, CHUNK_BYTES, walk->read_at)) > 0) {
        if (walk->read_at == 0 && (walk->input[0] != 0x1f || (count > 1 && walk->input[1] != 0x8b))) {
            walk->foreign = true;
            return 0;
        }
        walk->read_at += (uint64_t)count;
        walk->stream.next_in = walk->input;
        walk->stream.avail_in = (uInt)count;
        walk->stream.avail_out = CHUNK_BYTES;
        if (!walk_step(walk, &last)) {
            return 0;
        }
    }
    return count < 0 ? -1 : 0;
}

/* Loss of power leaves NULs where pages were never written. Anything else that breaks a member is damage of another
 * kind, behind which whole members may well follow. */
static bool holds_unwritten(struct walk *walk, const struct json_file *file)
{
    uint64_t offset = walk->whole_bytes;
    size_t nul_count = 0;
    int64_t count;

    while ((count = json_file_read(file, walk->input, CHUNK_BYTES, offset)) > 0) {
        for (int64_t i = 0; i < count; i++) {
            nul_count = walk->input[i] == 0 ? nul_count + 1 : 0;
            if (nul_count == NUL_COUNT_UNWRITTEN) {
                return true;
            }
        }
        offset += (uint64_t)count;
    }
    return nul_count > 0 && nul_count == offset - walk->whole_bytes;
}

static int take_over(struct gzip_file *gzip, const struct json_file_options *options, struct walk *walk,
                     struct sink_error *error)
{
    struct json_file *file = &gzip->file;
    int64_t size_bytes = json_file_size(file);
    char newline[] = "\n";

    if (size_bytes < 0 || walk_file(walk, file) < 0) {
        return json_error(error, "cannot read %s: %s", file->path, strerror(errno));
    }
    if (walk->foreign) {
        return json_error(error,
                          "%s does not hold gzipped JSON lines of flows, and is left as it is; name another file, or "
                          "move this one away",
                          file->path);
    }
    if (walk->broken && !holds_unwritten(walk, file)) {
        return json_error(error,
                          "%s is damaged from octet %" PRIu64 " on, and is left as it is; name another file, or move "
                          "this one away",
                          file->path, walk->whole_bytes);
    }
    if (walk->whole_bytes < (uint64_t)size_bytes &&
        json_file_cut(file, options, walk->whole_bytes, (uint64_t)size_bytes, error) < 0) {
        return -1;
    }
    /* Another's last line may lack its newline. */
    if (walk->last != '\n' && deflate_text(gzip, newline, 1, Z_NO_FLUSH) < 0) {
        return json_error(error, "cannot open %s: out of memory", file->path);
    }
    return 0;
}

/* Looks at what is in the file, and repairs it. */
static int walk_and_take_over(struct gzip_file *gzip, const struct json_file_options *options,
                              struct sink_error *error)
{
    struct walk *walk = calloc(1, sizeof *walk);

    if (walk == NULL || inflateInit2(&walk->stream, WINDOW_BITS_GZIP) != Z_OK) {
        free(walk);
        return json_error(error, "cannot open %s: out of memory", gzip->file.path);
    }
    walk->last = '\n';
    int result = take_over(gzip, options, walk, error);
    inflateEnd(&walk->stream);
    free(walk);
    return result;
}

struct json_file *json_gzip_file_open(const struct json_file_options *options, struct sink_error *error)
{
    static const struct json_file_class class = {.write = gzip_write, .tick = gzip_tick, .close = gzip_close};
    struct gzip_file *gzip = calloc(1, sizeof *gzip);

    if (gzip == NULL || deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS_GZIP, 8, Z_DEFAULT_STRATEGY)) {
        free(gzip);
        json_error(error, "cannot open %s: out of memory", options->path);
        errno = ENOMEM;
        return NULL;
    }
    int code = 0;
    if (json_file_init(&gzip->file, options, true, error) < 0) {
        code = errno;
    } else if (gzip->file.regular && walk_and_take_over(gzip, options, error) < 0) {
        struct sink_error ignored;
        json_file_done(&gzip->file, &ignored);
        code = EINVAL;
    }
    if (code != 0) {
        deflateEnd(&gzip->stream);
        json_buffer_done(&gzip->member);
        free(gzip);
        errno = code;
        return NULL;
    }
    gzip->file.class = &class;
    return &gzip->file;
}
