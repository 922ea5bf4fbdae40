/* SPDX-License-Identifier: MIT */
/* output.c - finds the format, and writes its text to a file */
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <unistd.h>

enum { MUCH_BYTES = 1 << 18, HELD_BYTES = 4 << 20 };

static const struct {
    const char *name;
    output_format *write;
} formats[QUERY_FORMAT_COUNT] = {
    [QUERY_BOX] = {"box", output_box},    [QUERY_MARKDOWN] = {"markdown", output_markdown},
    [QUERY_CSV] = {"csv", output_csv},    [QUERY_JSON] = {"json", output_json},
    [QUERY_NDJSON] = {"ndjson", output_json},
};

enum query_format query_format_find(const char *name)
{
    enum query_format format = 0;
    while (format < QUERY_FORMAT_COUNT && strcmp(formats[format].name, name) != 0)
        format++;
    return format;
}

int output_flush(struct output_file *file, bool anyhow)
{
    const struct query_output_settings *settings = file->settings;
    size_t written = 0;
    if (file->text.size_bytes < (file->has_written ? MUCH_BYTES : HELD_BYTES) && !anyhow)
        return 0;
    while (written < file->text.size_bytes) {
        if (settings->before_write != NULL && !settings->before_write(settings->context)) {
            errno = ECANCELED;
            return -1;
        }
        file->has_written = true;
        const ssize_t put = write(settings->fd, file->text.data + written, file->text.size_bytes - written);
        if (put >= 0)
            written += (size_t)put;
        else if (errno != EINTR)
            return -1;
    }
    file->text.size_bytes = 0;
    return 0;
}

enum query_output_end output_finish(struct output_file *file, enum query_output_end end,
                                    const struct query_error *error)
{
    if (end == QUERY_OUTPUT_DONE && output_flush(file, true) != 0)
        end = QUERY_OUTPUT_UNWRITTEN;
    /* of a statement that fails on its way, what came before is shown, unless it can be run again */
    if (end == QUERY_OUTPUT_FAILED && (file->has_written || !error->blames_files))
        (void)output_flush(file, true);
    const int fault = errno;
    text_done(&file->text);
    errno = fault;
    return end;
}

enum query_output_end query_output_write(struct query_result *result, const struct query_output_settings *settings,
                                         uint64_t *ret_row_count, struct query_error *error)
{
    struct output_file file = {.settings = settings};
    uint64_t row_count = 0;
    enum query_output_end end = QUERY_OUTPUT_DONE;
    if (result->has_rows) {
        end = output_finish(&file, formats[settings->format].write(&file, result, &row_count, error), error);
    } else {
        struct query_chunk chunk; /* a statement without rows has its count as one */
        int got;
        while ((got = query_next(result, &chunk, error)) == 1) {
            if (result->has_count && result->column_count == 1 && result->columns[0].type.kind == QUERY_INT64)
                row_count += (uint64_t)((const int64_t *)chunk.vectors[0].data)[0];
        }
        end = got < 0 ? QUERY_OUTPUT_FAILED : QUERY_OUTPUT_DONE;
    }
    *ret_row_count = row_count;
    return end;
}
