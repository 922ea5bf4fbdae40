/* SPDX-License-Identifier: MIT */
/*
 * json_scan.h - is this an object that we may append to?
 *
 * Reads a text from its first octet to its last, a piece at a time, in memory that does not grow with it. It
 * knows where the last whole member ends, and tells a text that breaks off from one that is something else. What
 * stands inside a member's value is followed only as far as strings and brackets go.
 */
#ifndef WEIR_JSON_SCAN_H
#define WEIR_JSON_SCAN_H

#include "json_keys.h"

enum json_scan_end {
    JSON_SCAN_WHOLE,  /* one object, and nothing behind it but white space */
    JSON_SCAN_TORN,   /* breaks off behind `whole_bytes` octets, or goes on with the NULs of a page never written */
    JSON_SCAN_FOREIGN /* not an object whose keys are times and whose values open with `opening` */
};

/* Begin with json_scan_init(). Read what is below the line after json_scan_end(). */
struct json_scan {
    char opening; /* of each value: '[' in the object form, '{' in the line form */
    int state;
    uint64_t depth; /* of brackets within a value */
    bool in_string;
    bool escaped;
    bool nul;       /* a NUL was met: nothing behind it is looked at */
    char key[JSON_KEY_SIZE];
    size_t key_length;
    /* ---- */
    uint64_t at;           /* octets looked at; the place of the first wrong one when foreign */
    uint64_t whole_bytes;  /* where the last whole member ends; behind the opening brace when there is none */
    uint64_t brace;        /* where the closing brace stands, when whole */
    uint64_t members;      /* whole ones */
    struct json_keys keys; /* of whole members */
};

void json_scan_init(struct json_scan *scan, char opening);

/* Takes the next piece. Returns false when it need not see more: the text is foreign, or torn by a NUL. */
bool json_scan_feed(struct json_scan *scan, const char *bytes, size_t length);

/* What the text was, now that it has ended. */
enum json_scan_end json_scan_end(const struct json_scan *scan);

/* Tells whether a text can be the beginning of a file of lines: its first line, as far as it is there, is an object of
 * one member. `scan` is what it works with. */
bool json_scan_is_line(struct json_scan *scan, const char *bytes, size_t length);

#endif
