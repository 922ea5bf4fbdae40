/* SPDX-License-Identifier: MIT */
/* flow_form.c - lines of a form that people write: read once, then written for each flow */
#define _GNU_SOURCE
#include "flow_form.h"

#include "flow_bins.h"
#include "output_rows.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum { WIDTH_MAX = 200 };

const char flow_form_line[] = "%ts %9duration %-5proto %15srcend -> %-15dstend %-8flags %7packets %9bytes";
const char flow_form_long[] = "%ts %9duration %-5proto %15srcend -> %-15dstend %-8flags %7packets %9bytes %3tos "
                              "%5in -> %-5out %5srcas -> %-5dstas %-15next %-15exporter";

const char flow_form_both_ways[] = "%ts %9duration %-5proto %15srcend <-> %-15dstend %-8flags %7packets %9bytes "
                                   "%15reverse_packets %13reverse_bytes";
const char flow_form_bins[] = "%ts %10fl %11packets %14bytes %14bps";

/* ---------------------------------------------------------------------------------------------------------- reading */

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The word at *text, which stands behind '%' and a width; moves behind it. */
static int read_word(const char **text, const struct flow_columns *columns, struct flow_form *form,
                     struct query_error *error)
{
    const char *word = *text;
    size_t length = 0;
    const bool is_enclosed = *word == '{';
    if (is_enclosed) {
        length = strcspn(++word, "}");
        if (word[length] == '\0') {
            snprintf(error->text, sizeof error->text, "the '{' of '%%{%s' is not closed", word);
            return -1;
        }
    } else {
        while (is_letter(word[length]))
            length++;
        /* the network of an address: %srcnet/24; other slashes are text */
        while (length >= 3 && strncasecmp(word + length - 3, "net", 3) == 0 && word[length] == '/' &&
               isdigit((unsigned char)word[length + 1])) {
            length++;
            while (isdigit((unsigned char)word[length]))
                length++;
        }
    }
    if (length == 0) {
        snprintf(error->text, sizeof error->text, "a word is missing behind '%%'; '%%%%' is a per cent sign");
        return -1;
    }
    if (form->key_count == FLOW_FORM_MAX) {
        snprintf(error->text, sizeof error->text, "there are more than %u words", FLOW_FORM_MAX);
        return -1;
    }
    if (flow_key_parse(word, length, true, columns, &form->keys[form->key_count], error) != 0)
        return -1;
    form->key_count++;
    *text = word + length + is_enclosed;
    return 0;
}

/* "10", "-10" or nothing. */
static int read_width(const char **text, int *ret_width, struct query_error *error)
{
    const char *digits = *text + (**text == '-');
    char *end;
    if (*digits < '0' || *digits > '9')
        return 0;
    const unsigned long width = strtoul(digits, &end, 10);
    if (width > WIDTH_MAX) {
        snprintf(error->text, sizeof error->text, "a width of more than %d", WIDTH_MAX);
        return -1;
    }
    *ret_width = **text == '-' ? -(int)width : (int)width;
    *text = end;
    return 0;
}

static int read_pieces(const char *text, const struct flow_columns *columns, struct flow_form *form,
                       struct query_error *error)
{
    char *to = form->text;
    struct flow_form_piece piece = {.key = SIZE_MAX};
    while (*text != '\0') {
        if (*text != '%' || text[1] == '%') {
            const bool is_escape = *text == '\\' && (text[1] == 'n' || text[1] == 't' || text[1] == '\\');
            *to++ = !is_escape ? *text : text[1] == 'n' ? '\n' : text[1] == 't' ? '\t' : '\\';
            text += *text == '%' || is_escape ? 2 : 1;
            piece.text_bytes++;
            continue;
        }
        text++;
        if (read_width(&text, &piece.width, error) != 0 || read_word(&text, columns, form, error) != 0)
            return -1;
        piece.key = form->key_count - 1;
        form->pieces[form->piece_count++] = piece;
        piece = (struct flow_form_piece){.key = SIZE_MAX, .text_at = (size_t)(to - form->text)};
    }
    form->pieces[form->piece_count++] = piece;
    return 0;
}

struct flow_form *flow_form_parse(const char *text, const struct flow_columns *columns, struct query_error *error)
{
    struct flow_form *form = calloc(1, sizeof *form);
    if (form != NULL)
        form->text = malloc(strlen(text) + 1);
    if (form == NULL || form->text == NULL) {
        snprintf(error->text, sizeof error->text, "not enough memory");
    } else if (read_pieces(text, columns, form, error) == 0) {
        return form;
    }
    flow_form_free(form);
    return NULL;
}

void flow_form_free(struct flow_form *form)
{
    if (form != NULL)
        free(form->text);
    free(form);
}

bool flow_form_fits_bins(const struct flow_form *form)
{
    for (size_t i = 0; i < form->key_count; i++) {
        if (!flow_bins_have(&form->keys[i]))
            return false;
    }
    return true;
}

const struct flow_key *flow_form_keys(const struct flow_form *form, size_t *ret_count)
{
    *ret_count = form->key_count;
    return form->keys;
}

/* ---------------------------------------------------------------------------------------------------------- writing */

static int put_time(struct text_buffer *text, struct clock_text *clock, int64_t us)
{
    const int64_t millis = us % 1000000 < 0 ? (us % 1000000 + 1000000) / 1000 : us % 1000000 / 1000;
    const int64_t second = (us - (us % 1000000 + 1000000) % 1000000) / 1000000;
    if (!clock->is_there || clock->second != second) {
        const time_t when = (time_t)second;
        struct tm local;
        if (localtime_r(&when, &local) == NULL ||
            strftime(clock->text, sizeof clock->text, "%Y-%m-%d %H:%M:%S", &local) == 0)
            snprintf(clock->text, sizeof clock->text, "?");
        clock->second = second;
        clock->is_there = true;
    }
    const char digits[] = {'.', (char)('0' + millis / 100), (char)('0' + millis / 10 % 10), (char)('0' + millis % 10)};
    return text_put(text, clock->text) == 0 ? text_put_octets(text, digits, sizeof digits) : -1;
}

int flow_form_put_value(struct text_buffer *text, const struct query_vector *vector, size_t row,
                        struct clock_text *clock)
{
    if (query_is_null(vector, row))
        return text_put_char(text, '-');
    if (vector->type->kind == QUERY_TIMESTAMP_TZ)
        return put_time(text, clock, ((const int64_t *)vector->data)[row]);
    if (vector->type->kind == QUERY_DOUBLE) {
        const double number = ((const double *)vector->data)[row];
        return text_print(text, fabs(number) > 1e15 || number == floor(number) ? "%.0f" : "%.3f", number);
    }
    return value_put(text, vector, row, VALUE_PEOPLE);
}

static int put_padded(struct text_buffer *text, size_t begin, int width)
{
    const size_t length = text->size_bytes - begin, wanted = (size_t)(width < 0 ? -width : width);
    if (length >= wanted)
        return 0;
    const size_t blanks = wanted - length;
    if (text_reserve(text, blanks) != 0)
        return -1;
    char *at = text->data + begin;
    if (width > 0)
        memmove(at + blanks, at, length);
    memset(width > 0 ? at : at + length, ' ', blanks);
    text->size_bytes += blanks;
    text->data[text->size_bytes] = '\0';
    return 0;
}

static int put_row(struct text_buffer *text, const struct flow_form *form, const struct query_chunk *chunk, size_t row,
                   struct clock_text *clock)
{
    for (size_t i = 0; i < form->piece_count; i++) {
        const struct flow_form_piece *piece = &form->pieces[i];
        if (text_put_octets(text, form->text + piece->text_at, piece->text_bytes) != 0)
            return -1;
        if (piece->key == SIZE_MAX)
            break;
        const size_t begin = text->size_bytes;
        if (flow_form_put_value(text, &chunk->vectors[piece->key], row, clock) != 0 ||
            put_padded(text, begin, piece->width) != 0)
            return -1;
    }
    return text_put_char(text, '\n');
}

static int put_rows(const void *context, struct output_part *part)
{
    struct clock_text clock = {.is_there = false};
    int result = 0;
    for (; result == 0 && output_part_goes_on(part); part->row++)
        result = put_row(&part->text, context, part->chunk, part->row, &clock);
    return result;
}

enum query_output_end flow_form_write(const struct flow_form *form, struct query_result *result,
                                      const struct query_output_settings *settings, uint64_t *ret_count,
                                      struct query_error *error)
{
    struct output_file file = {.settings = settings};
    *ret_count = 0;
    const enum query_output_end end =
        output_rows(&file, result, &(struct output_rows_format){put_rows, form}, ret_count, error);
    return output_finish(&file, end, error);
}
