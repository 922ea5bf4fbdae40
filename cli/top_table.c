/* SPDX-License-Identifier: MIT */
/* top_table.c - the groups of weir top as a table for people */
#define _GNU_SOURCE
#include "top_table.h"

#include "format.h"
#include "terminal.h"
#include "value_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BAR_WIDTH = 20, BAR_BYTES = 3 * BAR_WIDTH + 1, COLUMNS_MAX = FLOW_KEYS_MAX + TOP_AMOUNT_COUNT + 1 };

struct table {
    char **cells; /* row after row */
    double *shares; /* of the first amount, a row each, in percent; without a whole the amount itself */
    size_t row_count, room;
    size_t column_count; /* without the percents */
    size_t key_count;    /* with the time */
    bool has_percent;
    int widths[COLUMNS_MAX];
};

/* Columns that a text takes on the screen: octets that go on with a character of UTF-8 take none. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static int add_cell(struct table *table, size_t column, const char *text)
{
    char *copy = strdup(text != NULL ? text : "");
    if (copy == NULL)
        return -1;
    table->cells[table->row_count * table->column_count + column] = copy;
    const int width = width_of(copy);
    if (width > table->widths[column])
        table->widths[column] = width;
    return 0;
}

static int add_amount(struct table *table, size_t column, enum top_amount amount, double number)
{
    char text[FORMAT_TEXT_SIZE + 4];
    if (amount == TOP_PACKETS || amount == TOP_FLOWS)
        format_count(number < 1.8e19 ? (uint64_t)number : UINT64_MAX, text);
    else
        format_amount(number, text);
    return add_cell(table, column, text);
}

static int add_row(struct table *table, const struct top_request *request, const struct query_chunk *chunk, size_t row)
{
    if (table->row_count == table->room) {
        const size_t room = table->room == 0 ? 64 : table->room * 2;
        char **cells = realloc(table->cells, room * table->column_count * sizeof *cells);
        if (cells != NULL)
            table->cells = cells;
        double *shares = cells != NULL ? realloc(table->shares, room * sizeof *shares) : NULL;
        if (shares == NULL)
            return -1;
        table->shares = shares;
        table->room = room;
    }
    memset(table->cells + table->row_count * table->column_count, 0, table->column_count * sizeof *table->cells);
    int result = 0;
    for (size_t column = 0; column < table->column_count && result == 0; column++) {
        const struct query_vector *vector = &chunk->vectors[column];
        if (column >= table->key_count) {
            result = add_amount(table, column, request->amounts[column - table->key_count],
                                query_number_at(vector, row));
        } else {
            struct text_buffer text = {0};
            char time[FORMAT_TEXT_SIZE];
            if (query_is_null(vector, row))
                result = text_put_char(&text, '-');
            else if (vector->type->kind == QUERY_TIMESTAMP_TZ)
                result = text_put(&text, format_time(((const int64_t *)vector->data)[row], time));
            else
                result = value_put(&text, vector, row, VALUE_PEOPLE);
            if (result == 0)
                result = add_cell(table, column, text.data);
            text_done(&text);
        }
    }
    table->shares[table->row_count++] =
        query_number_at(&chunk->vectors[table->has_percent ? table->column_count : table->key_count], row);
    return result;
}

/* ---------------------------------------------------------------------------------------------------------- writing */

static void print_cell(const struct table *table, size_t column, const char *text)
{
    const int blanks = table->widths[column] - width_of(text);
    const bool is_right = column >= table->key_count;
    printf("%s%*s%s%*s", column > 0 ? "  " : "", is_right ? blanks : 0, "", text, is_right ? 0 : blanks, "");
}

static void print_rows(const struct table *table, const struct terminal *terminal)
{
    char bar[BAR_BYTES];
    double largest = 0;
    for (size_t row = 0; row < table->row_count; row++)
        largest = table->shares[row] > largest ? table->shares[row] : largest;
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t column = 0; column < table->column_count; column++)
            print_cell(table, column, table->cells[row * table->column_count + column]);
        if (table->has_percent)
            printf("  %5.1f %%", table->shares[row]);
        terminal_bar(terminal, table->shares[row], largest, BAR_WIDTH, bar);
        printf("%s%s\n", bar[0] != '\0' ? "  " : "", bar);
    }
}

/* The last row: what all flows come to; rates and ratios have no sum. */
static int add_totals(struct table *table, const struct top_request *request, const struct flow_totals *totals)
{
    int result = add_cell(table, 0, "all");
    for (size_t column = 1; column < table->key_count && result == 0; column++)
        result = add_cell(table, column, "");
    for (size_t i = 0; i < request->amount_count && result == 0; i++)
        result = request->amounts[i] <= TOP_FLOWS
                     ? add_amount(table, table->key_count + i, request->amounts[i],
                                  top_total(request->amounts[i], totals))
                     : add_cell(table, table->key_count + i, "");
    return result;
}

static int print_table(struct table *table, const struct query_result *result, const struct top_request *request,
                       const struct flow_totals *totals)
{
    struct terminal terminal;
    char *totals_row[COLUMNS_MAX] = {NULL};
    struct table last = *table; /* its widths grow with it */
    last.cells = totals_row;
    last.row_count = 0;
    terminal_init(&terminal, STDOUT_FILENO);
    for (size_t column = 0; column < table->column_count; column++) {
        const int width = width_of(result->columns[column].name);
        last.widths[column] = width > last.widths[column] ? width : last.widths[column];
    }
    int end = add_totals(&last, request, totals);
    memcpy(table->widths, last.widths, sizeof table->widths);
    if (end == 0) {
        fputs(terminal.colour ? "\033[1m" : "", stdout);
        for (size_t column = 0; column < table->column_count; column++)
            print_cell(table, column, result->columns[column].name);
        printf("%s\n", terminal.colour ? "\033[0m" : "");
        print_rows(table, &terminal);
        for (size_t column = 0; column < table->column_count; column++)
            print_cell(table, column, totals_row[column]);
        putchar('\n');
    }
    for (size_t column = 0; column < table->column_count; column++)
        free(totals_row[column]);
    return end;
}

enum query_output_end top_table_write(struct query_result *result, const struct top_request *request,
                                      const struct flow_totals *totals, struct query_error *error)
{
    struct table table = {
        .has_percent = request->amounts[0] <= TOP_FLOWS,
        .key_count = request->key_count + (request->group_us > 0),
    };
    struct query_chunk chunk;
    int got, end = 0;
    table.column_count = table.key_count + request->amount_count;
    while ((got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count && end == 0; row++)
            end = add_row(&table, request, &chunk, row);
    }
    if (got == 0 && end == 0)
        end = print_table(&table, result, request, totals);
    for (size_t i = 0; i < table.row_count * table.column_count; i++)
        free(table.cells[i]);
    free(table.cells);
    free(table.shares);
    if (got < 0)
        return QUERY_OUTPUT_FAILED;
    if (end != 0)
        errno = ENOMEM;
    return end != 0 || fflush(stdout) != 0 ? QUERY_OUTPUT_UNWRITTEN : QUERY_OUTPUT_DONE;
}
