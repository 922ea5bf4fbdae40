/* SPDX-License-Identifier: MIT */
/*
 * json_reader.c - cuts a stream of JSON into entries, a key and a value each
 *
 * Only the outermost two levels are looked at here: objects one after the other, and in each "KEY": VALUE. The text
 * of a value is gathered up to where its brackets close and then read by jansson. On the way, numbers that jansson
 * would refuse together with the whole entry (more than 64 bits, NaN, Infinity) are put in quotes, so that their
 * digits are kept and a bad one costs no more than its flow.
 */
#include "json_reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_entry.h"

#define CHUNK_BYTES (64 * 1024)
#define KEY_MAX 64
#define DEPTH_MAX 512

enum {
    END = -1,   /* of the input */
    FAILED = -2 /* result->error is filled */
};

struct reader {
    const struct json_reader_options *options;
    struct json_reader_result *result;
    unsigned char *chunk;
    size_t chunk_length, position;
    uint64_t chunk_offset; /* of the chunk's first octet in the input */
    uint64_t line;
    char *value;
    size_t value_length, value_capacity;
    bool failed, ended;
    bool last_damaged; /* the entry read last was no JSON within its brackets */
};

static int fill(struct reader *reader)
{
    char error[256] = "";
    if (reader->failed)
        return FAILED;
    if (reader->ended)
        return END;
    reader->chunk_offset += reader->chunk_length;
    reader->position = reader->chunk_length = 0;
    ssize_t length = reader->options->read(reader->options->read_context, reader->chunk, CHUNK_BYTES, error);
    if (length < 0) {
        reader->failed = true;
        snprintf(reader->result->error, sizeof reader->result->error, "%s", error);
        return FAILED;
    }
    if (length == 0) {
        reader->ended = true;
        return END;
    }
    reader->chunk_length = (size_t)length;
    return 0;
}

static int next(struct reader *reader)
{
    if (reader->position == reader->chunk_length) {
        int status = fill(reader);
        if (status != 0)
            return status;
    }
    int c = reader->chunk[reader->position++];
    if (c == '\n')
        reader->line++;
    return c;
}

static int next_visible(struct reader *reader)
{
    int c;
    do
        c = next(reader);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r');
    return c;
}

static void place_text(const struct reader *reader, char text[80])
{
    snprintf(text, 80, "line %llu, octet %llu", (unsigned long long)reader->line,
             (unsigned long long)(reader->chunk_offset + reader->position));
}

/* The input ends where it should not. Always torn, whatever came before: a file can be torn in its first entry. */
static int torn(struct reader *reader, int status)
{
    if (status == END)
        reader->result->torn = true;
    return status;
}

/* Something stands where it must not. Blocks of zeros at the end are what a power loss leaves behind: torn. */
static int refuse(struct reader *reader, int c, const char *expected)
{
    char place[80];
    if (c == END || c == FAILED)
        return torn(reader, c);
    place_text(reader, place);
    int rest = c;
    while (rest == '\0')
        rest = next_visible(reader);
    if (rest == END && reader->result->entries > 0)
        return torn(reader, END);
    char found[16];
    snprintf(found, sizeof found, isprint(c) ? "'%c'" : "octet %02x", (unsigned)c);
    if (reader->result->entries == 0)
        snprintf(reader->result->error, sizeof reader->result->error,
                 "this is not a file of flows: %s: %s instead of %s; what weir collect writes is, as .json, .ndjson "
                 "or .gz, and what the Python collector wrote", place, found, expected);
    else
        snprintf(reader->result->error, sizeof reader->result->error,
                 "damaged at %s: %s instead of %s; the %llu entries before it were read, repair or cut off the rest",
                 place, found, expected, (unsigned long long)reader->result->entries);
    return FAILED;
}

static int value_append(struct reader *reader, int c)
{
    if (reader->value_length == reader->value_capacity) {
        size_t capacity = reader->value_capacity == 0 ? CHUNK_BYTES : reader->value_capacity * 2;
        char *value = reader->value_length < JSON_ENTRY_MAX ? realloc(reader->value, capacity) : NULL;
        if (value == NULL) {
            char place[80];
            place_text(reader, place);
            snprintf(reader->result->error, sizeof reader->result->error,
                     reader->value_length < JSON_ENTRY_MAX
                         ? "out of memory at %s; give the machine more, or split the file"
                         : "an entry of more than 64 MiB ends nowhere, at %s: this is not a file of flows, or damaged",
                     place);
            return FAILED;
        }
        reader->value = value;
        reader->value_capacity = capacity;
    }
    reader->value[reader->value_length++] = (char)c;
    return 0;
}

/* Whether jansson takes this word outside of strings. */
static bool is_plain(const char *word, size_t length)
{
    if ((length == 4 && (memcmp(word, "true", 4) == 0 || memcmp(word, "null", 4) == 0)) ||
        (length == 5 && memcmp(word, "false", 5) == 0))
        return true;
    if (length > 18)
        return false; /* might be beyond 64 bits */
    size_t i = word[0] == '-' ? 1 : 0;
    size_t digits = 0;
    bool dot = false;
    if (i + 1 < length && word[i] == '0' && word[i + 1] != '.')
        return false;
    for (; i < length; i++) {
        if (word[i] == '.' && !dot && digits > 0)
            dot = true;
        else if (word[i] >= '0' && word[i] <= '9')
            digits++;
        else
            return false;
    }
    return digits > 0 && word[length - 1] != '.';
}

/* The word that began at `start` of the value has ended. */
static int word_end(struct reader *reader, size_t start)
{
    size_t length = reader->value_length - start;
    if (is_plain(reader->value + start, length))
        return 0;
    if (value_append(reader, '"') != 0 || value_append(reader, '"') != 0)
        return FAILED;
    memmove(reader->value + start + 1, reader->value + start, length);
    reader->value[start] = '"';
    return 0;
}

/* The rest of a string, its first quote is in the value. */
static int gather_string(struct reader *reader)
{
    for (;;) {
        int c = next(reader);
        if (c < 0)
            return torn(reader, c);
        if (value_append(reader, c) != 0)
            return FAILED;
        if (c == '"')
            return 0;
        if (c == '\\') {
            c = next(reader);
            if (c < 0)
                return torn(reader, c);
            if (value_append(reader, c) != 0)
                return FAILED;
        }
    }
}

static bool ends_word(int c)
{
    return c < 0 || strchr(" \t\r\n,:{}[]\"", c) != NULL; /* NUL ends one as well */
}

/* Gathers a word, such as a number, that begins with `c`. Returns 0 and the character behind it. */
static int gather_word(struct reader *reader, int c, int *ret_behind)
{
    size_t start = reader->value_length;
    while (!ends_word(c)) {
        if (value_append(reader, c) != 0)
            return FAILED;
        c = next(reader);
    }
    *ret_behind = c;
    return word_end(reader, start);
}

/* Gathers a value that begins with `c` into reader->value. Returns 0 and the first visible character behind it, END
 * when torn, FAILED. */
static int gather_value(struct reader *reader, int c, int *ret_behind)
{
    int depth = 0;
    reader->value_length = 0;
    do {
        if (c < 0)
            return torn(reader, c);
        if (c == '"') {
            if (value_append(reader, c) != 0)
                return FAILED;
            int status = gather_string(reader);
            if (status != 0)
                return status;
        } else if (!ends_word(c)) {
            int status = gather_word(reader, c, &c);
            if (status != 0)
                return status;
            if (depth > 0 || isspace(c))
                continue; /* c is not used yet */
            *ret_behind = c;
            return 0;
        } else if (!isspace(c)) {
            if (c == '\0' || (depth == 0 && c != '{' && c != '['))
                return refuse(reader, c, "a value");
            depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
            if (depth > DEPTH_MAX)
                return refuse(reader, c, "no more than 512 brackets in one another");
            if (value_append(reader, c) != 0)
                return FAILED;
        }
        if (depth > 0)
            c = next(reader);
    } while (depth > 0);
    *ret_behind = next_visible(reader);
    return 0;
}

/* Reads a key, its first quote is read. A key with escapes is none of ours: it is cut there and skipped later. */
static int read_key(struct reader *reader, char key[KEY_MAX])
{
    size_t length = 0;
    for (;;) {
        int c = next(reader);
        if (c < 0)
            return torn(reader, c);
        if (c == '"')
            break;
        if (length == KEY_MAX - 1 || c < ' ' || c == '\\')
            return refuse(reader, c, "the time of an entry as its key");
        key[length++] = (char)c;
    }
    key[length] = '\0';
    return 0;
}

static int read_entry(struct reader *reader, int *ret_behind)
{
    struct json_reader_result *result = reader->result;
    char key[KEY_MAX], place[80];
    int64_t received_us = 0;
    place_text(reader, place);

    int status = read_key(reader, key);
    if (status != 0)
        return status;
    int c = next_visible(reader);
    if (c != ':')
        return refuse(reader, c, "':' behind the key");
    bool timed = json_entry_time(key, &received_us) == 0;
    if (!timed && result->entries == 0) {
        snprintf(result->error, sizeof result->error,
                 "this is not a file of flows: %s: its first key is \"%s\" and not a time of receipt such as "
                 "\"1509225421.123456\"; what weir collect writes is, and what the Python collector wrote", place, key);
        return FAILED;
    }
    status = gather_value(reader, next_visible(reader), ret_behind);
    if (status != 0)
        return status;
    const char *problem = "a key that is no time";
    if (timed)
        problem = json_entry_read(received_us, reader->value, reader->value_length, reader->options, place, result);
    reader->last_damaged = problem == json_entry_damaged;
    if (problem == NULL) {
        result->entries++;
        return 0;
    }
    result->entries_skipped++;
    json_note_skipped(result, "an entry", problem, place);
    return 0;
}

/* Reads an object of entries, its first brace is read. */
static int read_object(struct reader *reader)
{
    int c = next_visible(reader);
    if (c == '}')
        return 0;
    for (;;) {
        int behind = END;
        if (c != '"')
            return refuse(reader, c, "the key of an entry");
        int status = read_entry(reader, &behind);
        if (status != 0 || reader->result->stopped)
            return status;
        if (behind == '}')
            return 0;
        if (behind != ',')
            return refuse(reader, behind, "',' or '}' behind an entry");
        c = next_visible(reader);
    }
}

/* A capture is the likeliest thing to be given by mistake. */
static bool is_capture(const unsigned char *data, size_t length)
{
    static const unsigned char magics[][4] = {
        {0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4}, {0x4d, 0x3c, 0xb2, 0xa1}, {0xa1, 0xb2, 0x3c, 0x4d},
        {0x0a, 0x0d, 0x0d, 0x0a}};
    for (size_t i = 0; length >= 4 && i < sizeof magics / sizeof magics[0]; i++)
        if (memcmp(data, magics[i], 4) == 0)
            return true;
    return false;
}

static int read_all(struct reader *reader)
{
    struct json_reader_result *result = reader->result;
    uint64_t objects = 0;

    int status = fill(reader);
    if (status == 0 && is_capture(reader->chunk, reader->chunk_length)) {
        snprintf(result->error, sizeof result->error,
                 "this is a packet capture, not JSON; weir collect -r reads it and writes the JSON: weir collect -r "
                 "FILE -o json:flows.json");
        return FAILED;
    }
    if (status == 0 && reader->chunk_length >= 3 && memcmp(reader->chunk, "\xef\xbb\xbf", 3) == 0)
        reader->position = 3;
    for (;;) {
        int c = next_visible(reader);
        if (c == END)
            break;
        if (c != '{')
            return refuse(reader, c, "'{'");
        status = read_object(reader);
        if (status != 0 || result->stopped)
            return status;
        objects++;
    }
    if (objects == 0) {
        snprintf(result->error, sizeof result->error,
                 "there is nothing in it; an empty collection would be {}: has the collector started yet?");
        return FAILED;
    }
    return END;
}

int json_read(const struct json_reader_options *options, struct json_reader_result *ret_result)
{
    struct json_reader_result *result = ret_result;
    struct reader reader = {.options = options, .result = result, .line = 1};

    memset(result, 0, sizeof *result);
    reader.chunk = malloc(CHUNK_BYTES);
    if (reader.chunk == NULL) {
        snprintf(result->error, sizeof result->error, "out of memory");
        return -1;
    }
    int status = read_all(&reader);
    result->bytes = reader.chunk_offset + reader.position;
    result->lines = reader.line;
    /* An entry that is whole in its brackets and damaged within, at the very end, was torn as well. */
    if (status == END && reader.last_damaged && result->entries > 0)
        result->torn = true;
    if (status == END && result->entries == 0 && result->entries_skipped > 0) {
        snprintf(result->error, sizeof result->error, "this is not a file of flows: nothing but %s",
                 result->skipped_first);
        status = FAILED;
    }
    free(reader.chunk);
    free(reader.value);
    return status == FAILED ? -1 : 0;
}

struct memory {
    const unsigned char *data;
    size_t left;
};

static ssize_t memory_read(void *context, void *buffer, size_t size_bytes, char error[256])
{
    struct memory *memory = context;
    size_t length = memory->left < size_bytes ? memory->left : size_bytes;
    (void)error;
    if (length > 0)
        memcpy(buffer, memory->data, length);
    memory->data += length;
    memory->left -= length;
    return (ssize_t)length;
}

int json_read_memory(const void *data, size_t size_bytes, bool (*flow)(void *context, const struct flow *flow),
                     void *flow_context, struct json_reader_result *ret_result)
{
    struct memory memory = {data, size_bytes};
    struct json_reader_options options = {memory_read, &memory, flow, flow_context};
    return json_read(&options, ret_result);
}
