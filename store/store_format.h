/* SPDX-License-Identifier: MIT */
/*
 * store_format.h - of which format a store is, and each of its files
 *
 * DIR/.format holds the number of the store's format, "1\n": how its folders and names are to be read. A store without
 * it is of format 1. Each file tells in its footer, as "weir.format", how it is to be read itself. What a later version
 * of Weir made, in a way that this one does not know, is refused and left as it is.
 */
#ifndef WEIR_STORE_STORE_FORMAT_H
#define WEIR_STORE_STORE_FORMAT_H

#include "store_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_FORMAT "1" /* "DIR/.format" of what is written and read here */
#define FILE_FORMAT "1"  /* "weir.format" of the same */

enum { FILE_FORMAT_SIZE = 24 };

/* 0 where the store is of a format that is known, or is not there; else -1 with `error` filled, ENOTSUP where it is of
 * a later one. */
int store_format_check(const char *folder, struct store_error *error);

/* Notes the format of a store that does not tell it. Where that cannot be written it is of this format all the same. */
void store_format_mark(const char *folder);

/* The value of a note, its length before it, in the end of a file, whole or from somewhere in its footer on; NULL where
 * it is not there. */
const uint8_t *file_note_find(const uint8_t *tail, size_t size_bytes, const char *name);

/* What the end of a file tells as "weir.format"; false where it does not.
 * What is longer than a format is cut. */
bool file_format_find(const uint8_t *tail, size_t size_bytes, char format[FILE_FORMAT_SIZE]);

/* Fills `error` (ENOTSUP) with what there is to say of a file of another format than FILE_FORMAT; returns -1. */
int file_format_unknown(const char *path, const char *format, struct store_error *error);

#endif
