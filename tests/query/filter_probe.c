/* SPDX-License-Identifier: MIT */
/*
 * filter_probe.c - what filters become and what they find, for test_filter_duckdb.py
 *
 *     filter_probe SEED BATCHES ROWS.json < FILTERS
 *
 * Makes batches and writes their rows to ROWS.json as lines of JSON. For each line of standard input, a filter, a line
 * of JSON comes out: its SQL with parameters and without, its columns, and a digit for each row, 1 where it matches.
 * The first line that comes out are the columns that rows may have.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "row_maker.h"

/* What exporters call their interfaces and applications; networks stand for many exporters. */
static const struct {
    const char *name;
    enum filter_told_kind kind;
    struct filter_told told;
} names[] = {
    {"uplink", FILTER_TOLD_INTERFACES, {"0.0.0.0/1", 1, 1}}, {"uplink", FILTER_TOLD_INTERFACES, {"128.0.0.0/1", 1, 1}},
    {"uplink", FILTER_TOLD_INTERFACES, {"::/0", 2, 2}}, {"uplink", FILTER_TOLD_INTERFACES, {"0.0.0.0/1", 3, 3}},
    {"down link", FILTER_TOLD_INTERFACES, {"0.0.0.0/0", 5, 5}}, {"web", FILTER_TOLD_APPLICATIONS, {"0.0.0.0/1", 13, 1}},
    {"web", FILTER_TOLD_APPLICATIONS, {"2001:db8::/32", 3, 2}}, {"web", FILTER_TOLD_APPLICATIONS, {"0.0.0.0/1", 13, 1}},
};

static bool told(void *context, enum filter_told_kind kind, const char *name, size_t length,
                 struct filter_told **ret_told, size_t *ret_count, char message[FILTER_ERROR_MESSAGE_SIZE])
{
    (void)context;
    *ret_told = calloc(sizeof names / sizeof *names, sizeof **ret_told);
    *ret_count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names && *ret_told != NULL; i++) {
        if (names[i].kind == kind && strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0)
            (*ret_told)[(*ret_count)++] = names[i].told;
    }
    if (*ret_count > 0)
        return true;
    free(*ret_told);
    snprintf(message, FILTER_ERROR_MESSAGE_SIZE, "nothing is called so");
    return false;
}

static void print_string(const char *text, size_t size_bytes)
{
    putchar('"');
    for (size_t i = 0; i < size_bytes; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_parameter(const struct filter_parameter *parameter)
{
    printf("[\"%s\",", filter_type_sql(parameter->type));
    switch (parameter->type) {
    case FILTER_I8:
    case FILTER_I16:
    case FILTER_I32:
    case FILTER_I64:
    case FILTER_TIME: printf("%" PRId64, parameter->value.i); break;
    case FILTER_DOUBLE: printf("%.17g", parameter->value.d); break;
    case FILTER_BOOL: printf("%s", parameter->value.u ? "true" : "false"); break;
    case FILTER_TEXT:
        print_string((const char *)parameter->value.octets.data, parameter->value.octets.size_bytes);
        break;
    case FILTER_IPV6:
    case FILTER_MAC:
    case FILTER_OCTETS:
        putchar('"');
        for (size_t i = 0; i < parameter->value.octets.size_bytes; i++)
            printf("%02x", parameter->value.octets.data[i]);
        putchar('"');
        break;
    default: printf("%" PRIu64, parameter->value.u); break;
    }
    putchar(']');
}

static void print_sql(const struct filter *filter, const char *name, const struct filter_sql_options *options)
{
    struct filter_sql *sql = filter_sql_create(filter, options);
    if (sql == NULL)
        abort();
    printf(",\"%s\":", name);
    print_string(sql->text, strlen(sql->text));
    printf(",\"%s_parameters\":[", name);
    for (size_t i = 0; i < sql->parameter_count; i++) {
        if (i > 0)
            putchar(',');
        print_parameter(&sql->parameters[i]);
    }
    putchar(']');
    filter_sql_free(sql);
}

/* A list of the parts' SQL, which are to find each row once. */
static void print_parts(const struct filter *filter, const char *name, const struct filter_sql_options *options)
{
    struct filter_sql_options part = *options;
    const uint32_t count = filter_sql_parts(filter, options);
    printf(",\"%s\":[", name);
    for (part.part = 1; part.part <= count; part.part++) {
        struct filter_sql *sql = filter_sql_create(filter, &part);
        if (sql == NULL)
            abort();
        printf("%s", part.part > 1 ? "," : "");
        print_string(sql->text, strlen(sql->text));
        filter_sql_free(sql);
    }
    putchar(']');
}

static void print_matches(const struct filter *filter, const struct row_batch *made, size_t batch_count)
{
    struct filter_rows *rows = filter_rows_create(filter);
    if (rows == NULL)
        abort();
    printf(",\"matches\":\"");
    for (size_t i = 0; i < batch_count; i++) {
        filter_rows_batch(rows, &made[i].batch);
        for (uint32_t row = 0; row < made[i].batch.row_count; row++)
            putchar(filter_rows_match(rows, row) ? '1' : '0');
    }
    putchar('"');
    filter_rows_free(rows);
}

static void answer(const char *text, size_t size_bytes, const struct row_batch *made, size_t batch_count)
{
    const struct filter_sql_options parameters = {.first_parameter = 3}, literals = {.literals = true},
                                    unmapped = {.literals = true, .unmapped = true};
    struct filter_error error;
    const struct filter_options options = {.told = told};
    struct filter *filter = filter_parse(text, size_bytes, &options, &error);
    if (filter == NULL) {
        printf("{\"error\":");
        print_string(error.message, strlen(error.message));
        printf("}\n");
        return;
    }
    printf("{\"columns\":{");
    for (size_t i = 0; i < filter_column_count(filter); i++) {
        const struct filter_column column = filter_column_at(filter, i);
        printf("%s\"%s\":\"%s\"", i > 0 ? "," : "", column.name, filter_type_sql(column.type));
    }
    putchar('}');
    print_sql(filter, "sql", &parameters);
    print_sql(filter, "literal", &literals);
    print_sql(filter, "unmapped", &unmapped);
    print_parts(filter, "parts", &(struct filter_sql_options){.literals = true});
    print_parts(filter, "unmapped_parts", &unmapped);
    print_matches(filter, made, batch_count);
    printf("}\n");
    filter_free(filter);
}

int main(int argument_count, char **arguments)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    if (argument_count != 4) {
        fprintf(stderr, "usage: %s SEED BATCHES ROWS.json\n", arguments[0]);
        return 2;
    }
    uint64_t random = strtoull(arguments[1], NULL, 10);
    const size_t batch_count = strtoul(arguments[2], NULL, 10);
    struct row_batch *made = calloc(batch_count, sizeof *made);
    FILE *out = fopen(arguments[3], "w");
    if (made == NULL || out == NULL) {
        perror(arguments[3]);
        return 1;
    }
    for (size_t i = 0; i < batch_count; i++)
        row_batch_make(&made[i], &random, out);
    if (fclose(out) != 0) {
        perror(arguments[3]);
        return 1;
    }
    row_columns_print(stdout);
    while ((length = getline(&line, &room, stdin)) > 0)
        answer(line, (size_t)length - (line[length - 1] == '\n'), made, batch_count);
    free(line);
    free(made);
    return 0;
}
