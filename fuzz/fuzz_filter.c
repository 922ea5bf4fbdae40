/* SPDX-License-Identifier: MIT */
/*
 * fuzz_filter.c - any octets as a filter
 *
 * What is one must become SQL whose quotes and parentheses close and in which nothing but the filter's own words stands
 * outside of them, have an explanation, and answer for rows; and its `not` must answer the opposite for each row. What
 * is none must have an error that lies in the text.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "require.h"
#include "row_maker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BATCHES = 3 };

/* Knows columns that no table has, of every type. */
static bool own_column(void *context, const char *name, enum filter_type *ret_type)
{
    (void)context;
    require(strlen(name) <= FILTER_NAME_MAX);
    if (name[0] != 'z')
        return false;
    *ret_type = (enum filter_type)((unsigned char)name[1] % FILTER_TYPE_COUNT);
    return true;
}

static void check_sql(const struct filter *filter, const struct filter_sql_options *options)
{
    struct filter_sql *sql = filter_sql_create(filter, options);
    require(sql != NULL && sql->parameter_count <= 65535);
    require(!options->literals || sql->parameter_count == 0);
    int depth = 0;
    char quote = '\0';
    for (const char *c = sql->text; *c != '\0'; c++) {
        if (quote != '\0') {
            quote = *c == quote ? '\0' : quote; /* one written twice closes and opens again */
        } else if (*c == '\'' || *c == '"') {
            quote = *c;
        } else {
            require((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                    strchr(" _.,:$()<>=*/-&", *c) != NULL);
            require(!(c[0] == '-' && c[1] == '-') && !(c[0] == '/' && c[1] == '*'));
            depth += (*c == '(') - (*c == ')');
            require(depth >= 0);
        }
    }
    require(depth == 0 && quote == '\0');
    size_t octets = 0; /* read all that parameters point at */
    for (size_t i = 0; i < sql->parameter_count; i++) {
        const struct filter_parameter *p = &sql->parameters[i];
        for (size_t k = 0; p->type >= FILTER_IPV6 && k < p->value.octets.size_bytes; k++)
            octets += p->value.octets.data[k];
    }
    require(octets < SIZE_MAX);
    filter_sql_free(sql);
}

/* Short names are told by two exporters, who may call several numbers so. */
static bool told(void *context, enum filter_told_kind kind, const char *name, size_t length,
                 struct filter_told **ret_told, size_t *ret_count, char message[FILTER_ERROR_MESSAGE_SIZE])
{
    (void)context;
    if (length == 0 || length > 4) {
        snprintf(message, FILTER_ERROR_MESSAGE_SIZE, "nothing is called '%.*s'", (int)(length % 300), name);
        return false;
    }
    *ret_count = length;
    *ret_told = calloc(length, sizeof **ret_told);
    require(*ret_told != NULL);
    for (size_t i = 0; i < length; i++) {
        snprintf((*ret_told)[i].exporter, sizeof (*ret_told)[i].exporter, i % 2 == 0 ? "10.0.0.0/8" : "2001:db8::/32");
        (*ret_told)[i].low = kind == FILTER_TOLD_APPLICATIONS ? 13 : (uint8_t)name[i] % 4;
        (*ret_told)[i].high = (uint8_t)name[i] % 4;
    }
    return true;
}

/* The same text behind `not`; NULL where that is beyond a bound. */
static struct filter *parse_opposite(const char *text, size_t size)
{
    static const char before[] = "not (", after[] = "\n)";
    const size_t whole = size + sizeof before - 1 + sizeof after - 1;
    char *opposite = malloc(whole);
    const struct filter_options options = {.column = own_column, .told = told};
    struct filter_error error;
    require(opposite != NULL);
    memcpy(opposite, before, sizeof before - 1);
    memcpy(opposite + sizeof before - 1, text, size);
    memcpy(opposite + whole - (sizeof after - 1), after, sizeof after - 1);
    struct filter *filter = filter_parse(opposite, whole, &options, &error);
    free(opposite);
    return filter;
}

static void check_rows(const struct filter *filter, const struct filter *opposite)
{
    static struct row_batch made[BATCHES];
    if (made[0].batch.row_count == 0) {
        uint64_t random = 1;
        for (int i = 0; i < BATCHES; i++)
            row_batch_make(&made[i], &random, NULL);
    }
    struct filter_rows *rows = filter_rows_create(filter);
    struct filter_rows *others = opposite != NULL ? filter_rows_create(opposite) : NULL;
    require(rows != NULL && (others != NULL || opposite == NULL));
    for (int i = 0; i < BATCHES; i++) {
        filter_rows_batch(rows, &made[i].batch);
        if (others != NULL)
            filter_rows_batch(others, &made[i].batch);
        for (uint32_t row = 0; row < made[i].batch.row_count; row += 5) {
            const bool match = filter_rows_match(rows, row);
            require(others == NULL || filter_rows_match(others, row) != match);
        }
    }
    filter_rows_free(rows);
    filter_rows_free(others);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct filter_options options = {.column = own_column, .told = told};
    struct filter_error error;
    char shown[FILTER_ERROR_TEXT_SIZE];
    char *text = malloc(size + (size == 0)); /* of just this size, for the sanitizer */
    require(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    struct filter *filter = filter_parse(text, size, &options, &error);
    if (filter == NULL) {
        require(error.offset <= size && error.length <= size - error.offset);
        require(strlen(filter_error_text(&error, text, size, shown)) < sizeof shown);
        free(text);
        return 0;
    }
    /* an empty filter has no `not` */
    struct filter *opposite = filter_matches_all(filter) ? NULL : parse_opposite(text, size);
    free(text);
    check_sql(filter, &(struct filter_sql_options){.first_parameter = 1});
    check_sql(filter, &(struct filter_sql_options){.literals = true, .unmapped = true});
    struct filter_sql_options part = {.first_parameter = 1};
    for (const uint32_t count = filter_sql_parts(filter, &part); part.part++ < count;)
        check_sql(filter, &part);
    char *meaning = filter_explain(filter);
    require(meaning != NULL);
    free(meaning);
    for (size_t i = 0; i < filter_column_count(filter); i++)
        require(filter_column_at(filter, i).name != NULL);
    check_rows(filter, opposite);
    filter_free(opposite);
    filter_free(filter);
    return 0;
}
