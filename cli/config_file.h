/* SPDX-License-Identifier: MIT */
/*
 * config_file.h - reads a file of [Section] and Key=value, with the line of each
 *
 * libinih takes lines apart: what follows " ;" is a comment, as are lines that begin with ; or #, a value goes on in
 * lines that are indented, and quotes are part of a value. What it would pass over or cut off in silence is a fault
 * here: lines that are too long for it, NUL octets, what stands behind a section's name.
 */
#ifndef WEIR_CLI_CONFIG_FILE_H
#define WEIR_CLI_CONFIG_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct config_reader {
    /* A key with its value, or with one more where `more` is set: those on lines that are indented. Before the first
     * section `section` is "". */
    void (*key)(void *context, const char *section, const char *key, const char *value, bool more, unsigned line);
    /* Something is wrong with a line. Reading goes on. */
    void (*fault)(void *context, unsigned line, const char *text);
    void *context;
};

/* Reads to the end. -1 with errno when that cannot be. */
int config_file_read(FILE *stream, const struct config_reader *reader);

#endif
