/* SPDX-License-Identifier: MIT */
/*
 * flow_table.c - flows as a table for people: a heading, then a line for each
 *
 * Rows come for as long as there are any, so that the widest value of all is not known when the first are written. The
 * columns are as wide as the first chunk of rows needs (up to 2,048), and grow with a later one that needs more. No
 * value is cut.
 */
#define _GNU_SOURCE
#include "flow_form.h"
#include "output_rows.h"

#include <pthread.h>
#include <stdlib.h>

/* What a column is called where its word is none to read. */
static const char *const headings[][2] = {{"ts", "time"}, {"fl", "flows"}, {"srcend", "src"}, {"dstend", "dst"}};

struct table {
    const struct flow_form *form;
    bool is_bold;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t grown;
    size_t chunk_count; /* those that the widths are for */
    size_t widths[FLOW_FORM_MAX];
};

/* The values of a chunk's rows, one behind the other, and where each ends. */
struct cells {
    struct text_buffer text;
    size_t *ends;
};

static const char *heading_of(const struct flow_key *key)
{
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        if (strcmp(headings[i][0], key->name) == 0)
            return headings[i][1];
    }
    return key->name;
}

static int make_cells(const struct table *table, const struct output_part *part, struct cells *cells, size_t *widths)
{
    const struct flow_form *form = table->form;
    const size_t row_count = part->chunk->row_count - part->row;
    struct clock_text clock = {.is_there = false};
    size_t *end = cells->ends = calloc(row_count * form->key_count + 1, sizeof *end);
    int result = end != NULL ? 0 : -1;
    for (size_t row = part->row; row < part->chunk->row_count && result == 0; row++) {
        for (size_t i = 0; i < form->key_count && result == 0; i++) {
            const size_t begin = cells->text.size_bytes;
            result = flow_form_put_value(&cells->text, &part->chunk->vectors[i], row, &clock);
            *end++ = cells->text.size_bytes;
            if (cells->text.size_bytes - begin > widths[i])
                widths[i] = cells->text.size_bytes - begin;
        }
    }
    return result;
}

/* Makes widths of a chunk those of all up to it. Chunks before it are in the making, so that waiting has an end. */
static void agree_on_widths(struct table *table, size_t chunk_number, size_t *widths)
{
    pthread_mutex_lock(&table->mutex);
    while (table->chunk_count < chunk_number)
        pthread_cond_wait(&table->grown, &table->mutex);
    for (size_t i = 0; i < table->form->key_count; i++)
        widths[i] = table->widths[i] > widths[i] ? table->widths[i] : widths[i];
    if (table->chunk_count == chunk_number) {
        memcpy(table->widths, widths, sizeof table->widths);
        table->chunk_count++;
        pthread_cond_broadcast(&table->grown);
    }
    pthread_mutex_unlock(&table->mutex);
}

static int put_blanks(struct text_buffer *text, size_t count)
{
    if (text_reserve(text, count) != 0)
        return -1;
    memset(text->data + text->size_bytes, ' ', count);
    text->size_bytes += count;
    return 0;
}

/* A value in its column, with what the form has before it. */
static int put_cell(struct text_buffer *text, const struct flow_form *form, size_t column, size_t width,
                    const char *value, size_t size_bytes)
{
    const struct flow_form_piece *piece = &form->pieces[column];
    const size_t blanks = width - size_bytes;
    const bool is_left = piece->width <= 0, is_last = column + 1 == form->key_count;
    if (text_put_octets(text, form->text + piece->text_at, piece->text_bytes) != 0 ||
        put_blanks(text, is_left ? 0 : blanks) != 0 || text_put_octets(text, value, size_bytes) != 0)
        return -1;
    return put_blanks(text, is_left && !is_last ? blanks : 0);
}

static int put_heading(struct text_buffer *text, const struct table *table, const size_t *widths)
{
    int result = text_put(text, table->is_bold ? "\033[1m" : "");
    for (size_t i = 0; i < table->form->key_count && result == 0; i++) {
        const char *heading = heading_of(&table->form->keys[i]);
        result = put_cell(text, table->form, i, widths[i], heading, strlen(heading));
    }
    return result == 0 ? text_put(text, table->is_bold ? "\033[0m\n" : "\n") : -1;
}

/* The rows of the part, as they were made. */
static int put_cells(const struct table *table, struct output_part *part, const struct cells *cells,
                     const size_t *widths)
{
    const size_t *end = cells->ends;
    size_t begin = 0;
    int result = 0;
    for (; part->row < part->chunk->row_count && result == 0; part->row++) {
        for (size_t i = 0; i < table->form->key_count && result == 0; i++, begin = *end++)
            result = put_cell(&part->text, table->form, i, widths[i], cells->text.data + begin, *end - begin);
        if (result == 0)
            result = text_put_char(&part->text, '\n');
    }
    return result;
}

static int put_rows(const void *context, struct output_part *part)
{
    struct table *table = *(struct table *const *)context;
    size_t widths[FLOW_FORM_MAX] = {0};
    struct cells cells = {.ends = NULL};
    for (size_t i = 0; i < table->form->key_count; i++) {
        const int least = table->form->pieces[i].width;
        const size_t heading = strlen(heading_of(&table->form->keys[i])), width = (size_t)(least < 0 ? -least : least);
        widths[i] = heading > width ? heading : width;
    }
    int result = make_cells(table, part, &cells, widths);
    agree_on_widths(table, part->number, widths);
    if (result == 0 && part->is_first && part->row == 0)
        result = put_heading(&part->text, table, widths);
    if (result == 0)
        result = put_cells(table, part, &cells, widths);
    text_done(&cells.text);
    free(cells.ends);
    return result;
}

enum query_output_end flow_table_write(const struct flow_form *form, struct query_result *result,
                                       const struct query_output_settings *settings, uint64_t *ret_count,
                                       struct query_error *error)
{
    struct output_file file = {.settings = settings};
    struct table table = {.form = form, .is_bold = settings->colour, .mutex = PTHREAD_MUTEX_INITIALIZER,
                          .grown = PTHREAD_COND_INITIALIZER};
    struct table *shared = &table; /* as the format's context is const */
    *ret_count = 0;
    const enum query_output_end end =
        output_rows(&file, result, &(struct output_rows_format){put_rows, &shared}, ret_count, error);
    return output_finish(&file, end, error);
}
