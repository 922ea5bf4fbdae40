/* SPDX-License-Identifier: MIT */
/*
 * output_box.c - rows as a table: a box for people, or Markdown
 *
 *     ┌────────────┬───────┐
 *     │ src        │ bytes │
 *     ├────────────┼───────┤
 *     │ 192.0.2.17 │  1040 │
 *     └────────────┴───────┘
 *
 * The first thousand rows tell how wide the columns are: their cells are made and kept. What is longer in a later row
 * sticks out.
 */
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <wchar.h>

enum { CELL_WIDTH_MIN = 20, FEW_ROWS = 10, MEASURED_ROWS = 1000 };

/* Lines and corners of a box, in UTF-8 and without. */
struct lines {
    const char *across, *down, *top[3], *middle[3], *bottom[3], *more;
};

static const struct lines box_lines = {"─", "│", {"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}, "…"};
static const struct lines ascii_lines = {"-", "|", {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}, "..."};

/* The cells of the rows that are measured, row by row. */
struct cells {
    struct text_buffer text;
    size_t *ends; /* of each within the text */
    size_t count;
    size_t room;
};

struct box {
    struct output_file *file;
    const struct query_result *result;
    const struct lines *lines;
    size_t shown_count;   /* columns, from the first on */
    size_t *widths;
    size_t cell_width_max; /* 0: none */
    struct text_buffer cell;
    struct cells cells;
};

/* Columns of a terminal; what cannot be told counts as one. */
static size_t width_of(const char *text, size_t size_bytes)
{
    mbstate_t state = {0};
    size_t width = 0;
    while (size_bytes > 0) {
        wchar_t c;
        size_t length = mbrtowc(&c, text, size_bytes, &state);
        int columns = 1;
        if (length == 0 || length > size_bytes) {
            memset(&state, 0, sizeof state);
            length = 1;
            columns = ((unsigned char)*text & 0xc0) != 0x80;
        } else if (wcwidth(c) >= 0) {
            columns = wcwidth(c);
        }
        width += (size_t)columns;
        text += length;
        size_bytes -= length;
    }
    return width;
}

/* Cuts a text to a width, with the sign for more at its end. */
static int cut(struct text_buffer *text, size_t width, const char *more)
{
    const size_t more_width = width_of(more, strlen(more));
    size_t end = 0, taken = 0;
    while (end < text->size_bytes) {
        size_t next = end + 1;
        while (next < text->size_bytes && ((unsigned char)text->data[next] & 0xc0) == 0x80)
            next++;
        taken += width_of(text->data + end, next - end);
        if (taken > width - more_width)
            break;
        end = next;
    }
    text->size_bytes = end;
    return text_put(text, more);
}

/* The text of a value, in box->cell; returns its width, or SIZE_MAX when memory is short. */
static size_t make_cell(struct box *box, const struct query_vector *vector, size_t row)
{
    box->cell.size_bytes = 0;
    if (value_put(&box->cell, vector, row, VALUE_PEOPLE) != 0)
        return SIZE_MAX;
    size_t width = width_of(box->cell.data, box->cell.size_bytes);
    if (box->cell_width_max > 0 && width > box->cell_width_max) {
        if (cut(&box->cell, box->cell_width_max, box->lines->more) != 0)
            return SIZE_MAX;
        width = width_of(box->cell.data, box->cell.size_bytes);
    }
    return width;
}

static int make_name(struct box *box, size_t column)
{
    const char *name = box->result->columns[column].name;
    box->cell.size_bytes = 0;
    return value_put_printable(&box->cell, (const uint8_t *)name, strlen(name));
}

static bool is_number(enum query_kind kind)
{
    return kind > QUERY_BOOLEAN && kind <= QUERY_DECIMAL;
}

/* ------------------------------------------------------------------------------------------------------- widths */

static int measure_names(struct box *box)
{
    for (size_t i = 0; i < box->result->column_count; i++) {
        if (make_name(box, i) != 0)
            return -1;
        box->widths[i] = width_of(box->cell.data, box->cell.size_bytes);
    }
    return 0;
}

static int keep_cell(struct box *box)
{
    struct cells *cells = &box->cells;
    if (cells->count == cells->room) {
        const size_t room = cells->room == 0 ? 256 : cells->room * 2;
        size_t *ends = realloc(cells->ends, room * sizeof *ends);
        if (ends == NULL)
            return -1;
        cells->ends = ends;
        cells->room = room;
    }
    if (text_put_octets(&cells->text, box->cell.data, box->cell.size_bytes) != 0)
        return -1;
    cells->ends[cells->count++] = cells->text.size_bytes;
    return 0;
}

static int measure(struct box *box, const struct query_chunk *chunk)
{
    for (size_t row = 0; row < chunk->row_count; row++) {
        for (size_t i = 0; i < box->result->column_count; i++) {
            const size_t width = make_cell(box, &chunk->vectors[i], row);
            if (width == SIZE_MAX || keep_cell(box) != 0)
                return -1;
            if (width > box->widths[i])
                box->widths[i] = width;
        }
    }
    return 0;
}

/* How many columns fit, the first at least: each takes its width, two blanks and a line. */
static void choose_columns(struct box *box)
{
    const size_t count = box->result->column_count, room = (size_t)box->file->settings->width;
    size_t total = 1, shown = 0;
    for (size_t i = 0; i < count; i++)
        total += box->widths[i] + 3;
    box->shown_count = count;
    if (room == 0 || total <= room)
        return;
    total = 1 + width_of(box->lines->more, strlen(box->lines->more)) + 3;
    while (shown < count && total + box->widths[shown] + 3 <= room)
        total += box->widths[shown++] + 3;
    box->shown_count = shown > 0 ? shown : 1;
}

/* --------------------------------------------------------------------------------------------------------- lines */

static int put_times(struct text_buffer *text, const char *what, size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        result = text_put(text, what);
    return result;
}

static bool has_more(const struct box *box)
{
    return box->shown_count < box->result->column_count;
}

static int put_rule(struct box *box, const char *const ends[3])
{
    struct text_buffer *text = &box->file->text;
    int result = 0;
    for (size_t i = 0; i < box->shown_count && result == 0; i++) {
        result = text_put(text, ends[i == 0 ? 0 : 1]);
        if (result == 0)
            result = put_times(text, box->lines->across, box->widths[i] + 2);
    }
    if (has_more(box) && result == 0) {
        result = text_put(text, ends[1]);
        if (result == 0)
            result = put_times(text, box->lines->across, width_of(box->lines->more, strlen(box->lines->more)) + 2);
    }
    return result == 0 ? text_print(text, "%s\n", ends[2]) : -1;
}

/* The cell that was made, in the column's width. */
static int put_cell(struct box *box, size_t column, bool right)
{
    struct text_buffer *text = &box->file->text;
    const size_t width = width_of(box->cell.data, box->cell.size_bytes);
    const size_t blanks = box->widths[column] > width ? box->widths[column] - width : 0;
    int result = text_print(text, "%s ", box->lines->down);
    if (result == 0 && right)
        result = put_times(text, " ", blanks);
    if (result == 0)
        result = text_put_octets(text, box->cell.data, box->cell.size_bytes);
    if (result == 0 && !right)
        result = put_times(text, " ", blanks);
    return result == 0 ? text_put_char(text, ' ') : -1;
}

static int end_line(struct box *box)
{
    if (has_more(box) && text_print(&box->file->text, "%s %s ", box->lines->down, box->lines->more) != 0)
        return -1;
    return text_print(&box->file->text, "%s\n", box->lines->down);
}

static int put_header(struct box *box)
{
    if (put_rule(box, box->lines->top) != 0)
        return -1;
    for (size_t i = 0; i < box->shown_count; i++) {
        if (make_name(box, i) != 0 || put_cell(box, i, is_number(box->result->columns[i].type.kind)) != 0)
            return -1;
    }
    return end_line(box) == 0 ? put_rule(box, box->lines->middle) : -1;
}

static int put_row(struct box *box, const struct query_chunk *chunk, size_t row)
{
    for (size_t i = 0; i < box->shown_count; i++) {
        if (make_cell(box, &chunk->vectors[i], row) == SIZE_MAX ||
            put_cell(box, i, is_number(box->result->columns[i].type.kind)) != 0)
            return -1;
    }
    return end_line(box);
}

/* The rows that were measured. */
static int put_kept_rows(struct box *box)
{
    const size_t column_count = box->result->column_count;
    size_t start = 0;
    for (size_t i = 0; i < box->cells.count; i++) {
        const size_t column = i % column_count;
        box->cell.size_bytes = 0;
        if (column < box->shown_count &&
            (text_put_octets(&box->cell, box->cells.text.data + start, box->cells.ends[i] - start) != 0 ||
             put_cell(box, column, is_number(box->result->columns[column].type.kind)) != 0))
            return -1;
        start = box->cells.ends[i];
        if (column + 1 == column_count && end_line(box) != 0)
            return -1;
    }
    return 0;
}

static int put_footer(struct box *box, uint64_t row_count)
{
    if (put_rule(box, box->lines->bottom) != 0)
        return -1;
    if (row_count > 0 && row_count <= FEW_ROWS && !has_more(box))
        return 0;
    if (text_print(&box->file->text, "%llu row%s", (unsigned long long)row_count, row_count == 1 ? "" : "s") != 0)
        return -1;
    if (!has_more(box))
        return text_put_char(&box->file->text, '\n');
    return text_print(&box->file->text, ", the first %zu of %zu columns\n", box->shown_count,
                      box->result->column_count);
}

static enum query_output_end out_of_memory(void)
{
    errno = ENOMEM;
    return QUERY_OUTPUT_UNWRITTEN;
}

static enum query_output_end write_rows(struct box *box, struct query_result *result, uint64_t *row_count,
                                        struct query_error *error)
{
    struct query_chunk chunk;
    int got = 1;
    if (measure_names(box) != 0)
        return out_of_memory();
    while (*row_count < MEASURED_ROWS && (got = query_next(result, &chunk, error)) == 1) {
        if (measure(box, &chunk) != 0)
            return out_of_memory();
        *row_count += chunk.row_count;
    }
    choose_columns(box);
    if (put_header(box) != 0 || put_kept_rows(box) != 0)
        return out_of_memory();
    while (got == 1 && (got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count; row++) {
            if (put_row(box, &chunk, row) != 0)
                return out_of_memory();
            if (output_flush(box->file, false) != 0)
                return QUERY_OUTPUT_UNWRITTEN;
        }
        *row_count += chunk.row_count;
    }
    if (got < 0)
        return QUERY_OUTPUT_FAILED;
    return put_footer(box, *row_count) == 0 ? QUERY_OUTPUT_DONE : out_of_memory();
}

enum query_output_end output_box(struct output_file *file, struct query_result *result, uint64_t *row_count,
                                 struct query_error *error)
{
    const int width = file->settings->width;
    struct box box = {
        .file = file,
        .result = result,
        .lines = file->settings->utf8 ? &box_lines : &ascii_lines,
        .widths = calloc(result->column_count + 1, sizeof *box.widths),
        .cell_width_max = width <= 0 ? 0 : width / 2 > CELL_WIDTH_MIN ? (size_t)width / 2 : CELL_WIDTH_MIN,
    };
    const enum query_output_end end =
        box.widths != NULL ? write_rows(&box, result, row_count, error) : out_of_memory();
    const int fault = errno;
    free(box.widths);
    free(box.cells.ends);
    text_done(&box.cells.text);
    text_done(&box.cell);
    errno = fault;
    return end;
}

/* ------------------------------------------------------------------------------------------------------ Markdown */

static int put_markdown_cell(struct text_buffer *text, const struct text_buffer *cell)
{
    int result = text_put(text, " ");
    for (size_t i = 0; i < cell->size_bytes && result == 0; i++) {
        if (cell->data[i] == '|')
            result = text_put_char(text, '\\');
        if (result == 0)
            result = text_put_char(text, cell->data[i]);
    }
    return result == 0 ? text_put(text, " |") : -1;
}

static int put_markdown_header(struct box *box)
{
    struct text_buffer *text = &box->file->text;
    const size_t count = box->result->column_count;
    int result = text_put_char(text, '|');
    for (size_t i = 0; i < count && result == 0; i++) {
        result = make_name(box, i);
        if (result == 0)
            result = put_markdown_cell(text, &box->cell);
    }
    if (result == 0)
        result = text_put(text, "\n|");
    for (size_t i = 0; i < count && result == 0; i++)
        result = text_put(text, is_number(box->result->columns[i].type.kind) ? " ---: |" : " --- |");
    return result == 0 ? text_put_char(text, '\n') : -1;
}

static int put_markdown_row(struct box *box, const struct query_chunk *chunk, size_t row)
{
    int result = text_put_char(&box->file->text, '|');
    for (size_t i = 0; i < box->result->column_count && result == 0; i++) {
        result = make_cell(box, &chunk->vectors[i], row) != SIZE_MAX ? 0 : -1;
        if (result == 0)
            result = put_markdown_cell(&box->file->text, &box->cell);
    }
    return result == 0 ? text_put_char(&box->file->text, '\n') : -1;
}

enum query_output_end output_markdown(struct output_file *file, struct query_result *result, uint64_t *row_count,
                                      struct query_error *error)
{
    struct box box = {.file = file, .result = result, .lines = &box_lines};
    struct query_chunk chunk;
    enum query_output_end end = put_markdown_header(&box) == 0 ? QUERY_OUTPUT_DONE : out_of_memory();
    int got = 0;
    while (end == QUERY_OUTPUT_DONE && (got = query_next(result, &chunk, error)) == 1) {
        for (size_t row = 0; row < chunk.row_count && end == QUERY_OUTPUT_DONE; row++) {
            if (put_markdown_row(&box, &chunk, row) != 0)
                end = out_of_memory();
            else if (output_flush(file, false) != 0)
                end = QUERY_OUTPUT_UNWRITTEN;
        }
        *row_count += chunk.row_count;
    }
    const int fault = errno;
    text_done(&box.cell);
    errno = fault;
    return got < 0 ? QUERY_OUTPUT_FAILED : end;
}
