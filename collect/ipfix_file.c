/* SPDX-License-Identifier: MIT */
/*
 * ipfix_file.c - reads the messages of an IPFIX file
 *
 * The first header is read when the file is opened, so that what is no such file is known then. There is no mark to
 * find the next message by: behind a header that cannot be one the file is lost.
 */
#define _GNU_SOURCE
#include "ipfix_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VERSION_IPFIX = 10, HEADER_BYTES = 16, MESSAGE_BYTES_MAX = 65535, EXPORT_TIME_AT = 4 };

struct ipfix_file {
    FILE *stream;
    char *name;
    uint64_t total_bytes; /* 0 when not known */
    uint64_t offset;      /* of the next message */
    uint64_t message_count;
    size_t header_bytes; /* read of the next message's header */
    bool header_read;    /* that is the first one's, and was read to see what the file is */
    bool ended;
    uint8_t message[MESSAGE_BYTES_MAX];
};

static unsigned read_u16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static void read_header(struct ipfix_file *file)
{
    errno = 0;
    file->header_bytes = fread(file->message, 1, HEADER_BYTES, file->stream);
}

/* Tells what is wrong at the message under way, and what was read. Returns -1. */
__attribute__((format(printf, 3, 4))) static int fail(const struct ipfix_file *file, struct sink_error *error,
                                                      const char *format, ...)
{
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (file->message_count == 0)
        snprintf(error->text, sizeof error->text, "%s %s; no message was read", file->name, what);
    else
        snprintf(error->text, sizeof error->text, "%s %s; the %" PRIu64 " message%s before it %s read", file->name,
                 what, file->message_count, file->message_count == 1 ? "" : "s",
                 file->message_count == 1 ? "was" : "were");
    return -1;
}

/* The header cannot be one: 0 when it can. */
static int check_header(const struct ipfix_file *file, struct sink_error *error)
{
    const unsigned version = read_u16(file->message), length = read_u16(file->message + 2);
    if (version != VERSION_IPFIX)
        return fail(file, error, "is damaged at octet %" PRIu64 ": no IPFIX message begins there", file->offset);
    if (length < HEADER_BYTES)
        return fail(file, error, "is damaged at octet %" PRIu64 ": a message of %u octets, and its header has 16",
                    file->offset, length);
    return 0;
}

static int read_error(const struct ipfix_file *file, struct sink_error *error)
{
    if (errno == EINTR)
        return 0;
    return fail(file, error, "cannot be read at octet %" PRIu64 ": %s", file->offset, strerror(errno));
}

static int cut_off(const struct ipfix_file *file, struct sink_error *error)
{
    return ferror(file->stream)
               ? read_error(file, error)
               : fail(file, error, "is cut off in the message that begins at octet %" PRIu64, file->offset);
}

struct ipfix_file *ipfix_file_open_stream(FILE *stream, const char *name, struct sink_error *error)
{
    struct ipfix_file *file = calloc(1, sizeof *file);
    struct stat status;
    if (file != NULL)
        file->name = strdup(name);
    if (file == NULL || file->name == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory to read %s", name);
        if (stream != stdin)
            fclose(stream);
        free(file);
        return NULL;
    }
    file->stream = stream;
    if (fileno(stream) >= 0 && fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        file->total_bytes = (uint64_t)status.st_size;
    read_header(file);
    file->header_read = true;
    if (file->header_bytes >= 2 && read_u16(file->message) == VERSION_IPFIX)
        return file; /* what is wrong with it otherwise is told when it is read */
    snprintf(error->text, sizeof error->text,
             "%s is neither a capture, pcap or pcapng, nor an IPFIX file: that begins with the octets 00 0a", name);
    ipfix_file_close(file);
    return NULL;
}

/* The time of export as that of receipt: the only one there is. */
static void fill_datagram(const struct ipfix_file *file, size_t length, struct weir_datagram *ret_datagram)
{
    const uint8_t *time = file->message + EXPORT_TIME_AT;
    *ret_datagram = (struct weir_datagram){
        .data = file->message,
        .size_bytes = length,
        .received_us = (int64_t)((uint64_t)read_u16(time) << 16 | read_u16(time + 2)) * 1000000,
        .reliable = true,
    };
}

static int read_message(struct ipfix_file *file, size_t *ret_length, struct sink_error *error)
{
    if (!file->header_read)
        read_header(file);
    file->header_read = false;
    if (file->header_bytes == 0 && !ferror(file->stream))
        return 0;
    if (file->header_bytes < HEADER_BYTES)
        return cut_off(file, error);
    if (check_header(file, error) != 0)
        return -1;
    const size_t rest_bytes = read_u16(file->message + 2) - (size_t)HEADER_BYTES;
    errno = 0;
    if (fread(file->message + HEADER_BYTES, 1, rest_bytes, file->stream) != rest_bytes)
        return cut_off(file, error);
    *ret_length = HEADER_BYTES + rest_bytes;
    return 1;
}

int ipfix_file_next(struct ipfix_file *file, struct weir_datagram *ret_datagram, struct sink_error *error)
{
    size_t length = 0;
    const int got = file->ended ? 0 : read_message(file, &length, error);
    if (got != 1) {
        file->ended = true;
        return got;
    }
    file->offset += length;
    file->message_count++;
    fill_datagram(file, length, ret_datagram);
    return 1;
}

bool ipfix_file_progress(const struct ipfix_file *file, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes)
{
    if (file->total_bytes == 0)
        return false;
    *ret_done_bytes = file->offset;
    *ret_total_bytes = file->total_bytes;
    return true;
}

void ipfix_file_close(struct ipfix_file *file)
{
    if (file == NULL)
        return;
    if (file->stream != stdin)
        fclose(file->stream);
    free(file->name);
    free(file);
}
