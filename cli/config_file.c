/* SPDX-License-Identifier: MIT */
/*
 * config_file.c - reads a file of [Section] and Key=value, with the line of each
 *
 * libinih asks for lines one by one, and calls back for a line before it asks for the next, so that counting lines here
 * is enough to know where a key stands; and a line for which it does not call back is none that it knows.
 */
#define _GNU_SOURCE
#include "config_file.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum line_kind { LINE_EMPTY, LINE_SECTION, LINE_KEY, LINE_REFUSED };

struct reading {
    const struct config_reader *reader;
    FILE *stream;
    unsigned line;
    enum line_kind kind;
    bool indented;
    bool called; /* for this line */
    bool keyed;  /* a key was there since the section began: lines that are indented belong to it */
    int fault;   /* errno of reading */
};

static void fault(struct reading *reading, const char *text)
{
    reading->reader->fault(reading->reader->context, reading->line, text);
    reading->kind = LINE_REFUSED;
}

/* Reads a line as fgets() does, but none in parts. False at the end. */
static bool read_line(struct reading *reading, char *text, size_t size)
{
    size_t length = 0;
    bool nul = false, too_long = false;
    int octet;
    while ((octet = getc(reading->stream)) != EOF && octet != '\n') {
        nul |= octet == '\0';
        too_long |= length + 2 >= size;
        if (!too_long)
            text[length++] = (char)octet;
    }
    if (octet == EOF && ferror(reading->stream))
        reading->fault = errno == 0 ? EIO : errno;
    text[length] = '\0';
    if (octet == EOF && length == 0 && !nul)
        return false;
    reading->line++;
    reading->kind = LINE_EMPTY;
    if (nul) {
        fault(reading, "this is no text: it has an octet of value 0");
    } else if (too_long) {
        char why[80];
        snprintf(why, sizeof why, "the line has more than the %zu characters that there may be", size - 2);
        fault(reading, why);
    }
    return true;
}

static void look_at_section(struct reading *reading, const char *text)
{
    const char *end = strchr(text, ']');
    reading->kind = LINE_SECTION;
    if (end == NULL) {
        fault(reading, "a section's name is not closed with ]");
        return;
    }
    end++;
    end += strspn(end, " \t\r");
    if (*end != '\0' && *end != ';' && *end != '#')
        fault(reading, "something stands behind the section's name");
    else
        reading->keyed = false;
}

static void look_at(struct reading *reading, const char *text)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors put it in front */
    if (reading->line == 1 && strncmp(text, mark, 3) == 0)
        text += 3;
    const char *begin = text;
    while (isspace((unsigned char)*begin))
        begin++;
    reading->indented = begin > text && reading->keyed;
    if (*begin == '\0' || *begin == ';' || *begin == '#')
        reading->kind = LINE_EMPTY;
    else if (*begin == '[' && !reading->indented)
        look_at_section(reading, begin);
    else
        reading->kind = LINE_KEY;
}

/* Where libinih did not understand the last line. */
static void look_back(struct reading *reading)
{
    if (reading->kind == LINE_KEY && !reading->called)
        fault(reading, "this is neither [Section], nor Key=value, nor a comment behind ; or #");
}

static char *next_line(char *text, int size, void *context)
{
    struct reading *reading = context;
    look_back(reading);
    reading->called = false;
    if (!read_line(reading, text, (size_t)size))
        return NULL;
    if (reading->kind == LINE_REFUSED)
        text[0] = '\0';
    else
        look_at(reading, text);
    if (reading->kind == LINE_REFUSED)
        text[0] = '\0';
    return text;
}

/* How long a value is without the comment behind it. */
static int length_of(const char *value)
{
    int length = 0;
    while (value[length] != '\0' && !(value[length] == ';' && length > 0 && isspace((unsigned char)value[length - 1])))
        length++;
    while (length > 0 && isspace((unsigned char)value[length - 1]))
        length--;
    return length;
}

/* Some versions of libinih leave comments on lines that are indented. */
static void take_more(struct reading *reading, const char *section, const char *key, const char *value)
{
    char *bare = NULL;
    if (asprintf(&bare, "%.*s", length_of(value), value) < 0) {
        reading->fault = ENOMEM;
        return;
    }
    reading->reader->key(reading->reader->context, section, key, bare, true, reading->line);
    free(bare);
}

static int take(void *context, const char *section, const char *key, const char *value)
{
    struct reading *reading = context;
    reading->called = true;
    if (reading->kind == LINE_KEY && reading->indented)
        take_more(reading, section, key, value);
    else if (reading->kind == LINE_KEY)
        reading->reader->key(reading->reader->context, section, key, value, false, reading->line);
    reading->keyed = key[0] != '\0';
    return 1;
}

int config_file_read(FILE *stream, const struct config_reader *reader)
{
    struct reading reading = {.reader = reader, .stream = stream};
    errno = 0;
    const int line = ini_parse_stream(next_line, &reading, take, &reading);
    /* The end is asked for once more, so that the last line was looked back at. */
    if (reading.fault == 0 && line >= 0)
        return 0;
    errno = reading.fault != 0 ? reading.fault : ENOMEM;
    return -1;
}
