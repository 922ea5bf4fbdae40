/* SPDX-License-Identifier: MIT */
/*
 * case_file.c - reads a case, line by line
 */
#define _GNU_SOURCE
#include "case_file.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATAGRAM_BYTES_MAX = 65535 };

struct reader {
    struct case_file *to;
    const char *path;
    unsigned line;
    struct weir_datagram next; /* exporter and time of the next datagram */
    bool in_datagram;
};

static int fail(const struct reader *reader, const char *what)
{
    fprintf(stderr, "%s:%u: %s\n", reader->path, reader->line, what);
    return -1;
}

/* Makes room for one more element of `size` octets; the test ends without memory. */
static void *append(void *array, size_t count, size_t size)
{
    char *grown = realloc(array, (count + 1) * size);
    if (grown == NULL)
        abort();
    memset(grown + count * size, 0, size);
    return grown;
}

static struct action *add_action(struct case_file *to, enum action_kind kind)
{
    to->actions = append(to->actions, to->action_count, sizeof *to->actions);
    struct action *action = &to->actions[to->action_count++];
    action->kind = kind;
    return action;
}

static int read_time(const struct reader *reader, const char *text, int64_t *ret_us)
{
    char *end;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0')
        return fail(reader, "a time is a number of seconds");
    *ret_us = (int64_t)(seconds * 1e6);
    return 0;
}

/* ADDRESS:PORT or [ADDRESS]:PORT */
static int read_exporter(struct reader *reader, char *text)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL)
        return fail(reader, "an exporter is ADDRESS:PORT");
    *colon = '\0';
    memset(&reader->next.source, 0, sizeof reader->next.source);
    if (*text == '[') {
        text[strlen(text) - 1] = '\0';
        reader->next.source.family = 6;
        text++;
    } else {
        reader->next.source.family = 4;
    }
    if (inet_pton(reader->next.source.family == 6 ? AF_INET6 : AF_INET, text, reader->next.source.octets) != 1)
        return fail(reader, "no address");
    reader->next.source_port = (uint16_t)atoi(colon + 1);
    return 0;
}

static int add_octets(struct reader *reader, const char *hex, size_t digits)
{
    struct weir_datagram *datagram = &reader->to->actions[reader->to->action_count - 1].datagram;
    if (datagram->size_bytes + digits / 2 > DATAGRAM_BYTES_MAX)
        return fail(reader, "a datagram has 65535 octets at the most");
    uint8_t *data = realloc((void *)(uintptr_t)datagram->data, datagram->size_bytes + digits / 2 + 1);
    if (data == NULL)
        abort();
    for (size_t i = 0; i < digits; i += 2) {
        unsigned octet;
        if (sscanf(hex + i, "%2x", &octet) != 1)
            abort();
        data[datagram->size_bytes++] = (uint8_t)octet;
    }
    datagram->data = data;
    return 0;
}

/* Hex digits in pairs, with blanks between them as one likes; WORD*N stands for the word N times. */
static int read_hex(struct reader *reader, char *text)
{
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest)) {
        const size_t digits = strspn(word, "0123456789abcdefABCDEF");
        long times = 1;
        char *end = word + digits;
        if (*end == '*')
            times = strtol(end + 1, &end, 10);
        if (digits == 0 || digits % 2 != 0 || *end != '\0' || times < 1)
            return fail(reader, "neither a word of this form nor pairs of hex digits");
        for (; times > 0; times--) {
            if (add_octets(reader, word, digits) != 0)
                return -1;
        }
    }
    return 0;
}

static int read_limit(struct reader *reader, const char *name, uint64_t value)
{
    struct weir_options *options = &reader->to->options;
    if (strcmp(name, "waiting_bytes") == 0)
        options->waiting_bytes = value;
    else if (strcmp(name, "waiting_session_bytes") == 0)
        options->waiting_session_bytes = value;
    else if (strcmp(name, "sessions_max") == 0)
        options->sessions_max = (uint32_t)value;
    else if (strcmp(name, "templates_session_max") == 0)
        options->templates_session_max = (uint32_t)value;
    else if (strcmp(name, "templates_max") == 0)
        options->templates_max = (uint32_t)value;
    else if (strcmp(name, "template_lifetime_us") == 0)
        options->template_lifetime_us = (int64_t)value;
    else if (strcmp(name, "sampling_rate") == 0)
        options->sampling_rate = (uint32_t)value;
    else
        return fail(reader, "no such limit");
    return 0;
}

static int read_named_number(const struct reader *reader, char *text, uint64_t *ret_value)
{
    char *blank = strchr(text, ' ');
    char *end;
    if (blank == NULL)
        return fail(reader, "a name and a number belong here");
    *blank = '\0';
    *ret_value = strtoull(blank + 1, &end, 10);
    return *end == '\0' && end > blank + 1 ? 0 : fail(reader, "no number");
}

static int read_count(struct reader *reader, char *text)
{
    struct case_file *to = reader->to;
    uint64_t value;
    if (read_named_number(reader, text, &value) != 0)
        return -1;
    to->counts = append(to->counts, to->count_count, sizeof *to->counts);
    to->counts[to->count_count++] = (struct expected_count){.name = strdup(text), .value = value};
    return 0;
}

/* PEN ID NAME TYPE */
static int read_element(struct reader *reader, const char *text)
{
    struct case_file *to = reader->to;
    struct added_element element = {0};
    char type[32];
    if (sscanf(text, "%" SCNu32 " %" SCNu16 " %ms %31s", &element.pen, &element.id, &element.name, type) != 4 ||
        weir_type_find(type) < 0) {
        free(element.name);
        return fail(reader, "an element is PEN ID NAME TYPE");
    }
    element.type = (enum weir_type)weir_type_find(type);
    to->elements = append(to->elements, to->element_count, sizeof *to->elements);
    to->elements[to->element_count++] = element;
    return 0;
}

static int read_record(struct case_file *to, const char *text)
{
    to->records = append(to->records, to->record_count, sizeof *to->records);
    to->records[to->record_count++].text = strdup(text);
    return 0;
}

static int read_core(const struct reader *reader, const char *text)
{
    struct case_file *to = reader->to;
    if (to->record_count == 0 || to->records[to->record_count - 1].core != NULL)
        return fail(reader, "core columns stand behind their record, once");
    to->records[to->record_count - 1].core = strdup(text);
    return 0;
}

static int read_words(struct reader *reader, const char *word, char *rest)
{
    struct case_file *to = reader->to;
    uint64_t value;
    if (strcmp(word, "from") == 0)
        return read_exporter(reader, rest);
    if (strcmp(word, "at") == 0)
        return read_time(reader, rest, &reader->next.received_us);
    if (strcmp(word, "reliable") == 0) {
        reader->next.reliable = true;
        return 0;
    }
    if (strcmp(word, "datagram") == 0) {
        add_action(to, ACTION_DATAGRAM)->datagram = reader->next;
        reader->in_datagram = true;
        return add_octets(reader, "", 0);
    }
    if (strcmp(word, "tick") == 0)
        return read_time(reader, rest, &add_action(to, ACTION_TICK)->now_us);
    if (strcmp(word, "finish") == 0) {
        add_action(to, ACTION_FINISH);
        return 0;
    }
    if (strcmp(word, "limit") == 0)
        return read_named_number(reader, rest, &value) != 0 ? -1 : read_limit(reader, rest, value);
    if (strcmp(word, "element") == 0)
        return read_element(reader, rest);
    if (strcmp(word, "record") == 0)
        return read_record(to, rest);
    if (strcmp(word, "core") == 0)
        return read_core(reader, rest);
    if (strcmp(word, "count") == 0)
        return read_count(reader, rest);
    return 1;
}

/* Records may have '#' in a string: only a '#' at a line's begin or behind two blanks starts a comment. */
static void cut_comment(char *line)
{
    for (char *at = line; (at = strchr(at, '#')) != NULL; at++) {
        if (at == line || (at >= line + 2 && at[-1] == ' ' && at[-2] == ' ')) {
            *at = '\0';
            return;
        }
    }
}

static int read_line(struct reader *reader, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (reader->line == 1) {
        if (strncmp(line, "# ", 2) != 0)
            return fail(reader, "the first line is a comment that says what the case shows");
        reader->to->title = strdup(line + 2);
    }
    line += strspn(line, " \t");
    cut_comment(line);
    for (size_t length = strlen(line); length > 0 && isspace((unsigned char)line[length - 1]);)
        line[--length] = '\0';
    if (*line == '\0')
        return 0;
    char word[16] = "";
    const size_t length = strcspn(line, " ");
    if (length < sizeof word)
        memcpy(word, line, length);
    const int result = read_words(reader, word, line + length + (line[length] == ' '));
    if (result != 1)
        return result;
    return reader->in_datagram ? read_hex(reader, line) : fail(reader, "unknown word");
}

int case_read(struct case_file *ret_case, const char *path)
{
    *ret_case = (struct case_file){0};
    weir_options_init(&ret_case->options);
    struct reader reader = {.to = ret_case, .path = path, .next = {.received_us = 1000000}};
    char exporter[] = "192.0.2.1:2055";
    read_exporter(&reader, exporter);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    char *line = NULL;
    size_t capacity = 0;
    int result = 0;
    while (result == 0 && getline(&line, &capacity, file) >= 0) {
        reader.line++;
        result = read_line(&reader, line);
    }
    free(line);
    fclose(file);
    if (result == 0 && ret_case->action_count == 0)
        result = fail(&reader, "a case that does nothing");
    if (result != 0)
        case_done(ret_case);
    return result;
}

void case_done(struct case_file *test_case)
{
    for (size_t i = 0; i < test_case->action_count; i++)
        free((void *)(uintptr_t)test_case->actions[i].datagram.data);
    for (size_t i = 0; i < test_case->record_count; i++) {
        free(test_case->records[i].text);
        free(test_case->records[i].core);
    }
    for (size_t i = 0; i < test_case->element_count; i++)
        free(test_case->elements[i].name);
    for (size_t i = 0; i < test_case->count_count; i++)
        free(test_case->counts[i].name);
    free(test_case->actions);
    free(test_case->records);
    free(test_case->elements);
    free(test_case->counts);
    free(test_case->title);
    *test_case = (struct case_file){0};
}
