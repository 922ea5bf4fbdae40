/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - what the place that a report is written to can show
 */
#ifndef REPORT_TERMINAL_H
#define REPORT_TERMINAL_H

#include <stdbool.h>

struct terminal {
    int width;   /* columns */
    bool colour; /* a terminal, and NO_COLOR is not set */
    bool utf8;   /* by the locale: setlocale(LC_CTYPE, "") comes first */
};

/* `fd` is usually that of standard output. What is not a terminal is 100 columns wide, unless COLUMNS is set. */
void terminal_init(struct terminal *terminal, int fd);

/* A bar of `value` in `largest`, `width` columns at the most: whole and eighth blocks, or '#'. Ended by NUL; `text`
 * has room for 3 * width + 1 octets. */
void terminal_bar(const struct terminal *terminal, double value, double largest, int width, char *text);

#endif
