/* SPDX-License-Identifier: MIT */
/* json_scan.c - see json_scan.h */
#include "json_scan.h"

#include <string.h>

/* What is expected next. White space is passed over in all but KEY and VALUE. */
enum state {
    BEGIN,        /* the opening brace */
    FIRST_OR_END, /* the first key's quote, or the closing brace */
    NEXT,         /* a key's quote, after a comma */
    KEY,          /* a key's text */
    COLON,
    OPENING, /* the bracket that opens a value */
    VALUE,   /* what is inside it */
    AFTER,   /* a comma or the closing brace */
    ENDED,   /* nothing but white space */
    FOREIGN
};

void json_scan_init(struct json_scan *scan, char opening)
{
    *scan = (struct json_scan){.opening = opening, .state = BEGIN};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Octets that mean something outside a string, and inside one. All others are passed over in a loop of their own:
 * a start waits until the whole file has gone through here. */
static const bool is_mark[256] = {['\0'] = true, ['"'] = true, ['['] = true, [']'] = true, ['{'] = true, ['}'] = true};
static const bool is_string_mark[256] = {['\0'] = true, ['"'] = true, ['\\'] = true};

/* Follows a value to its end. Returns how many octets belong to it. */
static size_t value_feed(struct json_scan *scan, const char *bytes, size_t length)
{
    size_t i = 0;

    while (i < length) {
        if (scan->escaped) {
            scan->escaped = false;
            i += bytes[i] != '\0';
        }
        const bool *marks = scan->in_string ? is_string_mark : is_mark;
        while (i < length && !marks[(unsigned char)bytes[i]]) {
            i++;
        }
        if (i == length) {
            return length;
        }
        switch (bytes[i]) {
        case '\0':
            scan->nul = true;
            return i;
        case '"':
            scan->in_string = !scan->in_string;
            break;
        case '\\':
            scan->escaped = true;
            break;
        case '[':
        case '{':
            scan->depth++;
            break;
        default:
            if (--scan->depth == 0) {
                scan->state = AFTER;
                return i + 1;
            }
        }
        i++;
    }
    return length;
}

/* A key's text, up to its quote. A key that is being torn must be possible so far. */
static int key_next(struct json_scan *scan, char c)
{
    if (c == '"') {
        struct json_keys nowhere = {0};
        return json_keys_seen(&nowhere, scan->key, scan->key_length) ? COLON : FOREIGN;
    }
    if (((c < '0' || c > '9') && c != '.') || scan->key_length == sizeof scan->key) {
        return FOREIGN;
    }
    scan->key[scan->key_length++] = c;
    return KEY;
}

/* One octet outside a value: returns the state that follows. */
static int state_next(struct json_scan *scan, char c)
{
    if (scan->state == KEY) {
        return key_next(scan, c);
    }
    if (is_space(c)) {
        return scan->state;
    }
    switch (scan->state) {
    case BEGIN:
        if (c == '{') {
            scan->whole_bytes = scan->at + 1;
            return FIRST_OR_END;
        }
        return FOREIGN;
    case FIRST_OR_END:
    case NEXT:
        if (c == '"') {
            scan->key_length = 0;
            return KEY;
        }
        if (c == '}' && scan->state == FIRST_OR_END) {
            scan->brace = scan->at;
            return ENDED;
        }
        return FOREIGN;
    case COLON:
        return c == ':' ? OPENING : FOREIGN;
    case OPENING:
        scan->depth = 1;
        return c == scan->opening ? VALUE : FOREIGN;
    case AFTER:
        if (c == '}') {
            scan->brace = scan->at;
            return ENDED;
        }
        return c == ',' ? NEXT : FOREIGN;
    default:
        return FOREIGN;
    }
}

bool json_scan_feed(struct json_scan *scan, const char *bytes, size_t length)
{
    size_t i = 0;

    while (i < length && scan->state != FOREIGN && !scan->nul) {
        if (scan->state == VALUE) {
            size_t taken = value_feed(scan, bytes + i, length - i);
            i += taken;
            scan->at += taken;
            if (scan->state == AFTER) {
                scan->whole_bytes = scan->at;
                scan->members++;
                json_keys_seen(&scan->keys, scan->key, scan->key_length);
            }
        } else if (bytes[i] == '\0' && scan->state != BEGIN) {
            scan->nul = true;
        } else {
            scan->state = state_next(scan, bytes[i]);
            if (scan->state != FOREIGN) {
                i++;
                scan->at++;
            }
        }
    }
    return scan->state != FOREIGN && !scan->nul;
}

enum json_scan_end json_scan_end(const struct json_scan *scan)
{
    if (scan->state == FOREIGN || scan->state == BEGIN) {
        return JSON_SCAN_FOREIGN;
    }
    return scan->state == ENDED && !scan->nul ? JSON_SCAN_WHOLE : JSON_SCAN_TORN;
}

bool json_scan_is_line(struct json_scan *scan, const char *bytes, size_t length)
{
    const char *newline = memchr(bytes, '\n', length);

    json_scan_init(scan, '{');
    json_scan_feed(scan, bytes, newline == NULL ? length : (size_t)(newline - bytes));
    switch (json_scan_end(scan)) {
    case JSON_SCAN_WHOLE:
        return scan->members == 1;
    case JSON_SCAN_TORN:
        return newline == NULL;
    default:
        return false;
    }
}
