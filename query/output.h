/* SPDX-License-Identifier: MIT */
/*
 * output.h - what the formats of query_output.h have in common: a format gathers rows in a buffer, which is written
 * when it is full
 */
#ifndef WEIR_QUERY_OUTPUT_H
#define WEIR_QUERY_OUTPUT_H

#include "query_output.h"
#include "value_text.h"

struct output_file {
    const struct query_output_settings *settings;
    struct text_buffer text;
    bool has_written;
};

/* Writes what is there when there is much, or anyhow. 0, or -1 with errno. */
int output_flush(struct output_file *file, bool anyhow);

/* Behind what ended so: writes what is held back, unless it can be run again, and frees the text. How it ended. */
enum query_output_end output_finish(struct output_file *file, enum query_output_end end,
                                    const struct query_error *error);

/* Each writes the rows that are left. */
typedef enum query_output_end output_format(struct output_file *file, struct query_result *result,
                                            uint64_t *row_count, struct query_error *error);
output_format output_box, output_markdown, output_csv, output_json;

#endif
