/* SPDX-License-Identifier: MIT */
/*
 * query_text.h - for tests: what a statement gives, as one text
 */
#ifndef TEST_QUERY_TEXT_H
#define TEST_QUERY_TEXT_H

#include "query_output.h"
#include "value_text.h"

/* The values of all rows, between commas, rows between semicolons, null as "-"; or "error: ..." with the first line of
 * it. Valid until the next call. */
static const char *query_text(struct query *query, const char *sql)
{
    static struct text_buffer text;
    struct query_error error = {.text = ""};
    struct query_result *result;
    struct query_chunk chunk;
    text_done(&text);
    text_put(&text, "");
    int got = query_run(query, sql, NULL, 0, &result, &error);
    if (got == 0) {
        while ((got = query_next(result, &chunk, &error)) == 1) {
            for (size_t row = 0; row < chunk.row_count; row++) {
                if (text.size_bytes > 0)
                    text_put_char(&text, ';');
                for (size_t i = 0; i < result->column_count; i++) {
                    if (i > 0)
                        text_put_char(&text, ',');
                    if (query_is_null(&chunk.vectors[i], row))
                        text_put_char(&text, '-');
                    else
                        value_put(&text, &chunk.vectors[i], row, VALUE_CSV);
                }
            }
        }
        query_result_free(result);
    }
    if (got < 0) {
        text.size_bytes = 0;
        text_print(&text, "error: %.*s", (int)strcspn(error.text, "\n"), error.text);
    }
    return text.data;
}

#endif
