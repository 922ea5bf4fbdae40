/* SPDX-License-Identifier: MIT */
/*
 * query_output.h - writes the rows of a result, for programs or for people
 */
#ifndef WEIR_QUERY_QUERY_OUTPUT_H
#define WEIR_QUERY_QUERY_OUTPUT_H

#include "query.h"

enum query_format {
    QUERY_BOX,      /* a table for people, as wide as it may be: columns in the middle are left out */
    QUERY_MARKDOWN, /* a table of Markdown, whole */
    QUERY_CSV,      /* RFC 4180 with a line of names; null is nothing, an empty text "" */
    QUERY_JSON,     /* an array of objects */
    QUERY_NDJSON,   /* an object on each line */
    QUERY_FORMAT_COUNT
};

/* Around a query: DuckDB writes its rows as Parquet to standard output, which it opens anew, and empties where that is
 * a file. The result tells how many. The newline ends a comment at the end of the query. */
#define QUERY_PARQUET_BEGIN "COPY ("
#define QUERY_PARQUET_END "\n) TO '/dev/stdout' (FORMAT parquet)"

/* The format of this name ("csv"), or QUERY_FORMAT_COUNT. */
enum query_format query_format_find(const char *name);

struct query_output_settings {
    enum query_format format;
    int fd;
    unsigned threads; /* that make text of rows, of CSV and JSON; 0: one for each processor */
    int width;       /* QUERY_BOX: columns of the terminal; 0: as many as it takes */
    bool utf8;       /* QUERY_BOX: lines of a box rather than + - | */
    bool colour;     /* flow_table_write(): the heading is bold */
    bool omit_nulls; /* QUERY_JSON, QUERY_NDJSON: leave out what is null */
    bool (*before_write)(void *context); /* called before each write, and again where a signal came meanwhile; false
                                            ends it: QUERY_OUTPUT_UNWRITTEN with ECANCELED. NULL: nothing is called */
    void *context;
};

enum query_output_end {
    QUERY_OUTPUT_DONE = 0,
    QUERY_OUTPUT_FAILED = -1, /* the statement; `error` tells */
    QUERY_OUTPUT_UNWRITTEN = -2, /* errno tells: EPIPE where nobody reads any more */
};

/*
 * Writes all rows that are left, and the header. A result without rows writes nothing. The first few MiB are held back
 * until they are all there: of a statement that fails before that nothing is written where a file is to blame
 * (query_error.blames_files), so that it can be run again; else what came before is.
 */
enum query_output_end query_output_write(struct query_result *result, const struct query_output_settings *settings,
                                         uint64_t *ret_row_count, struct query_error *error);

#endif
