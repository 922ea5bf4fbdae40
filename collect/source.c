/* SPDX-License-Identifier: MIT */
/*
 * source.c - datagrams from a capture or an IPFIX file
 */
#include "source.h"

#include "ipfix_file.h"

#include <stdlib.h>

/* Read from the file at a time: the C library's own 4 KiB, which it takes unless it is given a buffer, would cost a
 * system call for each few packets. */
enum { READ_BYTES = 1 << 18 };

struct source {
    struct capture *capture; /* one of the two */
    struct ipfix_file *ipfix;
    char buffer[READ_BYTES]; /* of its stream */
};

/* Only one octet can be put back into a pipe, and it is enough. */
static bool is_ipfix(FILE *stream)
{
    const int first = getc(stream);
    if (first != EOF)
        ungetc(first, stream);
    return first == IPFIX_FILE_FIRST_OCTET;
}

static bool open_ipfix(struct source *source, FILE *stream, const char *name, size_t port_count,
                       struct sink_error *error)
{
    source->ipfix = ipfix_file_open_stream(stream, name, error);
    if (source->ipfix != NULL && port_count > 0) {
        snprintf(error->text, sizeof error->text,
                 "%s is an IPFIX file, which does not tell the ports that its messages were sent to; leave -p out",
                 name);
        return false;
    }
    return source->ipfix != NULL;
}

struct source *source_open(const char *path, const uint16_t *ports, size_t port_count, struct sink_error *error)
{
    const char *name = capture_file_name(path);
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory to read %s", name);
        return NULL;
    }
    FILE *stream = capture_open_file(path, error);
    bool good = stream != NULL;
    if (good && stream != stdin) /* which lives on */
        setvbuf(stream, source->buffer, _IOFBF, sizeof source->buffer);
    if (good && is_ipfix(stream)) {
        good = open_ipfix(source, stream, name, port_count, error);
    } else if (good) {
        source->capture = capture_open_stream(stream, name, ports, port_count, error);
        good = source->capture != NULL;
    }
    if (good)
        return source;
    source_close(source);
    return NULL;
}

int source_next(struct source *source, struct weir_datagram *ret_datagram, struct sink_error *error)
{
    return source->ipfix != NULL ? ipfix_file_next(source->ipfix, ret_datagram, error)
                                 : capture_next(source->capture, ret_datagram, NULL, error);
}

const struct capture_counts *source_counts(const struct source *source)
{
    return source->ipfix != NULL ? NULL : capture_counts(source->capture);
}

bool source_progress(const struct source *source, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes)
{
    return source->ipfix != NULL ? ipfix_file_progress(source->ipfix, ret_done_bytes, ret_total_bytes)
                                 : capture_progress(source->capture, ret_done_bytes, ret_total_bytes);
}

void source_close(struct source *source)
{
    if (source == NULL)
        return;
    capture_close(source->capture);
    ipfix_file_close(source->ipfix);
    free(source);
}
