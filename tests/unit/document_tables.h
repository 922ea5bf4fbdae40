/* SPDX-License-Identifier: MIT */
/*
 * document_tables.h - tables that a document is to have, put together as text, and the document
 *
 * To be included behind cmocka.h.
 */
#ifndef TESTS_DOCUMENT_TABLES_H
#define TESTS_DOCUMENT_TABLES_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char tables[65536], document[65536];

/* Adds to the tables. */
__attribute__((format(printf, 1, 2))) static inline void put(const char *format, ...)
{
    const size_t used = strlen(tables);
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(tables + used, sizeof tables - used, format, list);
    va_end(list);
    assert_true(length >= 0 && (size_t)length < sizeof tables - used);
}

static inline void read_document(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    document[fread(document, 1, sizeof document - 1, file)] = '\0';
    fclose(file);
}

#endif
