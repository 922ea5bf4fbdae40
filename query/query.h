/* SPDX-License-Identifier: MIT */
/*
 * query.h - questions to the files of a store, in SQL
 *
 * A connection to DuckDB in this process, which reads the files that the caller names through a few views:
 *
 *     struct query_files files = {.flows = {paths, count}};
 *     struct query *query = query_open(&files, NULL, &error);
 *     struct query_result *result;
 *     if (query != NULL && query_run(query, "SELECT src, bytes FROM flows", NULL, 0, &result, &error) == 0) {
 *         struct query_chunk chunk;
 *         while (query_next(result, &chunk, &error) == 1)
 *             ... chunk.row_count rows of chunk.vectors[0..result->column_count - 1]
 *         query_result_free(result);
 *     }
 *     query_close(query);
 *
 * query_output.h writes a result as CSV, JSON or a table.
 *
 * DuckDB's library is opened by the first query_open() (duckdb_library.h) and stays. Nothing else in the program needs
 * it, and nothing but the files of this folder knows it: where its header was missing when the program was built,
 * query_open() fails with a text that tells what to do.
 *
 * The views
 *
 *     flows         one row for each flow: times, addresses and counters as the store has them. Addresses twice: as
 *                   text (src, dst, exporter, next_hop, bgp_next_hop, nat_src, nat_dst) and as stored (src_ipv4
 *                   UINTEGER, src_ipv6 BLOB, ...). What compares or groups many rows uses the stored ones, which are
 *                   several times as fast; functions turn them to text in the few rows that are left.
 *                   The fastest way to the top of something by address is each family for itself:
 *                       SELECT src_ipv4, NULL AS src_ipv6, sum(bytes) AS n FROM flows WHERE src_ipv4 IS NOT NULL
 *                           GROUP BY 1 ORDER BY n DESC LIMIT 10    -- UNION ALL the same of src_ipv6, and again
 *                   the first ten of both.
 *     exporters     one row for each exporter, port, domain and version: datagrams, flows, loss
 *     templates     one row for each template that flows came by
 *     interfaces    names that exporters tell of their interfaces, the latest
 *     applications  the same of applications
 *     ledger        what became of the datagrams, as stored
 *     options       records of options templates, as stored
 *
 * A view without files is empty, and has the columns that are always there. A file whose foot is damaged is left out:
 * query_skipped() tells which. What is damaged elsewhere fails the statement that reads it (query_error), and
 * query_set_files() goes on without it.
 *
 * Functions in SQL
 *
 *     addr(ipv4) addr(ipv6) addr(ipv4, ipv6)   text of an address as stored; an IPv4 address in IPv6 is shown as IPv4
 *     addr(text)                the same address as these write it, to compare with; null when it is none
 *     ipv4(text), ipv6(text)    an address as it is stored; null when it is none of that family
 *     network(ipv4, bits), network(ipv6, bits)   the first address of the network that it is in, as stored
 *     in_net(addr, net) in_net(ipv4, ipv6, net)  whether an address (stored or text) is in '10.0.0.0/8'
 *     mac(octets), tcp_flags(n), proto_name(n), service(port, proto), human_bytes(n)   text
 *
 * A connection serves one thread at a time, with one result open; query_interrupt(), query_progress() and
 * query_rows_free() alone may come from elsewhere.
 */
#ifndef WEIR_QUERY_QUERY_H
#define WEIR_QUERY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct query_error {
    char text[4096]; /* for people, one or several lines, without a newline at its end */
    bool blames_files;   /* a file may be damaged, or gone */
    bool is_interrupted; /* query_interrupt() */
};

/* --------------------------------------------------------------------------------------------------- connection */

/* A column that files have under this field ID, and under no other name. A file may lack it, or have it narrower. */
struct query_known_column {
    const char *name;
    const char *type; /* as DuckDB names it */
    int32_t field_id;
    bool has_values;  /* else it is null in all rows of all files */
};

/*
 * `columns` are those of the files of which `is_known` is true: somebody has read their feet. DuckDB then opens files
 * when it reads them; else all of them before the first answer, which takes seconds with ten thousand. With
 * `is_known` NULL nothing is known of any.
 */
struct query_paths {
    const char *const *paths;
    size_t count;
    const bool *is_known; /* one for each path */
    const struct query_known_column *columns;
    size_t column_count;
    bool are_part; /* there are others, of which nothing will be asked for; the columns are those of all */
    bool are_vain; /* nothing of these will be either: they are not read */
};

enum { QUERY_TAIL_BYTES = 16384, QUERY_WHY_SIZE = 256 };

/* Whether a file is not to be read, by its last octets, QUERY_TAIL_BYTES at most; then with a line in `why`. */
typedef bool query_refuses(const uint8_t *tail, size_t size_bytes, char why[QUERY_WHY_SIZE]);

/* What the views read: Parquet files, which must stay until query_close(). */
struct query_files {
    struct query_paths flows;
    struct query_paths options;
    struct query_paths ledger;
    query_refuses *refuses; /* NULL: nothing is refused */
};

struct query_settings {
    uint64_t memory_bytes;   /* above that data goes to temporary files; 0: a quarter of the machine's */
    unsigned threads;        /* 0: one for each processor */
    const char *temp_folder; /* NULL: one in $TMPDIR or /tmp, made when it is needed and removed */
    bool places; /* also stored.flow_files(), flows with where they stand, and stored.flow_groups(), the metadata of their
                    files; all of these are opened for it */
    bool progress;           /* for query_progress() */
};

struct query;

/* `files` and `settings` may be NULL. NULL with a text in `error` where it fails. */
struct query *query_open(const struct query_files *files, const struct query_settings *settings,
                         struct query_error *error);
void query_close(struct query *query); /* after its results; NULL is fine */

/* From now on the views read these files. 0, or -1, and then the connection is of no use any more. */
int query_set_files(struct query *query, const struct query_files *files, struct query_error *error);

/* Reads all of a file: 0, or -1 with what DuckDB tells of it. */
int query_read_file(struct query *query, const char *path, struct query_error *error);

/* The files that are left out. All lives until query_set_files() or query_close(). */
struct query_skipped {
    char *path;
    char *why; /* a line */
};
size_t query_skipped(const struct query *query, const struct query_skipped **ret_skipped);

/* Makes stored.flow_files() and stored.flow_groups(), as query_settings.places does, and the table flow_origins: for each row group
 * and each column (path) that has values there, the element that it was made of (origin, in small letters; NULL: none),
 * and which rows of the file these are. Once for a connection. 1; 0 where there are no files of flows; -1. */
int query_add_origins(struct query *query, struct query_error *error);

/* Whether the flows are those of known files alone. */
bool query_flows_are_known(const struct query *query);

/* Ends the statement that runs, which then fails. May be called in another thread or a signal handler. */
void query_interrupt(struct query *query);

/* How far the statement is that runs, 0 to 1, or less than 0 where that is not known. Takes query_settings.progress;
 * may be called in another thread. */
double query_progress(struct query *query);

/* ---------------------------------------------------------------------------------------------------- statements */

enum query_value_kind { QUERY_VALUE_NULL, QUERY_VALUE_U64, QUERY_VALUE_I64, QUERY_VALUE_DOUBLE, QUERY_VALUE_TEXT,
                        QUERY_VALUE_OCTETS };

/* For $1, $2, ... in a statement. */
struct query_value {
    enum query_value_kind kind;
    union {
        uint64_t u64;
        int64_t i64;
        double number;
        struct {
            const void *data;
            size_t size_bytes;
        } octets; /* TEXT (UTF-8) and OCTETS */
    };
};

struct query_result;

/* Runs one statement. The rows are made while they are fetched. 0, or -1 with a text that shows the place in the
 * statement where there is one. */
int query_run(struct query *query, const char *sql, const struct query_value *values, size_t value_count,
              struct query_result **ret_result, struct query_error *error);

/* Several statements in one text, with ';' between them: the next one is run by query_script_next(), which returns 1,
 * 0 when there is no other, or -1. */
struct query_script;
struct query_script *query_script_open(struct query *query, const char *sql, struct query_error *error);
int query_script_next(struct query_script *script, struct query_result **ret_result, struct query_error *error);
size_t query_script_count(const struct query_script *script); /* of all its statements */
void query_script_skip(struct query_script *script, size_t count); /* passes over so many */
void query_script_close(struct query_script *script);

/* ------------------------------------------------------------------------------------------------------- results */

enum query_kind {
    QUERY_BOOLEAN,      /* bool */
    QUERY_INT8,         /* int8_t and so on */
    QUERY_INT16,
    QUERY_INT32,
    QUERY_INT64,
    QUERY_UINT8,
    QUERY_UINT16,
    QUERY_UINT32,
    QUERY_UINT64,
    QUERY_INT128,       /* __int128 */
    QUERY_UINT128,
    QUERY_FLOAT,
    QUERY_DOUBLE,
    QUERY_DECIMAL,      /* an integer of the kind `stored`, of units of 10^-scale */
    QUERY_TEXT,         /* query_octets_at() */
    QUERY_OCTETS,
    QUERY_DATE,         /* int32_t: days since 1970 */
    QUERY_TIME,         /* int64_t: microseconds since midnight */
    QUERY_TIMESTAMP,    /* int64_t: microseconds since 1970, of no time zone */
    QUERY_TIMESTAMP_TZ, /* the same, UTC */
    QUERY_TIMESTAMP_S,  /* int64_t */
    QUERY_TIMESTAMP_MS,
    QUERY_TIMESTAMP_NS,
    QUERY_INTERVAL,     /* struct query_interval */
    QUERY_UUID,         /* unsigned __int128 with its highest bit turned over */
    QUERY_ENUM,         /* a number of the kind `stored`: an index into `names` */
    QUERY_LIST,         /* struct query_list, of children[0] */
    QUERY_ARRAY,        /* row r has `size` elements of children[0] from r * size on */
    QUERY_STRUCT,       /* children, with `names` */
    QUERY_MAP,          /* struct query_list, of children[0], which is a struct of key and value */
    QUERY_OTHER         /* none of these: it is always shown as null; cast it to VARCHAR */
};

struct query_type {
    enum query_kind kind;
    enum query_kind stored; /* QUERY_DECIMAL, QUERY_ENUM */
    uint8_t scale;          /* QUERY_DECIMAL */
    uint64_t size;          /* QUERY_ARRAY */
    struct query_type *children;
    size_t child_count;
    char **names;
    size_t name_count;
};

struct query_interval {
    int32_t months;
    int32_t days;
    int64_t micros;
};

struct query_list {
    uint64_t offset;
    uint64_t length;
};

struct query_column {
    const char *name;
    struct query_type type;
};

struct query_result {
    const struct query_column *columns;
    size_t column_count;
    bool has_rows;    /* a query; else a statement that only does something */
    bool has_count;   /* it tells as its only value how many rows it changed or wrote */
};

/* Up to QUERY_CHUNK_ROWS of a column, or of an element of its values. */
struct query_vector {
    const struct query_type *type;
    const void *data;         /* an array as enum query_kind tells */
    const uint64_t *validity; /* a bit for each row, 1 where there is a value; NULL: everywhere */
    struct query_vector *children;
};

struct query_chunk {
    size_t row_count;
    const struct query_vector *vectors; /* one for each column */
};

enum { QUERY_CHUNK_ROWS = 2048 }; /* at the most */

/* Adds a column that is null in all rows, before the first of these are asked for: it costs nothing, as DuckDB need not
 * make it. The name must stay. 0, or -1 when memory is short. */
int query_result_add_null(struct query_result *result, size_t place, const char *name);

/* The next rows, valid until the next call or query_result_free(). 1, 0 at the end, or -1. */
int query_next(struct query_result *result, struct query_chunk *ret_chunk, struct query_error *error);
void query_result_free(struct query_result *result);

/* Rows that are the caller's, in whatever thread, until query_rows_free(), which comes before query_result_free(). */
struct query_rows {
    struct query_chunk chunk;
};

/* The next rows, as with query_next(), which may take turns with it. 1, 0 at the end, or -1. */
int query_take(struct query_result *result, struct query_rows **ret_rows, struct query_error *error);
void query_rows_free(struct query_rows *rows);

static inline bool query_is_null(const struct query_vector *vector, size_t row)
{
    return vector->validity != NULL && (vector->validity[row / 64] >> row % 64 & 1) == 0;
}

struct query_octets {
    const uint8_t *data; /* not ended by NUL; valid as long as the chunk */
    uint32_t size_bytes;
};

/* A value of QUERY_TEXT or QUERY_OCTETS, which is not null. Up to 12 octets lie in the vector itself. */
static inline struct query_octets query_octets_at(const struct query_vector *vector, size_t row)
{
    const uint8_t *entry = (const uint8_t *)vector->data + row * 16;
    struct query_octets octets = {.data = entry + 4};
    memcpy(&octets.size_bytes, entry, sizeof octets.size_bytes);
    if (octets.size_bytes > 12)
        memcpy(&octets.data, entry + 8, sizeof octets.data);
    return octets;
}

#endif
