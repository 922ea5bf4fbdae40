/* SPDX-License-Identifier: MIT */
/*
 * filter.h - which flows: the filter language, weir-filter(7)
 *
 *     proto tcp and (src net 10.0.0.0/8 or dst port in [80 443]) and bytes > 1M and not flags S
 *
 * The language is nfdump's, grown. A text is parsed once into a filter, which is a constant from then on: any number
 * of threads may use it. From it come a predicate of SQL over the store's columns, an answer for each row of a batch,
 * and an explanation for people. The three mean the same.
 *
 *     struct filter_error error;
 *     struct filter *filter = filter_parse(text, strlen(text), NULL, &error);
 *     if (filter == NULL)
 *         fputs(filter_error_text(&error, text, strlen(text), shown), stderr);
 *
 * What terms mean
 *
 *     A term is true or false of each record, never unknown: a record that lacks what the term asks about does not
 * match
 *     it, and matches its `not`. `!=` asks for a record that has a value, and another one; with src or dst left open
 *     none of them may be the value given. An IPv4 address is found in the columns for IPv6 too, where it stands as
 *     ::ffff:a.b.c.d, and is never one of IPv6.
 *
 * Bounds
 *
 *     A filter has at most FILTER_TEXT_MAX octets, FILTER_TERMS_MAX terms, FILTER_VALUES_MAX values in all its lists,
 *     and parentheses and `not` at most FILTER_DEPTH_MAX deep. The text may come from anybody: values reach SQL as
 *     parameters, or as literals made from what was parsed, never as they were written; names of columns are those of
 *     the tables or of the caller, and quoted.
 */
#ifndef WEIR_QUERY_FILTER_H
#define WEIR_QUERY_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

#define FILTER_TEXT_MAX 262144u
#define FILTER_TERMS_MAX 1000u
#define FILTER_VALUES_MAX 4096u
#define FILTER_DEPTH_MAX 100u
#define FILTER_NAME_MAX 128u /* octets of a column's name */

struct filter;

/* What a column of the store holds, and so a parameter that is compared with it: how DuckDB reads it. */
enum filter_type {
    FILTER_U8 = 0, /* UTINYINT */
    FILTER_U16,    /* USMALLINT */
    FILTER_U32,    /* UINTEGER */
    FILTER_U64,    /* UBIGINT */
    FILTER_I8,     /* TINYINT */
    FILTER_I16,    /* SMALLINT */
    FILTER_I32,    /* INTEGER */
    FILTER_I64,    /* BIGINT */
    FILTER_FLOAT,  /* FLOAT */
    FILTER_DOUBLE, /* DOUBLE */
    FILTER_BOOL,   /* BOOLEAN */
    FILTER_TIME,   /* TIMESTAMP WITH TIME ZONE: microseconds since 1970 UTC */
    FILTER_TIME_NS, /* TIMESTAMP_NS: nanoseconds since 1970 UTC */
    FILTER_IPV4,   /* UINTEGER, host byte order */
    FILTER_IPV6,   /* BLOB of 16 octets, network byte order */
    FILTER_MAC,    /* BLOB of 6 octets */
    FILTER_OCTETS, /* BLOB */
    FILTER_TEXT,   /* VARCHAR */
    FILTER_LIST,   /* VARCHAR with JSON: cannot be compared */
    FILTER_TYPE_COUNT
};

/* The name of the type in DuckDB's SQL, as above; of FILTER_TIME its short form, TIMESTAMPTZ. */
const char *filter_type_sql(enum filter_type type);

/* ------------------------------------------------------------------------------------------------------- parsing */

#define FILTER_ERROR_MESSAGE_SIZE 240u

/* Where and why a text is no filter. */
struct filter_error {
    size_t offset; /* in the text, octets */
    size_t length; /* of what is wrong, octets; 0 at the text's end */
    char message[FILTER_ERROR_MESSAGE_SIZE]; /* one line, printable ASCII, no full stop at its end */
};

/* What exporters give names to, in options records, and a number that one of them has such a name for. */
enum filter_told_kind { FILTER_TOLD_INTERFACES, FILTER_TOLD_APPLICATIONS };
struct filter_told {
    char exporter[48];  /* address as text */
    uint64_t low, high; /* of an interface its number, twice; of an application engine and number */
};

struct filter_options {
    /* Whether the data has a column of this name, and of what type. It is asked about names that are no core column of
     * the store, before the registered elements are. NULL: those alone are known, and ie_PEN_ID. */
    bool (*column)(void *context, const char *name, enum filter_type *ret_type);
    void *context;
    /* What exporters call so, whatever the case: an array from malloc() of one at least, with the count. False with a
     * line in `message` where none does. NULL: names of interfaces and applications are errors that tell of weir sql.
     */
    bool (*told)(void *context, enum filter_told_kind kind, const char *name, size_t length,
                 struct filter_told **ret_told, size_t *ret_count, char message[FILTER_ERROR_MESSAGE_SIZE]);
    void *told_context;
    char mark; /* stands in SQL before the names of columns that are no core columns, which the caller makes; NUL: none */
};

/*
 * Parses a text, which need not end in NUL. `options` may be NULL. An empty text, or one of comments, matches all. NULL
 * with *ret_error filled in when it is no filter, or memory is short. Free with filter_free(); NULL is fine there.
 */
struct filter *filter_parse(const char *text, size_t size_bytes, const struct filter_options *options,
                            struct filter_error *ret_error);
void filter_free(struct filter *filter);

#define FILTER_ERROR_TEXT_SIZE 512u

/*
 * The error for people: the message, the line of the text that it is about (of a long one the part around it), and a
 * caret below the place. Three lines, each ended by '\n', then NUL; what is not printable ASCII in the text is shown as
 * '?'. `text` and `size_bytes` as they were parsed. Returns `shown`.
 */
char *filter_error_text(const struct filter_error *error, const char *text, size_t size_bytes,
                        char shown[FILTER_ERROR_TEXT_SIZE]);

/* -------------------------------------------------------------------------------------------------------- columns */

struct filter_column {
    const char *name; /* lives as long as the filter */
    enum filter_type type;
    bool always; /* one of the columns that every file of flows has */
};

/* The columns that its SQL names, each once. Those that are not in every file must be made available, all null, where
 * no file has them. */
size_t filter_column_count(const struct filter *filter);
struct filter_column filter_column_at(const struct filter *filter, size_t index);

/* Whether all records match, as with an empty text. */
bool filter_matches_all(const struct filter *filter);

/* ------------------------------------------------------------------------------------------------------------ SQL */

/* A value for $N. Octets live as long as the filter_sql. */
struct filter_parameter {
    enum filter_type type;
    union {
        uint64_t u; /* FILTER_U8 to U64, FILTER_IPV4; FILTER_BOOL: 0, 1 */
        int64_t i;  /* FILTER_I8 to I64; FILTER_TIME; FILTER_TIME_NS does not occur: such columns are compared as I64 */
        double d;   /* FILTER_DOUBLE; FILTER_FLOAT does not occur */
        struct {
            const uint8_t *data;
            size_t size_bytes;
        } octets; /* FILTER_IPV6, FILTER_MAC, FILTER_OCTETS; FILTER_TEXT: UTF-8 without NUL */
    } value;
};

struct filter_sql {
    char *text; /* an expression that stands alone between parentheses; "TRUE" where all records match */
    struct filter_parameter *parameters;
    size_t parameter_count; /* at most 65,535, DuckDB's bound */
    void *octets;           /* what parameters point at */
};

struct filter_sql_options {
    uint32_t first_parameter; /* the number of the first: 1 for $1 */
    bool literals;            /* no parameters: all values stand in the text */
    bool unmapped; /* the data has no ::ffff:a.b.c.d in columns for IPv6. IPv4 is then looked for in the columns for
                      IPv4 alone, which lets DuckDB use statistics and bloom filters of these */
    uint32_t part; /* of filter_sql_parts(), from 1 on; 0: the whole */
};

/*
 * DuckDB uses statistics and bloom filters where one column is compared, and not where the one or the other is to match. An
 * address may be in two columns (IPv4 in one for IPv6), or in four, of source and destination. A filter that asks for
 * single addresses, and perhaps for more besides, is therefore made of parts: each record that matches is in one of
 * them, so that `... WHERE part 1 UNION ALL ... WHERE part 2` gives all, each once. Returns how many parts there are; 1: it
 * is better asked as a whole. Of the options `unmapped` counts.
 */
uint32_t filter_sql_parts(const struct filter *filter, const struct filter_sql_options *options);

/*
 * The filter as a predicate for WHERE. It is true for the records that match; for others it is false or null, so it
 * must not be negated by more text: parse `not (...)` instead. Placeholders are `$1::USMALLINT`, of the type of the
 * column, so that it is the value and not the column that is cast. Conjuncts on one column are left as plain as can be.
 * DuckDB 1.4 takes seconds to bind thousands of parameters, which long lists make, and a fraction of that to read as
 * many literals. `options` may be NULL: first_parameter 1, the rest false. NULL when memory is short. Free with
 * filter_sql_free().
 */
struct filter_sql *filter_sql_create(const struct filter *filter, const struct filter_sql_options *options);
void filter_sql_free(struct filter_sql *sql);

/* ------------------------------------------------------------------------------------------------------ addresses */

/* A value of a column for addresses. */
struct filter_address {
    const char *column;    /* "src_ipv4"; lives as long as the filter */
    enum filter_type type; /* FILTER_IPV4 or FILTER_IPV6 */
    uint8_t octets[16];    /* network byte order; of IPv4 the first four */
};

#define FILTER_ADDRESSES_MAX 64u

/*
 * What may be looked for before any record is read: each record that matches has one of these values. A filter may ask
 * for several such sets, `src ip 10.0.0.1 and dst ip 10.0.0.2`: the one of this index, from 0 on. Returns how many values
 * it has; 0 when there are no more sets.
 */
uint32_t filter_addresses(const struct filter *filter, uint32_t index,
                          struct filter_address ret_addresses[FILTER_ADDRESSES_MAX]);

/* ----------------------------------------------------------------------------------------------------------- rows */

/*
 * The filter over batches: for each batch filter_rows_batch(), then filter_rows_match() for any of its rows. Belongs to
 * one thread; the filter must outlive it. Fields are found by name where a filter asks for one that is no core column.
 * Layouts without core columns (options records, weir_options.core false) have none of what terms ask about, but for
 * what datagrams tell (exporter, domain, version and so on) and fields by name.
 */
struct filter_rows;
struct filter_rows *filter_rows_create(const struct filter *filter); /* NULL when memory is short */
void filter_rows_free(struct filter_rows *rows);
void filter_rows_batch(struct filter_rows *rows, const struct weir_batch *batch);
bool filter_rows_match(struct filter_rows *rows, uint32_t row);

/* ---------------------------------------------------------------------------------------------------- explanation */

/*
 * What the filter means, for people: an indented outline, each line ended by '\n', in printable ASCII.
 *
 *     all of
 *       protocol = 6
 *       src_port or dst_port = 80, 443, 8000-8999
 *
 * From malloc(); NULL when memory is short.
 */
char *filter_explain(const struct filter *filter);

#endif
