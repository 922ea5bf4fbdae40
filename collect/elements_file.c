/* SPDX-License-Identifier: MIT */
/*
 * elements_file.c - reads elements from a CSV file
 */
#define _GNU_SOURCE
#include "elements_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024, FIELD_COUNT = 4, SHOWN_BYTES = 80 };

struct place {
    const char *name;
    unsigned long line;
    struct sink_error *error;
};

__attribute__((format(printf, 2, 3))) static int fail(const struct place *place, const char *format, ...)
{
    char what[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(place->error->text, sizeof place->error->text, "%.100s:%lu: %s", place->name, place->line, what);
    return -1;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

/* Cuts a line at its commas. Returns how many pieces it has, of which the first FIELD_COUNT are given. */
static int split(char *line, char *ret_fields[FIELD_COUNT])
{
    int count = 0;
    for (char *at = line, *comma; at != NULL; at = comma == NULL ? NULL : comma + 1) {
        comma = strchr(at, ',');
        if (comma != NULL)
            *comma = '\0';
        if (count < FIELD_COUNT)
            ret_fields[count] = trim(at);
        count++;
    }
    return count;
}

/* Some editors and spreadsheets begin UTF-8 with it. */
static char *behind_byte_order_mark(char *line)
{
    static const char mark[] = "\xef\xbb\xbf";
    return strncmp(line, mark, sizeof mark - 1) == 0 ? line + sizeof mark - 1 : line;
}

/* 0, or -1 when it is no number, or above `most`. */
static int read_number(const char *text, unsigned long most, unsigned long *ret_number)
{
    char *end;
    if (*text < '0' || *text > '9')
        return -1;
    errno = 0;
    *ret_number = strtoul(text, &end, 10);
    return errno != 0 || *end != '\0' || *ret_number > most ? -1 : 0;
}

static int tell_refused(const struct place *place, int why, char *const *fields)
{
    switch (why) {
    case WEIR_ELEMENT_NAME:
        return fail(place, "a name has 1 to 64 letters, digits and '_', and this has not: '%.*s'", SHOWN_BYTES,
                    fields[2]);
    case WEIR_ELEMENT_NUMBER:
        return fail(place, "there is no element with PEN %s and ID %s; beside PEN 0, IDs go up to 32767", fields[0],
                    fields[1]);
    case WEIR_ELEMENT_TWICE:
        return fail(place, "the element with PEN %s and ID %s was named before", fields[0], fields[1]);
    case WEIR_ELEMENT_FULL:
        return fail(place, "more elements than can be added, 65536");
    default:
        return fail(place, "not enough memory for this element");
    }
}

static int take_line(const struct place *place, struct weir_decoder *decoder, char *line)
{
    char *fields[FIELD_COUNT];
    unsigned long pen, id;
    const int count = split(line, fields);
    if (count != FIELD_COUNT)
        return fail(place, "a line has 4 values, pen,id,name,type, and this one has %d", count);
    if (read_number(fields[0], UINT32_MAX, &pen) != 0)
        return fail(place, "no private enterprise number, 0 to 4294967295: '%.*s'", SHOWN_BYTES, fields[0]);
    if (read_number(fields[1], UINT16_MAX, &id) != 0)
        return fail(place, "no element ID, 0 to 65535: '%.*s'", SHOWN_BYTES, fields[1]);
    const int type = weir_type_find(fields[3]);
    if (type < 0)
        return fail(place, "no type: '%.*s'; types are octetArray, unsigned32, string, ... as IANA names them",
                    SHOWN_BYTES, fields[3]);
    const int result =
        weir_decoder_add_element(decoder, (uint32_t)pen, (uint16_t)id, fields[2], (enum weir_type)type);
    return result == WEIR_ELEMENT_ADDED ? 0 : tell_refused(place, result, fields);
}

/* True for a line of titles. */
static bool is_titles(const char *line)
{
    char copy[LINE_BYTES], *fields[FIELD_COUNT];
    strcpy(copy, line);
    return split(copy, fields) == FIELD_COUNT && strcmp(fields[0], "pen") == 0 && strcmp(fields[1], "id") == 0;
}

int elements_file_read(FILE *stream, const char *name, struct weir_decoder *decoder, struct sink_error *error)
{
    struct place place = {.name = name, .error = error};
    char line[LINE_BYTES];
    bool titles_may_come = true;
    while (fgets(line, sizeof line, stream) != NULL) {
        place.line++;
        const size_t length = strlen(line);
        if (length == sizeof line - 1 && line[length - 1] != '\n')
            return fail(&place, "a line has less than %d characters", LINE_BYTES - 1);
        if (length == 0 || (line[length - 1] != '\n' && !feof(stream)))
            return fail(&place, "this is no text: it has an octet of value 0"); /* which hides what is behind it */
        char *begin = trim(place.line == 1 ? behind_byte_order_mark(line) : line);
        if (*begin == '\0' || *begin == '#')
            continue;
        const bool titles = titles_may_come && is_titles(begin);
        titles_may_come = false;
        if (!titles && take_line(&place, decoder, begin) != 0)
            return -1;
    }
    if (!ferror(stream))
        return 0;
    snprintf(error->text, sizeof error->text, "cannot read %.100s: %s", name, strerror(errno));
    return -1;
}

int elements_file_load(const char *path, struct weir_decoder *decoder, struct sink_error *error)
{
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        snprintf(error->text, sizeof error->text, "cannot open %.200s: %s", path, strerror(errno));
        return -1;
    }
    const int result = elements_file_read(stream, path, decoder, error);
    fclose(stream);
    return result;
}
