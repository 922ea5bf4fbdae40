/* SPDX-License-Identifier: MIT */
/*
 * filter_error.c - shows an error with the line it is in and a caret below the place
 */
#include <stdio.h>
#include <string.h>

#include "filter.h"

enum { WIDTH = 100, BEFORE = 60 /* columns of a long line that are shown before the place */ };

char *filter_error_text(const struct filter_error *error, const char *text, size_t size_bytes,
                        char shown[FILTER_ERROR_TEXT_SIZE])
{
    const size_t place = error->offset < size_bytes ? error->offset : size_bytes;
    size_t begin = place, end = place, at;
    while (begin > 0 && text[begin - 1] != '\n' && place - begin < BEFORE)
        begin--;
    while (end < size_bytes && text[end] != '\n' && end - begin < WIDTH)
        end++;
    const bool cut_front = begin > 0 && text[begin - 1] != '\n', cut_back = end < size_bytes && text[end] != '\n';
    int length = snprintf(shown, FILTER_ERROR_TEXT_SIZE, "%s\n  %s", error->message, cut_front ? "..." : "");
    for (at = begin; at < end; at++) {
        const char c = text[at];
        shown[length++] = c >= ' ' && c <= '~' ? c : c == '\t' || c == '\r' ? ' ' : '?';
    }
    length += snprintf(shown + length, FILTER_ERROR_TEXT_SIZE - (size_t)length, "%s\n  %s", cut_back ? "..." : "",
                       cut_front ? "   " : "");
    for (at = begin; at < place; at++)
        shown[length++] = ' ';
    shown[length++] = '^';
    for (at = place + 1; at < place + error->length && at < end; at++)
        shown[length++] = '~';
    shown[length++] = '\n';
    shown[length] = '\0';
    return shown;
}
